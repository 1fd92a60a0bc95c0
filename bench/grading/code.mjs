// node bench/grading/code.mjs [--size 2] [--programs 200]: how fast small programs are graded once the sandbox is
// warm, and what the cold start costs. Needs npm run build. The three kinds of tests are measured apart, since
// asserts go through a second interpreter.
import { parseArgs } from 'node:util';
import { loadavg } from 'node:os';
import { DEFAULT_CODE_LIMITS } from '../../dist/verifiers/code/backend.js';
import { gradeCode } from '../../dist/verifiers/code/grade-code.js';
import { LocalSandbox } from '../../dist/verifiers/code/local-sandbox.js';
import { sandboxLayers } from '../../dist/verifiers/code/sandbox/layers.js';
import { parseCodeTask } from '../../dist/verifiers/code/task.js';

const { values } = parseArgs({
  options: { size: { type: 'string', default: '2' }, programs: { type: 'string', default: '200' } },
});
const [size, programs] = [Number(values.size), Number(values.programs)];

const primes = (n) =>
  `def primes(n):\n    sieve = bytearray([1]) * (n + 1)\n    for p in range(2, n + 1):\n        if sieve[p]:\n            yield p\n            for m in range(p * p, n + 1, p): sieve[m] = 0\ndef count(n):\n    return len(list(primes(n)))  # ${n}`;
const task = (fields) => parseCodeTask(JSON.stringify(fields));
const cases = {
  'Python, standard input': {
    task: task({ language: 'python', style: 'stdio', tests: [{ stdin: '1000', stdout: '168' }] }),
    response: (n) => `\`\`\`python\n${primes(n)}\nprint(count(int(input())))\n\`\`\``,
  },
  'Python, function': {
    task: task({
      language: 'python',
      style: 'function',
      entryPoint: 'count',
      tests: [{ args: [1000], returns: 168 }],
    }),
    response: (n) => `\`\`\`python\n${primes(n)}\n\`\`\``,
  },
  'Python, asserts': {
    task: task({
      language: 'python',
      style: 'asserts',
      tests: ['assert count(10) == 4', 'assert count(100) == 25', 'assert count(1000) == 168'],
    }),
    response: (n) => `\`\`\`python\n${primes(n)}\n\`\`\``,
  },
  'JavaScript, asserts': {
    task: task({
      language: 'javascript',
      style: 'asserts',
      entryPoint: 'sum',
      tests: ['console.assert(sum([1, 2]) === 3)', 'console.assert(sum([]) === 0)'],
    }),
    response: (n) => `\`\`\`js\nconst sum = (xs) => xs.reduce((a, b) => a + b, 0); // ${n}\n\`\`\``,
  },
  'JavaScript, standard input': {
    task: task({ language: 'javascript', style: 'stdio', tests: [{ stdin: '20', stdout: '190' }] }),
    response: (n) =>
      `\`\`\`js\nconst n = +require('fs').readFileSync(0, 'utf8'); let s = 0; for (let i = 0; i < n; i++) s += i; /* ${n} */ console.log(s);\n\`\`\``,
  },
};

const active = sandboxLayers().filter((layer) => layer.active);
console.log(
  `layers: ${active.map(({ name }) => name).join(', ')}; ${size} at once; load ${loadavg()[0].toFixed(1)}`,
);
const sandbox = new LocalSandbox({ size });
for (const [name, { task, response }] of Object.entries(cases)) {
  const grade = async (n) => {
    const verdict = await gradeCode(response(n), task, DEFAULT_CODE_LIMITS, sandbox);
    if (verdict.kind !== 'correct') throw new Error(`${name}: ${verdict.kind}: ${verdict.reason}`);
  };
  let started = performance.now();
  await grade(0);
  const cold = performance.now() - started;
  await Promise.all(Array.from({ length: 2 * size }, (_, n) => grade(n)));
  started = performance.now();
  await Promise.all(Array.from({ length: programs }, (_, n) => grade(n)));
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: first ${cold.toFixed(0)} ms, then ${(programs / seconds).toFixed(1)} a second`);
}
sandbox.close();
