// Percentile bootstrap of a mean (Efron & Tibshirani 1993, chapter 13): how far the mean over problems would
// move had other problems of the same kind been drawn. Resamples problems, not rollouts; the seed is named, so
// that an interval is as reproducible as the number it belongs to.
import { quantile } from '../algorithms/ratios.ts';
import { ConfigError } from '../errors.ts';
import { UniformStream } from '../random.ts';
import type { Seed } from '../random.ts';

export interface BootstrapOptions {
  /** Draw b · n + i of this seed's stream picks item i of resample b. */
  readonly seed: Seed;
  /** Default 2000. */
  readonly resamples?: number;
  /** Between 0 and 1; default 0.95. */
  readonly confidence?: number;
}

export interface Interval {
  /** The plain mean of the values. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Mean of one value per problem, with its percentile interval (linear interpolation between resampled means).
 * Fewer than about 20 problems give intervals that are too narrow. ConfigError without values.
 */
export function bootstrapInterval(values: ArrayLike<number>, options: BootstrapOptions): Interval {
  const { seed, resamples = 2000, confidence = 0.95 } = options;
  const count = values.length;
  if (count === 0) {
    throw new ConfigError(
      'Expected at least one value for a bootstrap interval, got none; check the filter of the evaluation.',
    );
  }
  if (!(Number.isInteger(resamples) && resamples >= 1) || !(confidence > 0 && confidence < 1)) {
    throw new ConfigError(
      `Expected at least one resample and a confidence between 0 and 1, got ${resamples} and ${confidence}.`,
    );
  }
  const items = Float64Array.from(values);
  const stream = new UniformStream(seed);
  const means = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += items[stream.integer(count)]!;
    means[b] = sum / count;
  }
  const tail = (1 - confidence) / 2;
  let total = 0;
  for (const value of items) total += value;
  return { mean: total / count, low: quantile(means, tail), high: quantile(means, 1 - tail) };
}
