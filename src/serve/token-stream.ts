// Where tokens come from: a token at a time, as they are drawn, or a response at a time, when it has ended. Its one
// idea: what reads an increment says at once whether the response is over, so nothing is sampled that is thrown away.
import type { SampleRequest, Sampler } from '../engine/engine.ts';

/** More tokens of one response. */
export interface TokenIncrement {
  /** Position of its request in the call. */
  readonly index: number;
  readonly tokens: Int32Array;
  /** One per token, as sampling reports them: at the temperature of the request, or 1 where that is 0. */
  readonly logprobs: Float64Array;
  /** null: the response goes on, unless its reader ends it. */
  readonly finish: 'stop' | 'length' | null;
}

/** What a reader makes of an increment; the response ends with it where `finish` is not null. */
interface Reading {
  readonly finish: 'stop' | 'length' | null;
}

/**
 * Samples all requests and yields what `read` makes of their increments. Those of one request are in order; those of
 * several come in any.
 * @param byToken watches every token, which costs a little; false: an increment is a whole response.
 */
export async function* sampleTokens<R extends Reading>(
  model: Sampler,
  requests: readonly SampleRequest[],
  byToken: boolean,
  read: (increment: TokenIncrement) => R,
  signal: AbortSignal,
): AsyncGenerator<R> {
  if (byToken) {
    yield* sampleByToken(model, requests, read, signal);
    return;
  }
  for await (const sequence of model.sample(requests, signal)) yield read(sequence);
}

/** Its queue is not bounded: a client that reads slowly does not hold up the engine, which serves others too. */
function sampleByToken<R extends Reading>(
  model: Sampler,
  requests: readonly SampleRequest[],
  read: (increment: TokenIncrement) => R,
  signal: AbortSignal,
): ReadableStream<R> {
  return new ReadableStream<R>({
    // What is thrown here, or in a hook, is thrown to who reads the stream.
    async start(queue) {
      const watched = requests.map((request, index): SampleRequest => {
        let count = 0;
        const onToken = (token: number, logprob: number) => {
          count++;
          const last = count === request.maxNewTokens ? 'length' : null;
          const finish = request.stopTokens.includes(token) ? 'stop' : last;
          const reading = read({
            index,
            tokens: Int32Array.of(token),
            logprobs: Float64Array.of(logprob),
            finish,
          });
          queue.enqueue(reading);
          return reading.finish === null ? 'continue' : 'stop';
        };
        return { ...request, onToken };
      });
      // Its sequences have been told token by token.
      for await (const _ of model.sample(watched, signal)) void _;
      queue.close();
    },
  });
}
