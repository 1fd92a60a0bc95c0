import { describe, expect, test } from 'vitest';
import { seedOf, seedToHex } from '../random.ts';
import { fitsContext, respond, type ResponseOrder } from './responder.ts';
import {
  decode,
  encode,
  letterVerifier,
  problemNamed,
  respondByLetters,
  ScriptedModel,
  scriptedResponder,
} from './scripted-engine.case.ts';

function order(name: string, sampleIndex: number, fields: Partial<ResponseOrder> = {}): ResponseOrder {
  const problem = problemNamed(name);
  return { problem, context: 'plain', purpose: 'train', step: 3, drawOrdinal: 5, sampleIndex, ...fields };
}

const texts = (rollouts: readonly { text: string }[]) => rollouts.map(({ text }) => text);

describe('respond', () => {
  test('gives the rollouts in the order of the orders, although the last sequence ends first', async () => {
    const respondAs = (prompt: string, n: number) => `${'cw'[n]}${prompt}.`;
    const orders = [order('A', 0), order('B', 0), order('A', 1), order('B', 1, { context: 'hint1' })];
    const results = [];
    for (const completion of ['inOrder', 'reversed'] as const) {
      const model = new ScriptedModel({ respond: respondAs, completion });
      results.push(await respond(scriptedResponder(), model, orders, 4));
    }
    expect(texts(results[1])).toEqual(['cA', 'cB', 'wA', 'cB+hint1']);
    expect(results[1]).toEqual(results[0]);
  });

  test('fills every field of a rollout', async () => {
    const model = new ScriptedModel({ respond: () => 'c!.', sampledLogprob: (_p, _r, t) => -t });
    const [rollout] = await respond(scriptedResponder(), model, [order('A', 2, { context: 'hint1' })], 4);
    expect(rollout).toEqual({
      problemId: 'A',
      context: 'hint1',
      promptTokens: encode('A+hint1'),
      responseTokens: encode('c!.'),
      behaviourLogprobs: Float64Array.of(-0, -1, -2),
      finish: 'stop',
      text: 'c!',
      verdict: { kind: 'correct', reason: 'begins with c', extracted: 'c!' },
      reward: 1,
      policyVersion: 4,
      seed: seedToHex(seedOf(7, 'train', 3, 5, 'A', 'hint1', 2)),
      sampleIndex: 2,
    });
  });

  test('takes the stop token out of the text and leaves it among the tokens; a cut response keeps its last', async () => {
    const model = new ScriptedModel({ respond: (_, n) => ['wxy.', 'wxyz'][n] });
    const rollouts = await respond(scriptedResponder(), model, [order('A', 0), order('A', 1)], 0);
    expect(texts(rollouts)).toEqual(['wxy', 'wxyz']);
    expect(rollouts.map(({ responseTokens }) => decode(responseTokens))).toEqual(['wxy.', 'wxyz']);
    expect(rollouts.map(({ finish }) => finish)).toEqual(['stop', 'length']);
  });

  test('ends a response at a stop string: its tokens stay, its text and the verdict are of what is before', async () => {
    const responses = ['cxy\nQ: more', 'w\n\nQ.', 'cxyz\nQ'];
    const model = new ScriptedModel({ respond: (_, n) => responses[n], sampledLogprob: (_p, _r, t) => -t });
    const orders = [0, 1, 2].map((index) => order('A', index));
    const rollouts = await respond(scriptedResponder({ stopStrings: ['\nQ:', 'never'] }), model, orders, 0);
    expect(rollouts.map(({ responseTokens }) => decode(responseTokens))).toEqual([
      'cxy\nQ:',
      'w\n\nQ.',
      'cxyz\nQ',
    ]);
    expect(texts(rollouts)).toEqual(['cxy', 'w\n\nQ', 'cxyz\nQ']);
    expect(rollouts.map(({ finish }) => finish)).toEqual(['stop', 'stop', 'length']);
    expect(rollouts[0]).toMatchObject({
      behaviourLogprobs: Float64Array.of(-0, -1, -2, -3, -4, -5),
      verdict: { kind: 'correct', extracted: 'cxy' },
    });
  });

  test('a stop token is no part of a stop string, and without stop strings nothing is watched', async () => {
    const model = new ScriptedModel({ respond: () => 'wx.' });
    const [rollout] = await respond(scriptedResponder({ stopStrings: ['x.'] }), model, [order('A', 0)], 0);
    expect(rollout).toMatchObject({ text: 'wx', finish: 'stop' });
    await respond(scriptedResponder(), model, [order('A', 0)], 0);
    expect(model.requests.map(({ onToken }) => typeof onToken)).toEqual(['function', 'undefined']);
  });

  test('hands the verifier problem, text and finish', async () => {
    const seen: unknown[] = [];
    const verifierFor = (kind: string) => ({
      ...letterVerifier,
      verify: (input: Parameters<typeof letterVerifier.verify>[0]) => {
        seen.push([kind, input.problem.id, input.response, input.finish]);
        return letterVerifier.verify(input);
      },
    });
    const model = new ScriptedModel({ respond: () => 'wx' });
    await respond(scriptedResponder({ verifierFor }), model, [order('A', 0)], 0);
    expect(seen).toEqual([['letter', 'A', 'wx', 'length']]);
  });

  test('makes a verifier that throws a grader fault of its own rollout alone', async () => {
    const model = new ScriptedModel({ respond: respondByLetters({ A: 'ecwm' }) });
    const orders = [0, 1, 2, 3].map((index) => order('A', index));
    const rollouts = await respond(scriptedResponder(), model, orders, 0);
    expect(rollouts.map(({ verdict, reward }) => [verdict.kind, reward])).toEqual([
      ['graderError', 0],
      ['correct', 1],
      ['wrong', 0],
      ['malformed', 0],
    ]);
    expect(rollouts[0].verdict.reason).toBe('the verifier failed: cannot grade e');
  });

  test('does so when there is no such verifier, or it throws before it returns a promise', async () => {
    const model = new ScriptedModel({ respond: () => 'c.' });
    const missing = scriptedResponder({
      verifierFor: () => {
        throw new Error('no such verifier');
      },
    });
    const [rollout] = await respond(missing, model, [order('A', 0)], 0);
    expect(rollout.verdict).toMatchObject({ kind: 'graderError', extracted: null });
  });

  test('asks for what the settings say', async () => {
    const model = new ScriptedModel({});
    await respond(scriptedResponder({ maxNewTokens: 6, temperature: 0.5 }), model, [order('A', 0)], 0);
    expect(model.requests).toEqual([
      {
        promptTokens: encode('A'),
        maxNewTokens: 6,
        temperature: 0.5,
        stopTokens: [46],
        seed: seedOf(7, 'train', 3, 5, 'A', 'plain', 0),
      },
    ]);
  });

  test('asks for the truncation of evaluations, and refuses one in training', async () => {
    const model = new ScriptedModel({});
    const truncation = { topK: 3, topP: 0.9, minP: 0.1 };
    const settings = scriptedResponder({ truncation });
    await respond(settings, model, [order('A', 0, { purpose: 'evaluate' })], 0);
    expect(model.requests).toMatchObject([truncation]);
    await expect(respond(settings, model, [order('A', 0)], 0)).rejects.toThrow(
      /trained on to be sampled from the whole distribution/,
    );
    expect(model.requests).toHaveLength(1);
  });

  test('names the seed by run, purpose, step, draw, problem, context and sample: each changes it', async () => {
    const variants: [number, ResponseOrder][] = [
      [7, order('A', 0)],
      [8, order('A', 0)],
      [7, order('A', 0, { purpose: 'evaluate' })],
      [7, order('A', 0, { step: 4 })],
      [7, order('A', 0, { drawOrdinal: 6 })],
      [7, order('B', 0)],
      [7, order('A', 0, { context: 'hint1' })],
      [7, order('A', 1)],
    ];
    const seeds = new Set<string>();
    for (const [runSeed, each] of variants) {
      const [rollout] = await respond(scriptedResponder({ runSeed }), new ScriptedModel({}), [each], 0);
      seeds.add(rollout.seed);
    }
    expect(seeds.size).toBe(variants.length);
  });

  test('samples the same whatever else is in the call', async () => {
    const model = new ScriptedModel({ respond: (_p, _n, seed) => `w${seedToHex(seed)}.` });
    const settings = scriptedResponder();
    const [alone] = await respond(settings, model, [order('A', 1)], 0);
    const together = await respond(settings, model, [order('B', 0), order('A', 0), order('A', 1)], 0);
    expect(together[2]).toEqual(alone);
  });

  test('ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = respond(scriptedResponder(), new ScriptedModel({}), [order('A', 0), order('A', 1)], 0, {
      signal: controller.signal,
      onRollout: () => controller.abort(reason),
    });
    await expect(pending).rejects.toBe(reason);
  });
});

test('a prompt fits if the longest response after it does', () => {
  const model = new ScriptedModel({ maxSequenceLength: 30 });
  expect(fitsContext(scriptedResponder(), model, 20)).toBe(true);
  expect(fitsContext(scriptedResponder(), model, 21)).toBe(false);
});
