// pass@k: the chance that at least one of k samples is correct, estimated without bias from n >= k samples of
// which c are correct (Chen et al., "Evaluating Large Language Models Trained on Code", arXiv 2107.03374,
// eq. 1). Works from counts alone; what counts as correct is decided elsewhere.
import { ConfigError } from '../errors.ts';

/** Outcome of one problem: how many samples have a verdict, and how many of those are correct. */
export interface SampleCount {
  readonly samples: number;
  readonly correct: number;
}

/**
 * C(n − c, k) / C(n, k): the chance that k samples drawn without replacement from the n are all failures. A
 * product of min(c, k) factors, since the binomials overflow. ConfigError unless 1 <= k <= samples.
 */
export function chanceOfNoSuccess(samples: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= samples)) {
    throw new ConfigError(
      `Expected k of pass@k from 1 to the ${samples} graded samples of a problem, got ${k}; ` +
        'take more samples or a smaller k.',
    );
  }
  // The hypergeometric is symmetric in c and k.
  const factors = Math.min(correct, k);
  const others = Math.max(correct, k);
  let chance = 1;
  for (let i = 0; i < factors; i++) chance *= Math.max(0, samples - others - i) / (samples - i);
  return chance;
}

/** Unbiased pass@k of one problem, 1 − C(n − c, k)/C(n, k). */
export function passAtK(samples: number, correct: number, k: number): number {
  return 1 - chanceOfNoSuccess(samples, correct, k);
}

/** Mean of pass@k over problems. ConfigError without problems or where one has fewer than k samples. */
export function meanPassAtK(counts: readonly SampleCount[], k: number): number {
  if (counts.length === 0) {
    throw new ConfigError(
      'Expected at least one problem for pass@k, got none; check the filter of the evaluation.',
    );
  }
  let sum = 0;
  for (const { samples, correct } of counts) sum += passAtK(samples, correct, k);
  return sum / counts.length;
}
