// Replies token by token through the official client: with a model that says a given text, for what arrives and when
// the engine ends; and with the native engine, for how much it samples.
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type ChatTokenizer } from '../data/tokenizer.ts';
import type { SampledSequence, SampleRequest, Scorer, Trainable } from '../engine/engine.ts';
import { createNativeEngine } from '../engine/native/native.ts';
import { startServer, type RunningServer } from './server.ts';

const TINY = join(import.meta.dirname, '../../test/fixtures/models/tiny-llama.gguf');
const engine = createNativeEngine();
const ending = new AbortController();
const running: RunningServer[] = [];
let tiny: Trainable;
let tokenizer: ChatTokenizer;

async function clientOf(model: Scorer, log: (line: string) => void = () => {}): Promise<OpenAI> {
  const settings = { model, tokenizer, modelName: 'tiny', fingerprint: 'test', guard: { loopback: true } };
  const server = await startServer({ ...settings, signal: ending.signal, log }, '127.0.0.1', 0);
  running.push(server);
  return new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
}

beforeAll(async () => {
  tokenizer = await loadTokenizer(TINY);
  tiny = await engine.open({ folder: TINY, head: 'lm', adapter: { kind: 'none' }, trainable: false });
});
afterAll(async () => {
  ending.abort();
  await Promise.all(running.map((one) => one.close()));
  await engine.close();
});

const CHAT = { model: 'tiny', messages: [{ role: 'user' as const, content: 'hello 12' }], seed: 5 };

/** Says its tokens over and over, for as long as it may, a token each turn of the event loop. */
class SpeakingModel implements Scorer {
  readonly info = { vocabularySize: 265, maxSequenceLength: 1e9, parameterCount: 0 };
  readonly #tokens: Int32Array;
  /** How often its signal was aborted. */
  aborted = 0;
  watched: boolean[] = [];

  constructor(tokens: Int32Array) {
    this.#tokens = tokens;
  }

  async *sample(requests: readonly SampleRequest[], signal?: AbortSignal): AsyncGenerator<SampledSequence> {
    this.watched = requests.map(({ onToken }) => onToken !== undefined);
    for (const [index, { maxNewTokens, onToken }] of requests.entries()) {
      const said: number[] = [];
      let finish: 'stop' | 'length' = 'length';
      while (said.length < maxNewTokens && finish === 'length') {
        await turnOfEventLoop();
        if (signal!.aborted) this.aborted++;
        signal!.throwIfAborted();
        said.push(this.#tokens[said.length % this.#tokens.length]);
        if (onToken?.(said.at(-1)!, -1) === 'stop') finish = 'stop';
      }
      yield { index, tokens: Int32Array.from(said), logprobs: new Float64Array(said.length), finish };
    }
  }
  forward(): never {
    throw new Error('not scored');
  }
  async close(): Promise<void> {}
}

/** The engine, and the tokens of each sequence that it sampled. */
class CountingModel implements Scorer {
  readonly info = tiny.info;
  readonly sampled: number[] = [];

  async *sample(requests: readonly SampleRequest[], signal?: AbortSignal) {
    for await (const sequence of tiny.sample(requests, signal)) {
      this.sampled.push(sequence.tokens.length);
      yield sequence;
    }
  }
  forward: Scorer['forward'] = (...given) => tiny.forward(...given);
  async close(): Promise<void> {}
}

describe('a streamed reply', () => {
  it('comes in a chunk for each token that completes a character', async () => {
    const text = 'a→é😀';
    const tokens = tokenizer.encode(text);
    expect(tokens, 'characters of several tokens').toHaveLength(Buffer.byteLength(text));
    const model = new SpeakingModel(tokens);
    const client = await clientOf(model);
    const asked = { ...CHAT, max_tokens: tokens.length };
    const contents: (string | null | undefined)[] = [];
    for await (const { choices } of await client.chat.completions.create({ ...asked, stream: true })) {
      contents.push(choices[0].delta.content);
    }
    // First the role, last the reason of its end.
    expect(contents).toEqual(['', 'a', '→', 'é', '😀', undefined]);
    expect(model.watched).toEqual([true]);
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices[0].message.content).toBe(text);
    expect(model.watched, 'a whole reply does not pay for the hook').toEqual([false]);
  });

  it('arrives while the model still speaks, and ends the model when its reader goes away', async () => {
    const model = new SpeakingModel(tokenizer.encode('hello '));
    let onLine: (line: string) => void = () => {};
    const line = new Promise<string>((resolve) => (onLine = resolve));
    const client = await clientOf(model, (text) => onLine(text));
    const stream = await client.chat.completions.create({ ...CHAT, stream: true });
    let chunks = 0;
    for await (const { id } of stream) if (id !== '' && ++chunks === 5) break;
    expect(await line).toMatch(/^POST \/v1\/chat\/completions 499/);
    expect(model.aborted).toBe(1);
  });

  it('is the text of the whole reply, several responses at once', async () => {
    const client = await clientOf(tiny);
    const asked = { model: 'tiny', prompt: ['hello', '12'], n: 2, max_tokens: 20, seed: 5 };
    const whole = await client.completions.create(asked);
    const texts = ['', '', '', ''];
    let chunks = 0;
    for await (const { choices } of await client.completions.create({ ...asked, stream: true })) {
      for (const { index, text } of choices) {
        texts[index] += text;
        chunks++;
      }
    }
    expect(texts).toEqual(whole.choices.map(({ text }) => text));
    expect(chunks).toBeGreaterThan(4 * 2);
  });

  it('tells log-probs and the likeliest tokens as the whole reply does, with its end', async () => {
    const client = await clientOf(tiny);
    const asked = {
      model: 'tiny',
      prompt: 'hello 12',
      max_tokens: 20,
      seed: 5,
      logprobs: 1,
      temperature: 0.7,
    };
    const [whole] = (await client.completions.create(asked)).choices;
    const told: (OpenAI.CompletionChoice.Logprobs | null)[] = [];
    let text = '';
    for await (const { choices } of await client.completions.create({ ...asked, stream: true })) {
      text += choices[0].text;
      told.push(choices[0].logprobs);
    }
    expect(text).toBe(whole.text);
    expect(told.length).toBeGreaterThan(2);
    expect(told.at(-1)).toEqual(whole.logprobs);
    expect(told.slice(0, -1).every((one) => one!.tokens!.length === 0)).toBe(true);
    expect(whole.logprobs!.tokens!.join('')).toBe(whole.text);
  });
});

describe('a stop string', () => {
  it('across tokens ends sampling at once, streamed or not', async () => {
    const model = new CountingModel();
    const client = await clientOf(model);
    const asked = { ...CHAT, max_tokens: 60, logprobs: true };
    const free = await client.chat.completions.create(asked);
    const told = free.choices[0].logprobs!.content!;
    // The end of one token's text with the beginning of the next one's, where that stands for the first time.
    const text = told.map(({ token }) => token).join('');
    const pairs = told.slice(0, -1).map(({ token }, t) => {
      const end = told
        .slice(0, t + 1)
        .map((before) => before.token)
        .join('').length;
      return { t, end, stop: token.slice(-1) + told[t + 1].token.slice(0, 1) };
    });
    const { t, end, stop } = pairs.find(
      (pair) => pair.t > 2 && pair.stop.length === 2 && text.indexOf(pair.stop) === pair.end - 1,
    )!;
    const expected = { content: text.slice(0, end - 1) };
    model.sampled.length = 0;
    const whole = await client.chat.completions.create({ ...asked, stop });
    expect(whole.choices[0]).toMatchObject({ message: expected, finish_reason: 'stop' });
    expect(whole.choices[0].logprobs!.content!.map(({ token }) => token).join('')).toBe(expected.content);
    expect(whole.usage!.completion_tokens).toBe(t + 2);
    expect(free.usage!.completion_tokens).toBeGreaterThan(t + 2);
    const options = { stream: true as const, stream_options: { include_usage: true } };
    let content = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of await client.chat.completions.create({ ...asked, stop, ...options })) {
      content += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage;
    }
    expect({ content, usage }).toEqual({ ...expected, usage: whole.usage });
    expect(model.sampled).toEqual(Array(2).fill(usage!.completion_tokens));
  });
});
