// From a response to its verdict, in training, in evaluations and on the command line alike: the format gate first, then
// the verifier of the problem. Its one idea: it never throws; a fault of the grader is a verdict of its own and
// never a wrong answer.
import { messageOf } from '../errors.ts';
import type { Verdict } from '../types.ts';
import type { FormatGate } from './format-gate.ts';
import type { Verifier, VerifierInput } from './verifier.ts';

export interface Grading {
  readonly verifierFor: (kind: string) => Verifier;
  /** Absent or null: any form will do. */
  readonly formatGate?: FormatGate | null | undefined;
}

/** A verdict, and what the parts of a composite reward are made from. */
export interface Grade {
  readonly verdict: Verdict;
  /** The response passed the format gate; true without one. */
  readonly wellFormed: boolean;
}

export async function gradeResponse(
  { verifierFor, formatGate }: Grading,
  input: VerifierInput,
): Promise<Grade> {
  try {
    const fault = formatGate?.(input.response) ?? null;
    if (fault !== null) return { verdict: misformed(fault, input), wellFormed: false };
    return { verdict: await verifierFor(input.problem.verifier).verify(input), wellFormed: true };
  } catch (error) {
    const reason = `the verifier failed: ${messageOf(error)}`;
    return { verdict: { kind: 'graderError', reason, extracted: null }, wellFormed: false };
  }
}

/** A response that was cut off had no chance to complete its form. */
function misformed(fault: string, { finish }: VerifierInput): Verdict {
  return finish === 'length'
    ? {
        kind: 'truncated',
        reason: `The token limit came before the form was complete: ${fault}.`,
        extracted: null,
      }
    : { kind: 'malformed', reason: `The format gate refused it: ${fault}.`, extracted: null };
}

/** Weights of the named parts of a reward. A part is 1 or 0. */
export interface RewardParts {
  readonly correctness: number;
  readonly format: number;
}

/** Correctness alone: 1 for correct and 0 for the other evidence. */
export const PLAIN_REWARD: RewardParts = { correctness: 1, format: 0 };

/** What each part gives, weighted; the reward is their sum. Guidance never looks at it. */
export function rewardPartsOf({ verdict, wellFormed }: Grade, weights: RewardParts): RewardParts {
  return {
    correctness: verdict.kind === 'correct' ? weights.correctness : 0,
    format: wellFormed ? weights.format : 0,
  };
}
