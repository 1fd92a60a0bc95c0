// A client of Sandbox Fusion's HTTP API (POST /run_code), as a backend in place of the sandbox on this machine.
// Programs with standard input run as they are; a function is called by a few lines appended to the program, which
// read the arguments and print the result, and both are compared here. Asserts would have to run in the
// program's own interpreter, where it could declare itself right, so they are refused.
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { cut, shortened, type CodeBackend, type CodeLimits, type TestsOutcome } from './backend.ts';
import { parseJson, sameOutput, sameReturn, showJson, showWire, type Json } from './compare.ts';
import type { Wire } from './sandbox/protocol.ts';
import type { CodeTask, FunctionTask, StdioTask } from './task.ts';

const LANGUAGES = { python: 'python', javascript: 'nodejs' } as const;
const COMPILE_SECONDS = 10;
/** How much longer than the program's limit an answer may take. */
const GRACE_MS = 30_000;

const runReply = z.object({
  status: z.string(),
  message: z.string().nullish(),
  run_result: z
    .object({
      status: z.string(),
      return_code: z.number().nullish(),
      stdout: z.string().nullish(),
      stderr: z.string().nullish(),
    })
    .nullish(),
});

type RunResult = NonNullable<z.output<typeof runReply>['run_result']>;

export class SandboxFusion implements CodeBackend {
  readonly #url: string;

  /** `url`: the server, such as http://localhost:8080. */
  constructor(url: string) {
    this.#url = `${url.replace(/\/+$/, '')}/run_code`;
  }

  close(): void {}

  async run(program: string, task: CodeTask, limits: CodeLimits): Promise<TestsOutcome> {
    if (task.style === 'asserts') {
      const reason =
        'Tests that are asserts run in the sandbox of this machine only; unset the Sandbox Fusion server.';
      return { kind: 'graderError', reason };
    }
    const spent = { timeMs: 0, outputBytes: 0 };
    for (const [index, test] of casesOf(program, task).entries()) {
      const where = `Test ${index + 1} of ${task.tests.length}`;
      const result = await this.#post(test.code, task, test.stdin, limits);
      if ('kind' in result) return { ...result, reason: `${where} could not be run: ${result.reason}` };
      const failure = failureOf(result, where, limits) ?? test.judge(result.stdout ?? '', where);
      if (failure !== null) return failure;
      spent.outputBytes += (result.stdout ?? '').length;
      if (spent.outputBytes > limits.responseOutputBytes) {
        return { kind: 'failed', reason: `${where} failed: over the output limit of the response.` };
      }
    }
    return { kind: 'passed', reason: `The program passes all ${task.tests.length} tests.` };
  }

  async #post(
    code: string,
    task: CodeTask,
    stdin: string,
    limits: CodeLimits,
  ): Promise<RunResult | Extract<TestsOutcome, { kind: 'graderError' | 'graderTimeout' }>> {
    const body = {
      code,
      language: LANGUAGES[task.language],
      stdin,
      compile_timeout: COMPILE_SECONDS,
      run_timeout: limits.timeMs / 1000,
    };
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(limits.timeMs + COMPILE_SECONDS * 1000 + GRACE_MS),
      });
      if (!response.ok) return { kind: 'graderError', reason: `${this.#url} answered ${response.status}.` };
      const reply = runReply.parse(await response.json());
      if (reply.status === 'SandboxError' || !reply.run_result) {
        return {
          kind: 'graderError',
          reason: `${this.#url} reports ${reply.status}: ${cut(reply.message ?? '')}.`,
        };
      }
      return reply.run_result;
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      return { kind: late ? 'graderTimeout' : 'graderError', reason: `${this.#url}: ${messageOf(error)}` };
    }
  }
}

interface Case {
  readonly code: string;
  readonly stdin: string;
  readonly judge: (stdout: string, where: string) => TestsOutcome | null;
}

function casesOf(program: string, task: StdioTask | FunctionTask): Case[] {
  if (task.style === 'stdio') {
    return task.tests.map(({ stdin, stdout: expected }) => ({
      code: program,
      stdin,
      judge: (stdout, where) =>
        sameOutput(expected, stdout, task)
          ? null
          : {
              kind: 'failed',
              reason: `${where} failed: for the input ${shortened(stdin)} expected the output ${shortened(expected)}, got ${shortened(stdout)}.`,
            },
    }));
  }
  return task.tests.map((test) => {
    const args =
      'args' in test
        ? test.args.map((arg) => JSON.stringify(arg))
        : test.argsText.split('\n').filter((line) => line.trim() !== '');
    const expected = 'args' in test ? (test.returns as Json) : parseJson(test.returnsText);
    return {
      code: `${program}\n${CALLERS[task.language](task.entryPoint, task.comparison === 'wrapped')}`,
      stdin: `[${args.join(', ')}]`,
      judge: (stdout, where) => {
        const value = lastValue(stdout);
        return value !== undefined && sameReturn(expected, value, task)
          ? null
          : {
              kind: 'failed',
              reason: `${where} failed: expected ${cut(showJson(expected))}, got ${cut(showWire(value))}.`,
            };
      },
    };
  });
}

/** `integerKeys` as in GuestRequest. */
const CALLERS: Readonly<Record<'python' | 'javascript', (name: string, integerKeys: boolean) => string>> = {
  python: (name, integerKeys) =>
    [
      'import json as _json, sys as _sys',
      `_call = globals().get("${name}") or getattr(Solution(), "${name}")`,
      '_args = _json.load(_sys.stdin)',
      ...(integerKeys
        ? [
            'if len(_args) == 1 and isinstance(_args[0], dict):',
            '  try: _args = [{int(k): v for k, v in _args[0].items()}]',
            '  except ValueError: pass',
          ]
        : []),
      'print("\\n" + _json.dumps(_call(*_args)))',
    ].join('\n'),
  javascript: (name) =>
    `console.log("\\n" + JSON.stringify(${name}(...JSON.parse(require("fs").readFileSync(0, "utf8")))) );`,
};

/** The value on the last line that was printed, with the tags in which returned values are compared. */
function lastValue(stdout: string): Wire | undefined {
  try {
    return wireOf(parseJson(stdout.trimEnd().split('\n').at(-1) ?? ''));
  } catch {
    return undefined;
  }
}

function wireOf(value: Json): Wire {
  if (typeof value === 'bigint')
    return ['i', value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`];
  if (Array.isArray(value)) return ['l', (value as readonly Json[]).map(wireOf)];
  if (typeof value === 'object' && value !== null)
    return ['o', Object.entries(value).map(([key, item]) => [key, wireOf(item)])];
  return value;
}

function failureOf(result: RunResult, where: string, limits: CodeLimits): TestsOutcome | null {
  if (result.status === 'TimeLimitExceeded') {
    return { kind: 'failed', reason: `${where} failed: over the time limit of ${limits.timeMs / 1000} s.` };
  }
  const output = (result.stdout ?? '').length;
  if (output > limits.outputBytes)
    return {
      kind: 'failed',
      reason: `${where} failed: over the output limit of ${limits.outputBytes} bytes.`,
    };
  if (result.status === 'Finished' && (result.return_code ?? 0) === 0) return null;
  const stderr = (result.stderr ?? '').trim().split('\n').at(-1) ?? '';
  const missing =
    /^ModuleNotFoundError: /.test(stderr) || /Cannot find module '[^./]/.test(result.stderr ?? '');
  return missing
    ? {
        kind: 'graderError',
        reason: `${where} could not be run: the sandbox lacks something (${cut(stderr)}).`,
      }
    : {
        kind: 'failed',
        reason: `${where} failed: the program ended with status ${result.return_code ?? 'unknown'} (${cut(stderr)}).`,
      };
}
