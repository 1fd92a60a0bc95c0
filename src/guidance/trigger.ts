// What a graded group says: whether it has contrast, and if not, whether guidance is due. A pure function of
// verdicts: shaped reward, batch shape and hardware must not reach it, or the same problem would be guided in
// one run and not in another. A grader fault is never evidence of failure.
import { ConfigError } from '../errors.ts';
import { isEvidence } from '../types.ts';
import type { Rollout } from '../types.ts';

export type GroupAssessment =
  /** Both correct rollouts and failures: a gradient exists. */
  | 'mixed'
  /** Only correct rollouts. */
  | 'allPass'
  /** No correct rollout, at least one verified wrong, enough evidence: guidance is due. */
  | 'triggered'
  /** No correct rollout, but none verified wrong either: the trouble is format or length, not knowledge. */
  | 'noneWrong'
  /** No contrast, and fewer than minEvidence rollouts with evidence: nothing can be said. */
  | 'tooLittleEvidence';

/**
 * @param minEvidence rollouts with evidence below which a group without contrast decides nothing. The group's
 *   size by default everywhere: a single grader fault then forbids the conclusion that all failed.
 */
export function assessGroup(rollouts: readonly Rollout[], minEvidence: number): GroupAssessment {
  const evidence = withEvidence(rollouts);
  const correct = evidence.filter(isCorrect).length;
  if (correct > 0 && correct < evidence.length) return 'mixed';
  if (evidence.length < minEvidence) return 'tooLittleEvidence';
  if (correct > 0) return 'allPass';
  return evidence.some((rollout) => rollout.verdict.kind === 'wrong') ? 'triggered' : 'noneWrong';
}

export function withEvidence(rollouts: readonly Rollout[]): readonly Rollout[] {
  return rollouts.filter((rollout) => isEvidence(rollout.verdict));
}

export function isCorrect(rollout: Rollout): boolean {
  return rollout.verdict.kind === 'correct';
}

/** Refuses an option of a strategy that is not a whole number from 1 up. */
export function requireCount(value: number, option: string): void {
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new ConfigError(
      `Expected ${option} of the guidance strategy to be a whole number from 1 up, got ${value}.`,
    );
  }
}
