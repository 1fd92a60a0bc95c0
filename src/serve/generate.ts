// One request from prompt tokens to the deltas of its choices. It knows nothing of HTTP or of the JSON of replies.
// Its one idea: a reply that is sent whole and one that is streamed are made from the same deltas.
import { randomInt } from 'node:crypto';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import type { SampleRequest, Scorer } from '../engine/engine.ts';
import { seedOf } from '../random.ts';
import { ApiError } from './api-error.ts';
import type { Settings } from './requests.ts';
import { GrowingText, ResponseText, type Piece, type TextDelta } from './response-text.ts';
import { scoreTokens, type TokenScore, type TopToken } from './token-scores.ts';
import { sampleTokens, type TokenIncrement } from './token-stream.ts';

export interface Generator {
  readonly model: Scorer;
  readonly tokenizer: ChatTokenizer;
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
  { model, tokenizer: { stopTokens } }: Generator,
  prompts: readonly Int32Array[],
  { maxTokens, temperature, truncation, seed = randomInt(2 ** 47), n }: Settings,
): SampleRequest[] {
  const limit = model.info.maxSequenceLength;
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
      const drawn = seedOf(seed, 'serve', p, j);
      return { promptTokens, maxNewTokens, temperature, ...truncation, stopTokens, seed: drawn };
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
  const { n, stop, stream } = settings;
  if (settings.echo) {
    for (const [p, prompt] of prompts.entries()) {
      const echo = await echoOf(generator, prompt, settings, signal);
      for (let j = 0; j < n; j++) yield { ...echo, index: p * n + j };
    }
  }
  if (settings.maxTokens === 0) return;
  const choices = requests.map(({ promptTokens }) => {
    const text = new ResponseText(tokenizer, stop, continues ? promptTokens : new Int32Array(0));
    const offset = settings.echo ? tokenizer.decode(promptTokens).length : 0;
    return new Choice(model, settings, promptTokens, text, offset);
  });
  const read = (increment: TokenIncrement) => {
    const { index } = increment;
    return { index, ...choices[index]!.read(increment, usage) };
  };
  const byToken = stream || stop.length > 0;
  for await (const { index, ...delta } of sampleTokens(model, requests, byToken, read, signal)) {
    yield { index, ...(await choices[index]!.tell(delta, signal)) };
  }
}

class Choice {
  readonly #model: Scorer;
  readonly #settings: Settings;
  readonly #promptTokens: Int32Array;
  readonly #text: ResponseText;
  /** Of the response's text in that of the reply. */
  readonly #offset: number;
  /** Whether sampling does not report what is to be told of its tokens: the response is scored when it has ended. */
  readonly #scoredLater: boolean;
  /** Of the tokens that wait for that. */
  readonly #waiting: Piece[] = [];

  constructor(
    model: Scorer,
    settings: Settings,
    promptTokens: Int32Array,
    text: ResponseText,
    offset: number,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#promptTokens = promptTokens;
    this.#text = text;
    this.#offset = offset;
    const { logprobs, top, temperature } = settings;
    // At temperature 0 the engine reports log-probs at temperature 1, as they are told.
    this.#scoredLater = logprobs && (top || (temperature !== 0 && temperature !== 1));
  }

  read({ tokens, logprobs, finish }: TokenIncrement, usage: Usage): TextDelta {
    const before = this.#text.tokenCount;
    const delta = this.#text.push(tokens, logprobs, finish);
    usage.completionTokens += this.#text.tokenCount - before;
    return delta;
  }

  /** Text goes out at once; tokens that are scored later come together, with the end. */
  async tell({ text, pieces, finish }: TextDelta, signal: AbortSignal): Promise<Omit<ChoiceDelta, 'index'>> {
    if (!this.#settings.logprobs) return { text, tokens: [], finish };
    if (!this.#scoredLater) return { text, tokens: this.#replyTokens(pieces), finish };
    for (const piece of pieces) this.#waiting.push(piece);
    if (finish === null) return { text, tokens: [], finish };
    const response = Int32Array.from(this.#waiting, ({ token }) => token);
    const { top } = this.#settings;
    const scores = await scoreTokens(this.#model, this.#promptTokens, response, top, signal);
    return { text, tokens: this.#replyTokens(this.#waiting, scores), finish };
  }

  #replyTokens(pieces: readonly Piece[], scores: readonly TokenScore[] = []): ReplyToken[] {
    return pieces.map((piece, t) => {
      return { ...piece, offset: this.#offset + piece.offset, top: null, ...scores[t] };
    });
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
  const scores = await scoreTokens(model, prompt.subarray(0, 1), prompt.subarray(1), settings.top, signal);
  const growing = new GrowingText((tokens) => tokenizer.decode(tokens), new Int32Array(0));
  let offset = 0;
  const tokens = Array.from(prompt, (token, t): ReplyToken => {
    const added = growing.push(token) + (t === prompt.length - 1 ? growing.end() : '');
    offset += added.length;
    const score = scores[t - 1] ?? { logprob: null, top: null };
    return { text: added, offset: offset - added.length, token, ...score };
  });
  return { text, tokens, finish };
}
