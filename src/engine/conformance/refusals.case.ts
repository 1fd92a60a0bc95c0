// Bad requests reject with an EngineError that reads as a sentence, and change nothing.
import { expect } from 'vitest';
import { EngineError } from '../../errors.ts';
import type {
  AdamWUpdate,
  Cotangents,
  ForwardOptions,
  SampleRequest,
  ScoredSequence,
  Trainable,
} from '../engine.ts';
import type { Check } from './bench.case.ts';
import {
  TRAINING,
  accumulate,
  expectSame,
  goldenFolder,
  logprobsOf,
  openModel,
  request,
  sampleAll,
  unevenCotangents,
} from './bench.case.ts';

const GOOD: ScoredSequence = { promptTokens: Int32Array.of(1, 2, 3), responseTokens: Int32Array.of(4, 5) };
const OPTIONS: ForwardOptions = { gradient: true, want: { logprobs: true }, temperature: 1 };

async function expectRefusal(call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  const { message } = error as EngineError;
  expect(message, 'a sentence').toMatch(/^[A-Z].* .* .*[.?]$/s);
}

/** What float32 cannot divide by: it becomes 0, its reciprocal or a logit divided by it is infinite, or it is. */
const BAD_TEMPERATURES = [-1, NaN, Infinity, 1e-46, 1e-39, 1e-37, 1e39];

/** The golden models take 128 positions and 32 tokens. */
const BAD_SAMPLES: Readonly<Record<string, Partial<SampleRequest>>> = {
  'a token id above the vocabulary': { promptTokens: Int32Array.of(1, 32) },
  'a negative token id': { promptTokens: Int32Array.of(-1) },
  'an empty prompt': { promptTokens: new Int32Array(0) },
  'no new tokens': { maxNewTokens: 0 },
  'a fraction of a token': { maxNewTokens: 1.5 },
  'more tokens than the model takes': { maxNewTokens: 126 },
};

const BAD_SEQUENCES: Readonly<Record<string, Partial<ScoredSequence>>> = {
  'a prompt token above the vocabulary': { promptTokens: Int32Array.of(32) },
  'a response token above the vocabulary': { responseTokens: Int32Array.of(3, 32) },
  'a negative response token': { responseTokens: Int32Array.of(-2, 3) },
  'an empty prompt': { promptTokens: new Int32Array(0) },
  'an empty response': { responseTokens: new Int32Array(0) },
  'a sequence longer than the model takes': { responseTokens: new Int32Array(126) },
};

const BAD_COTANGENTS: Readonly<Record<string, Cotangents>> = {
  'too few sequences': { logprobs: [] },
  'too many sequences': { logprobs: [new Float64Array(2), new Float64Array(2)] },
  'a row that is too short': { logprobs: [new Float64Array(1)] },
  'a row that is too long': { logprobs: [new Float64Array(3)] },
  'an output that was not wanted': { entropies: [new Float64Array(2)] },
};

const BAD_UPDATES: Readonly<Record<string, Partial<AdamWUpdate>>> = {
  'a learning rate that is not a number': { learningRate: NaN },
  'a negative learning rate': { learningRate: -1 },
  'beta1 of 1': { beta1: 1 },
  'a negative beta2': { beta2: -0.1 },
  'epsilon of 0': { epsilon: 0 },
  'negative weight decay': { weightDecay: -0.1 },
  'a maximal gradient norm of 0': { maxGradNorm: 0 },
};

export function refusalChecks(check: Check): void {
  check('sample refuses bad requests, with a good one beside them', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const good = request(GOOD.promptTokens, 1n, { maxNewTokens: 125 });
    const badTemperatures = BAD_TEMPERATURES.map((temperature) => ({ temperature }));
    for (const bad of [...Object.values(BAD_SAMPLES), ...badTemperatures]) {
      await expectRefusal(sampleAll(model, [good, { ...good, ...bad }]));
    }
    expect(await sampleAll(model, [good])).toHaveLength(1);
  });

  check('forward refuses bad sequences, with a good one beside them', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    for (const bad of Object.values(BAD_SEQUENCES)) {
      await expectRefusal(model.forward([GOOD, { ...GOOD, ...bad }], OPTIONS));
    }
    expect(await logprobsOf(model, [GOOD])).toHaveLength(1);
  });

  check('forward refuses a temperature of 0, and one that float32 cannot divide by', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    for (const temperature of [0, ...BAD_TEMPERATURES]) {
      await expectRefusal(model.forward([GOOD], { ...OPTIONS, temperature }));
    }
  });

  check('the smallest temperature samples what greedy does, and its log-probs are numbers', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'), false);
    const greedy = request(GOOD.promptTokens, 1n, { temperature: 0 });
    const [likeliest, coldest] = await sampleAll(model, [greedy, { ...greedy, temperature: 1e-30 }]);
    expect(coldest.tokens).toEqual(likeliest.tokens);
    expect([...coldest.logprobs]).toEqual(Array(8).fill(0));
    const [scored] = await logprobsOf(model, [{ ...GOOD, responseTokens: coldest.tokens }], 1e-30);
    expect([...scored]).toEqual(Array(8).fill(0));
  });

  check('a language model refuses to give values', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    await expectRefusal(model.forward([GOOD], { ...OPTIONS, want: { values: true } }));
  });

  check('backward refuses cotangents of another shape and leaves the pass usable', async (bench) => {
    const cotangents = unevenCotangents([GOOD]);
    const norm = async (model: Trainable): Promise<number> => (await model.step(TRAINING)).gradNorm;
    const plain = await openModel(bench, goldenFolder('llama'));
    await accumulate(plain, [GOOD], cotangents);
    const model = await openModel(bench, goldenFolder('llama'));
    const pass = await model.forward([GOOD], OPTIONS);
    for (const bad of Object.values(BAD_COTANGENTS)) await expectRefusal(model.backward(pass, bad));
    await model.backward(pass, cotangents);
    expect(await norm(model)).toBe(await norm(plain));
  });

  check('step refuses bad updates and keeps the gradients', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const before = await logprobsOf(model, [GOOD]);
    await accumulate(model, [GOOD], unevenCotangents([GOOD]));
    for (const bad of Object.values(BAD_UPDATES)) await expectRefusal(model.step({ ...TRAINING, ...bad }));
    expectSame(bench, true, await logprobsOf(model, [GOOD]), before, 'sequence');
    const plain = await openModel(bench, goldenFolder('llama'));
    await accumulate(plain, [GOOD], unevenCotangents([GOOD]));
    expect((await model.step(TRAINING)).gradNorm).toBe((await plain.step(TRAINING)).gradNorm);
  });

  check('open refuses a folder without a model, in a sentence', async (bench) => {
    await expect(openModel(bench, bench.folder)).rejects.toThrow(/config\.json.*\.$/s);
  });

  check('a closed model and a closed engine refuse', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const other = await openModel(bench, goldenFolder('llama'));
    await model.close();
    await expectRefusal(model.forward([GOOD], OPTIONS));
    await expectRefusal(sampleAll(model, [request(GOOD.promptTokens, 1n)]));
    await expectRefusal(model.step(TRAINING));
    expect(await logprobsOf(other, [GOOD])).toHaveLength(1);
    await bench.engine.close();
    await expectRefusal(openModel(bench, goldenFolder('llama')));
  });
}
