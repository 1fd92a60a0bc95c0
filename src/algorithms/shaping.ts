// Shaping of the importance ratio of off-context rows: f(r) in the loss −A f(r), where
// r = π_θ(y_t | train context) / π_old(y_t | sampled context). A guided response is often improbable without
// its hint (r far below 1), and then the unshaped gradient, which is proportional to r, vanishes on the very
// tokens that matter. r/(r+γ) lifts small ratios and bounds large ones (LUFFY, arXiv 2504.14945, "policy
// shaping"; Guide, arXiv 2506.13923, chooses γ as a percentile of the ratios). γ is computed first, from
// the ratios of the whole minibatch, and is a constant to the loss: no gradient flows through it.
// Dimensions: R off-context rows, T response tokens.
import { ConfigError } from '../errors.ts';
import { quantile } from './ratios.ts';

/**
 * A ratio of Infinity stays visible: weight and slope become NaN or Infinity, which the engine's step refuses.
 */
export interface Shaping {
  readonly name: string;
  /** One γ for each off-context row, from the ratios of all off-context rows of the minibatch. */
  gammas(offContextRatios_RT: readonly Float64Array[]): Float64Array;
  /** f(r) */
  weight(ratio: number, gamma: number): number;
  /** d f / d log π_θ with γ held constant (the ratio's own derivative is the ratio). */
  slope(ratio: number, gamma: number): number;
}

/** f(r) = r: the importance-sampling estimator as it is. Its γ is 1, the exponent of r^γ, and is not used. */
export const unshaped: Shaping = {
  name: 'unshaped',
  gammas: (offContextRatios_RT) => new Float64Array(offContextRatios_RT.length).fill(1),
  weight: (ratio) => ratio,
  slope: (ratio) => ratio,
};

/** f(r) = r/(r+γ) and its slope γ r/(r+γ)², as a product of two fractions since the square overflows sooner. */
const saturating = {
  weight: (ratio: number, gamma: number) => ratio / (ratio + gamma),
  slope: (ratio: number, gamma: number) => (gamma / (ratio + gamma)) * (ratio / (ratio + gamma)),
};

/** f(r) = r/(r+γ) with a fixed γ > 0. LUFFY uses 0.1; the official Guide code's default is 1. */
export function constantShaping(gamma: number): Shaping {
  requirePositive(gamma, 'constantShaping');
  return {
    name: `constant(${gamma})`,
    gammas: (offContextRatios_RT) => new Float64Array(offContextRatios_RT.length).fill(gamma),
    ...saturating,
  };
}

/** Keeps r/(r+γ) from becoming 0/0 when nearly all ratios underflow. */
const SMALLEST_PERCENTILE_GAMMA = 1e-4;

export interface PercentileOptions {
  /**
   * true: γ of each row from its own tokens, as the official Guide code does in effect (its micro-batches
   * hold one row; it counts padding tokens too, which is not reproduced). Default false.
   */
  readonly perSequence?: boolean;
}

/**
 * f(r) = r/(r+γ), γ = the `quantile` (0 to 1) of the ratios of all response tokens of the minibatch's
 * off-context rows, with linear interpolation, at least 1e-4. The Guide runs use 0.9.
 */
export function percentileShaping(q: number, options: PercentileOptions = {}): Shaping {
  if (!(q >= 0 && q <= 1)) {
    throw new ConfigError(
      `Expected the quantile of percentileShaping between 0 and 1, got ${q}; the 90th percentile is 0.9.`,
    );
  }
  const gammaOf = (ratios: ArrayLike<number>) => Math.max(quantile(ratios, q), SMALLEST_PERCENTILE_GAMMA);
  return {
    name: options.perSequence ? `percentile(${q}, per sequence)` : `percentile(${q})`,
    gammas(offContextRatios_RT) {
      if (options.perSequence) return Float64Array.from(offContextRatios_RT, gammaOf);
      if (offContextRatios_RT.length === 0) return new Float64Array(0);
      return new Float64Array(offContextRatios_RT.length).fill(gammaOf(concatenate(offContextRatios_RT)));
    },
    ...saturating,
  };
}

/** f(r) = r^γ with γ > 0; below 1 it lifts small ratios. Slope γ r^γ. */
export function powerShaping(gamma: number): Shaping {
  requirePositive(gamma, 'powerShaping');
  return {
    name: `power(${gamma})`,
    gammas: (offContextRatios_RT) => new Float64Array(offContextRatios_RT.length).fill(gamma),
    weight: (ratio, exponent) => ratio ** exponent,
    slope: (ratio, exponent) => exponent * ratio ** exponent,
  };
}

function concatenate(arrays: readonly Float64Array[]): Float64Array {
  let length = 0;
  for (const array of arrays) length += array.length;
  const all = new Float64Array(length);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function requirePositive(gamma: number, where: string): void {
  if (!(gamma > 0 && gamma < Infinity)) {
    throw new ConfigError(
      `Expected γ of ${where} to be a number above 0, got ${gamma}; for f(r) = r choose the unshaped estimator.`,
    );
  }
}
