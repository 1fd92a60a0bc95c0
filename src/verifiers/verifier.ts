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
  verify(input: VerifierInput): Promise<Verdict>;
}
