// What may happen to the addon besides good calls: handles of the wrong kind, closed models, worker threads that end
// while it computes, handles that are collected meanwhile, two copies in one process. Nothing of it may end the
// process or change what others compute. Whichever side wins a race, the outcome is the same.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../errors.ts';
import { ropeFrequencies } from '../../model/rope.ts';
import { TOLERANCES } from '../tolerances.ts';
import {
  LARGER,
  TRAINING,
  goldenFolder,
  logprobsOf,
  openModel,
  request,
  sampleAll,
} from '../conformance/bench.case.ts';
import { ADDON_PATH, loadAddon, type Addon } from './addon.ts';
import { createNativeEngine } from './native.ts';

/** As the addon takes a shape, and as source text. */
const SHAPE = { ...LARGER, ropeFrequencies: ropeFrequencies(LARGER) };
const SHAPE_TEXT = `{ ...${JSON.stringify(LARGER)}, ropeFrequencies: Float64Array.of(${SHAPE.ropeFrequencies.join()}) }`;

/** What workers and child processes run: `start` begins a sampling that takes a while, `next` is its first result. */
const PROGRAM = `
  const addon = require(${JSON.stringify(ADDON_PATH)});
  const model = addon.createModel(addon.createRuntime(2, '', false), ${SHAPE_TEXT}, true, 2 ** 20, null, null);
  function start(count) {
    const sampling = addon.startSampling(model, new Int32Array(count).fill(5), new Int32Array(count).fill(1),
      new Int32Array(count).fill(200), new Float32Array(count).fill(1), new Int32Array(0), new Int32Array(count),
      BigUint64Array.from({ length: count }, (_, i) => BigInt(i)), new Int32Array(count),
      new Float64Array(count).fill(1), new Float64Array(count), new Int32Array(count));
    return addon.nextSampled(sampling, addon.createCancelFlag(), new Int32Array(0));
  }
`;

/** The first of what `start(4)` samples, in a worker. */
async function sampleInWorker(): Promise<number[]> {
  const worker = new Worker(
    `${PROGRAM}
    start(4).then(({ ended: [first] }) => require('node:worker_threads').parentPort.postMessage([...first.tokens]));`,
    { eval: true },
  );
  const [[tokens], [code]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
    [number[]],
    [number],
  ];
  expect(code).toBe(0);
  return tokens;
}

function runChild(program: string): { status: number | null; signal: string | null; output: string } {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--eval', PROGRAM + program],
    { encoding: 'utf8' },
  );
  return { status, signal, output: stdout + stderr };
}

const ints = (...values: number[]): Int32Array => Int32Array.from(values);

/** One model of LARGER's shape with all weights zero, and the calls that a test may spoil one argument of. */
function calls(addon: Addon) {
  const runtime = addon.createRuntime(1, '', false);
  const model = addon.createModel(runtime, SHAPE, true, 0, null, null);
  const flag = addon.createCancelFlag();
  const floats = (length: number) => new Float32Array(length);
  const start = [
    model,
    ints(1),
    ints(1),
    ints(1),
    floats(1),
    ints(),
    ints(0),
    new BigUint64Array(1),
    ints(0),
    Float64Array.of(1),
    Float64Array.of(0),
    ints(0),
  ] as const;
  const sampling = addon.startSampling(...start);
  const good: Record<keyof Addon, readonly unknown[]> = {
    instructionSets: [],
    createRuntime: [1, '', false],
    createModel: [runtime, SHAPE, true, 0, null, null],
    closeModel: [model],
    planMemory: [model, Float64Array.of(1, 1, 1, 1, 4, 4)],
    memoryUse: [],
    tensorSizes: [model],
    writeArray: [model, 0, 1, floats(LARGER.hiddenSize)],
    readArray: [model, 0, 1, floats(LARGER.hiddenSize)],
    weightsChanged: [model],
    stepCount: [model],
    setStepCount: [model, 3],
    createCancelFlag: [],
    cancel: [flag],
    forward: [model, flag, ints(1, 2), ints(2), ints(3), ints(1), 1, true, false, false],
    backward: [model, 1, ints(1), floats(1), null],
    release: [model, 1],
    step: [model, 1e-3, 0.9, 0.95, 1e-8, 0, 1],
    startSampling: start,
    nextSampled: [sampling, flag, ints()],
    endSampling: [sampling],
  };
  const call = (name: keyof Addon, ...values: readonly unknown[]): unknown =>
    (addon[name] as (...args: readonly unknown[]) => unknown)(...values);
  return { runtime, model, flag, sampling, good, call };
}

const SENTENCE = /^[A-Z].* .*\.$/s;

describe('handles and arguments', () => {
  const { runtime, model, flag, sampling, good, call } = calls(loadAddon());

  it.each(Object.entries(good))('%s refuses every argument of another kind', (name, values) => {
    const handles: unknown[] = [runtime, model, flag, sampling];
    for (const [at, value] of values.entries()) {
      const others = handles.includes(value) ? handles.filter((handle) => handle !== value) : [runtime];
      for (const wrong of [undefined, {}, Symbol('wrong'), Object.create(null), ...others]) {
        // An array may be absent where null says that it is.
        if (value === null) continue;
        expect(() => call(name as keyof Addon, ...values.with(at, wrong)), `argument ${at}`).toThrow(
          SENTENCE,
        );
      }
    }
  });

  const bad: [string, keyof Addon, unknown[]][] = [
    ['no thread', 'createRuntime', [0, '', false]],
    ['half a thread', 'createRuntime', [1.5, '', false]],
    ['an instruction set there is not', 'createRuntime', [1, 'abacus', false]],
    ['a shape without layers', 'createModel', [runtime, { ...SHAPE, layers: 0 }, true, 0, null, null]],
    ['heads that key heads do not divide', 'createModel', [runtime, { ...SHAPE, keyValueHeads: 3 }, true, 0]],
    ['a width beyond the core', 'createModel', [runtime, { ...SHAPE, heads: 2 ** 28 }, true, 0, null, null]],
    [
      'frequencies of another head width',
      'createModel',
      [runtime, { ...SHAPE, headDim: 10 }, true, 0, null, null],
    ],
    ['work of too few numbers', 'planMemory', [model, new Float64Array(5)]],
    ['work of no tokens', 'planMemory', [model, new Float64Array(6)]],
    ['a negative budget', 'createModel', [runtime, SHAPE, true, -1, null, null]],
    ['a tensor there is not', 'readArray', good.readArray.with(2, 1000)],
    ['a tensor below the first', 'readArray', good.readArray.with(2, -1)],
    ['an array there is not', 'readArray', good.readArray.with(1, 4)],
    ['too little space', 'readArray', good.readArray.with(3, new Float32Array(LARGER.hiddenSize - 1))],
    ['too short an array', 'writeArray', [model, 0, 0, new Float32Array(LARGER.hiddenSize)]],
    ['an array of doubles', 'writeArray', [model, 0, 1, new Float64Array(LARGER.hiddenSize)]],
    ['a token above the vocabulary', 'forward', good.forward.with(2, ints(1, 700))],
    ['a negative token', 'forward', good.forward.with(4, ints(-1))],
    ['lengths that do not add up', 'forward', good.forward.with(3, ints(1))],
    ['more prompts than responses', 'forward', good.forward.with(3, ints(1, 1))],
    ['an empty response', 'forward', good.forward.with(4, ints()).with(5, ints(0))],
    ['a sequence too long', 'forward', good.forward.with(4, new Int32Array(255)).with(5, ints(255))],
    ['an empty prompt', 'startSampling', good.startSampling.with(1, ints()).with(2, ints(0))],
    ['no new token', 'startSampling', good.startSampling.with(3, ints(0))],
    ['more new tokens than positions', 'startSampling', good.startSampling.with(3, ints(256))],
    ['a temperature too few', 'startSampling', good.startSampling.with(4, new Float32Array(0))],
    ['a topP too many', 'startSampling', good.startSampling.with(9, new Float64Array(2))],
  ];
  it.each(bad)('%s', (_, name, values) => {
    expect(() => call(name, ...values)).toThrow(SENTENCE);
  });

  it('cotangents that do not fit the pass reject and leave it usable', async () => {
    const addon = loadAddon();
    const { pass } = await addon.forward(
      model,
      flag,
      ints(1, 2),
      ints(2),
      ints(3, 4),
      ints(2),
      1,
      true,
      false,
      false,
    );
    for (const lengths of [[1], [3], [1, 2], []]) {
      const size = lengths.reduce((sum, length) => sum + length, 0);
      const cotangents = new Float32Array(size).fill(1);
      // Two arrays of which the first is too short: the second is no excuse.
      await expect(addon.backward(model, pass, ints(...lengths), cotangents, null)).rejects.toThrow(SENTENCE);
    }
    await addon.backward(model, pass, ints(2), Float32Array.of(1, 1), null);
    await expect(addon.backward(model, pass, ints(2), Float32Array.of(1, 1), null)).rejects.toThrow(SENTENCE);
  });

  it('requests that there are not cannot be stopped, and others go on', async () => {
    const addon = loadAddon();
    const { ended } = await addon.nextSampled(sampling, flag, ints(-1, 1, 2 ** 31 - 1));
    expect(ended).toMatchObject([{ index: 0, stopped: false }]);
  });

  it('a closed model is refused by every call, and may be closed again', () => {
    const closed = calls(loadAddon());
    closed.call('closeModel', closed.model);
    for (const [name, values] of Object.entries(closed.good)) {
      if (values[0] !== closed.model || name === 'closeModel') continue;
      expect(() => closed.call(name as keyof Addon, ...values), name).toThrow('it was closed');
    }
    closed.call('closeModel', closed.model);
  });
});

describe('worker threads and processes', () => {
  it('several threads load the addon at once and sample the same', async () => {
    const [first, ...others] = await Promise.all([sampleInWorker(), sampleInWorker(), sampleInWorker()]);
    expect(first).toHaveLength(200);
    for (const tokens of others) expect(tokens).toEqual(first);
  });

  it.each(['process.exit(0)', 'null'])(
    'a worker ends with work in flight (%s), and another begins',
    async (end) => {
      const before = await sampleInWorker();
      const worker = new Worker(
        `${PROGRAM}
      start(64); addon.step(model, 1e-3, 0.9, 0.95, 1e-8, 0, 1); start(64);
      require('node:worker_threads').parentPort.postMessage('under way');
      ${end};`,
        { eval: true },
      );
      await once(worker, 'message');
      await worker.terminate();
      expect(await sampleInWorker()).toEqual(before);
    },
  );

  it('a process exits with work in flight, with the code it chose', () => {
    expect(runChild('start(64); start(64); process.exit(7);')).toEqual({
      status: 7,
      signal: null,
      output: '',
    });
  });

  it('handles that are closed and collected while a call computes do not matter to it', () => {
    const program = `
      const handles = { runtime: addon.createRuntime(2, '', false) };
      handles.model = addon.createModel(handles.runtime, ${SHAPE_TEXT}, false, 0, null, null);
      const flag = addon.createCancelFlag();
      const scored = addon.forward(handles.model, flag, new Int32Array(200).fill(3), Int32Array.of(200),
        new Int32Array(50).fill(4), Int32Array.of(50), 1, false, false, false);
      addon.closeModel(handles.model);
      delete handles.model;
      delete handles.runtime;
      const sampled = start(16);
      gc();
      Promise.all([scored, sampled]).then(([{ logprobs }, { ended: [first] }]) => {
        gc();
        process.stdout.write(logprobs.length + ' ' + first.tokens.length);
      });`;
    expect(runChild(program)).toEqual({ status: 0, signal: null, output: '50 200' });
  });

  it('two copies of the addon in one process share nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guiderail-copy-'));
    const path = join(folder, 'copy.node');
    await copyFile(ADDON_PATH, path);
    const copies = [loadAddon(), createRequire(import.meta.url)(path) as Addon];
    const logprobs = copies.map((addon) => {
      const { call, good } = calls(addon);
      return call('forward', ...good.forward) as ReturnType<Addon['forward']>;
    });
    const [ours, theirs] = await Promise.all(logprobs);
    expect(theirs.logprobs).toEqual(ours.logprobs);
    await rm(folder, { recursive: true });
  });
});

describe('an engine that is closed or left', () => {
  const onModel = async (work: (opened: Awaited<ReturnType<typeof open>>) => Promise<void>) => {
    const opened = await open();
    await work(opened);
    await opened.engine.close();
  };
  const open = async () => {
    const engine = createNativeEngine({ threads: 2 });
    const model = await openModel(
      { engine, tolerances: TOLERANCES.float32, folder: '' },
      goldenFolder('llama'),
    );
    return { engine, model };
  };
  const many = Array.from({ length: 200 }, (_, i) =>
    request(ints(5, 17), BigInt(i), { maxNewTokens: 1 + (i % 120) }),
  );

  it('close ends a sampling under way, and later calls say what to do', () =>
    onModel(async ({ engine, model }) => {
      const sampling = model.sample(many)[Symbol.asyncIterator]();
      expect((await sampling.next()).done).toBe(false);
      await engine.close();
      const rest = async (): Promise<void> => {
        while ((await sampling.next()).done !== true);
      };
      await expect(rest()).rejects.toThrow(EngineError);
      await expect(sampleAll(model, many)).rejects.toThrow('This model was closed; open it again.');
    }));

  it('a consumer that leaves ends the native run, and the next sampling is as ever', () =>
    onModel(async ({ model }) => {
      const expected = await sampleAll(model, many);
      for await (const sequence of model.sample(many)) {
        expect(sequence.tokens).toEqual(expected[sequence.index].tokens);
        break;
      }
      expect(await sampleAll(model, many)).toEqual(expected);
    }));

  it('a pass is void once a step that was asked for earlier was taken', () =>
    onModel(async ({ model }) => {
      const sequence = { promptTokens: ints(1, 2), responseTokens: ints(3) };
      const options = { gradient: true, want: { logprobs: true }, temperature: 1 };
      const pass = await model.forward([sequence], options);
      const step = model.step(TRAINING);
      await expect(model.backward(pass, { logprobs: [Float64Array.of(1)] })).rejects.toThrow(EngineError);
      await step;
      expect(await logprobsOf(model, [sequence])).toHaveLength(1);
    }));
});
