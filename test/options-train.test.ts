// Every option of a training recipe changes what a run leaves (options.case.ts says how that is shown). A choice has an
// entry for each of its values.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rollouts } from '../src/guidance/scripted.case.ts';
import { problemNamed } from '../src/rollout/scripted-engine.case.ts';
import { poolOptionsOf, strategyOf } from '../src/train/compose.ts';
import { trainRecipeSchema } from '../src/train/config.ts';
import { runSft, runTraining, SFT_RECIPE, TRAIN_RECIPE, withValue, type Tree } from './micro.case.ts';
import { files, verifiers, writeFiles } from './option-files.case.ts';
import {
  change,
  CHECKPOINTS,
  choice,
  ERROR,
  EVALS,
  expectDifference,
  kind,
  leavesOf,
  machinesEntries,
  METRICS,
  MODEL,
  optimizerEntries,
  ROLLOUTS,
  scratch,
  type Entry,
} from './options.case.ts';

const otherModel = join(scratch, 'other/model');

/** With this seed both steps have a guided group, rows of several lengths and surplus. */
const TRAIN_BASE: Tree = [
  ['seed', 10],
  ['steps', 2],
  ['problems.train.count', 12],
  ['sampling.groupsPerStep', 2],
  ['sampling.promptsPerRound', 3],
  ['evaluation', { everySteps: 1, samples: 4, passAt: [1, 4] }],
  ['checkpoint.everySteps', 50],
].reduce<Tree>((tree, [path, value]) => withValue(tree, path as string, value), TRAIN_RECIPE);
const oneMinibatch = { minibatches: 1, 'sampling.groupsPerStep': 3 };

/** A few responses, all of problems that a custom verifier grades. */
const own = (verifier: string) => ({
  'problems.train': { file: files.ownVerifier },
  'verification.custom': { own: verifier },
  'verification.processes': 1,
  'guidance.strategy': 'none',
  'guidance.retention': 0,
  'sampling.maxRounds': 1,
  'sampling.k': 2,
  steps: 1,
});

/** So few problems that their second epoch comes within the run. */
const smallSet = { 'problems.train.count': 4 };

const withLifts = { 'problems.train': { file: files.problems }, 'guidance.lift': { file: files.lifts } };
const adapted = { 'model.adapter': { rank: 1, alpha: 2 } };
const trainEntries: Record<string, Entry> = {
  seed: change(ROLLOUTS, 2),
  steps: change(METRICS, 1),
  tokenBudget: change(METRICS, 1),
  'model.folder': change(MODEL, otherModel),
  'model.adapter.rank': change(MODEL, 2, adapted),
  'model.adapter.alpha': change(MODEL, 8, adapted),
  'model.adapter.targets': change(MODEL, ['up_proj'], adapted),

  'problems.train.file': change(ROLLOUTS, files.others, { 'problems.train': { file: files.problems } }),
  'problems.train.limit': change(ROLLOUTS, 2, { 'problems.train': { file: files.problems } }),
  ...machinesEntries('problems.train.machines', ROLLOUTS),
  'problems.train.split=train': choice(ROLLOUTS, {
    'problems.train.split': 'heldOut',
    'problems.train.count': 6,
  }),
  'problems.train.split=heldOut': choice(ROLLOUTS, { 'problems.train.count': 6 }),
  'problems.train.count': change(ROLLOUTS, 2),
  'problems.heldOut.file': change(EVALS, files.others, { 'problems.heldOut': { file: files.problems } }),
  'problems.heldOut.limit': change(EVALS, 2, { 'problems.heldOut': { file: files.problems } }),
  ...machinesEntries('problems.heldOut.machines', EVALS),
  'problems.heldOut.split=train': choice(EVALS),
  'problems.heldOut.split=heldOut': choice(EVALS, { 'problems.heldOut.split': 'train' }),
  'problems.heldOut.count': change(EVALS, 2),
  'problems.unusable=refuse': choice(ERROR, {
    'problems.train': { file: files.damaged },
    'problems.unusable': 'drop',
  }),
  'problems.unusable=drop': choice(ERROR, { 'problems.train': { file: files.damaged } }),

  'problems.train': change(ROLLOUTS, [{ from: { file: files.problems } }, { from: { file: files.others } }], {
    'problems.train': [
      { from: { file: files.problems }, weight: 5 },
      { from: { file: files.others }, weight: 1 },
    ],
  }),
  'problems.weights': change(
    ROLLOUTS,
    { 'synthetic/machines/FLIM': 1, synthetic: 4 },
    { 'problems.weights': { 'synthetic/machines/FLIM': 4, synthetic: 1 } },
  ),
  'problems.order.kind=shuffle': kind(
    ROLLOUTS,
    { kind: 'shuffle' },
    { 'problems.order': { kind: 'easyToHard', rates: files.rates } },
  ),
  'problems.order.kind=passRate': kind(
    ROLLOUTS,
    { kind: 'passRate' },
    { ...smallSet, steps: 4, 'guidance.strategy': 'none', 'guidance.retention': 0 },
  ),
  'problems.order.kind=easyToHard': kind(ROLLOUTS, { kind: 'easyToHard', rates: files.rates }),
  'problems.order[passRate].target': change(ROLLOUTS, 0.9, {
    ...smallSet,
    'problems.order': { kind: 'passRate', rates: files.rates },
  }),
  'problems.order[passRate].floor': change(ROLLOUTS, 1, {
    ...smallSet,
    'problems.order': { kind: 'passRate', rates: files.rates },
  }),
  'problems.order[passRate].rates': change(ROLLOUTS, files.rates, {
    steps: 4,
    'problems.order': { kind: 'passRate' },
  }),
  'problems.order[easyToHard].buckets': change(ROLLOUTS, 2, {
    'problems.order': { kind: 'easyToHard', rates: files.rates, buckets: 5 },
  }),
  'problems.order[easyToHard].rates': change(ROLLOUTS, files.otherRates, {
    'problems.order': { kind: 'easyToHard', rates: files.rates },
  }),
  'problems.nearDuplicates=report': choice(ROLLOUTS, {
    'problems.train': { file: files.near },
    'problems.nearDuplicates': 'drop',
  }),
  'problems.nearDuplicates=drop': choice(ROLLOUTS, { 'problems.train': { file: files.near } }),
  'problems.nearDuplicates=refuse': choice(ERROR, { 'problems.train': { file: files.near } }),
  'problems.overlap.handling=report': choice(ROLLOUTS, {
    'problems.train': { file: files.problems },
    'problems.overlap': { handling: 'drop', against: [files.near] },
  }),
  'problems.overlap.handling=drop': choice(ROLLOUTS, {
    'problems.train': { file: files.problems },
    'problems.overlap': { against: [files.near] },
  }),
  'problems.overlap.handling=refuse': choice(ERROR, {
    'problems.train': { file: files.problems },
    'problems.overlap': { against: [files.near] },
  }),
  'problems.overlap.words': change(ROLLOUTS, 6, {
    'problems.train': { file: files.problems },
    'problems.overlap': { handling: 'drop', against: [files.others] },
  }),
  'problems.overlap.against': change(ROLLOUTS, [], {
    'problems.train': { file: files.problems },
    'problems.overlap': { handling: 'drop', against: [files.near] },
  }),

  'prompt.hintTemplate': change(ROLLOUTS, 'Hint: {hint} {content}'),
  'prompt.systemPrompt': change(ROLLOUTS, 'Show each step .'),

  'sampling.k': change(ROLLOUTS, 3),
  'sampling.groupsPerStep': change(METRICS, 3),
  'sampling.promptsPerRound': change(ROLLOUTS, 2),
  'sampling.maxRounds': change(METRICS, 1, { 'sampling.promptsPerRound': 1 }),
  'sampling.surplusMaxAgeSteps': change(METRICS, 0),
  'sampling.temperature': change(ROLLOUTS, 0.5),
  'sampling.maxNewTokens': change(ROLLOUTS, 10),
  'sampling.stopStrings': change(ROLLOUTS, ['####']),

  'verification.format.thinkTags': change(ROLLOUTS, true),
  'verification.format.boxed': change(ROLLOUTS, true),
  'verification.format.pattern': change(ROLLOUTS, '#### a'),
  'verification.parts.correctness': change(MODEL, 2, {
    'verification.parts': { format: 0.5 },
    'verification.format.pattern': 'a',
    'loss.normalizeByStd': false,
    'optimizer.epsilon': 1e-3,
  }),
  'verification.parts.format': change(MODEL, 2, {
    'verification.parts': { format: 0.5 },
    'verification.format.pattern': '#### a',
    'loss.normalizeByStd': false,
    'optimizer.epsilon': 1e-3,
  }),
  'verification.custom': change(ROLLOUTS, { own: verifiers.odd }, own(verifiers.even)),
  'verification.timeoutSeconds': change(ROLLOUTS, 0.1, own(verifiers.slow)),
  'verification.memoryMiB': change(ROLLOUTS, 32, own(verifiers.large)),

  'guidance.strategy=none': choice(ROLLOUTS),
  'guidance.strategy=whole': choice(MODEL),
  'guidance.strategy=mixin': choice(MODEL),
  'guidance.strategy=joint': choice(MODEL, { 'guidance.strategy': 'mixin' }),
  'guidance.level': change(ROLLOUTS, 2, { 'problems.train': { file: files.problems } }),
  'guidance.retention': change(MODEL, 0.5),
  'guidance.lift.file': change(ROLLOUTS, files.fewerLifts, withLifts),
  'guidance.lift.above': change(ROLLOUTS, 0.9, withLifts),

  'loss.clipLow': change(MODEL, 1e-4),
  'loss.clipHigh': change(MODEL, 1e-4),
  'loss.shaping.kind=none': kind(MODEL, { kind: 'none' }),
  'loss.shaping.kind=constant': kind(
    MODEL,
    { kind: 'constant', gamma: 1 },
    { 'loss.shaping': { kind: 'none' } },
  ),
  'loss.shaping.kind=percentile': kind(MODEL, { kind: 'percentile', quantile: 0.9 }),
  'loss.shaping.kind=power': kind(MODEL, { kind: 'power', gamma: 0.5 }),
  'loss.shaping[constant].gamma': change(MODEL, 0.5, { 'loss.shaping': { kind: 'constant', gamma: 0.1 } }),
  'loss.shaping[percentile].quantile': change(MODEL, 0.1, {
    'loss.shaping': { kind: 'percentile', quantile: 0.9 },
  }),
  'loss.shaping[percentile].perSequence': change(MODEL, true, {
    'loss.shaping': { kind: 'percentile', quantile: 0.1 },
  }),
  'loss.shaping[power].gamma': change(MODEL, 0.2, { 'loss.shaping': { kind: 'power', gamma: 0.5 } }),
  // Groups of different lengths must share a minibatch.
  'loss.aggregation=tokenMean': choice(MODEL, { ...oneMinibatch, 'loss.aggregation': 'sequenceMean' }),
  'loss.aggregation=sequenceMean': choice(MODEL, oneMinibatch),
  'loss.aggregation.fixedLength': change(MODEL, 4, {
    'loss.aggregation': { fixedLength: 16 },
    'optimizer.epsilon': 1e-3,
  }),
  'loss.normalizeByStd': change(MODEL, false),

  ...optimizerEntries,
  minibatches: change(MODEL, 1),

  'evaluation.everySteps': change(EVALS, 2),
  'evaluation.samples': change(EVALS, 5),
  'evaluation.passAt': change(EVALS, [2]),
  'evaluation.temperature': change(EVALS, 0),
  'evaluation.topK': change(EVALS, 1),
  'evaluation.topP': change(EVALS, 0.3),
  'evaluation.minP': change(EVALS, 0.9),
  'evaluation.guided': change(EVALS, false),

  'checkpoint.everySteps': change(CHECKPOINTS, 1),
  'checkpoint.keep': change(CHECKPOINTS, 1, { 'checkpoint.everySteps': 1 }),
  maxBadSteps: change(ERROR, 2, {
    'problems.train': { file: files.impossible },
    'guidance.strategy': 'none',
  }),
  'record.rolloutsEverySteps': change(ROLLOUTS, 2),
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
const ELSEWHERE = ['name', 'guidance.minEvidence', 'verification.processes', ...ENGINE];

beforeAll(async () => {
  writeFiles();
  await runSft({ ...SFT_RECIPE, steps: 1 }, join(scratch, 'other'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test('every option has an entry', () => {
  expect([...Object.keys(trainEntries), ...ELSEWHERE].sort()).toEqual(leavesOf(trainRecipeSchema));
});

test.each(Object.keys(trainEntries))('%s', async (leaf) => {
  const entry = trainEntries[leaf](leaf);
  // Evaluation takes most of the time of such a run.
  const unevaluated = entry.shows === EVALS ? {} : { 'problems.heldOut': undefined };
  await expectDifference(runTraining, TRAIN_BASE, { ...entry, given: { ...entry.given, ...unevaluated } });
});

test('guidance.minEvidence decides whether a group with a grader fault is guided', () => {
  const decide = (minEvidence: number | undefined) => {
    const recipe = trainRecipeSchema.parse(withValue(TRAIN_BASE, 'guidance.minEvidence', minEvidence));
    const attempts = [{ context: 'plain' as const, rollouts: rollouts('plain', 'wwwe') }];
    return strategyOf(recipe).decide({ problem: problemNamed('A'), k: 4, step: 0, attempts });
  };
  expect(decide(3)).toEqual({ kind: 'sample', context: 'hint1', count: 4 });
  expect(decide(undefined)).toEqual({ kind: 'drop', reason: 'tooLittleEvidence' });
});

test('verification.processes is the size of the pool', () => {
  const sizeOf = (processes: number | undefined) =>
    poolOptionsOf(trainRecipeSchema.parse(withValue(TRAIN_BASE, 'verification.processes', processes))).size;
  expect([sizeOf(3), sizeOf(undefined)]).toEqual([3, undefined]);
});

test('the name of the recipe is that of the run directory', () => {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const file = join(scratch, 'named.yaml');
  writeFileSync(file, JSON.stringify({ ...TRAIN_BASE, steps: 1, name: 'by-name' })); // JSON is YAML
  const ended = spawnSync(process.execPath, [main, 'train', file], { cwd: scratch, encoding: 'utf8' });
  expect(ended.status, ended.stderr).toBe(0);
  expect(existsSync(join(scratch, 'runs/by-name', MODEL))).toBe(true);
});
