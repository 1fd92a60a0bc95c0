// The endpoint through the official client, with a model of random weights whose responses are mostly bytes that are
// no characters; and with a model that waits, for what happens around the computing.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type ChatTokenizer } from '../data/tokenizer.ts';
import type { SampledSequence, SampleRequest, Scorer, Trainable } from '../engine/engine.ts';
import { createNativeEngine } from '../engine/native/native.ts';
import { seedOf } from '../random.ts';
import type { ServeSettings } from './app.ts';
import { startServer, type RunningServer } from './server.ts';

const TINY = join(import.meta.dirname, '../../test/fixtures/models/tiny-llama.gguf');
const engine = createNativeEngine();
const ending = new AbortController();
const running: RunningServer[] = [];
let model: Trainable;
let tokenizer: ChatTokenizer;
let log: string[];
let server: RunningServer;
let client: OpenAI;

async function start(more: Partial<ServeSettings> = {}): Promise<RunningServer> {
  const settings: ServeSettings = {
    ...{ model, tokenizer, modelName: 'tiny', fingerprint: 'test', guard: { loopback: true } },
    signal: ending.signal,
    log: (line) => log.push(line),
    ...more,
  };
  const started = await startServer(settings, '127.0.0.1', 0);
  running.push(started);
  return started;
}

const clientOf = ({ url }: RunningServer, apiKey = 'none') =>
  new OpenAI({ baseURL: url, apiKey, maxRetries: 0 });

beforeAll(async () => {
  log = [];
  tokenizer = await loadTokenizer(TINY);
  model = await engine.open({ folder: TINY, head: 'lm', adapter: { kind: 'none' }, trainable: false });
  server = await start();
  client = clientOf(server);
});
afterAll(async () => {
  ending.abort();
  await Promise.all(running.map((one) => one.close()));
  await engine.close();
});

const MESSAGES = [{ role: 'user' as const, content: 'hello 12' }];
const CHAT = { model: 'tiny', messages: MESSAGES, max_tokens: 24, seed: 5 };

async function logprobs(promptTokens: Int32Array, responseTokens: Int32Array): Promise<number[]> {
  const options = { gradient: false, want: { logprobs: true }, temperature: 1 };
  const pass = await model.forward([{ promptTokens, responseTokens }], options);
  return [...pass.logprobs![0]];
}

async function sampled(promptTokens: Int32Array, temperature: number, j = 0): Promise<SampledSequence> {
  const seed = seedOf(5, 'serve', 0, j);
  const request = { promptTokens, temperature, seed, maxNewTokens: 24, stopTokens: tokenizer.stopTokens };
  for await (const sequence of model.sample([request])) return sequence;
  throw new Error('nothing was sampled');
}

describe('chat completions', () => {
  it('lists the model', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['tiny']);
    expect((await client.models.retrieve('tiny')).id).toBe('tiny');
    await expect(client.models.retrieve('other')).rejects.toMatchObject({ status: 404 });
  });

  it('answers with the text, counts and log-probs of what the engine samples', async () => {
    const prompt = tokenizer.renderChat(MESSAGES);
    for (const temperature of [0, 1, 0.7]) {
      const reply = await client.chat.completions.create({ ...CHAT, temperature, n: 2, logprobs: true });
      expect(reply.choices.map(({ index }) => index)).toEqual([0, 1]);
      for (const [j, choice] of reply.choices.entries()) {
        const { tokens, finish } = await sampled(prompt, temperature, j);
        const spoken = finish === 'stop' ? tokens.subarray(0, -1) : tokens;
        expect(choice.message).toMatchObject({
          role: 'assistant',
          content: tokenizer.decode(spoken, { skipSpecial: true }),
        });
        expect(choice.finish_reason).toBe(finish);
        const told = choice.logprobs!.content!;
        expect(told.map(({ logprob }) => logprob)).toEqual(
          (await logprobs(prompt, tokens)).slice(0, spoken.length),
        );
        expect(Buffer.from(told.flatMap(({ bytes }) => bytes!)).toString()).toBe(choice.message.content);
      }
      const lengths = await Promise.all(
        [0, 1].map(async (j) => (await sampled(prompt, temperature, j)).tokens.length),
      );
      expect(reply.usage).toMatchObject({
        prompt_tokens: prompt.length,
        completion_tokens: lengths[0] + lengths[1],
      });
    }
  });

  it('gives the same for the same seed and another for another', async () => {
    const text = async (seed: number) =>
      (await client.chat.completions.create({ ...CHAT, seed })).choices[0].message.content;
    expect(await text(1)).toBe(await text(1));
    expect(await text(1)).not.toBe(await text(2));
  });

  it.each([1, 0.7])(
    'streams the same text, log-probs and usage at temperature %s, and ends',
    async (temperature) => {
      const asked = { ...CHAT, temperature, n: 3, logprobs: true };
      const whole = await client.chat.completions.create(asked);
      const stream = await client.chat.completions.create({
        ...{ ...asked, stream: true as const },
        stream_options: { include_usage: true },
      });
      const texts = ['', '', ''];
      const told: number[][] = [[], [], []];
      const finishes: (string | null)[] = [];
      let usage: OpenAI.CompletionUsage | null | undefined;
      const ids = new Set<string>();
      for await (const chunk of stream) {
        ids.add(chunk.id);
        usage = chunk.usage;
        for (const { index, delta, finish_reason, logprobs } of chunk.choices) {
          if (texts[index] === '' && delta.role !== undefined) expect(delta.role).toBe('assistant');
          texts[index] += delta.content ?? '';
          told[index].push(...(logprobs?.content ?? []).map(({ logprob }) => logprob));
          if (finish_reason !== null) finishes[index] = finish_reason;
        }
      }
      expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
      expect(told).toEqual(
        whole.choices.map((choice) => choice.logprobs!.content!.map(({ logprob }) => logprob)),
      );
      expect(finishes).toEqual(whole.choices.map(({ finish_reason }) => finish_reason));
      expect(usage).toEqual(whole.usage);
      expect(ids.size).toBe(1);
    },
  );

  it('ends before a stop string', async () => {
    const { content } = (await client.chat.completions.create(CHAT)).choices[0].message;
    const stop = [...content!].slice(3, 5).join('');
    const [choice] = (await client.chat.completions.create({ ...CHAT, stop: [stop, 'never said'] })).choices;
    expect(choice).toMatchObject({
      message: { content: content!.slice(0, content!.indexOf(stop)) },
      finish_reason: 'stop',
    });
  });

  it('samples from what top_k, top_p and min_p leave', async () => {
    const text = async (more: object) =>
      (await client.chat.completions.create({ ...CHAT, ...more })).choices[0].message.content;
    const greedy = await text({ temperature: 0 });
    expect(await text({})).not.toBe(greedy);
    for (const cut of [{ top_k: 1 }, { top_p: 1e-6 }, { min_p: 1 }]) expect(await text(cut)).toBe(greedy);
    for (const all of [{ top_k: 265 }, { top_p: 1 }, { min_p: 0 }])
      expect(await text(all)).toBe(await text({}));
  });

  it('says what it does not have a template for', async () => {
    const plain = clientOf(await start({ chatRefusal: 'There is no chat template.' }));
    await expect(plain.chat.completions.create(CHAT)).rejects.toThrow('There is no chat template.');
    expect(
      (await plain.completions.create({ model: 'tiny', prompt: 'a', max_tokens: 1 })).choices,
    ).toHaveLength(1);
  });
});

describe('completions', () => {
  const prompt = 'hello 12 wé';

  it('scores a prompt as lm-evaluation-harness asks for it', async () => {
    const tokens = tokenizer.encode(prompt);
    const reply = await client.completions.create({
      ...{ model: 'tiny', prompt: [...tokens], echo: true, logprobs: 1, max_tokens: 1, temperature: 0 },
    });
    const { token_logprobs, top_logprobs, text_offset, tokens: texts } = reply.choices[0].logprobs!;
    expect(token_logprobs).toHaveLength(tokens.length + 1);
    expect(token_logprobs!.slice(0, -1)).toEqual([
      null,
      ...(await logprobs(tokens.slice(0, 1), tokens.slice(1))),
    ]);
    expect(reply.choices[0].text.startsWith(prompt)).toBe(true);
    expect(texts!.join('')).toBe(reply.choices[0].text);
    expect(text_offset).toEqual(texts!.map((_, t) => texts!.slice(0, t).join('').length));
    // The likeliest of every position, found by scoring the whole vocabulary.
    for (let t = 1; t < tokens.length; t++) {
      const all = await Promise.all(
        Array.from({ length: 265 }, (_, v) => logprobs(tokens.slice(0, t), Int32Array.of(v))),
      );
      expect(Math.max(...Object.values(top_logprobs![t]))).toBe(Math.max(...all.flat()));
    }
    expect(Object.values(top_logprobs!.at(-1)!)).toEqual([token_logprobs!.at(-1)]);
  });

  it('scores without sampling', async () => {
    const reply = await client.completions.create({
      model: 'tiny',
      prompt,
      echo: true,
      logprobs: 0,
      max_tokens: 0,
    });
    expect(reply.choices[0]).toMatchObject({
      text: prompt,
      finish_reason: 'length',
      logprobs: { top_logprobs: null },
    });
    expect(reply.usage!.completion_tokens).toBe(0);
  });

  it('gives each prompt its n responses, in order', async () => {
    const ask = (prompts: string[], n: number) =>
      client.completions.create({ model: 'tiny', prompt: prompts, n, seed: 5, max_tokens: 6 });
    const { choices } = await ask(['hello', '12'], 2);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    const [first] = (await ask(['hello'], 1)).choices;
    expect(choices[0].text).toBe(first.text);
    expect(new Set(choices.map(({ text }) => text)).size).toBe(4);
  });

  it('streams with echo', async () => {
    const whole = await client.completions.create({ model: 'tiny', prompt, echo: true, seed: 5 });
    const stream = await client.completions.create({
      model: 'tiny',
      prompt,
      echo: true,
      seed: 5,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0].text;
    expect(text).toBe(whole.choices[0].text);
  });

  it.each([
    [{ prompt: [9999] }, /9999/],
    [{ prompt: '' }, /to have a token/],
    [{ max_tokens: 200 }, /context is 128 tokens/],
    [{ model: 'gpt' }, /has the model "tiny", not "gpt"/],
    [{ presence_penalty: 0.5 }, /presence_penalty: must be 0/],
  ])('refuses %j in a sentence', async (bad, sentence) => {
    const asked = client.completions.create({ model: 'tiny', prompt, ...bad });
    await expect(asked).rejects.toThrow(sentence);
    await expect(asked).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});

/** Samples nothing until its signal is aborted. */
class WaitingModel implements Scorer {
  readonly info = { vocabularySize: 265, maxSequenceLength: 128, parameterCount: 0 };
  readonly #asked: (() => void)[] = [];
  aborted = 0;

  async *sample(_: readonly SampleRequest[], signal?: AbortSignal): AsyncGenerator<SampledSequence> {
    this.#asked.shift()?.();
    await once(signal!, 'abort');
    this.aborted++;
    signal!.throwIfAborted();
    yield* [];
  }
  /** When sampling has begun. */
  begun(): Promise<void> {
    return new Promise((resolve) => this.#asked.push(resolve));
  }
  forward(): never {
    throw new Error('not scored');
  }
  async close() {}
}

/** One request as it stands, with headers that clients do not let one set. */
async function raw(
  { url }: RunningServer,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  const asked = httpRequest(`${url}/completions`, { method: 'POST', headers });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response) text += String(part);
  return { status: response.statusCode!, text, headers: response.headers };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BODY = JSON.stringify({ prompt: 'a', max_tokens: 1 });

describe('the server', () => {
  it('asks for the token, and tells it nowhere', async () => {
    const guarded = await start({ guard: { loopback: false, token: 'hidden-token' } });
    await expect(clientOf(guarded, 'wrong').models.list()).rejects.toMatchObject({ status: 401 });
    expect((await clientOf(guarded, 'hidden-token').models.list()).data).toHaveLength(1);
    expect(log.join('\n')).not.toContain('hidden-token');
  });

  it.each([
    ['another name for this machine', { host: 'rebound.example', ...JSON_TYPE }, 403],
    ['a page of another site', { origin: 'https://site.example', ...JSON_TYPE }, 403],
    ['what a page may send without asking', { 'content-type': 'text/plain' }, 415],
    ['its own', JSON_TYPE, 200],
  ])('treats %s as it should', async (_, headers, status) => {
    const reply = await raw(server, headers, BODY);
    expect(reply.status).toBe(status);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('refuses bodies that are too large, declared or not, and what is no JSON', async () => {
    const small = await start({ maxBodyBytes: 100 });
    const large = JSON.stringify({ prompt: 'a'.repeat(100) });
    expect((await raw(small, { ...JSON_TYPE, 'content-length': `${large.length}` }, large)).status).toBe(413);
    expect((await raw(small, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, large)).status).toBe(413);
    expect((await raw(small, JSON_TYPE, BODY)).status).toBe(200);
    expect(await raw(small, JSON_TYPE, '{')).toMatchObject({
      status: 400,
      text: expect.stringMatching(/JSON/) as string,
    });
  });

  it('answers unknown paths with what there is', async () => {
    await expect(client.embeddings.create({ model: 'tiny', input: 'a' })).rejects.toThrow(
      /no POST \/v1\/embeddings/,
    );
  });

  it('writes a line a request, with its tokens', async () => {
    log.length = 0;
    await client.completions.create({ model: 'tiny', prompt: [1, 3], max_tokens: 4, seed: 5 });
    await client.completions.create({ model: 'x', prompt: [1] }).catch(() => {});
    expect(log[0]).toMatch(/^POST \/v1\/completions 200 · 2 \+ [1-4] tokens · [\d.]+ tokens\/s$/);
    expect(log[1]).toBe('POST /v1/completions 404');
  });

  it.each([true, false])('stops sampling when the client goes away (stream: %s)', async (stream) => {
    const waiting = new WaitingModel();
    const lines: string[] = [];
    let onSecondLine = () => {};
    const secondLine = new Promise<void>((resolve) => (onSecondLine = resolve));
    const log = (line: string) => {
      if (lines.push(line) === 2) onSecondLine();
    };
    const slow = await start({ model: waiting, maxConcurrent: 1, log });
    const begun = waiting.begun();
    const gone = new AbortController();
    const asked = clientOf(slow).chat.completions.create({ ...CHAT, stream }, { signal: gone.signal });
    const read = asked.then(async (reply) => {
      if (Symbol.asyncIterator in reply) for await (const _ of reply) void _;
    });
    await begun;
    // The one slot is taken.
    await expect(clientOf(slow).chat.completions.create(CHAT)).rejects.toMatchObject({ status: 429 });
    expect(lines).toEqual(['POST /v1/chat/completions 429']);
    gone.abort();
    await read.catch(() => {});
    await secondLine;
    expect(waiting.aborted).toBe(1);
    expect(lines[1]).toMatch(/^POST \/v1\/chat\/completions 499/);
    // And is free again.
    const again = waiting.begun();
    const next = new AbortController();
    const third = clientOf(slow)
      .chat.completions.create(CHAT, { signal: next.signal })
      .catch(() => {});
    await again;
    next.abort();
    await third;
  });

  it('ends what runs when it stops', async () => {
    const waiting = new WaitingModel();
    const stopping = new AbortController();
    const slow = await start({ model: waiting, signal: stopping.signal });
    const begun = [waiting.begun(), waiting.begun()];
    const whole = clientOf(slow).chat.completions.create(CHAT);
    const stream = await clientOf(slow).chat.completions.create({ ...CHAT, stream: true });
    const read = (async () => {
      for await (const _ of stream) void _;
    })();
    await Promise.all(begun);
    stopping.abort();
    const [wholeEnd, streamEnd] = await Promise.allSettled([whole, read]);
    expect(wholeEnd).toMatchObject({ reason: { status: 503 } });
    expect(streamEnd).toMatchObject({ reason: { message: 'The server is stopping.' } });
    await slow.close();
    expect(waiting.aborted).toBe(2);
  });
});
