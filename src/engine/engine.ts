// The contract between algorithms and engines. An engine knows transformers and optimizers and nothing of
// reinforcement learning: it samples, gives log-probs (or values) of given tokens, takes derivatives of a
// loss with respect to those log-probs, and steps. Everything else is pure code over small arrays.
//
// Promises every engine keeps (engine/conformance.case.ts tests them on each):
// - Tokens and lengths are checked on entry; a bad request rejects with EngineError and changes nothing.
// - Results do not depend on the order or batching of requests within one call.
// - Log-probs are at the temperature of the call: log softmax(logits / temperature), in nats. At
//   temperature 0 (greedy; sampling only) they are reported at temperature 1.
// - With capability `exactLogprobs`, the log-prob `sample` reports equals the one `forward` computes for the
//   same tokens under the same weights, bit for bit.
// - A ForwardPass is single-use: it takes one backward or a release, and is refused after step or load.
// - Gradients accumulate over backward calls until step, which clears them whether or not it applied.

import type { LoraConfig } from '../model/adapter.ts';

/** What an engine can do. Shared code asks for a capability, never for a name. */
export interface EngineCapabilities {
  readonly fullFineTune: boolean;
  readonly lora: boolean;
  readonly valueHead: boolean;
  /** `sample` and `forward` agree bit for bit. */
  readonly exactLogprobs: boolean;
  /** `save` and `load` restore every bit that later results depend on. */
  readonly exactResume: boolean;
  /** `backward` accepts cotangents of entropies. */
  readonly entropyGradient: boolean;
  /** `step` clips by global norm. */
  readonly gradientClipping: boolean;
}

/** lora: adapters (LoRA, Hu et al. 2021) beside weights that do not train, made from the seed. */
export type AdapterSpec =
  { readonly kind: 'none' } | (LoraConfig & { readonly kind: 'lora'; readonly seed: number });

export interface ModelSpec {
  /**
   * A model folder in Hugging Face layout or a GGUF file; or a folder of a PEFT adapter (what `Trainable.save` writes of a
   * model with one), which opens its base with it: then `adapter` is none.
   */
  readonly folder: string;
  readonly head: 'lm' | 'value';
  readonly adapter: AdapterSpec;
  /** false: no gradients or moments are allocated; backward and step are refused. */
  readonly trainable: boolean;
  /** A model of the same engine and the same base, whose weights do not train, to share them with. */
  readonly sharesBaseWith?: Scorer;
}

export interface Engine {
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  /** One line for run.json: what computes, and in which precision. */
  readonly description: string;
  /** Log-probs and results are comparable bit for bit within one instruction set only. */
  readonly instructionSet: string;
  open(spec: ModelSpec): Promise<Trainable>;
  close(): Promise<void>;
}

export interface ModelInfo {
  readonly vocabularySize: number;
  /** The longest sequence (prompt and response together) that the model takes. */
  readonly maxSequenceLength: number;
  readonly parameterCount: number;
}

export interface SampleRequest {
  /** At least one token. */
  readonly promptTokens: Int32Array;
  /** At least 1; prompt length plus this must not exceed maxSequenceLength. */
  readonly maxNewTokens: number;
  /** 0 is greedy (ties: the lowest token id). */
  readonly temperature: number;
  /** A response ends with the first of these, which is part of it. */
  readonly stopTokens: readonly number[];
  /** Token t of the response uses uniform number t of this seed (random.ts: uniformAt). */
  readonly seed: bigint;
}

export interface SampledSequence {
  /** Position of its request in the call. */
  readonly index: number;
  /** Response tokens, the stop token included. */
  readonly tokens: Int32Array;
  /** One per response token. */
  readonly logprobs: Float64Array;
  readonly finish: 'stop' | 'length';
}

export interface Sampler {
  readonly info: ModelInfo;
  /** Yields each sequence as it ends, in any order; an aborted signal ends the iteration with its reason. */
  sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncIterable<SampledSequence>;
  close(): Promise<void>;
}

/** A prompt and the response whose tokens are scored. Both have at least one token. */
export interface ScoredSequence {
  readonly promptTokens: Int32Array;
  readonly responseTokens: Int32Array;
}

export interface ForwardOptions {
  /** true: the pass can be given to backward. */
  readonly gradient: boolean;
  readonly want: { readonly logprobs?: boolean; readonly entropies?: boolean; readonly values?: boolean };
  /** > 0 */
  readonly temperature: number;
}

/** Results of one forward, one array per sequence, one number per response token; absent where not wanted. */
export interface ForwardPass {
  readonly logprobs?: readonly Float64Array[];
  /** Entropy of the distribution each response token was drawn from, in nats. */
  readonly entropies?: readonly Float64Array[];
  /** Value of the state before each response token. */
  readonly values?: readonly Float64Array[];
  /** Frees what backward would need. Releasing twice is fine. */
  release(): void;
}

export interface Scorer extends Sampler {
  forward(
    sequences: readonly ScoredSequence[],
    options: ForwardOptions,
    signal?: AbortSignal,
  ): Promise<ForwardPass>;
}

/** ∂loss/∂output, shaped as the outputs of the pass. */
export interface Cotangents {
  readonly logprobs?: readonly Float64Array[];
  readonly entropies?: readonly Float64Array[];
  readonly values?: readonly Float64Array[];
}

/** AdamW (Loshchilov & Hutter 2019) with bias correction; decay is decoupled and not applied to vectors (norms, biases). */
export interface AdamWUpdate {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients are scaled by min(1, maxGradNorm / (norm + 1e-6)), as torch clip_grad_norm_ does; Infinity for none. */
  readonly maxGradNorm: number;
}

export interface StepResult {
  /** Global L2 norm before clipping; may be NaN or Infinity when the update was refused. */
  readonly gradNorm: number;
  /** false: a gradient was not finite; weights, moments and the step count are as before. */
  readonly applied: boolean;
}

export interface Trainable extends Scorer {
  /** Adds Σ cotangent · ∂output/∂parameter to the gradients and consumes the pass. */
  backward(pass: ForwardPass, cotangents: Cotangents): Promise<void>;
  step(update: AdamWUpdate): Promise<StepResult>;
  /** Writes what trains, its moments and the step count into an empty or missing folder: a model folder, or a PEFT adapter's. */
  save(dir: string): Promise<void>;
  load(dir: string): Promise<void>;
  /**
   * Writes a folder in Hugging Face layout: config.json, model.safetensors and the tokenizer files it was opened with. An
   * adapter is merged into the weights.
   */
  exportWeights(dir: string): Promise<void>;
}
