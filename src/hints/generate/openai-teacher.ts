// A teacher behind any server that speaks OpenAI's chat completions. It knows nothing of hints beyond their number. Its
// one idea: servers differ in what they accept, so the first request finds out (structured output or none, and the name of
// the token limit), the others wait for it, and what it found holds for the run.
//
// The client's own retries and logging are off: Patience retries with a clock of its own, and nothing that carries the
// key may be written anywhere.
import OpenAI, { APIError } from 'openai';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../errors.ts';
import type { Clock } from './clock.ts';
import { Patience, type PatienceSettings, type TryOutcome } from './patience.ts';
import { hintsJsonSchema } from './reply.ts';
import { TeacherError, type Teacher, type TeacherReply, type TeacherRequest } from './teacher.ts';

export interface OpenAITeacherSettings extends PatienceSettings {
  /** With or without /v1. */
  readonly url: string;
  /** null: none is sent. */
  readonly key: string | null;
  readonly model: string;
  readonly temperature: number;
  readonly maxNewTokens: number;
  /** For one request. */
  readonly timeoutMs: number;
  /** Told in a sentence what the server does not take. */
  readonly onFallback?: (sentence: string) => void;
}

/** What a server accepts. */
interface Dialect {
  readonly jsonSchema: boolean;
  readonly limit: 'max_tokens' | 'max_completion_tokens';
}

const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .object({ prompt_tokens: z.number().nonnegative(), completion_tokens: z.number().nonnegative() })
    .nullish(),
});

/** Statuses that say: not now. */
const BUSY = new Set([408, 409, 425, 429]);
/** Statuses that say: nothing you send. */
const UNUSABLE = new Set([401, 402, 403, 404, 405]);

export class OpenAITeacher implements Teacher {
  readonly model: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly #settings: OpenAITeacherSettings;
  readonly #client: OpenAI;
  readonly #patience: Patience;
  #dialect: Dialect = { jsonSchema: true, limit: 'max_tokens' };
  /** The dialect has had a reply. */
  #settled = false;
  #first: Promise<unknown> | null = null;

  /** @throws ConfigError for a URL that is none. */
  constructor(settings: OpenAITeacherSettings) {
    const { model, temperature, maxNewTokens, url, key } = settings;
    this.model = model;
    this.parameters = { temperature, maxNewTokens };
    this.#settings = settings;
    this.#patience = new Patience(settings);
    this.#client = clientFor(url, key);
  }

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    while (!this.#settled && this.#first !== null) await this.#first;
    if (this.#settled) return this.#ask(request, signal);
    const asked = this.#ask(request, signal);
    this.#first = asked.then(
      () => (this.#settled = true),
      () => (this.#first = null),
    );
    return asked;
  }

  async #ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    return this.#patience.ask(request.key, () => this.#inSomeDialect(request), signal);
  }

  async #inSomeDialect(request: TeacherRequest): Promise<TryOutcome> {
    const first = await this.#try(request, this.#dialect);
    if (this.#settled || !('status' in first)) return first;
    // Refused: the fault may be in the dialect. One that is accepted is kept.
    let dialect = this.#dialect;
    let outcome: TryOutcome & { status?: number } = first;
    if (outcome.kind === 'refused' && outcome.reason.includes('max_completion_tokens')) {
      dialect = { ...dialect, limit: 'max_completion_tokens' };
      outcome = await this.#try(request, dialect);
    }
    if (outcome.kind === 'refused') {
      dialect = { ...dialect, jsonSchema: false };
      outcome = await this.#try(request, dialect);
    }
    if (outcome.kind !== 'reply') return outcome;
    if (!dialect.jsonSchema) {
      const { onFallback } = this.#settings;
      onFallback?.('The server takes no JSON schema (response_format); it is asked for JSON in words alone.');
    }
    this.#dialect = dialect;
    return outcome;
  }

  /** A refusal comes with its status. */
  async #try(request: TeacherRequest, dialect: Dialect): Promise<TryOutcome & { status?: number }> {
    const { clock, timeoutMs, key } = this.#settings;
    const deadline = clock.deadline(timeoutMs);
    try {
      const body = this.#body(request, dialect);
      return outcomeOf(await this.#client.chat.completions.create(body, { signal: deadline.signal }));
    } catch (error) {
      if (deadline.signal.aborted) {
        const reason = `The teacher did not answer within ${timeoutMs / 1000} s`;
        return { kind: 'busy', reason, retryAfterMs: null };
      }
      return failureOf(error, clock, key);
    } finally {
      deadline.clear();
    }
  }

  #body({ messages, levels }: TeacherRequest, { jsonSchema, limit }: Dialect) {
    const { model, temperature, maxNewTokens } = this.#settings;
    const schema = { name: 'hints', strict: true, schema: hintsJsonSchema(levels) };
    return {
      model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      temperature,
      [limit]: maxNewTokens,
      ...(jsonSchema && { response_format: { type: 'json_schema' as const, json_schema: schema } }),
    };
  }
}

function clientFor(url: string, key: string | null): OpenAI {
  return new OpenAI({
    baseURL: baseUrl(url),
    // The client insists on one; what it would send is taken out again below.
    apiKey: key ?? 'none',
    ...(key === null && { defaultHeaders: { authorization: null } }),
    // Not from the environment.
    organization: null,
    project: null,
    maxRetries: 0,
    // Deadlines are the clock's.
    timeout: 2 ** 31 - 1,
    logLevel: 'off',
  });
}

/** A URL without a path is that of a server whose interface is under /v1. */
function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(
      `Expected --teacher to be self, or the URL of an OpenAI-compatible server such as http://127.0.0.1:8000/v1, got ${JSON.stringify(text)}.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      'Expected the URL of the teacher without a name or a password; a key belongs into the environment variable GUIDERAIL_TEACHER_KEY.',
    );
  }
  if (url.pathname === '/') url.pathname = '/v1';
  return url.href.replace(/\/$/, '');
}

function outcomeOf(value: unknown): TryOutcome {
  const parsed = completionSchema.safeParse(value);
  if (!parsed.success) {
    const came = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
    const reason = `The teacher answered with no chat completion: ${oneLine(came)}`;
    return { kind: 'busy', reason, retryAfterMs: null };
  }
  const { choices, usage } = parsed.data;
  const { message, finish_reason: finish } = choices[0]!;
  const refused = (message.refusal ?? '') !== '' || finish === 'content_filter';
  return {
    kind: 'reply',
    reply: {
      text: (refused && message.refusal) || (message.content ?? ''),
      finish: refused ? 'refused' : finish === 'length' ? 'length' : 'stop',
      usage: usage ? { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens } : null,
    },
  };
}

function failureOf(error: unknown, clock: Clock, key: string | null): TryOutcome & { status?: number } {
  const status = error instanceof APIError ? (error.status as number | undefined) : undefined;
  const said = oneLine(withoutKey(describe(error), key));
  if (status === undefined) {
    const reason = `The teacher cannot be reached, or broke off: ${said}`;
    return { kind: 'busy', reason, retryAfterMs: null };
  }
  if (status === 429 && (error as APIError).code === 'insufficient_quota')
    return { kind: 'unusable', reason: `The teacher's account has no quota left: ${said}.` };
  if (BUSY.has(status) || status >= 500) {
    const headers = (error as APIError).headers;
    const retryAfterMs = retryAfter(headers, clock.now());
    return { kind: 'busy', reason: `The teacher answered with ${status}: ${said}`, retryAfterMs };
  }
  if (UNUSABLE.has(status)) return { kind: 'unusable', reason: `${whyUnusable(status)}: ${said}.` };
  return { kind: 'refused', reason: `The teacher refused the request with ${status}: ${said}`, status };
}

function whyUnusable(status: number): string {
  if (status === 401 || status === 403)
    return `The teacher does not accept the key (${status}); set GUIDERAIL_TEACHER_KEY to one of that server`;
  if (status === 404)
    return 'The teacher has no such model, or no chat completions at that URL (404); check --model and --teacher';
  return `The teacher cannot be used (${status})`;
}

function describe(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const own = messageOf(error).replace(/^\d{3} /, '');
  const deepest = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return deepest instanceof Error ? `${own} (${deepest.message})` : own;
}

/** Servers quote what they refuse. */
function withoutKey(text: string, key: string | null): string {
  return key === null ? text : text.replaceAll(key, '[key]');
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Milliseconds; null where there is none that can be read. RFC 9110, 10.2.3: seconds or a date. */
function retryAfter(headers: Headers | undefined, now: number): number | null {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const text = headers?.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The one model that a server has. @throws TeacherError where it has none or several, or does not say. */
export async function onlyModelOf(url: string, key: string | null): Promise<string> {
  const models: string[] = [];
  try {
    const { data } = await clientFor(url, key).models.list({ timeout: 30_000 });
    for (const model of z.array(z.object({ id: z.string() })).parse(data)) models.push(model.id);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new TeacherError(
      `The teacher does not say which models it has (${oneLine(withoutKey(describe(error), key))}); name one with --model.`,
    );
  }
  if (models.length === 1) return models[0]!;
  throw new TeacherError(
    models.length === 0
      ? 'The teacher has no model; name one with --model.'
      : `The teacher has ${models.length} models; name one with --model: ${models.slice(0, 10).join(', ')}${models.length > 10 ? ', …' : ''}.`,
  );
}
