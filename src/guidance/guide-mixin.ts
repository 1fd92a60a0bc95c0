// Guide with mixin, after the official code (github.com/vaskar-open-source-research/guide_rl at commit
// 2f27715): the correct guided rollouts, and the group filled to k with the earlier plain failures, first
// sampled first. As there, a guided group of k correct rollouts leaves no place for a failure and is dropped.
import { guideStrategy } from './guide.ts';
import type { GuideOptions } from './guide.ts';
import type { GuidanceStrategy } from './strategy.ts';

export function guideMixin(options: GuideOptions): GuidanceStrategy {
  return guideStrategy('guide-mixin', options, ({ k, failures, correct }) =>
    correct.length >= k ? 'guidedAllPass' : [...correct, ...failures.slice(0, k - correct.length)],
  );
}
