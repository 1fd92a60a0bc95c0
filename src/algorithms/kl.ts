// Estimators of KL(behaviour ‖ current), token by token, from the log-probs of sampled tokens alone (John
// Schulman, "Approximating KL divergence", joschu.net/blog/kl-approx.html, 2020). With
// d = log π_current − log π_behaviour, for tokens drawn from the behaviour policy, the mean of each one
// estimates how far the current policy has moved. The direction follows the samples: the first argument is
// always the distribution the tokens were drawn from (so KL(policy ‖ reference) takes the policy first).
// Both sides must condition on the same context: across contexts the ratio is importance, not drift.
import { TrainingError } from '../errors.ts';

/** k1 = −d, in nats. Unbiased; single tokens may be negative, high variance. */
export function k1(behaviourLogprobs_T: Float64Array, currentLogprobs_T: Float64Array): Float64Array {
  return perToken(behaviourLogprobs_T, currentLogprobs_T, (d) => 0 - d);
}

/** k2 = d² / 2, in nats. Biased, low variance, never negative; its gradient is that of the true KL at d = 0. */
export function k2(behaviourLogprobs_T: Float64Array, currentLogprobs_T: Float64Array): Float64Array {
  return perToken(behaviourLogprobs_T, currentLogprobs_T, (d) => (d * d) / 2);
}

/** k3 = exp(d) − 1 − d, in nats. Unbiased and never negative; what GRPO's KL penalty uses. */
export function k3(behaviourLogprobs_T: Float64Array, currentLogprobs_T: Float64Array): Float64Array {
  return perToken(behaviourLogprobs_T, currentLogprobs_T, (d) => Math.expm1(d) - d);
}

function perToken(
  behaviourLogprobs_T: Float64Array,
  currentLogprobs_T: Float64Array,
  estimate: (logRatio: number) => number,
): Float64Array {
  if (behaviourLogprobs_T.length !== currentLogprobs_T.length) {
    throw new TrainingError(
      `Expected one current log-prob for each of the ${behaviourLogprobs_T.length} behaviour log-probs of the ` +
        `response, got ${currentLogprobs_T.length}; score exactly the tokens that were sampled.`,
    );
  }
  return behaviourLogprobs_T.map((behaviour, t) => estimate(currentLogprobs_T[t] - behaviour));
}
