// The contract of a verifier: from a response and a gold answer to a verdict with a reason a person can read.
// A verifier never throws for what a model wrote; whatever it throws all the same becomes the verdict
// graderError where it is called (rollout/), never a wrong answer.
import type { FinishReason, Problem, Verdict } from '../types.ts';

export interface VerifierInput {
  readonly problem: Problem;
  /** The response as text, without the stop token. */
  readonly response: string;
  readonly finish: FinishReason;
}

export interface Verifier {
  /** The value of `Problem.verifier` it serves. */
  readonly kind: string;
  /**
   * Default true: it runs in a thread of the pool (pool.ts), with limits of time and memory. false: it is called where it
   * is asked for, because it takes next to no time whatever it is given, or starts children with limits of their own.
   */
  readonly inPool?: boolean;
  /** Loads what the first response needs, before its time begins to count. */
  prepare?(): Promise<unknown>;
  /**
   * A response that gives this gold answer, so that data can be checked against its own verifier; null where a gold
   * answer is not a response (the tests of a program). It may throw a DataError for an answer it cannot read. Without it
   * the response has the answer after `####` and in `\boxed{…}`.
   */
  goldResponse?(answer: string): string | null;
  verify(input: VerifierInput): Promise<Verdict>;
  /** Ends the processes it started where it is called; a later response starts them again. */
  close?(): void;
}
