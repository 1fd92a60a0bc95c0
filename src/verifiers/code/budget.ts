// What is left to a response of its time and output, and what an ending of a request means for the test it belongs to:
// the sentence that says why it failed. It knows nothing of the kinds of tests.
import { cut, type CodeLimits, type TestsOutcome } from './backend.ts';
import type { Ending, ExchangeOptions, SandboxChild } from './sandbox/child.ts';
import type { GuestError, GuestRequest } from './sandbox/protocol.ts';

const MIB = 2 ** 20;

/** Signals that somebody sends (out of memory, a shutdown); any other a process earns by what it does. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** Time and output that are left of what a response may use. */
export class Budget {
  readonly limits: CodeLimits;
  readonly memoryBytes: number;
  #timeMs: number;
  #outputBytes: number;

  constructor(limits: CodeLimits) {
    this.limits = limits;
    this.memoryBytes = limits.memoryMb * MIB;
    this.#timeMs = limits.responseTimeMs;
    this.#outputBytes = limits.responseOutputBytes;
  }

  /** `spentMs`: what the same test has used before. */
  async exchange(
    child: SandboxChild,
    request: GuestRequest,
    { spentMs = 0, ...options }: Pick<ExchangeOptions, 'stdin' | 'fresh' | 'onBridge'> & { spentMs?: number },
  ): Promise<Ending> {
    const timeMs = Math.min(this.limits.timeMs - spentMs, this.#timeMs);
    if (timeMs <= 0) return { kind: 'time' };
    const outputBytes = Math.min(this.limits.outputBytes, this.#outputBytes);
    const { memoryBytes } = this;
    const ending = await child.exchange(request, { ...options, timeMs, memoryBytes, outputBytes });
    this.#timeMs -= child.lastMs;
    if ('stdout' in ending) this.#outputBytes -= ending.stdout.length;
    return ending;
  }
}

/** Null where the request ended as it should: without an error, or (a whole program only) with exit status 0. */
export function failureOf(
  ending: Ending,
  where: string,
  { limits }: Budget,
  mayExit = false,
): TestsOutcome | null {
  switch (ending.kind) {
    case 'result':
      return ending.result.error === null ? null : errorOutcome(ending.result.error, where, mayExit);
    case 'exit':
      return ending.status === 0 && mayExit
        ? null
        : failed(`${where} failed: the program exited with status ${ending.status}.`);
    case 'time':
      return failed(
        `${where} failed: over the time limit of ${limits.timeMs / 1000} s (${limits.responseTimeMs / 1000} s for all tests).`,
      );
    case 'memory':
      return failed(`${where} failed: over the memory limit of ${limits.memoryMb} MiB.`);
    case 'output':
      return failed(`${where} failed: over the output limit of ${limits.outputBytes} bytes.`);
    case 'forged':
      return failed(`${where} failed: the program wrote to the grader's own channel.`);
    case 'stalled':
      return { kind: 'graderTimeout', reason: `${where} could not be run: ${ending.detail}.` };
    case 'died':
      return FROM_OUTSIDE.has(ending.signal ?? '')
        ? {
            kind: 'graderError',
            reason: `${where} could not be run: the sandbox was ended by ${ending.signal}.`,
          }
        : {
            kind: 'died',
            reason: `${where} failed: the interpreter went down with the program (${cut(ending.detail)}).`,
          };
  }
}

function errorOutcome(error: GuestError, where: string, mayExit: boolean): TestsOutcome | null {
  const at = error.line === null ? '' : ` in line ${error.line}`;
  const what = `${cut(error.type, 100)}${error.message === '' ? '' : `: ${cut(error.message, 300)}`}`;
  switch (error.kind) {
    case 'syntax':
      return { kind: 'syntax', reason: `The program does not compile${at}: ${what}.` };
    case 'missing':
      return {
        kind: 'graderError',
        reason: `${where} could not be run: the sandbox lacks something (${what}).`,
      };
    case 'exit':
      return error.message === '0' && mayExit
        ? null
        : failed(`${where} failed: the program exited with ${cut(error.message)}.`);
    case 'memory':
      return failed(`${where} failed: over the memory limit (${what}).`);
    case 'time':
      return failed(`${where} failed: over the time limit.`);
    case 'raised': {
      const source = error.source === undefined || error.source === '' ? '' : ` at ${cut(error.source, 200)}`;
      return failed(`${where} failed${source === '' ? at : source}: ${what}.`);
    }
  }
}

export const failed = (reason: string): TestsOutcome => ({ kind: 'failed', reason });

export function passed(count: number): TestsOutcome {
  return { kind: 'passed', reason: `The program passes ${count === 1 ? 'its test' : `all ${count} tests`}.` };
}
