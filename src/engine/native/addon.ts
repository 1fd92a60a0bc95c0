// The addon as TypeScript sees it, and finding it. Every call that computes is a promise; handles are opaque. The
// addon refuses what would make it read outside its arrays and nothing more: requests are validated before they come
// here.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineError, messageOf } from '../../errors.ts';

declare const handle: unique symbol;
export interface RuntimeHandle {
  readonly [handle]: 'runtime';
}
export interface ModelHandle {
  readonly [handle]: 'model';
}
export interface SamplingHandle {
  readonly [handle]: 'sampling';
}
export interface CancelFlag {
  readonly [handle]: 'cancel';
}

/** Arrays of a tensor: its weights, AdamW's two moments, and (to be read alone) its weights with its adapter merged. */
export const ARRAYS = { weights: 0, firstMoments: 1, secondMoments: 2, merged: 3 } as const;

export interface NativeSequence {
  readonly index: number;
  readonly tokens: Int32Array;
  readonly logprobs: Float32Array;
  readonly stopped: boolean;
}

export interface NativeAdapter {
  readonly rank: number;
  /** What x·Aᵀ·Bᵀ is multiplied by. */
  readonly scale: number;
  /** A bit for each linear layer, in the order of LORA_TARGETS. */
  readonly targets: number;
}

/** A token of a watched request. */
export interface NativeToken {
  readonly index: number;
  readonly token: number;
  readonly logprob: number;
}

export interface Addon {
  /** Instruction sets that this machine has, slowest first. */
  instructionSets(): string[];
  /**
   * The instruction set '' is the fastest; bf16: whether linear layers multiply bf16 numbers. Throws, in a sentence,
   * for a set that the machine does not have.
   */
  createRuntime(threads: number, instructionSet: string, bf16: boolean): RuntimeHandle;
  createModel(
    runtime: RuntimeHandle,
    shape: object,
    trainable: boolean,
    activationBudgetBytes: number,
    adapter: NativeAdapter | null,
    sharesBaseWith: ModelHandle | null,
  ): ModelHandle;
  /** Bytes by name; work: sampled, sampledPrompts, trained, trainedPrompts, promptTokens, newTokens. */
  planMemory(model: ModelHandle, work: Float64Array): Record<string, number>;
  /** Bytes that the buffers of this process hold, and the most they held since the last call. */
  memoryUse(): { bytes: number; peakBytes: number };
  closeModel(model: ModelHandle): void;
  /** Rows and columns of each tensor in turn, those of the base and then of the adapter; a vector has one row. */
  tensorSizes(model: ModelHandle): Int32Array;
  writeArray(model: ModelHandle, which: number, tensor: number, values: Float32Array): void;
  readArray(model: ModelHandle, which: number, tensor: number, into: Float32Array): void;
  /** After writing weights. */
  weightsChanged(model: ModelHandle): Promise<void>;
  stepCount(model: ModelHandle): number;
  setStepCount(model: ModelHandle, steps: number): void;
  createCancelFlag(): CancelFlag;
  /** The call that was given the flag rejects with the message "cancelled". */
  cancel(flag: CancelFlag): void;
  /** Arrays are concatenated over the sequences. */
  forward(
    model: ModelHandle,
    flag: CancelFlag,
    prompts: Int32Array,
    promptLengths: Int32Array,
    responses: Int32Array,
    responseLengths: Int32Array,
    temperature: number,
    gradient: boolean,
    wantEntropies: boolean,
    wantTopTokens: boolean,
  ): Promise<{
    logprobs: Float32Array;
    entropies: Float32Array;
    topTokens: Int32Array;
    topLogprobs: Float32Array;
    pass: number;
  }>;
  backward(
    model: ModelHandle,
    pass: number,
    lengths: Int32Array,
    dLogprobs: Float32Array | null,
    dEntropies: Float32Array | null,
  ): Promise<void>;
  release(model: ModelHandle, pass: number): Promise<void>;
  step(
    model: ModelHandle,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    maxGradNorm: number,
  ): Promise<{ gradNorm: number; applied: boolean }>;
  startSampling(
    model: ModelHandle,
    prompts: Int32Array,
    promptLengths: Int32Array,
    maxNewTokens: Int32Array,
    temperatures: Float32Array,
    stopTokens: Int32Array,
    stopLengths: Int32Array,
    seeds: BigUint64Array,
    topK: Int32Array,
    topP: Float64Array,
    minP: Float64Array,
    watched: Int32Array,
  ): SamplingHandle;
  /**
   * Resolves when sequences have ended or watched requests (those of 1) have a new token; with nothing when all have
   * ended. The sequences of requests in `stopping` end first, stopped; numbers of others are passed over.
   */
  nextSampled(
    sampling: SamplingHandle,
    flag: CancelFlag,
    stopping: Int32Array,
  ): Promise<{ drawn: NativeToken[]; ended: NativeSequence[] }>;
  endSampling(sampling: SamplingHandle): void;
}

/**
 * The addon that GUIDERAIL_ADDON names, such as one built with sanitizers, or the one that was built last: the same
 * distance from src/engine/native and from dist/engine/native.
 */
export const ADDON_PATH =
  process.env.GUIDERAIL_ADDON ??
  fileURLToPath(new URL('../../../build/Release/guiderail.node', import.meta.url));

/** EngineError with the way out if the addon was not built or cannot be loaded. */
export function loadAddon(): Addon {
  if (!existsSync(ADDON_PATH)) {
    throw new EngineError(
      `The native engine is not built (${ADDON_PATH} is missing); run \`npm run build:native\`, which needs a C++20 compiler, ` +
        'or set engine.kind: reference for toy sizes.',
    );
  }
  try {
    return createRequire(import.meta.url)(ADDON_PATH) as Addon;
  } catch (error) {
    throw new EngineError(
      `The native engine at ${ADDON_PATH} cannot be loaded: ${messageOf(error)}. Run \`npm run build:native\` to build it anew.`,
    );
  }
}
