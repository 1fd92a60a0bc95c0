// The contract of a guidance strategy: a value (an object of pure functions) that looks at what has been
// sampled for one problem so far and says what happens next. The dynamic sampler asks `decide` again after
// every sample it carries out, first with no attempts at all; the loop never asks which strategy it has.
// A strategy sees verdicts, never shaped reward, and nothing of batch shape or hardware.
import type { Context, GradedGroup, GroupPlan, Problem } from '../types.ts';

/** What a strategy may look at. */
export interface GuidanceSituation {
  readonly problem: Problem;
  /** Rollouts of a group. */
  readonly k: number;
  /** The current training step, from 0. */
  readonly step: number;
  /** What was sampled for this draw of the problem, oldest first; empty on the first call. */
  readonly attempts: readonly GradedGroup[];
}

/** Why a draw gave no training group; each reason is counted in the metrics. */
export type DropReason =
  /** Every rollout correct: no contrast. */
  | 'allPass'
  /** Every rollout failed and no guidance applies. */
  | 'allFail'
  /** No rollout was correct but none was verified wrong either (all malformed or truncated). */
  | 'noneWrong'
  /** Fewer rollouts with evidence than minEvidence (grader faults). */
  | 'tooLittleEvidence'
  /** Guidance was due but the problem has no hint of that level. */
  | 'noHint'
  /** The guided rollouts failed too. */
  | 'guidedAllFail'
  /** The guided rollouts all passed and the composition has no contrast without failures. */
  | 'guidedAllPass';

export type GuidanceDecision =
  | { readonly kind: 'sample'; readonly context: Context; readonly count: number }
  | { readonly kind: 'accept'; readonly plan: GroupPlan }
  | { readonly kind: 'drop'; readonly reason: DropReason };

export interface GuidanceStrategy {
  readonly name: string;
  decide(situation: GuidanceSituation): GuidanceDecision;
}
