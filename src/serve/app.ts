// The endpoint as a function from request to response: GET /v1/models, POST /v1/chat/completions and
// /v1/completions. It knows nothing of ports. Its one idea: every request passes the same gates in the same order
// (who asks, how much, how many at once), then is checked whole before anything is computed.
import { Hono } from 'hono';
import { messageOf } from '../errors.ts';
import { answer, failureOf, type Env, type Outcome, type ServeContext, type Serving } from './answer.ts';
import { ApiError, errorBody } from './api-error.ts';
import type { Usage } from './generate.ts';
import { admit, type Guard } from './guard.ts';
import { CHAT, completionEndpoint } from './replies.ts';
import { readChatRequest, readCompletionRequest } from './requests.ts';

export interface ServeSettings extends Serving {
  /** Why there is no chat; undefined where the model has a chat template. */
  readonly chatRefusal?: string | undefined;
  readonly guard: Guard;
  /** 64 by default. */
  readonly maxConcurrent?: number;
  /** 4 MiB by default. */
  readonly maxBodyBytes?: number;
}

const MAX_CONCURRENT = 64;
const MAX_BODY_BYTES = 4 * 2 ** 20;

export function createApp(settings: ServeSettings): Hono<Env> {
  const { guard, log, modelName } = settings;
  const created = Math.floor(Date.now() / 1000);
  const completions = completionEndpoint(settings.tokenizer);
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
      const question = { endpoint: CHAT, prompts, continues: false, request: request.settings };
      return answer(c, settings, question, release);
    }),
  );

  app.post('/v1/completions', (c) =>
    slots.hold(async (release) => {
      const request = readCompletionRequest(await readJson(c, settings));
      requireModel(request.model, modelName);
      const prompts = request.prompts.map((prompt) =>
        typeof prompt === 'string' ? settings.tokenizer.encode(prompt) : Int32Array.from(prompt),
      );
      const question = { endpoint: completions, prompts, continues: true, request: request.settings };
      return answer(c, settings, question, release);
    }),
  );

  app.notFound((c) => {
    const shown = new ApiError(
      404,
      `There is no ${c.req.method} ${c.req.path} here; this server has GET /v1/models, POST /v1/chat/completions and POST /v1/completions.`,
    );
    return c.json(errorBody(shown), 404);
  });
  app.onError((error, c) => {
    const shown = failureOf(c, settings, error);
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
