// The losses, each returning its value and its gradient with respect to every log-prob; the engine turns that
// into gradients of weights. Rows are a whole minibatch: normalisers and γ are taken over all of it.
// Must not know engines, models, prompts or how a group was composed.
// Nothing is clamped here. A log-ratio above about 709 gives a ratio of Infinity; it makes the gradient
// non-finite wherever the row has one, which the engine's step refuses. Only where the clip holds the loss
// constant is the gradient 0, as it is for every other ratio there; the ratio itself is in the result.
// Dimensions: R rows of the minibatch, T response tokens of a row.
import { TrainingError } from '../errors.ts';
import type { Aggregation } from './aggregation.ts';
import type { Shaping } from './shaping.ts';

export interface PolicyLossRow {
  /** log π_θ of each response token in the context the row is trained in. */
  readonly logprobs_T: Float64Array;
  /** log π_old of the same tokens in the context the row was sampled in. A constant. */
  readonly behaviourLogprobs_T: Float64Array;
  /** One advantage for all tokens of the row. */
  readonly advantage: number;
  /** true: trained in another context than it was sampled in. */
  readonly offContext: boolean;
}

export interface PolicyLossOptions {
  /** ε below: ratios under 1 − clipLow are clipped. PPO's usual 0.2. */
  readonly clipLow: number;
  /** ε above: ratios over 1 + clipHigh are clipped. Above clipLow it is DAPO's clip-higher. */
  readonly clipHigh: number;
  readonly shaping: Shaping;
  readonly aggregation: Aggregation;
}

export interface PolicyLossResult {
  /** lossOnContext + lossOffContext */
  readonly loss: number;
  readonly lossOnContext: number;
  readonly lossOffContext: number;
  /** ∂loss/∂logprobs_T of each row. */
  readonly dLogprobs: readonly Float64Array[];
  /** Share of on-context tokens whose gradient is zero because of the clip; 0 without such tokens. */
  readonly clipFraction: number;
  /** r of each token of each row, in the order of rows. */
  readonly ratios: readonly Float64Array[];
  /** f(r) of each token of the off-context rows only, in their order. */
  readonly weights: readonly Float64Array[];
  /** γ of the off-context rows only, in their order. */
  readonly gammas: Float64Array;
}

/**
 * The policy-gradient loss with guidance. With r = exp(log π_θ − log π_old) and row weight w (aggregation):
 *
 * - on-context rows: w · max(−A r, −A clip(r, 1 − clipLow, 1 + clipHigh)), PPO (arXiv 1707.06347, eq. 7).
 * - off-context rows: −w A f(r), not clipped (arXiv 2506.13923; github.com/vaskar-open-source-research/guide_rl
 *   at commit 2f27715), f and γ by the shaping.
 *
 * At the kink (r exactly on a clip boundary) the gradient is half that of the unclipped branch, as PyTorch has
 * it: max shares a tie evenly between its arguments, and clamp passes nothing on its bounds. Every value
 * between nothing and the whole is a subgradient. TrainingError if a row's lengths differ.
 */
export function policyLoss(rows: readonly PolicyLossRow[], options: PolicyLossOptions): PolicyLossResult {
  const ratios = rows.map(ratiosOf);
  const tokenWeights_R = options.aggregation(rows.map((row) => row.logprobs_T.length));
  const gammas = options.shaping.gammas(ratios.filter((_, r) => rows[r].offContext));

  const dLogprobs: Float64Array[] = [];
  const weights: Float64Array[] = [];
  let lossOnContext = 0;
  let lossOffContext = 0;
  let clippedTokens = 0;
  let onContextTokens = 0;
  rows.forEach((row, r) => {
    if (row.offContext) {
      const part = shapedRow(
        ratios[r],
        row.advantage,
        options.shaping,
        gammas[weights.length],
        tokenWeights_R[r],
      );
      lossOffContext += part.loss;
      dLogprobs.push(part.dLogprobs_T);
      weights.push(part.weights_T);
    } else {
      const part = clippedRow(ratios[r], row.advantage, options, tokenWeights_R[r]);
      lossOnContext += part.loss;
      dLogprobs.push(part.dLogprobs_T);
      clippedTokens += part.clippedTokens;
      onContextTokens += ratios[r].length;
    }
  });
  return {
    loss: lossOnContext + lossOffContext,
    lossOnContext,
    lossOffContext,
    dLogprobs,
    clipFraction: onContextTokens === 0 ? 0 : clippedTokens / onContextTokens,
    ratios,
    weights,
    gammas,
  };
}

function ratiosOf(row: PolicyLossRow, index: number): Float64Array {
  if (row.logprobs_T.length !== row.behaviourLogprobs_T.length) {
    throw new TrainingError(
      `Expected as many behaviour log-probs as log-probs in row ${index} of the minibatch, got ` +
        `${row.behaviourLogprobs_T.length} and ${row.logprobs_T.length}; score exactly the tokens that were sampled.`,
    );
  }
  return row.logprobs_T.map((logprob, t) => Math.exp(logprob - row.behaviourLogprobs_T[t]));
}

function clippedRow(
  ratios_T: Float64Array,
  advantage: number,
  { clipLow, clipHigh }: PolicyLossOptions,
  tokenWeight: number,
): { loss: number; dLogprobs_T: Float64Array; clippedTokens: number } {
  const dLogprobs_T = new Float64Array(ratios_T.length);
  const lowest = 1 - clipLow;
  const highest = 1 + clipHigh;
  let sum = 0;
  let clippedTokens = 0;
  for (let t = 0; t < ratios_T.length; t++) {
    const ratio = ratios_T[t];
    const unclipped = -advantage * ratio;
    const clipped = -advantage * Math.min(Math.max(ratio, lowest), highest);
    // Comparisons are written so that a NaN takes the branch that has a gradient.
    if (clipped > unclipped) {
      sum += clipped;
      clippedTokens++;
    } else {
      sum += unclipped;
      const atKink = ratio === lowest || ratio === highest;
      dLogprobs_T[t] = tokenWeight * unclipped * (atKink ? 0.5 : 1); // dr/dlog π = r
    }
  }
  return { loss: tokenWeight * sum, dLogprobs_T, clippedTokens };
}

function shapedRow(
  ratios_T: Float64Array,
  advantage: number,
  shaping: Shaping,
  gamma: number,
  tokenWeight: number,
): { loss: number; dLogprobs_T: Float64Array; weights_T: Float64Array } {
  const weights_T = ratios_T.map((ratio) => shaping.weight(ratio, gamma));
  const dLogprobs_T = ratios_T.map((ratio) => -tokenWeight * advantage * shaping.slope(ratio, gamma));
  let sum = 0;
  for (const weight of weights_T) sum += -advantage * weight;
  return { loss: tokenWeight * sum, dLogprobs_T, weights_T };
}

export interface LikelihoodLossOptions {
  /** Multiplies the whole loss. */
  readonly weight: number;
  readonly aggregation: Aggregation;
}

export interface LikelihoodLossResult {
  readonly loss: number;
  /** ∂loss/∂logprobs_T of each row. */
  readonly dLogprobs: readonly Float64Array[];
}

/**
 * Negative log-likelihood of the rows, weight · Σ w_r · −log π_θ: supervised fine-tuning, and the retention of
 * guided ability. The aggregation is taken over these rows alone.
 */
export function likelihoodLoss(
  logprobs_RT: readonly Float64Array[],
  options: LikelihoodLossOptions,
): LikelihoodLossResult {
  const tokenWeights_R = options.aggregation(logprobs_RT.map((logprobs_T) => logprobs_T.length));
  let loss = 0;
  const dLogprobs = logprobs_RT.map((logprobs_T, r) => {
    const scale = -options.weight * tokenWeights_R[r];
    for (const logprob of logprobs_T) loss += scale * logprob;
    return new Float64Array(logprobs_T.length).fill(scale);
  });
  return { loss, dLogprobs };
}
