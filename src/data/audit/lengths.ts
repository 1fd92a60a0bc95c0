// Quantiles of lengths, exact, in memory that grows with the number of different lengths.

export interface LengthSummary {
  readonly mean: number;
  readonly min: number;
  /** Quantiles by nearest rank: the smallest length that so many are not longer than. */
  readonly q50: number;
  readonly q90: number;
  readonly q99: number;
  readonly max: number;
}

export class Lengths {
  readonly #counts = new Map<number, number>();
  #total = 0;
  #sum = 0;

  add(length: number): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + 1);
    this.#total++;
    this.#sum += length;
  }

  /** null without a length. */
  summary(): LengthSummary | null {
    if (this.#total === 0) return null;
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const quantile = (share: number) => {
      let seen = 0;
      return sorted.find(([, count]) => (seen += count) >= share * this.#total)![0];
    };
    return {
      mean: this.#sum / this.#total,
      min: sorted[0]![0],
      q50: quantile(0.5),
      q90: quantile(0.9),
      q99: quantile(0.99),
      max: sorted.at(-1)![0],
    };
  }
}
