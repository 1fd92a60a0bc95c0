// Advantages of a group: how much better each rollout did than the others of its group. The group is
// whatever a guidance strategy says is normalised together; this file must not know how it was composed.
// Dimensions: G rows of a group.

/** Added to the standard deviation, as DeepSeekMath's reference code, verl and TRL do. */
const STD_EPSILON = 1e-6;

export interface AdvantageOptions {
  /** true: divide by the group's standard deviation (GRPO). false: centre only (Dr. GRPO, arXiv 2503.20783). */
  readonly normalizeByStd: boolean;
}

/**
 * GRPO advantages (DeepSeekMath, arXiv 2402.03300, section 4.1.2): A = (R − mean) / (std + 1e-6), where std
 * has Bessel's correction (n − 1), or A = R − mean. A group of one has nothing to compare with: A = R.
 */
export function groupAdvantages(rewards_G: ArrayLike<number>, options: AdvantageOptions): Float64Array {
  const advantages_G = Float64Array.from(rewards_G);
  const count = advantages_G.length;
  if (count <= 1) return advantages_G;

  let sum = 0;
  for (const reward of advantages_G) sum += reward;
  const mean = sum / count;
  let squares = 0;
  for (let g = 0; g < count; g++) {
    advantages_G[g] -= mean;
    squares += advantages_G[g] * advantages_G[g];
  }
  if (!options.normalizeByStd) return advantages_G;
  const scale = Math.sqrt(squares / (count - 1)) + STD_EPSILON;
  return advantages_G.map((deviation) => deviation / scale);
}
