// The likeliest token at positions of a sequence, which programs compare with the token that stands there. Its one
// idea: only what is certain is told. A token with more than half of the probability is the likeliest; elsewhere
// the engine is asked for one greedy token after the prefix. That is exact, and slow for long texts: every such
// position runs its whole prefix.
import type { Scorer } from '../engine/engine.ts';

export interface TopToken {
  readonly token: number;
  /** At temperature 1. */
  readonly logprob: number;
}

/** Above log ½ by more than rounding. */
const CERTAIN = -0.69;

/**
 * @param from at least 1: the first position to tell.
 * @param logprobs at temperature 1, of tokens[from], tokens[from + 1], …
 * @returns one per log-prob.
 */
export async function topTokens(
  model: Scorer,
  tokens: Int32Array,
  from: number,
  logprobs: Float64Array,
  signal: AbortSignal,
): Promise<TopToken[]> {
  const tops = Array.from(logprobs, (logprob, i): TopToken => ({ token: tokens[from + i]!, logprob }));
  const open = tops.flatMap(({ logprob }, i) => (logprob > CERTAIN ? [] : [i]));
  if (open.length === 0) return tops;
  const requests = open.map((i) => ({
    promptTokens: tokens.subarray(0, from + i),
    maxNewTokens: 1,
    temperature: 0,
    stopTokens: [],
    seed: 0n,
  }));
  for await (const sequence of model.sample(requests, signal)) {
    tops[open[sequence.index]!] = { token: sequence.tokens[0]!, logprob: sequence.logprobs[0]! };
  }
  return tops;
}
