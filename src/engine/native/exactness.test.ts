// What must change no bit in the native engine: threads, the activation budget, sequences beside one another,
// prompts in common, slots and their refilling. Shapes are awkward on purpose: no width is a multiple of a vector.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LORA_TARGETS } from '../../model/adapter.ts';
import type { ModelShape } from '../../model/shape.ts';
import {
  TRAINING,
  accumulate,
  exportedWeights,
  logprobsOf,
  makeModel,
  openModel,
  request,
  sampleAll,
  tokensOf,
  unevenCotangents,
  type Bench,
} from '../conformance/bench.case.ts';
import type { SampleRequest, ScoredSequence, Trainable } from '../engine.ts';
import { TOLERANCES } from '../tolerances.ts';
import { loadAddon } from './addon.ts';
import { AWKWARD, sequencesOf } from './awkward.case.ts';
import { createNativeEngine, type NativeOptions } from './native.ts';

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-exactness-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Options = NativeOptions & { readonly lora?: boolean };

/**
 * Runs work on the same random model, opened by an engine with these options. An adapter is trained for a step first,
 * because a new one adds nothing.
 */
async function onModel<T>(
  shape: ModelShape,
  { lora, ...options }: Options,
  work: (model: Trainable, bench: Bench) => Promise<T>,
): Promise<T> {
  const engine = createNativeEngine(options);
  const bench = { engine, tolerances: TOLERANCES.float32, folder };
  try {
    const base = await makeModel(bench, `model-${made++}`, shape);
    if (lora !== true) return await work(await openModel(bench, base), bench);
    const adapter = { kind: 'lora', rank: 5, alpha: 9, targets: LORA_TARGETS, seed: 1 } as const;
    const model = await engine.open({ folder: base, head: 'lm', adapter, trainable: true });
    const before = sequencesOf(shape, 6, 30);
    await accumulate(model, before, unevenCotangents(before));
    await model.step({ ...TRAINING, learningRate: 0.05 });
    return await work(model, bench);
  } finally {
    await engine.close();
  }
}

/**
 * Groups of prompts of lengths around the blocks of keys and queries, one of them alone; more requests than the
 * sampler has slots, so that slots are refilled.
 */
function requestsOf(shape: ModelShape): SampleRequest[] {
  return [1, 15, 16, 33, 70].flatMap((length, p) =>
    Array.from({ length: p === 3 ? 1 : 66 }, (_, i) =>
      request(tokensOf(`prompt ${length}`, length, shape.vocabularySize), BigInt(100 * p + i), {
        maxNewTokens: 1 + ((7 * i + 13 * p) % 45),
        temperature: [1, 0.6, 0][i % 3],
        stopTokens: [3],
      }),
    ),
  );
}

/** Two steps on the sequences: the log-probs and entropies of both forwards, and the weights. */
async function train(model: Trainable, bench: Bench, sequences: readonly ScoredSequence[]) {
  const seen: Float64Array[] = [];
  for (let step = 0; step < 2; step++) {
    const want = { logprobs: true, entropies: true };
    const pass = await model.forward(sequences, { gradient: true, want, temperature: 0.8 });
    seen.push(...pass.logprobs!, ...pass.entropies!);
    const { logprobs } = unevenCotangents(sequences);
    await model.backward(pass, {
      logprobs: logprobs!,
      entropies: logprobs!.map((row) => row.map((x) => x / 3)),
    });
    expect((await model.step(TRAINING)).applied).toBe(true);
  }
  return { seen, weights: [...(await exportedWeights(bench, model, `trained-${made++}`)).values()] };
}

const CASES = Object.entries(AWKWARD).flatMap(([name, shape]) =>
  (['fp32', 'bf16'] as const).flatMap((dtype) => [false, true].map((lora) => ({ name, shape, dtype, lora }))),
);
describe.each(CASES)('$name, $dtype, LoRA $lora', ({ shape, dtype, lora }) => {
  it('samples are the same with 1 to 4 threads, and alone as beside others', async () => {
    const requests = requestsOf(shape);
    const [first, ...others] = await Promise.all(
      [1, 2, 3, 4].map((threads) =>
        onModel(shape, { dtype, lora, threads }, (model) => sampleAll(model, requests)),
      ),
    );
    for (const samples of others) expect(samples).toEqual(first);
    await onModel(shape, { dtype, lora, threads: 2 }, async (model) => {
      for (const [index, one] of requests.entries()) {
        const [alone] = await sampleAll(model, [one]);
        expect({ ...alone, index }, `request ${index} alone`).toEqual(first[index]);
      }
    });
  });

  it.each(loadAddon().instructionSets())(
    '%s: forward gives the log-probs that sampling reported',
    async (set) => {
      await onModel(shape, { dtype, lora, threads: 2, instructionSet: set }, async (model) => {
        const requests = requestsOf(shape).filter(({ temperature }) => temperature === 1);
        const samples = await sampleAll(model, requests);
        const sequences = samples.map(({ tokens }, i) => ({
          promptTokens: requests[i].promptTokens,
          responseTokens: tokens,
        }));
        const reported = samples.map(({ logprobs }) => logprobs);
        expect(await logprobsOf(model, sequences)).toEqual(reported);
        const backwards = await logprobsOf(model, sequences.toReversed());
        expect(backwards.toReversed()).toEqual(reported);
      });
    },
  );

  it('training is the same with 1 to 4 threads, and with no memory for activations', async () => {
    // More than one micro-batch of 1024 tokens.
    const sequences = sequencesOf(shape, 60, 90);
    const run = (options: NativeOptions) =>
      onModel(shape, { dtype, lora, ...options }, (model, bench) => train(model, bench, sequences));
    const first = await run({ threads: 1 });
    for (const threads of [2, 3, 4]) expect(await run({ threads })).toEqual(first);
    expect(await run({ threads: 2, activationBudgetMiB: 0 })).toEqual(first);
    expect(await run({ threads: 2, activationBudgetMiB: 3 })).toEqual(first);
  });
});
