// Guide-GRPO against GRPO with dynamic sampling on GSM8K from one warm-up: same seed, same budget of sampled tokens, one
// thread each, side by side for as long as asked.
//
//   node recipes/gsm8k/prepare-warm-up.mjs path/to/test_socratic.jsonl
//   npx guiderail sft recipes/gsm8k/warm-up.yaml --set model.folder=path/to/SmolLM2-135M-Instruct.Q4_1.gguf
//   node bench/studies/gsm8k.mjs run 60      minutes; goes on where an earlier call stopped
//   node bench/studies/gsm8k.mjs report      the table of docs/results/gsm8k-smollm2.md and its picture
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineChart, svgOf } from '../plot.mjs';
import { fillIn } from '../page.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const RECIPE = 'recipes/gsm8k/study.yaml';
const ARMS = {
  'GRPO + dynamic sampling': { name: 'gsm8k-grpo', strategy: 'none', retention: 0, colour: '#777777' },
  'Guide joint + retention': { name: 'gsm8k-guide', strategy: 'joint', retention: 0.1, colour: '#d95f02' },
};
const dirOf = ({ name }) => join(root, 'runs', name);
const lines = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Resolves when the run has stopped, at the latest a step after its time. */
function train(arm, minutes) {
  const dir = dirOf(arm);
  const start = existsSync(join(dir, 'run.json')) ? ['--resume', dir] : ['--out', dir];
  const set = [
    `guidance.strategy=${arm.strategy}`,
    `guidance.retention=${arm.retention}`,
    `name=${arm.name}`,
  ];
  const args = ['dist/cli/main.js', 'train', RECIPE, ...start, ...set.flatMap((one) => ['--set', one])];
  const log = openSync(`${dir}.log`, 'a');
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', log, log] });
  const timer = setTimeout(() => child.kill('SIGINT'), minutes * 60_000);
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => {
      clearTimeout(timer);
      // 130: stopped at a point to go on from.
      if (code === 0 || code === 130) resolve();
      else reject(new Error(`${arm.name} ended with ${code}; see ${dir}.log`));
    });
  });
}

async function run(minutes) {
  await Promise.all(Object.values(ARMS).map((arm) => train(arm, minutes)));
}

/** Evaluations of a run with the tokens sampled before each. */
function evaluations(arm, context) {
  const tokens = [
    0,
    ...lines(join(dirOf(arm), 'metrics.jsonl')).map((line) => line.tokensSampled.cumulative),
  ];
  return lines(join(dirOf(arm), 'evals.jsonl'))
    .filter((line) => line.context === context)
    .map((line) => ({ ...line, tokens: tokens[line.step] }));
}

const shown = ({ passAtK }, k) => {
  const { estimate, low, high } = passAtK.find((entry) => entry.k === k);
  return `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
};

function report() {
  const rows = Object.entries(ARMS).flatMap(([label, arm]) =>
    evaluations(arm, 'plain').map((plain) =>
      [
        label,
        plain.step,
        plain.tokens.toLocaleString('en'),
        shown(plain, 1),
        shown(plain, 8),
        plain.truncated,
      ].join(' | '),
    ),
  );
  const table = [
    'arm | step | tokens sampled | hint-free pass@1 | hint-free pass@8 | truncated',
    Array(6).fill('---').join(' | '),
    ...rows,
  ].map((row) => `| ${row} |`);
  const sums = Object.entries(ARMS).map(([label, arm]) => {
    const metrics = lines(join(dirOf(arm), 'metrics.jsonl'));
    const sum = (pick) => metrics.reduce((total, line) => total + pick(line), 0);
    const hours = sum((line) => line.seconds.total) / 3600;
    return `| ${label} | ${metrics.length} | ${metrics.at(-1).tokensSampled.cumulative.toLocaleString('en')} | ${hours.toFixed(2)} | ${sum((line) => line.promptsDrawn)} | ${sum((line) => line.promptsGuided)} | ${sum((line) => line.promptsRescued)} | ${sum((line) => line.groupsTrained)} |`;
  });
  const totals = [
    '| arm | steps | tokens sampled | hours of steps | problems drawn | guided | rescued | groups trained |',
    `|${' --- |'.repeat(8)}`,
    ...sums,
  ];
  const file = join(root, 'docs', 'results', 'gsm8k-smollm2.md');
  fillIn(file, { table: table.join('\n'), totals: totals.join('\n') });
  writeFileSync(join(root, 'docs', 'results', 'gsm8k-smollm2.svg'), picture());
  process.stdout.write(`${table.join('\n')}\n\n${totals.join('\n')}\n`);
}

/** Hint-free pass@1 and pass@8 on held-out problems against sampled tokens, with the 95 % intervals. */
function picture() {
  const arms = Object.entries(ARMS).map(([label, arm]) => ({
    label,
    arm,
    points: evaluations(arm, 'plain'),
  }));
  const most = Math.max(...arms.flatMap(({ points }) => points.map(({ tokens }) => tokens)));
  const chart = (k, legendWidth) => {
    const entry = ({ passAtK }) => passAtK.find((one) => one.k === k);
    const top = Math.max(...arms.flatMap(({ points }) => points.map((point) => entry(point).high)));
    const to = Math.ceil(top * 20) / 20;
    return lineChart({
      width: 360 + legendWidth,
      height: 320,
      legendWidth,
      x: {
        from: 0,
        to: most,
        title: 'sampled tokens',
        ticks: [0, 0.5, 1].map((part) => ({
          at: part * most,
          label: `${((part * most) / 1e6).toFixed(2)}M`,
        })),
      },
      y: {
        from: 0,
        to,
        title: `hint-free pass@${k}, 48 held-out problems`,
        ticks: [0, 0.5, 1].map((part) => ({ at: part * to, label: (part * to).toFixed(3) })),
      },
      series: arms.map(({ label, arm, points }) => ({
        label,
        colour: arm.colour,
        points: points.map((point) => ({ x: point.tokens, y: entry(point).estimate })),
        band: points.map((point) => ({ x: point.tokens, low: entry(point).low, high: entry(point).high })),
      })),
    });
  };
  return svgOf([chart(1, 20), chart(8, 220)]);
}

if (process.argv[2] === 'run') await run(Number(process.argv[3] ?? 60));
else report();
