// One request that was read and let in, from generating to the last byte of its reply. Its one idea: whoever ends it
// early, the client or the server, aborts the same signal, and how it ended is noted for the request's line.
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { messageOf } from '../errors.ts';
import { ApiError, asApiError, errorBody } from './api-error.ts';
import { generate, type ChoiceDelta, type Generation, type Generator, type Usage } from './generate.ts';
import { joinDeltas, replyHead, usageJson, type Endpoint, type ReplyHead } from './replies.ts';
import type { Settings } from './requests.ts';

/** What all requests share. */
export interface Serving extends Generator {
  /** By which clients name the model. */
  readonly modelName: string;
  /** Engine and instruction set: numbers are comparable within one. */
  readonly fingerprint: string;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
  /** One line a request, and what went wrong inside. */
  readonly log: (line: string) => void;
}

export interface Question {
  readonly endpoint: Endpoint;
  readonly prompts: readonly Int32Array[];
  /** The response goes on with the text of its prompt, rather than beginning one. */
  readonly continues: boolean;
  readonly request: Settings;
}

/** What web servers log for a client that went away. */
const CLIENT_CLOSED = 499;

/** What the line about a request says beside method and path, known by its end. */
export interface Outcome {
  usage?: Usage;
  /** Set where the status of the response does not tell how it ended. */
  status?: number;
  /** The response is a stream, which logs its own end. */
  streams?: boolean;
}

export interface Env {
  Variables: { outcome: Outcome; end: () => void };
}
export type ServeContext = Context<Env>;

/**
 * Answers with the JSON of a whole reply, or a stream of its chunks.
 * @param release called once, when all is sent or the computing failed
 */
export async function answer(
  c: ServeContext,
  serving: Serving,
  { endpoint, prompts, continues, request }: Question,
  release: () => void,
): Promise<Response> {
  const { signal: stopping } = serving;
  const outcome = c.get('outcome');
  // A signal of its own: that of the request is aborted with a text, which is no Error to whoever catches it.
  const gone = new AbortController();
  const leave = () => {
    outcome.status = CLIENT_CLOSED;
    gone.abort();
  };
  const generation = generate(serving, prompts, request, continues, gone.signal);
  if (c.req.raw.signal.aborted) leave();
  else c.req.raw.signal.addEventListener('abort', leave, { once: true });
  const stop = () => gone.abort();
  if (stopping.aborted) stop();
  else stopping.addEventListener('abort', stop, { once: true });
  const done = () => {
    stopping.removeEventListener('abort', stop);
    release();
  };
  outcome.usage = generation.usage;
  const head = replyHead(endpoint, serving.modelName, serving.fingerprint, Date.now());
  if (!request.stream) {
    const body = await wholeReply(endpoint, head, generation, request.logprobs).finally(done);
    return c.json(body);
  }
  outcome.streams = true;
  return streamSSE(c, async (stream) => {
    stream.onAbort(leave);
    try {
      for await (const chunk of replyChunks(endpoint, head, generation, request)) {
        await stream.writeSSE({ data: JSON.stringify(chunk) });
      }
      await stream.writeSSE({ data: '[DONE]' });
    } catch (error) {
      const shown = failureOf(c, serving, error);
      await stream.writeSSE({ data: JSON.stringify(errorBody(shown)) });
    } finally {
      done();
      c.get('end')();
    }
  });
}

/** What a client reads of anything thrown; what it may not read goes to the log. */
export function failureOf(c: ServeContext, { signal, log }: Serving, error: unknown): ApiError {
  const outcome = c.get('outcome');
  if (signal.aborted) {
    outcome.status = 503;
    return new ApiError(503, 'The server is stopping.');
  }
  const shown = asApiError(error);
  if (outcome.status !== CLIENT_CLOSED) {
    outcome.status = c.req.raw.signal.aborted ? CLIENT_CLOSED : shown.status;
  }
  if (outcome.status === 500) log(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  return shown;
}

async function wholeReply(
  endpoint: Endpoint,
  head: ReplyHead,
  { deltas, usage }: Generation,
  logprobs: boolean,
): Promise<object> {
  const choices: ChoiceDelta[][] = [];
  for await (const delta of deltas) (choices[delta.index] ??= []).push(delta);
  return {
    ...head,
    object: endpoint.object,
    choices: choices.map((parts) => endpoint.whole(joinDeltas(parts), logprobs)),
    usage: usageJson(usage),
  };
}

async function* replyChunks(
  endpoint: Endpoint,
  head: ReplyHead,
  { deltas, usage }: Generation,
  { logprobs, includeUsage }: Settings,
): AsyncGenerator<object> {
  const chunk = (choices: readonly object[], total: object | null) => {
    return { ...head, object: endpoint.chunkObject, choices, ...(includeUsage && { usage: total }) };
  };
  const begun = new Set<number>();
  for await (const delta of deltas) {
    const isFirst = !begun.has(delta.index);
    begun.add(delta.index);
    for (const choice of endpoint.chunks(delta, logprobs, isFirst)) yield chunk([choice], null);
  }
  if (includeUsage) yield chunk([], usageJson(usage));
}
