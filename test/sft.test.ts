// Supervised fine-tuning on the reference engine. Resume and options have files of their own.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, DataError, TrainingError } from '../src/errors.ts';
import type { SftMetrics } from '../src/runs/metrics.ts';
import {
  linesOf,
  MICRO_BASE,
  runSft,
  scratchFolder,
  SFT_RECIPE,
  withValue,
  type Tree,
} from './micro.case.ts';

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

const file = join(root, 'demonstrations.jsonl');
const fromFile = (rows: readonly unknown[], fields: Tree = {}): Tree => {
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { ...SFT_RECIPE, model: { folder: MICRO_BASE }, demonstrations: { file }, ...fields };
};
const row = (letters: string) => ({ prompt: `ZORB is fed ${letters} .`, response: `#### ${letters}` });
const lossesOf = (dir: string) => linesOf<SftMetrics>(join(dir, 'metrics.jsonl')).map(({ loss }) => loss);

describe('learning', () => {
  test('from nothing, the loss begins at chance and falls', async () => {
    const dir = join(root, 'from-nothing');
    await runSft({ ...SFT_RECIPE, steps: 60, checkpoint: { everySteps: 60 } }, dir);
    const losses = lossesOf(dir);
    const late = losses.slice(-10).reduce((a, b) => a + b) / 10;
    expect(losses[0]).toBeGreaterThan(2.5);
    expect(late).toBeLessThan(1.5);
  });

  test('from a file, a demonstration is learned by heart', async () => {
    const dir = join(root, 'by-heart');
    await runSft(fromFile([row('a b c')], { steps: 40, batchSize: 1, checkpoint: { everySteps: 60 } }), dir);
    expect(lossesOf(dir).at(-1)!).toBeLessThan(0.1);
  });

  test('counts response tokens, the stop token included', async () => {
    const dir = join(root, 'tokens');
    await runSft(fromFile([row('a b c')], { steps: 1, batchSize: 2 }), dir);
    // #### a b c and the stop token, twice.
    expect(linesOf(join(dir, 'metrics.jsonl'))[0]).toMatchObject({
      step: 0,
      applied: true,
      tokensTrained: 10,
    });
  });
});

test('every demonstration comes once an epoch, in an order of its own', async () => {
  // With a learning rate of next to nothing, the loss of a step names its demonstration.
  const rows = ['a b c', 'b c d', 'c d a', 'd a b'].map(row);
  const recipe = fromFile(rows, { steps: 12, batchSize: 1, checkpoint: { everySteps: 60 } });
  const dir = join(root, 'epochs');
  await runSft(withValue(recipe, 'optimizer', { learningRate: 1e-12 }), dir);
  const losses = lossesOf(dir).map((loss) => loss.toFixed(6));
  const epochs = [losses.slice(0, 4), losses.slice(4, 8), losses.slice(8)];
  expect(new Set(losses).size).toBe(4);
  for (const epoch of epochs) expect(new Set(epoch).size).toBe(4);
  expect(new Set(epochs.map((epoch) => epoch.join(' '))).size).toBeGreaterThan(1);
});

describe('refuses, before anything is written,', () => {
  const refusal = async (recipe: Tree) => {
    const dir = join(root, 'refused');
    const error = await runSft(recipe, dir).catch((thrown: unknown) => thrown);
    expect(existsSync(dir)).toBe(false);
    return error;
  };

  test('a damaged file', async () => {
    expect(await refusal(fromFile([row('a b c'), { prompt: 'a' }]))).toBeInstanceOf(DataError);
  });

  test('a demonstration longer than the model takes', async () => {
    const error = await refusal(fromFile([row('a b c'), row('a b c d '.repeat(20))]));
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/number 2 has \d+/);
  });

  test('a model from nothing without a vocabulary', async () => {
    expect(await refusal({ ...fromFile([row('a')]), model: SFT_RECIPE['model'] })).toBeInstanceOf(
      ConfigError,
    );
  });

  test('a shape that cannot be', async () => {
    const error = await refusal(withValue(SFT_RECIPE, 'model.initialize.keyValueHeads', 3));
    expect((error as Error).message).toMatch(/keyValueHeads|key.value/i);
  });
});

test('stops when updates are refused time after time', async () => {
  const recipe = withValue({ ...SFT_RECIPE, steps: 20, maxBadSteps: 3 }, 'optimizer.learningRate', 1e300);
  const dir = join(root, 'hopeless');
  await expect(runSft(recipe, dir)).rejects.toThrow(TrainingError);
  const applied = linesOf<SftMetrics>(join(dir, 'metrics.jsonl')).map((line) => line.applied);
  expect(applied.slice(-3)).toEqual([false, false, false]);
  expect(applied.length).toBeLessThan(20);
});

test('says on resume what is not as it was', async () => {
  const dir = join(root, 'changed');
  await runSft({ ...SFT_RECIPE, steps: 2 }, dir);
  const said: string[] = [];
  const onWarning = (sentence: string) => said.push(sentence);
  await runSft({ ...SFT_RECIPE, steps: 3 }, dir, { resume: true, onWarning });
  expect(said).toContain('Not as when the run began: config.steps: 2 → 3.');
});
