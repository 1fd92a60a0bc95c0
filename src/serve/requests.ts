// From the JSON of a request to what is to be sampled. Its one idea: a field that changes what a client gets is
// obeyed or refused in a sentence, never passed over; only fields that change nothing are ignored.
import { z } from 'zod';
import { explainZodError } from '../config-errors.ts';
import type { Truncation } from '../engine/engine.ts';
import type { ChatMessage } from '../types.ts';
import { ApiError } from './api-error.ts';

export interface Settings {
  /** Undefined: as many as fit into the model's context. 0 only where the prompt is echoed. */
  readonly maxTokens: number | undefined;
  readonly temperature: number;
  readonly truncation: Truncation;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  /** Responses to each prompt. */
  readonly n: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly logprobs: boolean;
  /** Beside each token, the likeliest one. */
  readonly top: boolean;
  /** The reply begins with the prompt. */
  readonly echo: boolean;
}

export interface ChatRequest {
  readonly model: string | undefined;
  readonly messages: readonly ChatMessage[];
  readonly settings: Settings;
}

export interface CompletionRequest {
  readonly model: string | undefined;
  /** Each as text or as token ids. */
  readonly prompts: readonly (string | readonly number[])[];
  readonly settings: Settings;
}

/** Responses of one request, all prompts together. */
const MOST_RESPONSES = 128;
const MOST_STOPS = 16;

const ignored = z.unknown().optional();
const only = (isNeutral: (value: unknown) => boolean, sentence: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || isNeutral(value), { error: sentence })
    .optional();
const among =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);
const isEmpty = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Changes of the distribution. Those that the engine does not make are accepted where they change nothing. */
const DISTRIBUTION = {
  top_p: z.number().gt(0).max(1).optional(),
  // -1 is 0 as in vLLM: all tokens.
  top_k: z
    .int()
    .min(-1)
    .transform((k) => Math.max(k, 0))
    .optional(),
  min_p: z.number().min(0).max(1).optional(),
  presence_penalty: only(among(0), 'must be 0: this server has no penalties'),
  frequency_penalty: only(among(0), 'must be 0: this server has no penalties'),
  repetition_penalty: only(among(1), 'must be 1: this server has no penalties'),
  logit_bias: only(isEmpty, 'must be empty: this server does not change logits'),
};

const COMMON = {
  ...DISTRIBUTION,
  model: z.string().optional(),
  max_tokens: z.int().min(0).optional(),
  temperature: z.number().min(0).default(1),
  seed: z.int().optional(),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(MOST_STOPS)])
    .default([])
    .transform((stop) => [stop].flat()),
  n: z.int().min(1).max(MOST_RESPONSES).default(1),
  stream: z.boolean().default(false),
  stream_options: z.looseObject({ include_usage: z.boolean().default(false) }).optional(),
  user: ignored,
  metadata: ignored,
  store: ignored,
  service_tier: ignored,
  safety_identifier: ignored,
  prompt_cache_key: ignored,
};

const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const message = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content: z.union([z.string(), z.array(textPart).min(1)]),
    name: ignored,
    refusal: ignored,
  })
  .transform(({ role, content }): ChatMessage => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
  }));

const NO_TOOLS = 'must be left out: this server calls no tools';
const chatSchema = z.strictObject({
  ...COMMON,
  messages: z.array(message).min(1),
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().default(false),
  top_logprobs: only(
    among(0),
    'must be 0: the engine gives log-probs of chosen tokens, not of their alternatives',
  ),
  tools: only(isEmpty, NO_TOOLS),
  functions: only(isEmpty, NO_TOOLS),
  tool_choice: only(among('none', 'auto'), NO_TOOLS),
  function_call: only(among('none', 'auto'), NO_TOOLS),
  parallel_tool_calls: ignored,
  response_format: only(
    (value) => z.strictObject({ type: z.literal('text') }).safeParse(value).success,
    'must be {"type": "text"}: this server constrains no output',
  ),
  modalities: only(
    (value) => JSON.stringify(value) === '["text"]',
    'must be ["text"]: this server answers in text',
  ),
});

const tokenIds = z.array(z.int().min(0)).min(1);
const completionSchema = z.strictObject({
  ...COMMON,
  prompt: z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)]),
  echo: z.boolean().default(false),
  logprobs: z.int().min(0).max(1).optional(),
  best_of: z.int().optional(),
  suffix: only(among(''), 'must be left out: this server does not fill in the middle'),
});

/** What OpenAI's completions give without max_tokens. */
const DEFAULT_COMPLETION_TOKENS = 16;

/** @throws ApiError */
export function readChatRequest(body: unknown): ChatRequest {
  const parsed = parse(chatSchema, body);
  if (parsed.max_tokens === 0) throw new ApiError(400, 'max_tokens: expected at least 1, got 0.');
  const maxTokens = parsed.max_completion_tokens ?? parsed.max_tokens;
  const settings = { ...settingsOf(parsed), maxTokens, logprobs: parsed.logprobs, top: false, echo: false };
  return { model: parsed.model, messages: parsed.messages, settings };
}

/** @throws ApiError */
export function readCompletionRequest(body: unknown): CompletionRequest {
  const parsed = parse(completionSchema, body);
  const { prompt, echo, logprobs, n, best_of: bestOf = n } = parsed;
  if (bestOf !== n) {
    throw new ApiError(
      400,
      `best_of: expected ${n} as n, got ${bestOf}: this server returns all it samples.`,
      {
        param: 'best_of',
      },
    );
  }
  const prompts: (string | number[])[] =
    typeof prompt === 'string' ? [prompt] : isTokens(prompt) ? [prompt] : prompt;
  if (prompts.length * n > MOST_RESPONSES) {
    throw new ApiError(
      400,
      `Expected at most ${MOST_RESPONSES} responses, got ${prompts.length} prompts with n = ${n}; split the request.`,
      { param: 'prompt' },
    );
  }
  const settings = {
    ...settingsOf(parsed),
    maxTokens: parsed.max_tokens ?? DEFAULT_COMPLETION_TOKENS,
    logprobs: logprobs !== undefined,
    top: logprobs === 1,
    echo,
  };
  return { model: parsed.model, prompts, settings };
}

function isTokens(prompt: string[] | number[] | number[][]): prompt is number[] {
  return typeof prompt[0] === 'number';
}

function settingsOf(parsed: z.output<z.ZodObject<typeof COMMON>>) {
  const { temperature, seed, stop, n, stream, stream_options: options } = parsed;
  const { top_k: topK = 0, top_p: topP = 1, min_p: minP = 0 } = parsed;
  const truncation = { topK, topP, minP };
  return { temperature, truncation, seed, stop, n, stream, includeUsage: options?.include_usage ?? false };
}

/** A field that is null counts as left out, as clients send it. */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const value =
    typeof body === 'object' && body !== null && !Array.isArray(body)
      ? Object.fromEntries(Object.entries(body).filter(([, field]) => field !== null))
      : body;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const param = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
  throw new ApiError(
    400,
    explainZodError(result.error, { file: 'request', schema, value }),
    param === undefined ? {} : { param: String(param) },
  );
}
