// Every option of a fine-tuning recipe changes what a run leaves (options.case.ts says how that is shown). A choice has
// an entry for each of its values.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sftRecipeSchema } from '../src/train/config.ts';
import { MICRO_BASE, runSft, SFT_RECIPE, withValue, type Tree } from './micro.case.ts';
import { files, writeFiles } from './option-files.case.ts';
import {
  change,
  CHECKPOINTS,
  choice,
  ERROR,
  expectDifference,
  leavesOf,
  machinesEntries,
  METRICS,
  MODEL,
  optimizerEntries,
  outcomeOf,
  scratch,
  type Entry,
} from './options.case.ts';

const otherModel = join(scratch, 'other/model');

const SFT_BASE: Tree = { ...SFT_RECIPE, steps: 3, checkpoint: { everySteps: 1 } };

const SHAPE = 'model.initialize';
const adapted = { model: { folder: MICRO_BASE, adapter: { rank: 1, alpha: 2 } } };
const sftEntries: Record<string, Entry> = {
  seed: change(MODEL, 2),
  steps: change(METRICS, 2),
  batchSize: change(METRICS, 3),
  'model.folder': change(MODEL, otherModel, { model: { folder: MICRO_BASE } }),
  'model.adapter.rank': change(MODEL, 2, adapted),
  'model.adapter.alpha': change(MODEL, 8, adapted),
  'model.adapter.targets': change(MODEL, ['up_proj'], adapted),
  [`${SHAPE}.family=llama`]: choice(MODEL, { [`${SHAPE}.family`]: 'qwen2' }),
  [`${SHAPE}.family=qwen2`]: choice(MODEL),
  [`${SHAPE}.family=qwen3`]: choice(MODEL),
  [`${SHAPE}.hiddenSize`]: change(MODEL, 8),
  [`${SHAPE}.intermediateSize`]: change(MODEL, 16),
  [`${SHAPE}.layers`]: change(MODEL, 1),
  [`${SHAPE}.heads`]: change(MODEL, 4),
  [`${SHAPE}.keyValueHeads`]: change(MODEL, 1),
  [`${SHAPE}.headDim`]: change(MODEL, 4),
  [`${SHAPE}.maxSequenceLength`]: change('model/config.json', 80),
  [`${SHAPE}.initializerRange`]: change(MODEL, 0.1),
  ...machinesEntries('demonstrations.machines', MODEL),
  'demonstrations.file': change(MODEL, files.otherDemonstrations, {
    model: { folder: MICRO_BASE },
    demonstrations: { file: files.demonstrations },
  }),
  ...optimizerEntries,
  'checkpoint.everySteps': change(CHECKPOINTS, 3),
  'checkpoint.keep': change(CHECKPOINTS, 1),
  maxBadSteps: change(ERROR, 2, { 'optimizer.learningRate': 1e300 }),
};

/** Shown in tests of their own below; those of engines in src/cli/engines.test.ts. */
const ENGINE = [
  'engine.kind=native',
  'engine.kind=reference',
  'engine.dtype=bf16',
  'engine.dtype=fp32',
  'engine.threads',
  'engine.activationBudgetMiB',
];
const ELSEWHERE = ['name', ...ENGINE, 'demonstrations.machines.seed'];

beforeAll(async () => {
  writeFiles();
  await runSft({ ...SFT_RECIPE, steps: 1 }, join(scratch, 'other'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test('every option has an entry', () => {
  const named = [...new Set([...Object.keys(sftEntries), ...ELSEWHERE])];
  expect(named.sort()).toEqual(leavesOf(sftRecipeSchema));
});

test.each(Object.keys(sftEntries).filter((leaf) => !ELSEWHERE.includes(leaf)))('%s', async (leaf) => {
  await expectDifference(runSft, SFT_BASE, sftEntries[leaf](leaf));
});

test('demonstrations.machines.seed changes nothing: they say nothing of the machines it makes', async () => {
  const before = await outcomeOf(runSft, SFT_BASE);
  const after = await outcomeOf(runSft, withValue(SFT_BASE, 'demonstrations.machines.seed', 2));
  expect(after[MODEL]).toBe(before[MODEL]);
});

test('the name of the recipe is that of the run directory', () => {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const file = join(scratch, 'named.yaml');
  writeFileSync(file, JSON.stringify({ ...SFT_BASE, steps: 1, name: 'by-name' })); // JSON is YAML
  const ended = spawnSync(process.execPath, [main, 'sft', file], { cwd: scratch, encoding: 'utf8' });
  expect(ended.status, ended.stderr).toBe(0);
  expect(existsSync(join(scratch, 'runs/by-name', MODEL))).toBe(true);
});
