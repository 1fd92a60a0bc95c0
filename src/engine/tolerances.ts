// How far an engine's numbers may lie from the golden ones of PyTorch in float64 (for bf16: with the factors of linear
// layers rounded to bf16, oracles/engine/export_bf16.py), one row per quantity with the reason. An engine is held to the row of its own precision. A number outside its row is looked into, never
// accommodated here.

/** actual passes when |actual − expected| ≤ absolute + relative · |expected|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  readonly reason: string;
}

export interface EngineTolerances {
  /** Log-probs of response tokens, in nats. */
  readonly logprobs: Tolerance;
  readonly entropies: Tolerance;
  /** Each number of a gradient, read off the weights that a plain gradient step exports in float32. */
  readonly gradients: Tolerance;
  /** The same gradient by other passes: sequences apart that together share a prompt. */
  readonly partedGradients: Tolerance;
  /** Global gradient norm that `step` reports, along ten steps of AdamW. */
  readonly gradientNorms: Tolerance;
  /** Weights after ten steps of AdamW (and their sum and norm per tensor), exported in float32. */
  readonly trainedWeights: Tolerance;
  /** Log-probs of a model opened from exported float32 weights against the model that exported them. */
  readonly exportedLogprobs: Tolerance;
  /** Log-probs of a model opened from weights with the adapter merged against the model with the adapter. */
  readonly mergedLogprobs: Tolerance;
}

export const TOLERANCES: Readonly<Record<'float64' | 'float32' | 'bf16', EngineTolerances>> = {
  float64: {
    logprobs: {
      absolute: 1e-11,
      relative: 1e-11,
      reason: 'the same formulas in the same precision; only the order of sums differs (1e-14 seen)',
    },
    entropies: { absolute: 1e-11, relative: 1e-11, reason: 'as log-probs' },
    gradients: {
      absolute: 1e-9,
      relative: 2e-7,
      reason: 'the export rounds w − 1024·g to float32: 2⁻²⁴ of g, and of w/1024',
    },
    partedGradients: { absolute: 1e-9, relative: 2e-7, reason: 'as gradients' },
    gradientNorms: {
      absolute: 0,
      relative: 1e-9,
      reason: 'rounding (1e-13) grows along ten clipped steps of a tiny model with a large learning rate',
    },
    trainedWeights: {
      absolute: 2e-6,
      relative: 1e-7,
      reason: 'float32 export; sums run over up to 512 numbers of size 1, each off by up to 6e-8 at random',
    },
    exportedLogprobs: {
      absolute: 2e-5,
      relative: 2e-6,
      reason: 'weights rounded to float32; the golden models amplify a relative 6e-8 to about 1e-6 in logits',
    },
    mergedLogprobs: {
      absolute: 2e-5,
      relative: 2e-6,
      reason: 'as exported ones: the sum is rounded to float32',
    },
  },
  float32: {
    logprobs: {
      absolute: 1e-5,
      relative: 1e-5,
      reason:
        'PyTorch in float32 is off by 1e-6 on these models; another order of sums and another exp get ten times that',
    },
    entropies: {
      absolute: 1e-5,
      relative: 1e-5,
      reason: 'PyTorch in float32 is off by 6e-7; ten times that',
    },
    gradients: {
      absolute: 7e-5,
      relative: 1e-5,
      reason:
        'PyTorch in float32 is off by 7e-6 on gradients with single numbers up to about 10; ten times that',
    },
    partedGradients: { absolute: 7e-5, relative: 1e-5, reason: 'as gradients' },
    gradientNorms: {
      absolute: 0,
      relative: 2e-4,
      reason: 'PyTorch in float32 drifts by 2e-5 along the ten steps; ten times that',
    },
    trainedWeights: {
      absolute: 4e-4,
      relative: 1e-5,
      reason:
        'Adam divides by the root of the second moment, so weights whose gradient is near 0 take the sign of a rounding; PyTorch in float32 is off by 4e-5 (a step is 1e-2)',
    },
    exportedLogprobs: {
      absolute: 1e-5,
      relative: 1e-5,
      reason: 'float32 weights are exported as they are; engines with wider masters round them once',
    },
    mergedLogprobs: {
      absolute: 1e-5,
      relative: 1e-5,
      reason: 'one rounding of the sum for two of its terms',
    },
  },
  bf16: {
    logprobs: {
      absolute: 1e-5,
      relative: 1e-5,
      reason:
        'as float32: of the golden sequences no activation lies so near a border that it is rounded the other way',
    },
    entropies: { absolute: 1e-5, relative: 1e-5, reason: 'as log-probs' },
    gradients: {
      absolute: 2e-2,
      relative: 1e-5,
      reason:
        'a factor on the border between two bf16 numbers is rounded either way: PyTorch in float32 is off by 6e-3; three times that (unrounded factors are off by 0.15)',
    },
    partedGradients: {
      absolute: 0.15,
      relative: 1e-5,
      reason:
        'cotangents of a shared row are added before they are rounded, those of rows apart after it; rounded and unrounded factors are 0.15 apart in PyTorch',
    },
    gradientNorms: {
      absolute: 0,
      relative: 0.2,
      reason:
        'weights that a step moved by a rounding are rounded to other bf16 numbers; PyTorch in float32 drifts by 7e-2 along the ten steps; three times that',
    },
    trainedWeights: {
      absolute: 8e-2,
      relative: 1e-5,
      reason:
        'PyTorch in float32 is off by 2.7e-2 (a step is 1e-2, a sum runs over up to 512 numbers); three times that',
    },
    exportedLogprobs: { absolute: 1e-5, relative: 1e-5, reason: 'as float32: weights are float32' },
    mergedLogprobs: {
      absolute: 0.1,
      relative: 1e-5,
      reason:
        'the merged weight is rounded to bf16 as one factor, weight and adapter apart as three: unrounded factors are 3e-2 away in PyTorch; three times that',
    },
  },
};

export function isWithin(actual: number, expected: number, tolerance: Tolerance): boolean {
  return Math.abs(actual - expected) <= tolerance.absolute + tolerance.relative * Math.abs(expected);
}
