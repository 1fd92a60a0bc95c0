// No guidance: GRPO with dynamic sampling (DAPO, arXiv 2503.14476). Groups with contrast are trained on, all
// others are dropped and counted. The baseline every guided strategy is compared with.
import { decideOnPlainGroup } from './plain-group.ts';
import type { GuidanceStrategy } from './strategy.ts';
import { requireCount } from './trigger.ts';

export interface NoGuidanceOptions {
  /** As in GuideOptions; here it only decides which reason a dropped group is counted under. */
  readonly minEvidence?: number;
}

export function noGuidance(options: NoGuidanceOptions = {}): GuidanceStrategy {
  if (options.minEvidence !== undefined) requireCount(options.minEvidence, 'minEvidence');
  return {
    name: 'none',
    decide: (situation) =>
      decideOnPlainGroup(situation, options.minEvidence, () => ({ kind: 'drop', reason: 'allFail' })),
  };
}
