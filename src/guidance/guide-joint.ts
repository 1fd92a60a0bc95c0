// Guide with a joint group: the k plain failures and the k guided rollouts are normalised together, as one
// group of up to 2k rows. The plain failures always give contrast, so a guided group that is all correct is
// the best case (advantages of about ±1) where whole and mixin drop it.
import { guideStrategy } from './guide.ts';
import type { GuideOptions } from './guide.ts';
import type { GuidanceStrategy } from './strategy.ts';

export function guideJoint(options: GuideOptions): GuidanceStrategy {
  return guideStrategy('guide-joint', options, ({ failures, guided }) => [...failures, ...guided]);
}
