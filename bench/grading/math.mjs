// Our math verifier against Math-Verify on the same labelled cases in one run: cases per second, and how often
// each agrees with the label.
//   node bench/grading/math.mjs --python PY [--cases FILE]
// PY is a Python with math-verify installed; FILE has {gold, response, expected} lines (default: math-cases.jsonl
// beside this file, written for this project). Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { gradeMath } from '../../dist/verifiers/math/grade.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    cases: { type: 'string', default: new URL('./math-cases.jsonl', import.meta.url).pathname },
  },
});
if (values.python === undefined) {
  process.stderr.write('Expected --python PATH, a Python with math-verify installed.\n');
  process.exit(2);
}
const cases = readFileSync(values.cases, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line));

const grade = ({ gold, response }) => gradeMath(response, gold).kind === 'correct';
cases.slice(0, 20).forEach(grade);
const start = performance.now();
const ours = cases.map(grade);
const ourSeconds = (performance.now() - start) / 1000;

const input = cases.map(({ gold, response }) => JSON.stringify({ gold, response })).join('\n');
const child = spawnSync(values.python, [new URL('./math_verify_cases.py', import.meta.url).pathname], {
  input,
  maxBuffer: 2 ** 28,
  stdio: ['pipe', 'pipe', 'inherit'],
});
if (child.status !== 0) {
  process.stderr.write('Math-Verify did not run; install math-verify into the Python given by --python.\n');
  process.exit(1);
}
const peer = JSON.parse(child.stdout.toString());

const count = (condition) => cases.filter((_case, index) => condition(index)).length;
const row = (name, verdicts, seconds) => {
  const agree = count((index) => verdicts[index] === cases[index].expected);
  const falseAccepts = count((index) => verdicts[index] && !cases[index].expected);
  const falseRejects = count((index) => !verdicts[index] && cases[index].expected);
  return `| ${name} | ${agree}/${cases.length} | ${falseAccepts} | ${falseRejects} | ${Math.round(cases.length / seconds)} |\n`;
};
process.stdout.write(`${cpus()[0].model}, Node ${process.version}, ${cases.length} cases\n\n`);
process.stdout.write(
  '| grader | agrees with label | false accepts | false rejects | cases/s |\n| --- | --- | --- | --- | --- |\n',
);
process.stdout.write(row('guiderail', ours, ourSeconds));
process.stdout.write(row(`Math-Verify ${peer.version}`, peer.verdicts, peer.seconds));
process.stdout.write(
  `\nspeed ratio ${(peer.seconds / ourSeconds).toFixed(1)}, graders differ on ${count((i) => ours[i] !== peer.verdicts[i])}\n`,
);
