// Requests of a sampling as the addon takes them, and the tokens it tells on their way.
import type { SampleRequest } from '../engine.ts';
import { truncationOf } from '../requests.ts';
import type { Addon, ModelHandle, NativeToken, SamplingHandle } from './addon.ts';
import { joined, lengthsOf } from './flat-arrays.ts';

export function startSampling(
  addon: Addon,
  model: ModelHandle,
  requests: readonly SampleRequest[],
): SamplingHandle {
  const prompts = requests.map(({ promptTokens }) => promptTokens);
  const stops = requests.map(({ stopTokens }) => Int32Array.from(stopTokens));
  const truncations = requests.map(truncationOf);
  return addon.startSampling(
    model,
    joined(prompts),
    lengthsOf(prompts),
    Int32Array.from(requests, ({ maxNewTokens }) => maxNewTokens),
    Float32Array.from(requests, ({ temperature }) => temperature),
    joined(stops),
    lengthsOf(stops),
    BigUint64Array.from(requests, ({ seed }) => seed),
    // A topK beyond 32 bits is beyond any vocabulary too.
    Int32Array.from(truncations, ({ topK }) => Math.min(topK, 2 ** 31 - 1)),
    Float64Array.from(truncations, ({ topP }) => topP),
    Float64Array.from(truncations, ({ minP }) => minP),
    Int32Array.from(requests, ({ onToken }) => (onToken === undefined ? 0 : 1)),
  );
}

/** @returns the requests that end with the token they were told */
export function tellTokens(
  requests: readonly SampleRequest[],
  drawn: readonly NativeToken[],
  signal: AbortSignal | undefined,
): Set<number> {
  const stopping = new Set<number>();
  for (const { index, token, logprob } of drawn) {
    signal?.throwIfAborted();
    if (requests[index]!.onToken?.(token, logprob) === 'stop') stopping.add(index);
  }
  return stopping;
}
