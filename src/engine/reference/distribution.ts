// The distribution over the next token, softmax(logits / temperature): its log-probs, its entropy, a draw from
// it or from its truncation, and the backward of the first two. Sampling and scoring both come through logSoftmax, which is why
// their log-probs agree bit for bit. Shapes: V the vocabulary. Logarithms are natural.
import { EngineError } from '../../errors.ts';
import type { Truncation } from '../engine.ts';

/** log softmax(logits / temperature). @returns logprobs_V */
export function logSoftmax(logits_V: Float64Array, temperature: number): Float64Array {
  const scaled_V = logits_V.map((logit) => logit / temperature);
  const largest = scaled_V.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (const z of scaled_V) total += Math.exp(z - largest);
  const normaliser = largest + Math.log(total);
  return scaled_V.map((z) => z - normaliser);
}

/** −Σ p log p; a probability that underflows to 0 adds 0. */
export function entropyOf(logprobs_V: Float64Array): number {
  let entropy = 0;
  for (const logprob of logprobs_V) {
    const p = Math.exp(logprob);
    if (p !== 0) entropy -= p * logprob;
  }
  return entropy;
}

/**
 * Backward of the log-prob of `token` and of the entropy H with respect to the logits:
 * ∂log p_token/∂z_v = ([v = token] − p_v)/T and ∂H/∂z_v = −p_v (log p_v + H)/T.
 * @returns dLogits_V
 */
export function distributionBackward(
  logits_V: Float64Array,
  temperature: number,
  token: number,
  dLogprob: number,
  dEntropy: number,
): Float64Array {
  const logprobs_V = logSoftmax(logits_V, temperature);
  const entropy = entropyOf(logprobs_V);
  return logprobs_V.map((logprob, v) => {
    const p = Math.exp(logprob);
    const entropySlope = p === 0 ? 0 : -p * (logprob + entropy);
    return (((v === token ? 1 : 0) - p) * dLogprob + entropySlope * dEntropy) / temperature;
  });
}

/** The token with the largest logit; ties go to the lowest id. */
export function greedyToken(logits_V: Float64Array): number {
  let best = 0;
  for (let v = 1; v < logits_V.length; v++) if (logits_V[v] > logits_V[best]) best = v;
  return best;
}

/**
 * Inverse CDF: the first token, in ascending order of ids, whose cumulative probability exceeds the uniform;
 * where rounding leaves the total at or below it, the last token with a positive probability.
 */
export function drawToken(logprobs_V: Float64Array, uniform: number): number {
  let cumulative = 0;
  let last = -1;
  for (let v = 0; v < logprobs_V.length; v++) {
    const p = Math.exp(logprobs_V[v]);
    if (p > 0) last = v;
    cumulative += p;
    if (cumulative > uniform) return v;
  }
  if (last < 0) throw new EngineError('The model gives no token a probability: its weights are not finite.');
  return last;
}

/**
 * The distribution that a truncation leaves (engine.ts says what it is), as log-probs that sum to 1 in probability.
 * @returns logprobs_V, −Infinity for tokens that may not be drawn
 */
export function truncate(logprobs_V: Float64Array, { topK, topP, minP }: Required<Truncation>): Float64Array {
  const largest = logprobs_V.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights_V = logprobs_V.map((logprob) => Math.exp(logprob - largest));
  const totalOf = (tokens: readonly number[]): number => tokens.reduce((sum, v) => sum + weights_V[v], 0);
  // Sorting is stable, so equals stay in the order of their ids.
  let kept = [...weights_V.keys()].sort((a, b) => weights_V[b] - weights_V[a]);
  if (topK > 0) kept = kept.slice(0, topK);
  if (topP < 1) {
    const needed = topP * totalOf(kept);
    let sum = 0;
    kept = kept.filter((v) => {
      const isNeeded = sum < needed;
      sum += weights_V[v];
      return isNeeded;
    });
  }
  kept = kept.filter((v) => weights_V[v] >= minP);
  const normaliser = largest + Math.log(totalOf(kept));
  const truncated_V = new Float64Array(logprobs_V.length).fill(-Infinity);
  for (const v of kept) truncated_V[v] = logprobs_V[v] - normaliser;
  return truncated_V;
}
