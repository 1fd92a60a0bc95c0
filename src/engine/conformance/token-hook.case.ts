// The hook that is told each token as it is drawn: for streaming, and for ending a response early.
import { expect } from 'vitest';
import type { SampledSequence, SampleRequest } from '../engine.ts';
import type { Check } from './bench.case.ts';
import { LARGER, goldenFolder, makeModel, openModel, request, sampleAll, tokensOf } from './bench.case.ts';

const PROMPT = Int32Array.of(5, 17, 2);

/** Different prompts, lengths and temperatures; stop tokens that some of them meet. */
function mixedRequests(): SampleRequest[] {
  return Array.from({ length: 8 }, (_, i) =>
    request(tokensOf(`watched ${i % 3}`, 2 + 8 * (i % 3), LARGER.vocabularySize), BigInt(i), {
      maxNewTokens: 1 + 3 * i,
      temperature: [1, 0.6, 0][i % 3],
      stopTokens: Array.from({ length: 40 }, (_unused, token) => 10 * token),
    }),
  );
}

/** The requests, with what each is told in `told`; `answer` says what the hook of request i says to its t-th token. */
function watched(
  requests: readonly SampleRequest[],
  answer: (i: number, t: number) => 'continue' | 'stop' = () => 'continue',
) {
  const told = requests.map(() => ({ tokens: [] as number[], logprobs: [] as number[] }));
  const watching = requests.map((one, i) => ({
    ...one,
    onToken: (token: number, logprob: number) => {
      told[i].tokens.push(token);
      told[i].logprobs.push(logprob);
      return answer(i, told[i].tokens.length - 1);
    },
  }));
  return { told, watching };
}

const numbersOf = ({ tokens, logprobs }: SampledSequence) => ({
  tokens: [...tokens],
  logprobs: [...logprobs],
});

export function tokenHookChecks(check: Check): void {
  check('the hook is told every token and its log-prob in order, and changes nothing', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const requests = mixedRequests();
    const expected = await sampleAll(model, requests);
    const { told, watching } = watched(requests);
    const samples: SampledSequence[] = [];
    for await (const sample of model.sample(watching)) {
      expect(told[sample.index].tokens, 'told before it is yielded').toEqual([...sample.tokens]);
      samples[sample.index] = sample;
    }
    expect(samples).toEqual(expected);
    expect(told).toEqual(expected.map(numbersOf));
    expect(new Set(expected.map(({ finish }) => finish)).size, 'some end by stop tokens').toBe(2);
  });

  check('a hook that says stop ends its response there, and changes no other', async (bench) => {
    const model = await openModel(bench, await makeModel(bench, 'model', LARGER), false);
    const requests = mixedRequests().map((one) => ({ ...one, stopTokens: [] }));
    const expected = await sampleAll(model, requests);
    // Request 0 has but one token; 1 stops at its first, 3 within, 6 at the last it may have; 5 is watched only.
    const stops = new Map([
      [1, 0],
      [3, 4],
      [6, 18],
    ]);
    const { told, watching } = watched(requests, (i, t) => (t === stops.get(i) ? 'stop' : 'continue'));
    const samples = await sampleAll(
      model,
      requests.map((one, i) => (stops.has(i) || i === 5 ? watching[i] : one)),
    );
    for (const [i, sample] of samples.entries()) {
      const stop = stops.get(i);
      const length = stop === undefined ? expected[i].tokens.length : stop + 1;
      expect(sample, `request ${i}`).toEqual({
        index: i,
        tokens: expected[i].tokens.slice(0, length),
        logprobs: expected[i].logprobs.slice(0, length),
        finish: stop === undefined ? 'length' : 'stop',
      });
      expect(told[i].tokens).toHaveLength(stop === undefined && i !== 5 ? 0 : length);
    }
  });

  check('what a hook throws ends the iteration, and the model serves on', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const requests = [1n, 2n].map((seed) => request(PROMPT, seed, { maxNewTokens: 40 }));
    const expected = await sampleAll(model, requests);
    const fault = new Error('the hook failed');
    const { told, watching } = watched(requests.slice(1), (_, t) => {
      if (t === 3) throw fault;
      return 'continue';
    });
    await expect(sampleAll(model, [requests[0], ...watching])).rejects.toBe(fault);
    expect(told[0].tokens).toHaveLength(4);
    expect(await sampleAll(model, requests)).toEqual(expected);
  });

  check('no hook is called after the signal was aborted', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const reason = new Error('enough');
    for (const last of [2, 5]) {
      const abort = new AbortController();
      let calls = 0;
      const requests = [1n, 2n, 3n].map((seed) =>
        request(PROMPT, seed, {
          maxNewTokens: 3,
          onToken: () => {
            calls++;
            if (calls === last) abort.abort(reason);
            return 'continue';
          },
        }),
      );
      await expect(sampleAll(model, requests, abort.signal)).rejects.toBe(reason);
      expect(calls).toBe(last);
    }
  });

  check('a consumer that stops reading hears no more tokens', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const requests = [1, 30].map((maxNewTokens, i) => request(PROMPT, BigInt(i), { maxNewTokens }));
    const { told, watching } = watched(requests);
    for await (const { index } of model.sample(watching)) {
      expect(index).toBe(0);
      break;
    }
    const heard = told[1].tokens.length;
    expect(await sampleAll(model, requests)).toHaveLength(2);
    expect(told[1].tokens.length).toBe(heard);
    expect(heard).toBeLessThan(2);
  });
}
