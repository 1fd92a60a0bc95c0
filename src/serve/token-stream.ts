// Where tokens come from. Its one idea: the rest of the server reads increments and does not know how many tokens
// one holds. The engine gives a sequence when it has ended, so today each sequence is one increment.
import type { SampleRequest, Scorer } from '../engine/engine.ts';

/** More tokens of one response. */
export interface TokenIncrement {
  /** Position of its request in the call. */
  readonly index: number;
  readonly tokens: Int32Array;
  /** One per token, at temperature 1 whatever the temperature of the request. */
  readonly logprobs: Float64Array;
  /** null: the response goes on. */
  readonly finish: 'stop' | 'length' | null;
}

export type TokenStream = AsyncIterable<TokenIncrement>;

/**
 * Samples all requests. Increments of one request are in order; those of several come in any.
 * @param wantLogprobs false: logprobs may be at the temperature of the request.
 */
export async function* sampleTokens(
  model: Scorer,
  requests: readonly SampleRequest[],
  wantLogprobs: boolean,
  signal: AbortSignal,
): AsyncGenerator<TokenIncrement> {
  if (requests.length === 0) return;
  for await (const { index, tokens, logprobs, finish } of model.sample(requests, signal)) {
    const { promptTokens, temperature } = requests[index]!;
    // At temperature 0 the engine reports them at temperature 1.
    const atOne =
      !wantLogprobs || temperature === 0 || temperature === 1
        ? logprobs
        : await logprobsOf(model, promptTokens, tokens, signal);
    yield { index, tokens, logprobs: atOne, finish };
  }
}

/** Log-probs of a response at temperature 1. */
export async function logprobsOf(
  model: Scorer,
  promptTokens: Int32Array,
  responseTokens: Int32Array,
  signal: AbortSignal,
): Promise<Float64Array> {
  const pass = await model.forward(
    [{ promptTokens, responseTokens }],
    { gradient: false, want: { logprobs: true }, temperature: 1 },
    signal,
  );
  pass.release();
  return pass.logprobs![0]!;
}
