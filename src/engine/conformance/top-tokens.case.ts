// The likeliest token before each response token, as forward names it: PyTorch's, and what greedy sampling draws.
import { expect } from 'vitest';
import type { ForwardPass, Scorer, ScoredSequence } from '../engine.ts';
import type { Bench, Check, Family } from './bench.case.ts';
import {
  FAMILIES,
  LARGER,
  expectSame,
  expectWithin,
  goldenFolder,
  goldenSequences,
  logprobsOf,
  makeModel,
  openModel,
  readGolden,
  request,
  sampleAll,
  tokensOf,
} from './bench.case.ts';

async function topsOf(
  model: Scorer,
  sequences: readonly ScoredSequence[],
  temperature = 1,
): Promise<ForwardPass> {
  const pass = await model.forward(sequences, { gradient: false, want: { topTokens: true }, temperature });
  pass.release();
  return pass;
}

async function checkGolden(bench: Bench, family: Family): Promise<void> {
  const golden = await readGolden(family, bench.golden);
  const model = await openModel(bench, goldenFolder(family), false);
  for (const temperature of [1, 0.7]) {
    const { topTokens, topLogprobs } = await topsOf(model, goldenSequences(golden), temperature);
    golden.sequences.forEach(({ promptTokens, responseTokens, logits }, i) => {
      const before = logits.slice(promptTokens.length - 1, -1);
      expect(before).toHaveLength(responseTokens.length);
      expect([...topTokens![i]]).toEqual(before.map((row) => row.indexOf(Math.max(...row))));
      const expected = before.map((row) => {
        const largest = Math.max(...row);
        return -Math.log(row.reduce((sum, logit) => sum + Math.exp((logit - largest) / temperature), 0));
      });
      const where = `log-probs of the likeliest in sequence ${i} at temperature ${temperature}`;
      expectWithin(topLogprobs![i], expected, bench.tolerances.logprobs, where);
    });
  }
}

export function topTokenChecks(check: Check): void {
  for (const family of FAMILIES) {
    check(`${family}: the likeliest tokens are PyTorch's`, (bench) => checkGolden(bench, family));
  }

  check('the likeliest tokens are those that greedy sampling draws after each prefix', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER));
    const exact = bench.engine.capabilities.exactLogprobs;
    // Two that share a prompt, and others before and after them.
    const sequences = [5, 20, 20, 1].map((length, i) => ({
      promptTokens: tokensOf(`prompt of ${length}`, length, LARGER.vocabularySize),
      responseTokens: tokensOf(`response ${i}`, 3 + 5 * i, LARGER.vocabularySize),
    }));
    const prefixes = sequences.map(({ promptTokens, responseTokens }) =>
      Array.from(responseTokens, (_, t) => Int32Array.of(...promptTokens, ...responseTokens.subarray(0, t))),
    );
    const drawn = await sampleAll(
      model,
      prefixes.flat().map((prefix) => request(prefix, 1n, { temperature: 0, maxNewTokens: 1 })),
    );
    const tokens = drawn.map((sample) => sample.tokens[0]);
    const { topTokens, topLogprobs, logprobs } = await topsOf(model, sequences);
    expect(topTokens!.map(({ length }) => length)).toEqual(prefixes.map(({ length }) => length));
    expect(topTokens!.flatMap((row) => [...row])).toEqual(tokens);
    expect(logprobs, 'not wanted').toBeUndefined();
    const greedy = Float64Array.from(drawn, (sample) => sample.logprobs[0]);
    const flat = Float64Array.from(topLogprobs!.flatMap((row) => [...row]));
    expectSame(bench, exact, [flat], [greedy], 'log-probs of the likeliest');
    // At another temperature too, beside the log-probs and with gradients to come.
    const want = { logprobs: true, topTokens: true };
    const pass = await model.forward(sequences, { gradient: true, want, temperature: 0.5 });
    pass.release();
    expect(pass.topTokens).toEqual(topTokens);
    const scored = prefixes.flat().map((promptTokens, i) => ({
      promptTokens,
      responseTokens: Int32Array.of(tokens[i]),
    }));
    const cold = (await logprobsOf(model, scored, 0.5)).map((row) => row[0]);
    const told = Float64Array.from(pass.topLogprobs!.flatMap((row) => [...row]));
    expectSame(bench, exact, [told], [Float64Array.from(cold)], 'at temperature 0.5');
    expect(pass.logprobs).toEqual(await logprobsOf(model, sequences, 0.5));
  });

  check('of equally likely tokens the lowest id is named', async (bench) => {
    // All weights 0: every token is equally likely.
    const model = await openModel(bench, await makeModel(bench, 'zero', LARGER, 0), false);
    const sequence = { promptTokens: Int32Array.of(1), responseTokens: Int32Array.of(5, 6, 7) };
    const { topTokens, topLogprobs } = await topsOf(model, [sequence], 0.7);
    expect(topTokens).toEqual([Int32Array.of(0, 0, 0)]);
    expectWithin(topLogprobs![0], Array(3).fill(-Math.log(700)), bench.tolerances.logprobs, 'log-prob');
  });
}
