// Sampling: fixed by seeds, independent of what else is sampled, from the right distribution, and ending
// where it should.
import { expect } from 'vitest';
import { uniformAt } from '../../random.ts';
import type { SampleRequest, Scorer } from '../engine.ts';
import type { Check } from './bench.case.ts';
import {
  LARGER,
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

/** log p of every token after the prompt, by token id. */
async function nextLogprobs(model: Scorer, promptTokens: Int32Array, temperature: number): Promise<number[]> {
  const every = Array.from({ length: model.info.vocabularySize }, (_, token) => ({
    promptTokens,
    responseTokens: Int32Array.of(token),
  }));
  return (await logprobsOf(model, every, temperature)).map((row) => row[0]);
}

function mixedRequests(): SampleRequest[] {
  return Array.from({ length: 12 }, (_, i) =>
    request(tokensOf(`mixed ${i % 4}`, 1 + 9 * (i % 4), LARGER.vocabularySize), BigInt(i), {
      maxNewTokens: 1 + 5 * (i % 5),
      temperature: [1, 0.6, 0][i % 3],
      ...[{}, { topK: 5 }, { topP: 0.7, minP: 0.01 }, {}][i % 4],
    }),
  );
}

const GOLDEN_PROMPT = Int32Array.of(5, 17, 2);

export function samplingChecks(check: Check): void {
  check('sampling is fixed by seeds and independent of batch and order', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const exact = bench.engine.capabilities.exactLogprobs;
    const requests = mixedRequests();
    const together = await sampleAll(model, requests);
    const reversed = (await sampleAll(model, [...requests].reverse())).reverse();
    for (const [i, one] of requests.entries()) {
      const [alone] = await sampleAll(model, [one]);
      expect(together[i].tokens, `request ${i}`).toEqual(alone.tokens);
      expect(reversed[i].tokens, `request ${i}`).toEqual(alone.tokens);
      expectSame(
        bench,
        exact,
        [together[i].logprobs, reversed[i].logprobs],
        [alone.logprobs, alone.logprobs],
        `${i}`,
      );
    }
  });

  check('another seed gives other tokens', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const options = { maxNewTokens: 20 };
    const samples = await sampleAll(model, [
      request(GOLDEN_PROMPT, 1n, options),
      request(GOLDEN_PROMPT, 2n, options),
    ]);
    expect(samples[0].tokens).not.toEqual(samples[1].tokens);
  });

  check('token t is drawn with uniform t by the inverse CDF over ascending token ids', async (bench) => {
    const model = await openModel(bench, goldenFolder('qwen3'), false);
    const seed = 0xfedcba9876543210n;
    for (const temperature of [1, 0.7]) {
      const [sample] = await sampleAll(model, [
        request(GOLDEN_PROMPT, seed, { maxNewTokens: 10, temperature }),
      ]);
      for (const [t, token] of sample.tokens.entries()) {
        const context = Int32Array.of(...GOLDEN_PROMPT, ...sample.tokens.subarray(0, t));
        const probs = (await nextLogprobs(model, context, temperature)).map(Math.exp);
        const below = probs.slice(0, token).reduce((a, b) => a + b, 0);
        const uniform = uniformAt(seed, t);
        // A uniform this near to the edge of a token could fall on either side by rounding; none does here.
        expect(uniform).toBeGreaterThan(below - 1e-5);
        expect(uniform).toBeLessThan(below + probs[token] + 1e-5);
      }
    }
  });

  check('samples have the distribution that forward reports', async (bench) => {
    const model = await openModel(bench, goldenFolder('qwen2'), false);
    const draws = 2000;
    for (const temperature of [1, 0.5]) {
      const probs = (await nextLogprobs(model, GOLDEN_PROMPT, temperature)).map(Math.exp);
      const requests = Array.from({ length: draws }, (_, i) =>
        request(GOLDEN_PROMPT, BigInt(i), { maxNewTokens: 1, temperature }),
      );
      const counts = probs.map(() => 0);
      for (const { tokens } of await sampleAll(model, requests)) counts[tokens[0]]++;
      // Pearson's statistic over tokens expected at least five times, the rest pooled.
      let statistic = 0;
      let cells = 0;
      let pooled = { expected: 0, count: 0 };
      const add = (expected: number, count: number): void => {
        statistic += (count - expected) ** 2 / expected;
        cells++;
      };
      probs.forEach((p, token) => {
        if (p * draws >= 5) add(p * draws, counts[token]);
        else pooled = { expected: pooled.expected + p * draws, count: pooled.count + counts[token] };
      });
      if (pooled.expected >= 1) add(pooled.expected, pooled.count);
      // Mean and variance of the statistic are f and 2f; four deviations above is once in some thousands.
      const freedom = cells - 1;
      expect(freedom).toBeGreaterThan(8);
      expect(statistic).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom));
    }
  });

  check('greedy takes the most likely token and reports log-probs at temperature 1', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const [sample] = await sampleAll(model, [
      request(GOLDEN_PROMPT, 3n, { temperature: 0, maxNewTokens: 6 }),
    ]);
    for (const [t, token] of sample.tokens.entries()) {
      const logprobs = await nextLogprobs(
        model,
        Int32Array.of(...GOLDEN_PROMPT, ...sample.tokens.subarray(0, t)),
        1,
      );
      expect(token).toBe(logprobs.indexOf(Math.max(...logprobs)));
      expectWithin(
        [sample.logprobs[t]],
        [logprobs[token]],
        bench.tolerances.logprobs,
        `log-prob of token ${t}`,
      );
    }
  });

  check('greedy breaks ties by the lowest token id', async (bench) => {
    // All weights 0: every token is equally likely.
    const model = await openModel(bench, await makeModel(bench, 'zero', LARGER, 0), false);
    const [sample] = await sampleAll(model, [
      request(Int32Array.of(1), 3n, { temperature: 0, maxNewTokens: 3 }),
    ]);
    expect([...sample.tokens]).toEqual([0, 0, 0]);
    expectWithin(sample.logprobs, Array(3).fill(-Math.log(700)), bench.tolerances.logprobs, 'log-prob');
  });

  check('a response ends with the first stop token, which is part of it', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const exact = bench.engine.capabilities.exactLogprobs;
    const options = { maxNewTokens: 30 };
    const [free] = await sampleAll(model, [request(GOLDEN_PROMPT, 11n, options)]);
    expect(free).toMatchObject({ finish: 'length', index: 0 });
    expect(free.tokens).toHaveLength(30);
    for (const stopTokens of [[free.tokens[7]], [free.tokens[20], free.tokens[12]]]) {
      const first = free.tokens.findIndex((token) => stopTokens.includes(token));
      const [stopped] = await sampleAll(model, [request(GOLDEN_PROMPT, 11n, { ...options, stopTokens })]);
      expect(stopped.finish).toBe('stop');
      expect(stopped.tokens).toEqual(free.tokens.slice(0, first + 1));
      expectSame(bench, exact, [stopped.logprobs], [free.logprobs.slice(0, first + 1)], 'stopped');
    }
  });

  check('a stop token in the last place allowed finishes by stop', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const [free] = await sampleAll(model, [request(GOLDEN_PROMPT, 11n, { maxNewTokens: 5 })]);
    const last = free.tokens[4];
    expect(free.tokens.indexOf(last), 'the seed gives a last token that is new').toBe(4);
    const [stopped] = await sampleAll(model, [
      request(GOLDEN_PROMPT, 11n, { maxNewTokens: 5, stopTokens: [last] }),
    ]);
    expect(stopped).toMatchObject({ finish: 'stop', tokens: free.tokens });
  });

  check('a stop token in the prompt stops nothing', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const options = { maxNewTokens: 3, stopTokens: [GOLDEN_PROMPT[2]] };
    const [sample] = await sampleAll(model, [request(GOLDEN_PROMPT, 11n, options)]);
    expect(sample.tokens.length).toBeGreaterThan(1);
  });

  check('a response may fill the longest sequence', async (bench) => {
    const model = await openModel(bench, goldenFolder('qwen3'), false);
    const maxNewTokens = model.info.maxSequenceLength - GOLDEN_PROMPT.length;
    const [sample] = await sampleAll(model, [request(GOLDEN_PROMPT, 1n, { maxNewTokens })]);
    expect(sample.tokens).toHaveLength(maxNewTokens);
  });

  check('an aborted signal ends the iteration with its reason', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const reason = new Error('enough');
    const requests = Array.from({ length: 4 }, (_, i) =>
      request(GOLDEN_PROMPT, BigInt(i), { maxNewTokens: 100 }),
    );
    await expect(sampleAll(model, requests, AbortSignal.abort(reason))).rejects.toBe(reason);
    const later = new AbortController();
    let seen = 0;
    const reading = (async () => {
      for await (const sample of model.sample(requests, later.signal)) {
        seen += sample.tokens.length > 0 ? 1 : 0;
        later.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(seen).toBe(1);
    expect(await sampleAll(model, requests.slice(0, 1)), 'the model serves on').toHaveLength(1);
  });

  check('an aborted signal rejects forward with its reason', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const reason = new Error('enough');
    const sequence = { promptTokens: GOLDEN_PROMPT, responseTokens: Int32Array.of(1, 2) };
    const options = { gradient: false, want: { logprobs: true }, temperature: 1 };
    await expect(model.forward([sequence], options, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await logprobsOf(model, [sequence])).toHaveLength(1);
  });

  check('a consumer that stops reading leaves the model usable', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const requests = Array.from({ length: 4 }, (_, i) =>
      request(GOLDEN_PROMPT, BigInt(i), { maxNewTokens: 20 }),
    );
    for await (const sample of model.sample(requests)) {
      expect(sample.tokens.length).toBe(20);
      break;
    }
    expect(await sampleAll(model, requests)).toHaveLength(4);
  });
}
