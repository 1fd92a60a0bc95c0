// A run on problems of the hub: the commit is fixed as it begins and in run.json, and a run that is resumed trains on the
// same problems although the branch has moved.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { ScriptedHub } from '../src/model/scripted-hub.case.ts';
import { fingerprint, MACHINES, runTraining, scratchFolder, TRAIN_RECIPE, type Tree } from './micro.case.ts';

const root = scratchFolder();
const problems = machinesProblems(machinesConfigSchema.parse(MACHINES), 'train', 12);
const content = (from: number, to: number) => ({
  content: Buffer.from(
    problems
      .slice(from, to)
      .map(({ messages, answer, hints }) => `${JSON.stringify({ messages, answer, hints })}\n`)
      .join(''),
  ),
});
const hub = new ScriptedHub({ 'train.jsonl': content(0, 8), 'test.jsonl': content(8, 12) }, 'dataset');
beforeAll(() => hub.start());
afterAll(async () => {
  await hub.stop();
  rmSync(root, { recursive: true });
});
const FIRST = '1'.repeat(40);
const SECOND = '2'.repeat(40);

const recipe = (steps: number, problemsOf: Tree): Tree => ({ ...TRAIN_RECIPE, steps, problems: problemsOf });
const HUB = { train: { hub: 'hub:org/tiny/train' }, heldOut: { hub: 'org/tiny/test' } };
const CACHE = join(root, 'cache');
const configOf = (dir: string) =>
  (JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as { config: { problems: Tree } }).config.problems;

test('the commit is fixed, and holds when the run is resumed after the branch has moved', async () => {
  const reached = { hub: { cacheDir: CACHE, hubUrl: hub.url } };
  const whole = join(root, 'whole');
  await runTraining(recipe(4, HUB), whole, reached);
  expect(configOf(whole)).toMatchObject({
    train: { hub: `org/tiny/train@${FIRST}` },
    heldOut: { hub: `org/tiny/test@${FIRST}` },
  });

  const stopped = join(root, 'stopped');
  await runTraining(recipe(2, HUB), stopped, reached);
  hub.push(SECOND, { 'train.jsonl': content(4, 12), 'test.jsonl': content(0, 4) });
  await runTraining(recipe(4, HUB), stopped, { ...reached, resume: true });
  expect(fingerprint(stopped)['metrics.jsonl']).toBe(fingerprint(whole)['metrics.jsonl']);

  const later = join(root, 'later');
  await runTraining(recipe(2, HUB), later, reached);
  expect(configOf(later)['train']).toEqual({ hub: `org/tiny/train@${SECOND}` });
});

test('a resumed run whose recipe names another commit is refused, for its problems are others', async () => {
  const dir = join(root, 'other');
  const named = (revision: string) => ({ train: { hub: `org/tiny/train@${revision}` } });
  const reached = { hub: { cacheDir: CACHE, hubUrl: hub.url } };
  await runTraining(recipe(2, named(FIRST)), dir, reached);
  await expect(runTraining(recipe(4, named(SECOND)), dir, { ...reached, resume: true })).rejects.toThrow(
    /training problems and hints to be those the run began with/,
  );
});

test('each source of a list is fixed to its commit, and stays there when the run is resumed', async () => {
  const dir = join(root, 'list');
  const list = { train: [{ from: { hub: 'org/tiny/train' } }, { from: { hub: 'org/tiny/test' } }] };
  const reached = { hub: { cacheDir: CACHE, hubUrl: hub.url } };
  await runTraining(recipe(2, list), dir, reached);
  const fixed = ['train', 'test'].map((split) => ({ from: { hub: `org/tiny/${split}@${SECOND}` } }));
  expect(configOf(dir)['train']).toEqual(fixed);
  hub.push('3'.repeat(40), { 'train.jsonl': content(0, 2), 'test.jsonl': content(2, 4) });
  await runTraining(recipe(4, list), dir, { ...reached, resume: true });
});
