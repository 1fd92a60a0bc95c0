// Guide with the whole guided group: the k guided rollouts replace the k failed ones. Contrast is only between
// guided rollouts, so a hint that always works gives no signal and one that nearly always works gives little.
import { guideStrategy } from './guide.ts';
import type { GuideOptions } from './guide.ts';
import type { GuidanceStrategy } from './strategy.ts';

export function guideWhole(options: GuideOptions): GuidanceStrategy {
  return guideStrategy('guide-whole', options, ({ guided, correct }) =>
    correct.length === guided.length ? 'guidedAllPass' : guided,
  );
}
