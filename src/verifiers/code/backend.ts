// The contract of what runs a program against its tests: a sandbox on this machine (local-sandbox.ts) or a service
// (sandbox-fusion.ts). From a program and a task to an outcome; verdicts are made of outcomes in grade-code.ts.
import type { CodeTask } from './task.ts';

/** Bounds on one test and on the whole of one response. */
export interface CodeLimits {
  /** Milliseconds of one test, and of all tests of a response. Waiting for a processor is not counted on Linux. */
  readonly timeMs: number;
  readonly responseTimeMs: number;
  /** Memory of a program, in MiB. */
  readonly memoryMb: number;
  /** Bytes of standard output of one test, and of all tests of a response. */
  readonly outputBytes: number;
  readonly responseOutputBytes: number;
}

export const DEFAULT_CODE_LIMITS: CodeLimits = {
  timeMs: 6000,
  responseTimeMs: 60_000,
  memoryMb: 256,
  outputBytes: 2 ** 20,
  responseOutputBytes: 2 ** 24,
};

export type TestsOutcome =
  | { readonly kind: 'passed'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The program is not code of its language. */
  | { readonly kind: 'syntax'; readonly reason: string }
  | { readonly kind: 'graderError'; readonly reason: string }
  | { readonly kind: 'graderTimeout'; readonly reason: string }
  /** The interpreter went down with the program; whose fault that was, a second attempt tells. */
  | { readonly kind: 'died'; readonly reason: string };

export interface CodeBackend {
  run(program: string, task: CodeTask, limits: CodeLimits): Promise<TestsOutcome>;
  close(): void;
}

/** Text for a reason: on one line and short. */
export function shortened(text: string, length = 120): string {
  const line = JSON.stringify(text.trim());
  return line.length <= length ? line : `${line.slice(0, length)}…"`;
}

/** The same without quotation marks, for text that has its own. */
export function cut(text: string, length = 160): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}
