// Runs programs against their tests in the interpreters of this machine. Its one idea: what decides never meets
// what is judged. Expected outputs and values stay in this process; asserts run in an interpreter of their own
// (the checker), which calls the program through here, by value. So nothing a program prints, patches or exits
// with can be taken for a pass.
import { availableParallelism } from 'node:os';
import { cut, shortened, type CodeBackend, type CodeLimits, type TestsOutcome } from './backend.ts';
import { Budget, failed, failureOf, passed } from './budget.ts';
import { parseJson, sameOutput, sameReturn, showJson, showWire, type Json } from './compare.ts';
import { Conversation } from './conversation.ts';
import type { Ending, SandboxChild } from './sandbox/child.ts';
import { ALL_LAYERS, type LayerName } from './sandbox/layers.ts';
import { orderOf, type ChildKind, type ChildRole } from './sandbox/orders.ts';
import { SandboxPool } from './sandbox/pool.ts';
import type { AssertsTask, CodeTask, FunctionTask, StdioTask } from './task.ts';

export interface LocalSandboxOptions {
  /** Programs of one language at once; where tests are asserts, as many checkers stand beside them. */
  readonly size: number;
  readonly layers: ReadonlySet<LayerName>;
}

export class LocalSandbox implements CodeBackend {
  readonly #options: LocalSandboxOptions;
  readonly #pools = new Map<string, SandboxPool>();
  #closed = false;

  /** By default one program per processor, behind all layers that the machine has. */
  constructor(options: Partial<LocalSandboxOptions> = {}) {
    this.#options = { size: availableParallelism(), layers: ALL_LAYERS, ...options };
  }

  pool(language: ChildKind, role: ChildRole): SandboxPool {
    if (this.#closed) throw new Error('The sandboxes were closed.');
    const key = `${language} ${role}`;
    const { size, layers } = this.#options;
    const pool = this.#pools.get(key) ?? new SandboxPool(() => orderOf(language, role, layers), size);
    this.#pools.set(key, pool);
    return pool;
  }

  close(): void {
    this.#closed = true;
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
    return firstFailure(task.tests, async (test, where) => {
      // A program may end its interpreter and still be right, so each test borrows anew.
      const ending = await this.pool(task.language, 'program').lend(budget.memoryBytes, (child) =>
        budget.exchange(child, { op: 'run', code: program }, { stdin: test.stdin, fresh: true }),
      );
      const failure = failureOf(ending, where, budget, true);
      if (failure !== null) return failure;
      const { stdout } = ending as Extract<Ending, { stdout: string }>;
      return sameOutput(test.stdout, stdout, task)
        ? null
        : failed(
            `${where} failed: for the input ${shortened(test.stdin)} expected the output ${shortened(test.stdout)}, got ${shortened(stdout)}.`,
          );
    });
  }
}

/** Runs the tests in their order and stops at the first that does not pass. */
async function firstFailure<T>(
  tests: readonly T[],
  run: (test: T, where: string) => Promise<TestsOutcome | null>,
): Promise<TestsOutcome> {
  for (const [index, test] of tests.entries()) {
    const failure = await run(test, `Test ${index + 1} of ${tests.length}`);
    if (failure !== null) return failure;
  }
  return passed(tests.length);
}

async function callTests(
  child: SandboxChild,
  program: string,
  task: FunctionTask,
  budget: Budget,
): Promise<TestsOutcome> {
  const loaded = await load(child, program, budget);
  if (loaded !== null) return loaded;
  return firstFailure(task.tests, async (test, where) => {
    const json =
      'args' in test
        ? test.args.map((arg) => JSON.stringify(arg))
        : test.argsText.split('\n').filter((line) => line.trim() !== '');
    const expected = 'args' in test ? (test.returns as Json) : parseJson(test.returnsText);
    const integerKeys = task.comparison === 'wrapped';
    const request = { op: 'call', name: task.entryPoint, json, integerKeys } as const;
    const ending = await budget.exchange(child, request, { fresh: false });
    const failure = failureOf(ending, where, budget);
    if (failure !== null) return failure;
    const value = ending.kind === 'result' ? ending.result.value : undefined;
    if (value !== undefined && sameReturn(expected, value, task)) return null;
    const call = cut(`${task.entryPoint}(${json.join(', ')})`);
    return failed(
      `${where} failed: ${call} expected ${cut(showJson(expected))}, got ${cut(showWire(value))}.`,
    );
  });
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
  const { prelude, setup, entryPoint = null } = task;
  return firstFailure(task.tests, async (test, where) => {
    const conversation = new Conversation(child, budget);
    const ending = await budget.exchange(
      checker,
      { op: 'check', prelude, setup, test, entryPoint },
      { fresh: true, onBridge: (text) => conversation.tell(text) },
    );
    const ended = await conversation.close();
    return (ended === null ? null : endedDuring(ended, where, budget)) ?? failureOf(ending, where, budget);
  });
}

/** The outcome where the program's side of a conversation ended it. */
function endedDuring(ending: Ending, where: string, budget: Budget): TestsOutcome {
  return failureOf(ending, where, budget) ?? failed(`${where} failed: the program gave no answer.`);
}

async function load(child: SandboxChild, program: string, budget: Budget): Promise<TestsOutcome | null> {
  const ending = await budget.exchange(child, { op: 'load', code: program }, { fresh: true });
  return failureOf(ending, 'The program before its tests', budget);
}
