// What the model thinks of given tokens: log-probs at temperature 1, whatever the temperature that sampled them, and
// the likeliest tokens in their place, with which programs compare them. One pass over the sequence gives both.
import type { Scorer } from '../engine/engine.ts';

export interface TopToken {
  readonly token: number;
  /** At temperature 1. */
  readonly logprob: number;
}

export interface TokenScore {
  /** At temperature 1. */
  readonly logprob: number;
  /** Where asked for. */
  readonly top: TopToken | null;
}

/** @returns one per token of the response, which may be empty. */
export async function scoreTokens(
  model: Scorer,
  promptTokens: Int32Array,
  responseTokens: Int32Array,
  wantTop: boolean,
  signal: AbortSignal,
): Promise<TokenScore[]> {
  if (responseTokens.length === 0) return [];
  const pass = await model.forward(
    [{ promptTokens, responseTokens }],
    { gradient: false, want: { logprobs: true, topTokens: wantTop }, temperature: 1 },
    signal,
  );
  pass.release();
  return Array.from(pass.logprobs![0]!, (logprob, t) => {
    const top = wantTop ? { token: pass.topTokens![0]![t]!, logprob: pass.topLogprobs![0]![t]! } : null;
    return { logprob, top };
  });
}
