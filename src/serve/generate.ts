// One request from prompt tokens to the deltas of its choices. It knows nothing of HTTP or of the JSON of replies.
// Its one idea: a reply that is sent whole and one that is streamed are made from the same deltas.
import { randomInt } from 'node:crypto';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import type { SampleRequest, Scorer } from '../engine/engine.ts';
import { seedOf } from '../random.ts';
import { ApiError } from './api-error.ts';
import type { Settings } from './requests.ts';
import { GrowingText, ResponseText } from './response-text.ts';
import type { StopTokens } from './stop-tokens.ts';
import { logprobsOf, sampleTokens, type TokenIncrement } from './token-stream.ts';
import { topTokens, type TopToken } from './top-tokens.ts';

export interface Generator {
  readonly model: Scorer;
  readonly tokenizer: ChatTokenizer;
  readonly stopTokens: StopTokens;
}

/** A token of a reply. Of the first token of an echoed prompt there is no log-prob. */
export interface ReplyToken {
  readonly text: string;
  readonly offset: number;
  readonly token: number;
  readonly logprob: number | null;
  /** Where asked for. */
  readonly top: TopToken | null;
}

export interface ChoiceDelta {
  /** Choices of the first prompt come first. */
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly ReplyToken[];
  /** null: the choice goes on. */
  readonly finish: 'stop' | 'length' | null;
}

/** Grows while the deltas are read. */
export interface Usage {
  readonly promptTokens: number;
  completionTokens: number;
}

export interface Generation {
  readonly usage: Usage;
  readonly deltas: AsyncIterable<ChoiceDelta>;
}

/**
 * Begins to answer; nothing is computed before the deltas are read.
 * @param continues the response goes on with the text of its prompt, rather than beginning one.
 * @throws ApiError where a prompt and its response do not fit into the model's context.
 */
export function generate(
  generator: Generator,
  prompts: readonly Int32Array[],
  settings: Settings,
  continues: boolean,
  signal: AbortSignal,
): Generation {
  const requests = samplingRequests(generator, prompts, settings);
  const usage = { promptTokens: prompts.reduce((sum, { length }) => sum + length, 0), completionTokens: 0 };
  return { usage, deltas: runChoices(generator, prompts, requests, settings, continues, usage, signal) };
}

function samplingRequests(
  { model, stopTokens }: Generator,
  prompts: readonly Int32Array[],
  { maxTokens, temperature, seed = randomInt(2 ** 47), stop, n }: Settings,
): SampleRequest[] {
  const limit = model.info.maxSequenceLength;
  const ends = stopTokens.for(stop);
  return prompts.flatMap((promptTokens, p) => {
    if (promptTokens.length === 0) throw new ApiError(400, 'Expected the prompt to have a token, got none.');
    const room = limit - promptTokens.length;
    const maxNewTokens = maxTokens ?? room;
    if (room < maxNewTokens || (maxTokens === undefined && room < 1)) {
      const asked = maxTokens === undefined ? 'leave no room' : `and ${maxTokens} new ones exceed it`;
      throw new ApiError(
        400,
        `The model's context is ${limit} tokens; the ${promptTokens.length} of the prompt ${asked}. Shorten the prompt or max_tokens.`,
        { code: 'context_length_exceeded', param: 'max_tokens' },
      );
    }
    return Array.from({ length: n }, (_, j): SampleRequest => {
      return { promptTokens, maxNewTokens, temperature, stopTokens: ends, seed: seedOf(seed, 'serve', p, j) };
    });
  });
}

async function* runChoices(
  generator: Generator,
  prompts: readonly Int32Array[],
  requests: readonly SampleRequest[],
  settings: Settings,
  continues: boolean,
  usage: Usage,
  signal: AbortSignal,
): AsyncGenerator<ChoiceDelta> {
  const { model, tokenizer } = generator;
  const { n, stop } = settings;
  if (settings.echo) {
    for (const [p, prompt] of prompts.entries()) {
      const echo = await echoOf(generator, prompt, settings, signal);
      for (let j = 0; j < n; j++) yield { ...echo, index: p * n + j };
    }
  }
  if (settings.maxTokens === 0) return;
  const choices = requests.map(({ promptTokens }, index) => {
    const text = new ResponseText(tokenizer, stop, continues ? promptTokens : new Int32Array(0));
    const offset = settings.echo ? tokenizer.decode(promptTokens).length : 0;
    return new Choice(generator, settings, index, promptTokens, text, offset);
  });
  let open = choices.length;
  for await (const increment of sampleTokens(model, requests, settings.logprobs, signal)) {
    const choice = choices[increment.index]!;
    if (choice.finished) continue;
    yield await choice.push(increment, usage, signal);
    if (choice.finished && --open === 0) return;
  }
}

class Choice {
  readonly #generator: Generator;
  readonly #settings: Settings;
  readonly #index: number;
  readonly #text: ResponseText;
  /** Of the response's text in that of the reply. */
  readonly #offset: number;
  #tokens: Int32Array;

  constructor(
    generator: Generator,
    settings: Settings,
    index: number,
    promptTokens: Int32Array,
    text: ResponseText,
    offset: number,
  ) {
    this.#generator = generator;
    this.#settings = settings;
    this.#index = index;
    this.#tokens = promptTokens;
    this.#text = text;
    this.#offset = offset;
  }

  get finished(): boolean {
    return this.#text.finished;
  }

  async push(
    { tokens, logprobs, finish }: TokenIncrement,
    usage: Usage,
    signal: AbortSignal,
  ): Promise<ChoiceDelta> {
    const before = this.#text.tokenCount;
    const from = this.#tokens.length;
    const delta = this.#text.push(tokens, logprobs, finish);
    usage.completionTokens += this.#text.tokenCount - before;
    this.#tokens = Int32Array.of(...this.#tokens, ...tokens);
    const { length } = delta.pieces;
    const tops = this.#settings.top
      ? await topTokens(this.#generator.model, this.#tokens, from, logprobs.subarray(0, length), signal)
      : [];
    const replyTokens = this.#settings.logprobs
      ? delta.pieces.map(({ offset, ...piece }, t) => {
          return { ...piece, offset: this.#offset + offset, top: tops[t] ?? null };
        })
      : [];
    return { index: this.#index, text: delta.text, tokens: replyTokens, finish: delta.finish };
  }
}

/** The prompt as the beginning of a reply: its text, special tokens included, and what each token adds to it. */
async function echoOf(
  { model, tokenizer }: Generator,
  prompt: Int32Array,
  settings: Settings,
  signal: AbortSignal,
): Promise<Omit<ChoiceDelta, 'index'>> {
  const finish = settings.maxTokens === 0 ? ('length' as const) : null;
  const text = tokenizer.decode(prompt);
  if (!settings.logprobs) return { text, tokens: [], finish };
  const rest = prompt.subarray(1);
  const logprobs =
    rest.length === 0 ? new Float64Array(0) : await logprobsOf(model, prompt.subarray(0, 1), rest, signal);
  const tops = settings.top ? await topTokens(model, prompt, 1, logprobs, signal) : [];
  const growing = new GrowingText((tokens) => tokenizer.decode(tokens), new Int32Array(0));
  let offset = 0;
  const tokens = Array.from(prompt, (token, t): ReplyToken => {
    const added = growing.push(token) + (t === prompt.length - 1 ? growing.end() : '');
    offset += added.length;
    const logprob = t === 0 ? null : logprobs[t - 1]!;
    return { text: added, offset: offset - added.length, token, logprob, top: tops[t - 1] ?? null };
  });
  return { text, tokens, finish };
}
