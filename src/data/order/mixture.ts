// Which source each draw comes from, so that the draws keep to given weights not only in the long run but from the
// first draw on. It knows sources as indices, and nothing of problems. Its one idea: a draw's source is a function of
// the weights and its ordinal, by the algorithm of Tijdeman, "The chairman assignment problem", Discrete Mathematics 32
// (1980), whose counts are never off by a whole draw.

export class MixtureSchedule {
  /** Of the sources; they add up to 1. */
  readonly shares: readonly number[];
  /** Draws of each source among the first `#next`; a cache, which changes no result. */
  #counts: number[];
  #next = 0;

  /** @param weights positive, in any unit. */
  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.shares = weights.map((weight) => weight / total);
    this.#counts = weights.map(() => 0);
  }

  /** How many of the draws before `ordinal` each source has: within 1 − 1/(2m − 2) of its share, of m sources. */
  countsBefore(ordinal: number): readonly number[] {
    if (this.shares.length === 1) return [ordinal];
    if (ordinal < this.#next) {
      this.#counts = this.#counts.map(() => 0);
      this.#next = 0;
    }
    while (this.#next < ordinal) {
      const source = this.#choose(this.#next, this.#counts);
      this.#counts[source]!++;
      this.#next++;
    }
    return [...this.#counts];
  }

  /** The source of a draw, counted from 0. */
  sourceOf(ordinal: number): number {
    return this.shares.length === 1 ? 0 : this.#choose(ordinal, this.countsBefore(ordinal));
  }

  /** Of the sources that may take the draw without ever being ahead too far, the one that must take one soonest. */
  #choose(ordinal: number, counts: readonly number[]): number {
    const slack = 1 / (2 * this.shares.length - 2);
    let chosen = 0;
    let soonest = Infinity;
    let furthestBehind = 0;
    let behindMost = -Infinity;
    for (const [source, share] of this.shares.entries()) {
      const behind = share * (ordinal + 1) - counts[source]!;
      if (behind > behindMost) {
        behindMost = behind;
        furthestBehind = source;
      }
      if (behind < slack) continue;
      const deadline = (1 - slack - behind) / share;
      if (deadline < soonest) {
        soonest = deadline;
        chosen = source;
      }
    }
    // Rounding alone can leave nobody eligible.
    return soonest === Infinity ? furthestBehind : chosen;
  }
}
