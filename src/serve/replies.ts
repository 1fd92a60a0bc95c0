// The JSON of replies, whole and in chunks, as OpenAI's API documents it for chat completions and completions. Its
// one idea: each endpoint is a value that says how a delta is written; what happens around it is the same.
import { randomUUID } from 'node:crypto';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import type { ChoiceDelta, ReplyToken, Usage } from './generate.ts';

/** What all parts of one reply say. */
export interface ReplyHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  /** What computed: numbers are comparable within one. */
  readonly system_fingerprint: string;
}

export interface Endpoint {
  readonly idPrefix: string;
  readonly object: string;
  readonly chunkObject: string;
  /** The choice of a whole reply. */
  whole(delta: ChoiceDelta, logprobs: boolean): object;
  /** The choices of the chunks that one delta becomes. `isFirst`: of its choice. */
  chunks(delta: ChoiceDelta, logprobs: boolean, isFirst: boolean): object[];
}

export function replyHead(endpoint: Endpoint, model: string, fingerprint: string, now: number): ReplyHead {
  const id = `${endpoint.idPrefix}-${randomUUID()}`;
  return { id, created: Math.floor(now / 1000), model, system_fingerprint: fingerprint };
}

export function usageJson({ promptTokens, completionTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** All deltas of a choice, one at least, as one. */
export function joinDeltas(deltas: readonly ChoiceDelta[]): ChoiceDelta {
  const text = deltas.map((delta) => delta.text).join('');
  return { ...deltas.at(-1)!, text, tokens: deltas.flatMap(({ tokens }) => tokens) };
}

export const CHAT: Endpoint = {
  idPrefix: 'chatcmpl',
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  whole: ({ index, text, tokens, finish }, logprobs) => ({
    index,
    message: { role: 'assistant', content: text, refusal: null },
    logprobs: logprobs ? chatLogprobs(tokens) : null,
    finish_reason: finish,
  }),
  chunks: ({ index, text, tokens, finish }, logprobs, isFirst) => {
    const chunk = (delta: object, more: object = {}) => {
      return { index, delta, logprobs: null, finish_reason: null, ...more };
    };
    const spoken = logprobs && tokens.length > 0 ? { logprobs: chatLogprobs(tokens) } : {};
    return [
      ...(isFirst ? [chunk({ role: 'assistant', content: '' })] : []),
      ...(text !== '' || tokens.length > 0 ? [chunk({ content: text }, spoken)] : []),
      ...(finish === null ? [] : [chunk({}, { finish_reason: finish })]),
    ];
  },
};

function chatLogprobs(tokens: readonly ReplyToken[]): object {
  const content = tokens.map(({ text, logprob }) => {
    return { token: text, logprob, bytes: [...Buffer.from(text)], top_logprobs: [] };
  });
  return { content, refusal: null };
}

export function completionEndpoint(tokenizer: ChatTokenizer): Endpoint {
  const choice = ({ index, text, tokens, finish }: ChoiceDelta, logprobs: boolean) => {
    return {
      index,
      text,
      logprobs: logprobs ? completionLogprobs(tokens, tokenizer) : null,
      finish_reason: finish,
    };
  };
  return {
    idPrefix: 'cmpl',
    object: 'text_completion',
    chunkObject: 'text_completion',
    whole: choice,
    chunks: (delta, logprobs) =>
      delta.text === '' && delta.tokens.length === 0 && delta.finish === null
        ? []
        : [choice(delta, logprobs)],
  };
}

function completionLogprobs(tokens: readonly ReplyToken[], tokenizer: ChatTokenizer): object {
  const tops = tokens.map((token) => topOf(token, tokenizer));
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tops.some((top) => top !== null) ? tops : null,
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** The chosen token and the likeliest, by their text; the latter by its id where the text does not tell them apart. */
function topOf({ token, text, logprob, top }: ReplyToken, tokenizer: ChatTokenizer): object | null {
  if (top === null || logprob === null) return null;
  if (top.token === token) return { [text]: logprob };
  const name = tokenizer.decode([top.token]);
  return { [text]: logprob, [name === text ? `token_id:${top.token}` : name]: top.logprob };
}
