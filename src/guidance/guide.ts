// The frame of Guide (arXiv 2506.13923): when all rollouts of a problem failed, roll it out again with a hint
// in context, and let the guided rollouts train the hint-free policy. The variants (whole, mixin, joint)
// differ only in which rows they put into the training group; each is a composition given to this frame.
import { contextOfLevel, hintOf } from '../types.ts';
import type { Rollout } from '../types.ts';
import { decideOnPlainGroup, hintFreePlan } from './plain-group.ts';
import type { DropReason, GuidanceDecision, GuidanceSituation, GuidanceStrategy } from './strategy.ts';
import { isCorrect, requireCount, withEvidence } from './trigger.ts';

export interface GuideOptions {
  /**
   * Plain rollouts with evidence needed before "all failed" is believed: 1 to k, default k. Above k no group
   * would ever be guided.
   */
  readonly minEvidence?: number;
  /** The hint level that guides: 1 is the first of the problem's hints. */
  readonly level: number;
}

/** What a composition chooses from. Every rollout has evidence; `correct` has at least one. */
export interface GuidedRollouts {
  readonly k: number;
  /** The plain rollouts, none correct, in sample order; at least one. */
  readonly failures: readonly Rollout[];
  /** All guided rollouts, correct and failed. */
  readonly guided: readonly Rollout[];
  /** The correct ones of `guided`. */
  readonly correct: readonly Rollout[];
}

/** The rows of the training group, or the reason why this outcome has no contrast. */
export type Composition = (rollouts: GuidedRollouts) => readonly Rollout[] | DropReason;

export function guideStrategy(name: string, options: GuideOptions, compose: Composition): GuidanceStrategy {
  requireCount(options.level, 'level');
  if (options.minEvidence !== undefined) requireCount(options.minEvidence, 'minEvidence');
  return {
    name,
    decide: (situation) =>
      decideOnPlainGroup(situation, options.minEvidence, (failures) =>
        decideOnGuidedGroup(situation, failures, options.level, compose),
      ),
  };
}

function decideOnGuidedGroup(
  { problem, k, attempts }: GuidanceSituation,
  failures: readonly Rollout[],
  level: number,
  compose: Composition,
): GuidanceDecision {
  const context = contextOfLevel(level);
  const attempt = attempts.find((each) => each.context === context);
  if (attempt === undefined) {
    return hintOf(problem, context) === null
      ? { kind: 'drop', reason: 'noHint' }
      : { kind: 'sample', context, count: k };
  }
  const guided = withEvidence(attempt.rollouts);
  if (guided.length === 0) return { kind: 'drop', reason: 'tooLittleEvidence' };
  const correct = guided.filter(isCorrect);
  if (correct.length === 0) return { kind: 'drop', reason: 'guidedAllFail' };
  const composed = compose({ k, failures, guided, correct });
  return typeof composed === 'string'
    ? { kind: 'drop', reason: composed }
    : { kind: 'accept', plan: hintFreePlan(composed) };
}
