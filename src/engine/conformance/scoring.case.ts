// Scoring agrees with sampling and with itself, whatever the batch, the order, the neighbours and the place
// where the prompt ends: bit for bit where the engine declares exactLogprobs, within rounding elsewhere.
import { expect } from 'vitest';
import { permutation } from '../../random.ts';
import type { ScoredSequence } from '../engine.ts';
import type { Bench, Check } from './bench.case.ts';
import {
  FAMILIES,
  LARGER,
  accumulate,
  expectSame,
  expectWithin,
  goldenFolder,
  logprobsOf,
  makeModel,
  openModel,
  request,
  sampleAll,
  tokensOf,
} from './bench.case.ts';

/** Prompts and responses around the block sizes that engines like: 16, 32, 64, 128. */
const LENGTHS = [
  [1, 1],
  [1, 40],
  [2, 63],
  [15, 3],
  [16, 17],
  [17, 1],
  [31, 33],
  [33, 32],
  [63, 2],
  [64, 64],
  [65, 70],
  [127, 5],
  [128, 9],
] as const;

function sequencesOf(vocabularySize: number): ScoredSequence[] {
  return LENGTHS.map(([prompt, response]) => ({
    promptTokens: tokensOf(`prompt ${prompt}`, prompt, vocabularySize),
    responseTokens: tokensOf(`response ${response}`, response, vocabularySize),
  }));
}

async function checkSampleEqualsForward(bench: Bench, folder: string, longest: number): Promise<void> {
  const model = await openModel(bench, folder);
  const { vocabularySize } = model.info;
  const exact = bench.engine.capabilities.exactLogprobs;
  for (const temperature of [1, 0.7]) {
    const lengths = LENGTHS.filter(([prompt, response]) => prompt + response <= longest);
    const requests = lengths.map(([prompt, response], i) =>
      request(tokensOf(`prompt ${prompt}`, prompt, vocabularySize), BigInt(100 + i), {
        maxNewTokens: response,
        temperature,
      }),
    );
    const samples = await sampleAll(model, requests);
    const sequences = samples.map(({ tokens }, i) => ({
      promptTokens: requests[i].promptTokens,
      responseTokens: tokens,
    }));
    const forward = await logprobsOf(model, sequences, temperature);
    const sampled = samples.map(({ logprobs }) => logprobs);
    expectSame(bench, exact, forward, sampled, `log-probs at temperature ${temperature} of sequence`);
  }
}

export function scoringChecks(check: Check): void {
  check('sample reports the log-probs that forward computes', async (bench) => {
    await checkSampleEqualsForward(bench, await makeModel(bench, 'model', LARGER), LARGER.maxSequenceLength);
  });
  for (const family of FAMILIES) {
    check(`${family}: sample reports the log-probs that forward computes`, (bench) =>
      checkSampleEqualsForward(bench, goldenFolder(family), 128),
    );
  }

  check('sample reports the log-probs that forward computes after a step', async (bench) => {
    const folder = await makeModel(bench, 'model', LARGER);
    const model = await openModel(bench, folder);
    const sequences = sequencesOf(LARGER.vocabularySize).slice(0, 3);
    const before = await logprobsOf(model, sequences);
    await accumulate(model, sequences, { logprobs: before.map((row) => row.map(() => -1)) });
    await model.step({
      learningRate: 1e-2,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0,
      maxGradNorm: Infinity,
    });
    const prompt = sequences[2].promptTokens;
    const [sample] = await sampleAll(model, [request(prompt, 1n, { maxNewTokens: 40 })]);
    const forward = await logprobsOf(model, [{ promptTokens: prompt, responseTokens: sample.tokens }]);
    expectSame(bench, bench.engine.capabilities.exactLogprobs, forward, [sample.logprobs], 'log-probs');
    expect((await logprobsOf(model, sequences))[0]).not.toEqual(before[0]);
  });

  check('log-probs do not depend on batch or order', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const exact = bench.engine.capabilities.exactLogprobs;
    const sequences = sequencesOf(LARGER.vocabularySize);
    const together = await logprobsOf(model, sequences);
    const alone: Float64Array[] = [];
    for (const sequence of sequences) alone.push((await logprobsOf(model, [sequence]))[0]);
    expectSame(bench, exact, together, alone, 'together and alone: sequence');
    const order = [...permutation(sequences.length, 5n)];
    const shuffled = await logprobsOf(
      model,
      order.map((index) => sequences[index]),
    );
    const expected = order.map((index) => alone[index]);
    expectSame(bench, exact, shuffled, expected, 'shuffled and alone: sequence');
  });

  check('log-probs do not depend on sequences with the same prompt beside them', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const promptTokens = tokensOf('shared', 37, LARGER.vocabularySize);
    const group = Array.from({ length: 6 }, (_, i) => ({
      promptTokens,
      responseTokens: tokensOf(`member ${i}`, 1 + 11 * i, LARGER.vocabularySize),
    }));
    const together = await logprobsOf(model, group);
    const alone: Float64Array[] = [];
    for (const sequence of group) alone.push((await logprobsOf(model, [sequence]))[0]);
    expectSame(bench, bench.engine.capabilities.exactLogprobs, together, alone, 'member');
  });

  check('log-probs do not depend on where the prompt ends', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const tokens = tokensOf('boundary', 140, LARGER.vocabularySize);
    const split = (at: number): ScoredSequence => ({
      promptTokens: tokens.slice(0, at),
      responseTokens: tokens.slice(at),
    });
    const [whole] = await logprobsOf(model, [split(1)]);
    const places = [2, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 139];
    const parts = await logprobsOf(model, places.map(split));
    const expected = places.map((at) => whole.slice(at - 1));
    expectSame(bench, bench.engine.capabilities.exactLogprobs, parts, expected, 'prompt end');
  });

  check('log-probs do not depend on whether gradients are wanted', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER));
    const sequences = sequencesOf(LARGER.vocabularySize);
    const pass = await model.forward(sequences, {
      gradient: true,
      want: { logprobs: true },
      temperature: 0.7,
    });
    const without = await logprobsOf(model, sequences, 0.7);
    expectSame(bench, bench.engine.capabilities.exactLogprobs, pass.logprobs!, without, 'sequence');
    pass.release();
  });

  check('probabilities of all tokens sum to 1, and temperature divides the logits', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const every = Array.from({ length: model.info.vocabularySize }, (_, token) => ({
      promptTokens: Int32Array.of(9, 3),
      responseTokens: Int32Array.of(token),
    }));
    const warm = (await logprobsOf(model, every)).map((row) => row[0]);
    const cold = (await logprobsOf(model, every, 0.5)).map((row) => row[0]);
    expect(warm.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 5);
    const normaliser = Math.log(warm.reduce((sum, logprob) => sum + Math.exp(2 * logprob), 0));
    const expected = warm.map((logprob) => 2 * logprob - normaliser);
    expectWithin(cold, expected, bench.tolerances.logprobs, 'log-prob at half the temperature');
  });

  check('an empty call gives an empty result', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    expect(await logprobsOf(model, [])).toEqual([]);
    expect(await sampleAll(model, [])).toEqual([]);
  });
}
