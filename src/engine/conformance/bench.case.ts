// What the conformance tests share: the bench each test works at (a fresh engine and a folder for its files),
// the models, the golden numbers and the probes that make gradients and weights visible through the interface.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { readModelFolder, writeModelFolder } from '../../model/folder.ts';
import { initializeModel } from '../../model/initialize.ts';
import type { ModelShape } from '../../model/shape.ts';
import { parameterTable } from '../../model/shape.ts';
import { UniformStream, seedOf } from '../../random.ts';
import type {
  AdamWUpdate,
  Cotangents,
  Engine,
  ForwardOptions,
  SampledSequence,
  SampleRequest,
  Sampler,
  Scorer,
  ScoredSequence,
  Trainable,
} from '../engine.ts';
import type { EngineTolerances, Tolerance } from '../tolerances.ts';
import { isWithin } from '../tolerances.ts';

/** Of float64, or of float64 but for the factors of linear layers. */
export type GoldenFile = 'golden.json' | 'golden-bf16.json';

export interface Bench {
  readonly engine: Engine;
  readonly golden?: GoldenFile;
  readonly tolerances: EngineTolerances;
  /** A folder of this test alone, removed after it. */
  readonly folder: string;
}

/** Registers one test of the suite. */
export type Check = (name: string, body: (bench: Bench) => Promise<void>) => void;

/** The golden models: one of each family, and a Llama with the RoPE scaling of 3.1. */
export const FAMILIES = ['llama', 'qwen2', 'qwen3', 'llama3', 'mistral'] as const;
export type Family = (typeof FAMILIES)[number];

const GOLDEN = fileURLToPath(new URL('../../../oracles/golden/engine/', import.meta.url));

export function goldenFolder(family: Family): string {
  return join(GOLDEN, family);
}

/** As oracles/engine/export_golden.py and export_bf16.py write it; the latter has no logits. */
export interface Golden {
  readonly format: 1;
  readonly sequences: readonly {
    readonly promptTokens: readonly number[];
    readonly responseTokens: readonly number[];
    /** By position, then token. */
    readonly logits: readonly (readonly number[])[];
    readonly scored: readonly {
      readonly temperature: number;
      readonly logprobs: readonly number[];
      readonly entropies: readonly number[];
    }[];
  }[];
  readonly logprobCoefficients: readonly (readonly number[])[];
  readonly entropyCoefficients: readonly (readonly number[])[];
  readonly gradients: readonly {
    readonly temperature: number;
    /** Whether the loss has the entropies in it besides the log-probs. */
    readonly entropies: boolean;
    readonly loss: number;
    readonly norm: number;
    readonly gradients: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly training: {
    readonly update: AdamWUpdate;
    readonly steps: readonly { readonly loss: number; readonly gradNorm: number }[];
    readonly weights: Readonly<
      Record<
        string,
        {
          readonly sum: number;
          readonly norm: number;
          readonly indices: readonly number[];
          readonly entries: readonly number[];
        }
      >
    >;
  };
}

export async function readGolden(family: Family, file: GoldenFile = 'golden.json'): Promise<Golden> {
  const golden = JSON.parse(await readFile(join(goldenFolder(family), file), 'utf8')) as Golden;
  expect(golden.format).toBe(1);
  return golden;
}

export function goldenSequences(golden: Golden): ScoredSequence[] {
  return golden.sequences.map(({ promptTokens, responseTokens }) => ({
    promptTokens: Int32Array.from(promptTokens),
    responseTokens: Int32Array.from(responseTokens),
  }));
}

export function arraysOf(numbers: readonly (readonly number[])[]): Float64Array[] {
  return numbers.map((row) => Float64Array.from(row));
}

/**
 * Larger than the golden models where it matters for blocks: 700 tokens, 256 positions, head width 8. Untied
 * Llama; weights are scaled so that distributions are far from uniform.
 */
export const LARGER: ModelShape = {
  family: 'llama',
  vocabularySize: 700,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headDim: 8,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  tiedEmbeddings: false,
  qkvBias: false,
  qkNorm: false,
  maxSequenceLength: 256,
  eosTokenIds: [2],
};

export async function makeModel(
  bench: Bench,
  name: string,
  shape: ModelShape,
  matrixScale = 8,
): Promise<string> {
  const tensors = initializeModel(shape, 7);
  for (const { name: tensor, kind } of parameterTable(shape)) {
    const data = tensors.get(tensor)!;
    if (kind === 'matrix') data.forEach((value, i) => (data[i] = value * matrixScale));
  }
  const folder = join(bench.folder, name);
  await writeModelFolder(folder, shape, tensors);
  return folder;
}

export function openModel(bench: Bench, folder: string, trainable = true): Promise<Trainable> {
  return bench.engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable });
}

/** Token ids without a pattern, fixed by the name. */
export function tokensOf(name: string, length: number, vocabularySize: number): Int32Array {
  const stream = new UniformStream(seedOf(0, 'conformance', name));
  return Int32Array.from({ length }, () => stream.integer(vocabularySize));
}

export function request(
  promptTokens: Int32Array,
  seed: bigint,
  options: Partial<SampleRequest> = {},
): SampleRequest {
  return { promptTokens, seed, maxNewTokens: 8, temperature: 1, stopTokens: [], ...options };
}

/** All samples of a call, by position of their request. */
export async function sampleAll(
  model: Sampler,
  requests: readonly SampleRequest[],
  signal?: AbortSignal,
): Promise<SampledSequence[]> {
  const samples: SampledSequence[] = [];
  for await (const sample of model.sample(requests, signal)) {
    expect(samples[sample.index], 'one sample per request').toBeUndefined();
    samples[sample.index] = sample;
  }
  expect(samples.filter(() => true)).toHaveLength(requests.length);
  return samples;
}

/** Log-probs of a pass that is released at once. */
export async function logprobsOf(
  model: Scorer,
  sequences: readonly ScoredSequence[],
  temperature = 1,
): Promise<readonly Float64Array[]> {
  const pass = await model.forward(sequences, { gradient: false, want: { logprobs: true }, temperature });
  pass.release();
  return pass.logprobs!;
}

/** One forward and backward; cotangents decide what is wanted. */
export async function accumulate(
  model: Trainable,
  sequences: readonly ScoredSequence[],
  cotangents: Cotangents,
  temperature = 1,
): Promise<void> {
  const want: ForwardOptions['want'] = {
    logprobs: cotangents.logprobs !== undefined,
    entropies: cotangents.entropies !== undefined,
    values: cotangents.values !== undefined,
  };
  await model.backward(await model.forward(sequences, { gradient: true, want, temperature }), cotangents);
}

/** Cotangents of the log-probs, irregular and fixed. */
export function unevenCotangents(sequences: readonly ScoredSequence[]): Cotangents {
  return {
    logprobs: sequences.map(({ responseTokens }, i) =>
      Float64Array.from(responseTokens, (_, t) => Math.sin(1 + 3 * i + 7 * t)),
    ),
  };
}

export const TRAINING: AdamWUpdate = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};

/**
 * AdamW that is a plain gradient step, w − 1024·g: without momentum, and with an epsilon beside which the root of the
 * second moment vanishes (|g| / 2⁴⁰). The large factor makes the weight's own rounding small beside g.
 */
export const GRADIENT_PROBE = {
  scale: 1024,
  update: {
    learningRate: 1024 * 2 ** 40,
    beta1: 0,
    beta2: 0,
    epsilon: 2 ** 40,
    weightDecay: 0,
    maxGradNorm: Infinity,
  } satisfies AdamWUpdate,
};

/** The weights as exported. `name` is a new folder of the bench. */
export async function exportedWeights(
  bench: Bench,
  model: Trainable,
  name: string,
): Promise<Map<string, Float32Array | Float64Array>> {
  const dir = join(bench.folder, name);
  await model.exportWeights(dir);
  const folder = await readModelFolder(dir);
  const weights = new Map<string, Float32Array | Float64Array>();
  for (const parameter of parameterTable(folder.shape)) {
    weights.set(parameter.name, await folder.readTensor(parameter.name));
  }
  return weights;
}

/** The gradients accumulated in a model that has never stepped. Spoils its weights. */
export async function accumulatedGradients(
  bench: Bench,
  model: Trainable,
  name: string,
): Promise<Map<string, Float64Array>> {
  const before = await exportedWeights(bench, model, `${name}-before`);
  expect((await model.step(GRADIENT_PROBE.update)).applied).toBe(true);
  const after = await exportedWeights(bench, model, `${name}-after`);
  return new Map(
    [...before].map(([tensor, data]) => [
      tensor,
      Float64Array.from(data, (value, i) => (value - after.get(tensor)![i]) / GRADIENT_PROBE.scale),
    ]),
  );
}

export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  where: string,
): void {
  expect(actual.length, where).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!isWithin(actual[i], expected[i], tolerance)) {
      expect.fail(
        `${where}[${i}] is ${actual[i]}, expected ${expected[i]} within ${tolerance.absolute} + ${tolerance.relative}·|expected| (${tolerance.reason})`,
      );
    }
  }
}

/** Bit for bit where the engine declares `exact`, within its tolerance of log-probs otherwise. */
export function expectSame(
  bench: Bench,
  exact: boolean,
  actual: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
  where: string,
): void {
  expect(actual.length, where).toBe(expected.length);
  expected.forEach((row, i) => {
    if (exact) expect(Array.from(actual[i]), `${where} ${i}`).toEqual(Array.from(row));
    else expectWithin(actual[i], row, bench.tolerances.logprobs, `${where} ${i}`);
  });
}
