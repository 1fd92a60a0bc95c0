// Statistics of importance ratios: quantiles, effective sample size, and the summary that metrics show.
// Knows numbers only, not which rows or tokens they come from. Non-finite values are never dropped.

/**
 * The q-quantile (0 <= q <= 1) with linear interpolation between order statistics, as numpy.quantile and
 * torch.quantile compute it by default. NaN if any value is NaN or if there is none.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), q);
}

/** As `quantile`, for values already in ascending order with any NaN last (the order of Float64Array.sort). */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const last = sorted.length - 1;
  if (last < 0 || Number.isNaN(sorted[last])) return NaN;
  const rank = q * last;
  const below = Math.floor(rank);
  const fraction = rank - below;
  // Without this, two equal infinities would interpolate to NaN, and rank `last` would read past the end.
  if (fraction === 0 || sorted[below] === sorted[below + 1]) return sorted[below];
  return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

/**
 * Kish's effective sample size (Σw)² / Σw² of non-negative weights: how many equally weighted samples carry
 * the same information. n for equal weights, 1 when one dominates, 0 when all are zero or there is none.
 */
export function effectiveSampleSize(weights: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, weights[i]);
  if (largest === 0) return 0;
  // Scaled by the largest, since the square of a ratio overflows long before the ratio does.
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    const scaled = weights[i] / largest;
    sum += scaled;
    squares += scaled * scaled;
  }
  return (sum * sum) / squares;
}

/** The distribution of ratios at a glance. */
export interface RatioSummary {
  readonly q05: number;
  readonly q50: number;
  readonly q95: number;
  readonly max: number;
  /** Effective sample size over the number of ratios, in (0, 1]; 0 if every ratio is zero. */
  readonly essFraction: number;
}

/** null if there are no ratios: a metric without rows is absent, not zero. */
export function summarizeRatios(ratios: ArrayLike<number>): RatioSummary | null {
  if (ratios.length === 0) return null;
  const sorted = Float64Array.from(ratios).sort();
  return {
    q05: quantileOfSorted(sorted, 0.05),
    q50: quantileOfSorted(sorted, 0.5),
    q95: quantileOfSorted(sorted, 0.95),
    max: sorted[sorted.length - 1],
    essFraction: effectiveSampleSize(sorted) / sorted.length,
  };
}
