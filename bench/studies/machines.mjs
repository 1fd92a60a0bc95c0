// The comparison on the machines family: GRPO with dynamic sampling against the three forms of Guide, each with
// and without retention, at equal sampled tokens (and read off at equal steps), five seeds each.
//
//   node bench/studies/machines.mjs run      all runs, two at a time; stops and goes on where it was
//   node bench/studies/machines.mjs report   docs/results/machines.md's table and docs/results/machines.svg
//
// Every arm gets the same search over learning rates, on a seed that is not among the five, judged by hint-free
// accuracy on the training problems (the held-out ones are only reported). Everything that is varied is below.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineChart, svgOf } from '../plot.mjs';
import { fillIn } from '../page.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const place = join(root, 'runs', 'study-machines');
const RECIPE = 'recipes/machines/study.yaml';
const ARMS = {
  'GRPO + dynamic sampling': { strategy: 'none', retention: 0 },
  'Guide whole': { strategy: 'whole', retention: 0 },
  'Guide whole + retention': { strategy: 'whole', retention: 0.1 },
  'Guide mixin': { strategy: 'mixin', retention: 0 },
  'Guide mixin + retention': { strategy: 'mixin', retention: 0.1 },
  'Guide joint': { strategy: 'joint', retention: 0 },
  'Guide joint + retention': { strategy: 'joint', retention: 0.1 },
};
const LEARNING_RATES = [3e-4, 1e-3];
const SEARCH_SEED = 100;
const SEEDS = [1, 2, 3, 4, 5];
const WORKERS = 2;

const slug = (arm) => arm.toLowerCase().replaceAll(/[^a-z]+/g, '-');
const runDir = (arm, rate, seed) => join(place, `${slug(arm)}_lr${rate}_seed${seed}`);
const finished = (dir) => existsSync(join(dir, 'model', 'config.json'));
const lines = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

function train({ arm, rate, seed }) {
  const dir = runDir(arm, rate, seed);
  if (finished(dir)) return Promise.resolve();
  const { strategy, retention } = ARMS[arm];
  const set = [
    `seed=${seed}`,
    `optimizer.learningRate=${rate}`,
    `guidance.strategy=${strategy}`,
    `guidance.retention=${retention}`,
    'engine.threads=1',
  ];
  const started = existsSync(join(dir, 'run.json'));
  const args = [
    'dist/cli/main.js',
    'train',
    RECIPE,
    started ? '--resume' : '--out',
    dir,
    ...set.flatMap((s) => ['--set', s]),
  ];
  const log = openSync(`${dir}.log`, 'a');
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', log, log] });
    child.on('exit', (code) =>
      code === 0 ? done() : fail(new Error(`${args.join(' ')} ended with ${code}; see ${dir}.log`)),
    );
  });
}

async function runAll(jobs) {
  const waiting = [...jobs];
  let done = 0;
  const started = Date.now();
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      await train(job);
      done++;
      process.stdout.write(
        `${done}/${jobs.length} ${job.arm}, learning rate ${job.rate}, seed ${job.seed} (${Math.round((Date.now() - started) / 1000)} s)\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

/** Mean hint-free accuracy on training problems over the last tenth of the run. */
function trainingAccuracy(dir) {
  const metrics = lines(join(dir, 'metrics.jsonl'));
  const last = metrics.slice(-Math.ceil(metrics.length / 10)).map((line) => line.hintFreeAccuracy ?? 0);
  return last.reduce((a, b) => a + b) / last.length;
}

function chosenRate(arm) {
  const scored = LEARNING_RATES.map((rate) => ({
    rate,
    score: trainingAccuracy(runDir(arm, rate, SEARCH_SEED)),
  }));
  return scored.reduce((best, next) => (next.score > best.score ? next : best)).rate;
}

async function run() {
  mkdirSync(place, { recursive: true });
  await runAll(
    Object.keys(ARMS).flatMap((arm) => LEARNING_RATES.map((rate) => ({ arm, rate, seed: SEARCH_SEED }))),
  );
  // Seed by seed, so that an early stop leaves complete seeds for every arm.
  await runAll(
    SEEDS.flatMap((seed) => Object.keys(ARMS).map((arm) => ({ arm, rate: chosenRate(arm), seed }))),
  );
}

/** pass@k of a context after each evaluation of a run, with steps and sampled tokens. */
function curve(dir, context, k) {
  const tokens = [0, ...lines(join(dir, 'metrics.jsonl')).map((line) => line.tokensSampled.cumulative)];
  return lines(join(dir, 'evals.jsonl'))
    .filter((line) => line.context === context)
    .map((line) => ({
      step: line.step,
      tokens: tokens[line.step],
      value: line.passAtK.find((entry) => entry.k === k).estimate,
    }));
}

/** Two-sided 95 % t-quantiles by degrees of freedom. */
const T = [NaN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
function meanWithInterval(values) {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { mean, half: (T[n - 1] * deviation) / Math.sqrt(n) };
}
const shown = ({ mean, half }) => `${mean.toFixed(2)} ± ${half.toFixed(2)}`;

/** Linear interpolation of a curve at a position of its x axis; the last value beyond its end. */
function at(points, axis, x) {
  const next = points.findIndex((point) => point[axis] >= x);
  if (next <= 0) return next === 0 ? points[0].value : points.at(-1).value;
  const [a, b] = [points[next - 1], points[next]];
  return a.value + ((b.value - a.value) * (x - a[axis])) / (b[axis] - a[axis]);
}

function report() {
  const arms = Object.keys(ARMS).map((arm) => {
    const rate = chosenRate(arm);
    const dirs = SEEDS.map((seed) => runDir(arm, rate, seed)).filter(finished);
    return {
      arm,
      rate,
      dirs,
      plain: dirs.map((dir) => curve(dir, 'plain', 1)),
      plain8: dirs.map((dir) => curve(dir, 'plain', 8)),
      hinted: dirs.map((dir) => curve(dir, 'hint1', 1)),
    };
  });
  const budget = Math.min(...arms.flatMap(({ plain }) => plain.map((points) => points.at(-1).tokens)));
  const steps = Math.min(...arms.flatMap(({ plain }) => plain.map((points) => points.at(-1).step)));
  const rows = arms.map(({ arm, rate, dirs, plain, plain8, hinted }) => {
    const figure = (curves, axis, x) => shown(meanWithInterval(curves.map((points) => at(points, axis, x))));
    return `| ${arm} | ${rate} | ${dirs.length} | ${figure(plain, 'tokens', budget)} | ${figure(plain8, 'tokens', budget)} | ${figure(hinted, 'tokens', budget)} | ${figure(plain, 'step', steps)} |`;
  });
  const table = [
    `| arm | learning rate | seeds | hint-free pass@1 at ${(budget / 1e6).toFixed(2)}M tokens | hint-free pass@8, same | guided pass@1, same | hint-free pass@1 at step ${steps} |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  const search = Object.keys(ARMS).map(
    (arm) =>
      `| ${arm} | ${LEARNING_RATES.map((rate) => trainingAccuracy(runDir(arm, rate, SEARCH_SEED)).toFixed(3)).join(' | ')} |`,
  );
  const searchTable = [
    `| arm | ${LEARNING_RATES.join(' | ')} |`,
    `| --- |${' --- |'.repeat(LEARNING_RATES.length)}`,
    ...search,
  ].join('\n');
  const file = join(root, 'docs', 'results', 'machines.md');
  fillIn(file, { table, search: searchTable });
  writeFileSync(join(root, 'docs', 'results', 'machines.svg'), picture(arms, budget));
  process.stdout.write(`${table}\n\n${searchTable}\n`);
}

/** Mean curves with the range of the seeds, hint-free pass@1 against sampled tokens. */
function picture(arms, budget) {
  const colours = ['#777777', '#1b9e77', '#1b9e77', '#7570b3', '#7570b3', '#d95f02', '#d95f02'];
  const grid = Array.from({ length: 61 }, (_, i) => (i * budget) / 60);
  const series = arms.map(({ arm, plain }, index) => {
    const values = grid.map((tokens) => plain.map((points) => at(points, 'tokens', tokens)));
    return {
      label: arm,
      colour: colours[index],
      dashed: !arm.endsWith('retention') && index > 0,
      points: grid.map((x, i) => ({ x, y: values[i].reduce((a, b) => a + b) / values[i].length })),
      band: grid.map((x, i) => ({ x, low: Math.min(...values[i]), high: Math.max(...values[i]) })),
    };
  });
  const quarters = [0, 1, 2, 3, 4].map((i) => (i * budget) / 4);
  const fifths = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const chart = lineChart({
    width: 860,
    height: 440,
    x: {
      from: 0,
      to: budget,
      ticks: quarters.map((tokens) => ({ at: tokens, label: `${(tokens / 1e6).toFixed(2)}M` })),
      title: 'sampled tokens',
    },
    y: {
      from: 0,
      to: 1,
      ticks: fifths.map((value) => ({ at: value, label: value.toFixed(1) })),
      title: 'hint-free pass@1, held-out words (mean of the seeds; band: their range)',
    },
    series,
  });
  return svgOf([chart]);
}

await { run, report: async () => report() }[process.argv[2] ?? 'report']();
