import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { DEFAULT_CODE_LIMITS } from './backend.ts';
import { gradeCode } from './grade-code.ts';
import { SandboxFusion } from './sandbox-fusion.ts';
import { parseCodeTask } from './task.ts';

let server: Server | null = null;
afterEach(() => void server?.close());

/** A server that gives the scripted replies in turn, and the requests it got. */
async function scripted(...replies: (object | number)[]) {
  const requests: { path: string | undefined; body: Record<string, unknown> }[] = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      requests.push({ path: request.url, body: JSON.parse(text) as Record<string, unknown> });
      const reply = replies.shift()!;
      response.statusCode = typeof reply === 'number' ? reply : 200;
      response.end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { backend: new SandboxFusion(url), requests };
}

const finished = (stdout: string) => ({
  status: 'Success',
  message: '',
  compile_result: null,
  run_result: { status: 'Finished', return_code: 0, stdout, stderr: '', execution_time: 0.1 },
});
const ended = (status: string, return_code: number | null, stderr = '', stdout = '') => ({
  status: 'Failed',
  run_result: { status, return_code, stdout, stderr },
});
const stdio = parseCodeTask(
  JSON.stringify({
    language: 'python',
    style: 'stdio',
    tests: [
      { stdin: '1', stdout: '2' },
      { stdin: '2', stdout: '3' },
    ],
  }),
);
const limits = { ...DEFAULT_CODE_LIMITS, timeMs: 3000 };
const response = '```python\nprint(int(input()) + 1)\n```';

it('sends each test as the API wants it, and compares the output here', async () => {
  const { backend, requests } = await scripted(finished('2\n'), finished('3\n'));
  expect(await gradeCode(response, stdio, limits, backend)).toMatchObject({ kind: 'correct' });
  expect(requests.map(({ path }) => path)).toEqual(['/run_code', '/run_code']);
  expect(requests[1].body).toEqual({
    code: 'print(int(input()) + 1)\n',
    language: 'python',
    stdin: '2',
    compile_timeout: 10,
    run_timeout: 3,
  });
});

it.each([
  ['wrong', 'expected the output "2", got "5"', finished('5')],
  ['wrong', 'time limit of 3 s', ended('TimeLimitExceeded', null)],
  ['wrong', 'status 1', ended('Finished', 1, 'Traceback\nValueError: x', '2')],
  [
    'graderError',
    "No module named 'numpy'",
    ended('Finished', 1, "ModuleNotFoundError: No module named 'numpy'"),
  ],
  ['graderError', 'SandboxError', { status: 'SandboxError', message: 'no space left', run_result: null }],
  ['graderError', 'answered 500', 500],
  ['graderError', 'run_code', { unexpected: true }],
])('gives %s (%s)', async (kind, reason, reply) => {
  const { backend } = await scripted(reply);
  const verdict = await gradeCode(response, stdio, limits, backend);
  expect(verdict).toMatchObject({ kind });
  expect(verdict.reason).toContain(reason);
  expect(verdict.reason).toContain('Test 1 of 2');
});

it('calls a function on arguments that it sends, and never sends what is expected', async () => {
  const task = parseCodeTask(
    JSON.stringify({
      language: 'python',
      style: 'function',
      entryPoint: 'f',
      tests: [{ argsText: '[1, 2]\n3', returnsText: '12345678901234567890' }],
    }),
  );
  const { backend, requests } = await scripted(
    finished('chatter\n\n12345678901234567890\n'),
    finished('\n12345678901234567891\n'),
  );
  const program = '```python\ndef f(a, b): ...\n```';
  expect(await gradeCode(program, task, limits, backend)).toMatchObject({ kind: 'correct' });
  expect(await gradeCode(program, task, limits, backend)).toMatchObject({ kind: 'wrong' });
  expect(requests[0].body.stdin).toBe('[[1, 2], 3]');
  expect(JSON.stringify(requests)).not.toContain('12345678901234567890');
});

it('refuses asserts, and says what to do', async () => {
  const { backend } = await scripted();
  const task = parseCodeTask(
    JSON.stringify({ language: 'python', style: 'asserts', tests: ['assert f() == 1'] }),
  );
  const verdict = await gradeCode(response, task, limits, backend);
  expect(verdict).toMatchObject({ kind: 'graderError' });
  expect(verdict.reason).toMatch(/unset/);
});

it('is a grader error where nobody listens', async () => {
  const verdict = await gradeCode(response, stdio, limits, new SandboxFusion('http://127.0.0.1:1'));
  expect(verdict).toMatchObject({ kind: 'graderError' });
});
