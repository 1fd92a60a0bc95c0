// The endpoint as a function from request to response: GET /v1/models, POST /v1/chat/completions and
// /v1/completions. It knows nothing of ports. Its one idea: every request passes the same gates in the same order
// (who asks, how much, how many at once), then is checked whole before anything is computed.
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { messageOf } from '../errors.ts';
import { ApiError, asApiError, errorBody } from './api-error.ts';
import { generate, type ChoiceDelta, type Generation, type Generator, type Usage } from './generate.ts';
import { admit, type Guard } from './guard.ts';
import {
  CHAT,
  completionEndpoint,
  joinDeltas,
  replyHead,
  usageJson,
  type Endpoint,
  type ReplyHead,
} from './replies.ts';
import { StopTokens } from './stop-tokens.ts';
import { readChatRequest, readCompletionRequest, type Settings } from './requests.ts';

export interface ServeSettings extends Omit<Generator, 'stopTokens'> {
  /** By which clients name the model. */
  readonly modelName: string;
  /** Engine and instruction set: numbers are comparable within one. */
  readonly fingerprint: string;
  /** Why there is no chat; undefined where the model has a chat template. */
  readonly chatRefusal?: string | undefined;
  readonly guard: Guard;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
  /** One line a request, and what went wrong inside. */
  readonly log: (line: string) => void;
  /** 64 by default. */
  readonly maxConcurrent?: number;
  /** 4 MiB by default. */
  readonly maxBodyBytes?: number;
}

const MAX_CONCURRENT = 64;
const MAX_BODY_BYTES = 4 * 2 ** 20;
/** What web servers log for a client that went away. */
const CLIENT_CLOSED = 499;

/** What the line about a request says beside method and path, known by its end. */
interface Outcome {
  usage?: Usage;
  /** Set where the status of the response does not tell how it ended. */
  status?: number;
  /** The response is a stream, which logs its own end. */
  streams?: boolean;
}

interface Env {
  Variables: { outcome: Outcome; end: () => void };
}
type ServeContext = Context<Env>;

export function createApp(settings: ServeSettings): Hono<Env> {
  const { guard, log, modelName } = settings;
  const created = Math.floor(Date.now() / 1000);
  const completions = completionEndpoint(settings.tokenizer);
  const generator = {
    ...settings,
    stopTokens: new StopTokens(settings.tokenizer, settings.model.info.vocabularySize),
  };
  const slots = new Slots(settings.maxConcurrent ?? MAX_CONCURRENT);
  const app = new Hono<Env>();

  // An error of what comes later is a response by the time `next` resolves, so every request has its line.
  app.use(async (c, next) => {
    const started = performance.now();
    const outcome: Outcome = {};
    const end = () => {
      const status = outcome.status ?? c.res.status;
      log(requestLine(c.req.method, c.req.path, status, outcome.usage, performance.now() - started));
    };
    c.set('outcome', outcome);
    c.set('end', end);
    await next();
    if (outcome.streams !== true) end();
  });
  app.use(async (c, next) => {
    admit(guard, {
      host: c.req.header('host'),
      origin: c.req.header('origin'),
      authorization: c.req.header('authorization'),
    });
    await next();
  });

  const model = { id: modelName, object: 'model', created, owned_by: 'guiderail' };
  app.get('/v1/models', (c) => c.json({ object: 'list', data: [model] }));
  app.get('/v1/models/:name{.+}', (c) => {
    requireModel(c.req.param('name'), modelName);
    return c.json(model);
  });

  app.post('/v1/chat/completions', (c) =>
    slots.hold(async (release) => {
      const request = readChatRequest(await readJson(c, settings));
      requireModel(request.model, modelName);
      if (settings.chatRefusal !== undefined) throw new ApiError(400, settings.chatRefusal);
      const prompts = [settings.tokenizer.renderChat(request.messages)];
      return answer(c, CHAT, prompts, request.settings, false, release);
    }),
  );

  app.post('/v1/completions', (c) =>
    slots.hold(async (release) => {
      const request = readCompletionRequest(await readJson(c, settings));
      requireModel(request.model, modelName);
      const prompts = request.prompts.map((prompt) =>
        typeof prompt === 'string' ? settings.tokenizer.encode(prompt) : Int32Array.from(prompt),
      );
      return answer(c, completions, prompts, request.settings, true, release);
    }),
  );

  async function answer(
    c: ServeContext,
    endpoint: Endpoint,
    prompts: readonly Int32Array[],
    request: Settings,
    continues: boolean,
    release: () => void,
  ): Promise<Response> {
    const outcome = c.get('outcome');
    // A signal of its own: that of the request is aborted with a text, which is no Error to whoever catches it.
    const gone = new AbortController();
    const leave = () => {
      outcome.status = CLIENT_CLOSED;
      gone.abort();
    };
    const generation = generate(generator, prompts, request, continues, gone.signal);
    if (c.req.raw.signal.aborted) leave();
    else c.req.raw.signal.addEventListener('abort', leave, { once: true });
    const stop = () => gone.abort();
    if (settings.signal.aborted) stop();
    else settings.signal.addEventListener('abort', stop, { once: true });
    const done = () => {
      settings.signal.removeEventListener('abort', stop);
      release();
    };
    outcome.usage = generation.usage;
    const head = replyHead(endpoint, modelName, settings.fingerprint, Date.now());
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
        const shown = failure(c, error);
        await stream.writeSSE({ data: JSON.stringify(errorBody(shown)) });
      } finally {
        done();
        c.get('end')();
      }
    });
  }

  /** What a client reads of anything thrown; what it may not read goes to the log. */
  function failure(c: ServeContext, error: unknown): ApiError {
    const outcome = c.get('outcome');
    if (settings.signal.aborted) {
      outcome.status = 503;
      return new ApiError(503, 'The server is stopping.');
    }
    const shown = asApiError(error);
    if (outcome.status !== CLIENT_CLOSED) {
      outcome.status = c.req.raw.signal.aborted ? CLIENT_CLOSED : shown.status;
    }
    if (outcome.status === 500)
      log(error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
    return shown;
  }

  app.notFound((c) => {
    const shown = new ApiError(
      404,
      `There is no ${c.req.method} ${c.req.path} here; this server has GET /v1/models, POST /v1/chat/completions and POST /v1/completions.`,
    );
    return c.json(errorBody(shown), 404);
  });
  app.onError((error, c) => {
    const shown = failure(c, error);
    if (shown.status === 429) c.header('Retry-After', '1');
    return c.json(errorBody(shown), shown.status);
  });

  return app;
}

/** Requests that compute at once; the engine makes them take turns, so more would only wait longer. */
class Slots {
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** `work` gets what frees its slot, for work that goes on after it returned; it is freed where `work` throws. */
  async hold(work: (release: () => void) => Promise<Response>): Promise<Response> {
    if (this.#free === 0) {
      throw new ApiError(429, 'The server is busy with as many requests as it takes; ask again later.');
    }
    this.#free--;
    let held = true;
    const release = () => {
      if (held) this.#free++;
      held = false;
    };
    try {
      return await work(release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** JSON alone: a page of another site can send text without asking, but not JSON. */
async function readJson(c: ServeContext, { maxBodyBytes = MAX_BODY_BYTES }: ServeSettings): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw new ApiError(415, 'Expected a body with Content-Type: application/json.');
  }
  const tooLarge = () => new ApiError(413, `Expected a body of at most ${maxBodyBytes} bytes, got more.`);
  if (Number(c.req.header('content-length') ?? 0) > maxBodyBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > maxBodyBytes) throw tooLarge();
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch (error) {
    throw new ApiError(400, `Expected JSON in the body: ${messageOf(error)}.`);
  }
}

function requireModel(name: string | undefined, served: string): void {
  if (name === undefined || name === served) return;
  throw new ApiError(404, `This server has the model "${served}", not "${name}".`, {
    code: 'model_not_found',
    param: 'model',
  });
}

async function wholeReply(
  endpoint: Endpoint,
  head: ReplyHead,
  { deltas, usage }: Generation,
  logprobs: boolean,
): Promise<object> {
  const choices: ChoiceDelta[] = [];
  for await (const delta of deltas) choices[delta.index] = joinDeltas(choices[delta.index], delta);
  return {
    ...head,
    object: endpoint.object,
    choices: choices.map((choice) => endpoint.whole(choice, logprobs)),
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

/** `POST /v1/completions 200 · 12 + 34 tokens · 56.7 tokens/s` */
function requestLine(
  method: string,
  path: string,
  status: number,
  usage: Usage | undefined,
  elapsedMs: number,
): string {
  const parts = [`${method} ${path} ${status}`];
  if (usage !== undefined) {
    const total = usage.promptTokens + usage.completionTokens;
    parts.push(`${usage.promptTokens} + ${usage.completionTokens} tokens`);
    parts.push(`${((total * 1000) / elapsedMs).toFixed(1)} tokens/s`);
  }
  return parts.join(' · ');
}
