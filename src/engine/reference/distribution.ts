// The distribution over the next token, softmax(logits / temperature): its log-probs, its entropy, a draw from
// it, and the backward of the first two. Sampling and scoring both come through logSoftmax, which is why
// their log-probs agree bit for bit. Shapes: V the vocabulary. Logarithms are natural.
import { EngineError } from '../../errors.ts';

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
