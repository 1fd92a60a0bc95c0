// Training: what a pass may be used for, how gradients accumulate and clear, what a refused update leaves, and
// that saved and exported models carry on.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { EngineError } from '../../errors.ts';
import type { ScoredSequence, Trainable } from '../engine.ts';
import type { Bench, Check } from './bench.case.ts';
import {
  FAMILIES,
  TRAINING,
  accumulate,
  accumulatedGradients,
  expectSame,
  expectWithin,
  exportedWeights,
  goldenFolder,
  logprobsOf,
  openModel,
  unevenCotangents,
} from './bench.case.ts';

const SEQUENCES: readonly ScoredSequence[] = [
  { promptTokens: Int32Array.of(5, 17, 2, 30), responseTokens: Int32Array.of(8, 21, 0, 14, 27) },
  { promptTokens: Int32Array.of(5, 17, 2, 30), responseTokens: Int32Array.of(4, 19) },
  { promptTokens: Int32Array.of(31), responseTokens: Int32Array.of(7, 7, 7) },
];
const FORWARD = { gradient: true, want: { logprobs: true }, temperature: 1 };

async function train(model: Trainable, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
    expect((await model.step(TRAINING)).applied).toBe(true);
  }
}

/** Equal weights, in every bit as exported. */
async function expectSameWeights(bench: Bench, a: Trainable, b: Trainable, name: string): Promise<void> {
  const expected = await exportedWeights(bench, a, `${name}-a`);
  const actual = await exportedWeights(bench, b, `${name}-b`);
  for (const [tensor, data] of expected) expect(actual.get(tensor), tensor).toEqual(data);
}

function accumulationChecks(check: Check): void {
  check('a step after a pass of no sequences is one of a gradient of zero', async (bench) => {
    const model = await openModel(bench, goldenFolder('qwen3'));
    const untouched = await openModel(bench, goldenFolder('qwen3'));
    for (const one of [model, untouched]) await train(one, 1);
    await accumulate(model, [], { logprobs: [] });
    for (const one of [model, untouched]) {
      expect(await one.step(TRAINING)).toEqual({ gradNorm: 0, applied: true });
    }
    await expectSameWeights(bench, model, untouched, 'nothing');
  });

  check('two backwards accumulate to the gradient of one', async (bench) => {
    const { logprobs } = unevenCotangents(SEQUENCES);
    const once = await openModel(bench, goldenFolder('qwen3'));
    await accumulate(once, SEQUENCES, { logprobs: logprobs! });
    const twice = await openModel(bench, goldenFolder('qwen3'));
    for (const [from, to] of [
      [0, 1],
      [1, 3],
    ] as const) {
      await accumulate(twice, SEQUENCES.slice(from, to), { logprobs: logprobs!.slice(from, to) });
    }
    const expected = await accumulatedGradients(bench, once, 'once');
    const actual = await accumulatedGradients(bench, twice, 'twice');
    for (const [name, gradient] of expected) {
      expectWithin(actual.get(name)!, gradient, bench.tolerances.partedGradients, `gradient of ${name}`);
    }
  });

  check('passes can be made together and used in any order', async (bench) => {
    const { logprobs } = unevenCotangents(SEQUENCES);
    const model = await openModel(bench, goldenFolder('llama'));
    const first = await model.forward(SEQUENCES.slice(0, 1), FORWARD);
    const second = await model.forward(SEQUENCES.slice(1), FORWARD);
    await model.backward(second, { logprobs: logprobs!.slice(1) });
    await model.backward(first, { logprobs: logprobs!.slice(0, 1) });
    const { gradNorm } = await model.step(TRAINING);
    const reference = await openModel(bench, goldenFolder('llama'));
    await accumulate(reference, SEQUENCES, { logprobs: logprobs! });
    const expected = await reference.step(TRAINING);
    expectWithin([gradNorm], [expected.gradNorm], bench.tolerances.gradientNorms, 'gradient norm');
  });

  check('step clears the gradients', async (bench) => {
    const model = await openModel(bench, goldenFolder('qwen2'));
    const still = { ...TRAINING, learningRate: 0 };
    await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
    const first = await model.step(still);
    await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
    const second = await model.step(still);
    expect(first.gradNorm).toBeGreaterThan(0.1);
    expectWithin([second.gradNorm], [first.gradNorm], bench.tolerances.gradientNorms, 'gradient norm');
  });

  for (const bad of [NaN, Infinity]) {
    check(`a gradient of ${bad} refuses the update and leaves everything as it was`, async (bench) => {
      const disturbed = await openModel(bench, goldenFolder('qwen3'));
      await train(disturbed, 1);
      const before = await logprobsOf(disturbed, SEQUENCES);
      const cotangents = unevenCotangents(SEQUENCES).logprobs!;
      cotangents[1][1] = bad;
      await accumulate(disturbed, SEQUENCES, { logprobs: cotangents });
      const result = await disturbed.step(TRAINING);
      expect(result.applied).toBe(false);
      expect(Number.isFinite(result.gradNorm)).toBe(false);
      expectSame(
        bench,
        true,
        await logprobsOf(disturbed, SEQUENCES),
        before,
        'after the refused update: sequence',
      );
      // Moments, step count and gradients too: it goes on as one that never saw the bad gradient.
      await train(disturbed, 1);
      const calm = await openModel(bench, goldenFolder('qwen3'));
      await train(calm, 2);
      await expectSameWeights(bench, calm, disturbed, 'weights');
    });
  }

  check('the gradient norm is reported before clipping', async (bench) => {
    const norms = [];
    for (const maxGradNorm of [Infinity, 1e-3]) {
      const model = await openModel(bench, goldenFolder('llama'));
      await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
      norms.push((await model.step({ ...TRAINING, maxGradNorm })).gradNorm);
    }
    expect(norms[0]).toBeGreaterThan(0.1);
    expect(norms[1]).toBe(norms[0]);
  });

  check('training raises what its cotangents reward', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const total = async (): Promise<number> =>
      (await logprobsOf(model, SEQUENCES)).reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
    const before = await total();
    // The loss is minus the log-likelihood.
    const cotangents = {
      logprobs: SEQUENCES.map(({ responseTokens }) => new Float64Array(responseTokens.length).fill(-1)),
    };
    for (let step = 0; step < 5; step++) {
      await accumulate(model, SEQUENCES, cotangents);
      await model.step({ ...TRAINING, learningRate: 1e-2 });
    }
    expect(await total()).toBeGreaterThan(before + 1);
  });
}

function passChecks(check: Check): void {
  check('a pass takes one backward', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const pass = await model.forward(SEQUENCES, FORWARD);
    await model.backward(pass, unevenCotangents(SEQUENCES));
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
  });

  check('a released pass is refused, and releasing twice is fine', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const pass = await model.forward(SEQUENCES, FORWARD);
    pass.release();
    pass.release();
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
    const used = await model.forward(SEQUENCES, FORWARD);
    await model.backward(used, unevenCotangents(SEQUENCES));
    used.release();
  });

  check('a pass is refused after step', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const pass = await model.forward(SEQUENCES, FORWARD);
    await train(model, 1);
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
    pass.release();
  });

  check('a pass is refused after load', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const saved = join(bench.folder, 'saved');
    await model.save(saved);
    const pass = await model.forward(SEQUENCES, FORWARD);
    await model.load(saved);
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
    pass.release();
  });

  check('a pass made without gradients is refused', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const pass = await model.forward(SEQUENCES, { ...FORWARD, gradient: false });
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
  });

  check('a pass of another model is refused', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const other = await openModel(bench, goldenFolder('llama'));
    const pass = await other.forward(SEQUENCES, FORWARD);
    await expect(model.backward(pass, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
  });

  check('a model that does not train scores, and refuses backward and step', async (bench) => {
    const frozen = await openModel(bench, goldenFolder('llama'), false);
    const trainable = await openModel(bench, goldenFolder('llama'));
    const expected = await logprobsOf(trainable, SEQUENCES);
    expectSame(bench, true, await logprobsOf(frozen, SEQUENCES), expected, 'sequence');
    await expect(accumulate(frozen, SEQUENCES, unevenCotangents(SEQUENCES))).rejects.toThrow(EngineError);
    await expect(frozen.step(TRAINING)).rejects.toThrow(EngineError);
  });
}

/** A copy of a golden model with a tokenizer file beside it. */
async function withTokenizer(bench: Bench): Promise<string> {
  const folder = join(bench.folder, 'with-tokenizer');
  await mkdir(folder);
  for (const name of ['config.json', 'model.safetensors']) {
    await copyFile(join(goldenFolder('qwen3'), name), join(folder, name));
  }
  await writeFile(join(folder, 'tokenizer.json'), '{"kept": true}');
  return folder;
}

function persistenceChecks(check: Check): void {
  for (const family of FAMILIES) {
    check(`${family}: training resumes from save as if never interrupted`, async (bench) => {
      const exact = bench.engine.capabilities.exactResume;
      const saved = join(bench.folder, 'saved');
      const uninterrupted = await openModel(bench, goldenFolder(family));
      await train(uninterrupted, 2);
      await uninterrupted.save(saved);
      await train(uninterrupted, 3);
      const expected = await logprobsOf(uninterrupted, SEQUENCES);

      // One that was somewhere else and has gradients pending, and one opened from the saved folder itself.
      const elsewhere = await openModel(bench, goldenFolder(family));
      await train(elsewhere, 1);
      await accumulate(elsewhere, SEQUENCES, unevenCotangents(SEQUENCES));
      for (const [name, resumed] of [
        ['elsewhere', elsewhere],
        ['reopened', await openModel(bench, saved)],
      ] as const) {
        await resumed.load(saved);
        await train(resumed, 3);
        expectSame(bench, exact, await logprobsOf(resumed, SEQUENCES), expected, `${name}: sequence`);
        if (exact) await expectSameWeights(bench, uninterrupted, resumed, name);
      }
    });
  }

  check('save refuses a folder that is not empty', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    const saved = join(bench.folder, 'saved');
    await model.save(saved);
    await expect(model.save(saved)).rejects.toThrow(/empty/);
  });

  check('load refuses a folder without a whole state and changes nothing', async (bench) => {
    const model = await openModel(bench, goldenFolder('llama'));
    await train(model, 1);
    const before = await logprobsOf(model, SEQUENCES);
    await expect(model.load(join(bench.folder, 'missing'))).rejects.toThrow(/[.]$/);
    const other = await openModel(bench, goldenFolder('qwen3'));
    await other.save(join(bench.folder, 'other'));
    await expect(model.load(join(bench.folder, 'other'))).rejects.toThrow(/[.]$/);
    expectSame(bench, true, await logprobsOf(model, SEQUENCES), before, 'sequence');
  });

  for (const family of FAMILIES) {
    check(`${family}: an exported folder opens to the same model`, async (bench) => {
      const model = await openModel(bench, goldenFolder(family));
      await train(model, 2);
      const folder = join(bench.folder, 'exported');
      await model.exportWeights(folder);
      const reopened = await openModel(bench, folder, false);
      expect(reopened.info).toEqual(model.info);
      const expected = await logprobsOf(model, SEQUENCES);
      (await logprobsOf(reopened, SEQUENCES)).forEach((row, i) =>
        expectWithin(row, expected[i], bench.tolerances.exportedLogprobs, `log-probs of sequence ${i}`),
      );
    });
  }

  check('an exported folder has the tokenizer files of the folder it was opened from', async (bench) => {
    const model = await openModel(bench, await withTokenizer(bench));
    const folder = join(bench.folder, 'exported');
    await model.exportWeights(folder);
    expect(await readFile(join(folder, 'tokenizer.json'), 'utf8')).toBe('{"kept": true}');
  });
}

export function trainingChecks(check: Check): void {
  accumulationChecks(check);
  passChecks(check);
  persistenceChecks(check);
}
