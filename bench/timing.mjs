// How everything here is timed: the things to be compared take turns for several rounds, because a shared machine
// changes from second to second. What is held against a limit of the machine is the best of its rounds, as the limit is;
// two systems that do the same work are compared by the same statistic of both.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * Each measure once a round, in their order, after a round that is not counted where `warm` is.
 * @param measures async functions; what they return is kept.
 * @returns samples[measure][round]
 */
export async function interleaved(rounds, measures, { warm = false } = {}) {
  if (warm) for (const measure of measures) await measure();
  const samples = measures.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, measure] of measures.entries()) samples[index].push(await measure());
  }
  return samples;
}

/** Seconds that an async function takes. */
export async function secondsOf(run) {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}

/** Medians of ratios a[i] / b[i], so that both of a pair are of the same moment. */
export const medianRatio = (a, b) => median(a.map((value, index) => value / b[index]));
