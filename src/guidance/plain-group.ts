// The first half of every strategy of the family: sample k rollouts of the plain problem, train on them if
// they are mixed, drop them with the right reason otherwise. What to do when all failed is the only thing in
// which strategies differ, so it is an argument.
import type { GroupPlan, PlannedRow, Rollout } from '../types.ts';
import type { GuidanceDecision, GuidanceSituation } from './strategy.ts';
import { assessGroup, withEvidence } from './trigger.ts';

/**
 * Decides on the plain group; `onFailure` gets the failed rollouts (all with evidence, none correct) when
 * guidance is due, and is asked again after each further sample.
 */
export function decideOnPlainGroup(
  situation: GuidanceSituation,
  minEvidence: number | undefined,
  onFailure: (failures: readonly Rollout[]) => GuidanceDecision,
): GuidanceDecision {
  const plain = situation.attempts.find((attempt) => attempt.context === 'plain');
  if (plain === undefined) return { kind: 'sample', context: 'plain', count: situation.k };
  const assessment = assessGroup(plain.rollouts, minEvidence ?? situation.k);
  const evidence = withEvidence(plain.rollouts);
  switch (assessment) {
    case 'mixed':
      return { kind: 'accept', plan: hintFreePlan(evidence) };
    case 'triggered':
      return onFailure(evidence);
    case 'allPass':
    case 'noneWrong':
    case 'tooLittleEvidence':
      return { kind: 'drop', reason: assessment };
  }
}

/** These rollouts as one group, each trained on the plain prompt: those sampled with a hint are off context. */
export function hintFreePlan(rollouts: readonly Rollout[]): GroupPlan {
  const rows = rollouts.map((rollout): PlannedRow => ({ rollout, trainContext: 'plain' }));
  return { rows, retention: [] };
}
