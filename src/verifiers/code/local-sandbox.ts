// Runs programs against their tests in the interpreters of this machine. Its one idea: what decides never meets
// what is judged. Expected outputs and values stay in this process; asserts run in an interpreter of their own
// (the checker), which calls the program through here, by value. So nothing a program prints, patches or exits
// with can be taken for a pass.
import { availableParallelism } from 'node:os';
import { cut, shortened, type CodeBackend, type CodeLimits, type TestsOutcome } from './backend.ts';
import { parseJson, sameOutput, sameValue, showJson, showWire, type Json } from './compare.ts';
import type { Ending, ExchangeOptions, SandboxChild } from './sandbox/child.ts';
import { ALL_LAYERS, type LayerName } from './sandbox/layers.ts';
import { orderOf, type ChildKind, type ChildRole } from './sandbox/orders.ts';
import { SandboxPool } from './sandbox/pool.ts';
import type { GuestError, GuestRequest } from './sandbox/protocol.ts';
import type { AssertsTask, CodeTask, FunctionTask, StdioTask } from './task.ts';

const MIB = 2 ** 20;

export interface LocalSandboxOptions {
  /** Programs of one language at once; where tests are asserts, as many checkers stand beside them. */
  readonly size: number;
  readonly layers: ReadonlySet<LayerName>;
}

export class LocalSandbox implements CodeBackend {
  readonly #options: LocalSandboxOptions;
  readonly #pools = new Map<string, SandboxPool>();

  /** By default one program per processor, behind all layers that the machine has. */
  constructor(options: Partial<LocalSandboxOptions> = {}) {
    this.#options = { size: availableParallelism(), layers: ALL_LAYERS, ...options };
  }

  pool(language: ChildKind, role: ChildRole): SandboxPool {
    const key = `${language} ${role}`;
    const { size, layers } = this.#options;
    const pool = this.#pools.get(key) ?? new SandboxPool(() => orderOf(language, role, layers), size);
    this.#pools.set(key, pool);
    return pool;
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  async run(program: string, task: CodeTask, limits: CodeLimits): Promise<TestsOutcome> {
    const budget = new Budget(limits);
    switch (task.style) {
      case 'stdio':
        return this.#stdio(program, task, budget);
      case 'function':
        return this.pool(task.language, 'program').lend(budget.memoryBytes, (child) =>
          callTests(child, program, task, budget),
        );
      case 'asserts':
        return this.pool(task.language, 'program').lend(budget.memoryBytes, (child) =>
          this.pool(task.language, 'checker').lend(budget.memoryBytes, (checker) =>
            assertTests(child, checker, program, task, budget),
          ),
        );
    }
  }

  async #stdio(program: string, task: StdioTask, budget: Budget): Promise<TestsOutcome> {
    for (const [index, test] of task.tests.entries()) {
      const where = `Test ${index + 1} of ${task.tests.length}`;
      // A program may end its interpreter and still be right, so each test borrows anew.
      const ending = await this.pool(task.language, 'program').lend(budget.memoryBytes, (child) =>
        budget.exchange(child, { op: 'run', code: program }, { stdin: test.stdin, fresh: true }),
      );
      const failure = failureOf(ending, where, budget, true);
      if (failure !== null) return failure;
      const { stdout } = ending as Extract<Ending, { stdout: string }>;
      if (!sameOutput(test.stdout, stdout, task.tolerance)) {
        const reason = `${where} failed: for the input ${shortened(test.stdin)} expected the output ${shortened(test.stdout)}, got ${shortened(stdout)}.`;
        return { kind: 'failed', reason };
      }
    }
    return passed(task.tests.length);
  }
}

async function callTests(
  child: SandboxChild,
  program: string,
  task: FunctionTask,
  budget: Budget,
): Promise<TestsOutcome> {
  const loaded = await load(child, program, budget);
  if (loaded !== null) return loaded;
  for (const [index, test] of task.tests.entries()) {
    const where = `Test ${index + 1} of ${task.tests.length}`;
    const json =
      'args' in test
        ? test.args.map((arg) => JSON.stringify(arg))
        : test.argsText.split('\n').filter((line) => line.trim() !== '');
    const expected = 'args' in test ? (test.returns as Json) : parseJson(test.returnsText);
    const ending = await budget.exchange(
      child,
      { op: 'call', name: task.entryPoint, json },
      { fresh: false },
    );
    const failure = failureOf(ending, where, budget);
    if (failure !== null) return failure;
    const value = ending.kind === 'result' ? ending.result.value : undefined;
    if (value === undefined || !sameValue(expected, value, task.tolerance)) {
      const call = cut(`${task.entryPoint}(${json.join(', ')})`);
      const reason = `${where} failed: ${call} expected ${cut(showJson(expected))}, got ${cut(showWire(value))}.`;
      return { kind: 'failed', reason };
    }
  }
  return passed(task.tests.length);
}

async function assertTests(
  child: SandboxChild,
  checker: SandboxChild,
  program: string,
  task: AssertsTask,
  budget: Budget,
): Promise<TestsOutcome> {
  const loaded = await load(child, program, budget);
  if (loaded !== null) return loaded;
  for (const [index, test] of task.tests.entries()) {
    const where = `Test ${index + 1} of ${task.tests.length}`;
    let broken: TestsOutcome | null = null;
    let spentMs = 0;
    const onBridge = async (text: string): Promise<string> => {
      const ending = await budget.exchange(child, { op: 'bridge', text }, { fresh: false, spentMs });
      spentMs += child.lastMs;
      broken ??= failureOf(ending, where, budget);
      if (broken === null && ending.kind === 'result' && ending.result.text !== undefined)
        return ending.result.text;
      broken ??= failed(`${where} failed: the program gave no answer.`);
      return JSON.stringify({ raised: ['RuntimeError', 'the program has ended'] });
    };
    const { prelude, setup, entryPoint = null } = task;
    const request: GuestRequest = { op: 'check', prelude, setup, test, entryPoint };
    const ending = await budget.exchange(checker, request, { fresh: true, onBridge });
    if (broken !== null) return broken;
    const failure = failureOf(ending, where, budget);
    if (failure !== null) return failure;
  }
  return passed(task.tests.length);
}

async function load(child: SandboxChild, program: string, budget: Budget): Promise<TestsOutcome | null> {
  const ending = await budget.exchange(child, { op: 'load', code: program }, { fresh: true });
  return failureOf(ending, 'The program before its tests', budget);
}

/** Time and output that are left of what a response may use. */
class Budget {
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
function failureOf(ending: Ending, where: string, { limits }: Budget, mayExit = false): TestsOutcome | null {
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
      // A signal that nobody here sent came from the system (out of memory, a shutdown).
      return ending.signal !== null && ending.signal !== 'SIGSYS'
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
  const what = `${error.type}${error.message === '' ? '' : `: ${cut(error.message, 300)}`}`;
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

const failed = (reason: string): TestsOutcome => ({ kind: 'failed', reason });

function passed(count: number): TestsOutcome {
  return { kind: 'passed', reason: `The program passes ${count === 1 ? 'its test' : `all ${count} tests`}.` };
}
