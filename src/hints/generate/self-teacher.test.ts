import { describe, expect, it } from 'vitest';
import type { ChatTokenizer } from '../../data/tokenizer.ts';
import type { Sampler, SampleRequest } from '../../engine/engine.ts';
import { DataError } from '../../errors.ts';
import { SelfTeacher } from './self-teacher.ts';
import { RequestError } from './teacher.ts';

/** A character is a token; 0 ends a response. */
const tokenizer: ChatTokenizer = {
  vocabularySize: 256,
  stopTokens: [0],
  encode: (text) => Int32Array.from(Buffer.from(text)),
  decode: (tokens, { skipSpecial = false } = {}) =>
    Buffer.from(Array.from(tokens).filter((token) => !skipSpecial || token !== 0)).toString(),
  renderChat: (messages) => Int32Array.from(Buffer.from(messages.map(({ content }) => content).join('|'))),
};

/** Says its prompt backwards; remembers its calls. */
function backwards() {
  const calls: (readonly SampleRequest[])[] = [];
  const sampler: Sampler = {
    info: { vocabularySize: 256, maxSequenceLength: 40, parameterCount: 0 },
    async *sample(requests, signal) {
      calls.push(requests);
      signal?.throwIfAborted();
      for (const [index, { promptTokens, maxNewTokens }] of [...requests.entries()].reverse()) {
        const text = Int32Array.of(...promptTokens.toReversed(), 0);
        const cut = text.length > maxNewTokens;
        const tokens = cut ? text.slice(0, maxNewTokens) : text;
        yield { index, tokens, logprobs: new Float64Array(tokens.length), finish: cut ? 'length' : 'stop' };
      }
    },
    close: async () => {},
  };
  return { sampler, calls };
}

const settings = {
  tokenizer,
  model: 'self:x',
  temperature: 0.5,
  maxNewTokens: 8,
  seed: 1,
  engine: 'native fp32',
};
const ask = (content: string, key = content) => ({
  key,
  messages: [{ role: 'user' as const, content }],
  levels: 1,
});
const running = new AbortController().signal;

describe('SelfTeacher', () => {
  it('samples requests that wait together, and gives each its own reply', async () => {
    const { sampler, calls } = backwards();
    const teacher = new SelfTeacher({ ...settings, sampler });
    const replies = await Promise.all(
      ['abc', 'de', 'a long prompt'].map((text) => teacher.ask(ask(text), running)),
    );
    expect(replies).toEqual([
      { text: 'cba', finish: 'stop', usage: { promptTokens: 3, completionTokens: 4 } },
      { text: 'ed', finish: 'stop', usage: { promptTokens: 2, completionTokens: 3 } },
      { text: 'tpmorp g', finish: 'length', usage: { promptTokens: 13, completionTokens: 8 } },
    ]);
    expect(calls).toHaveLength(1);
    expect(calls[0][0]).toMatchObject({ maxNewTokens: 8, temperature: 0.5, stopTokens: [0] });
  });

  it('draws by seed and name of the request, not by who comes along', async () => {
    const { sampler, calls } = backwards();
    await Promise.all(
      ['a', 'b'].map((text) => new SelfTeacher({ ...settings, sampler }).ask(ask(text), running)),
    );
    await new SelfTeacher({ ...settings, sampler }).ask(ask('b'), running);
    await new SelfTeacher({ ...settings, sampler, seed: 2 }).ask(ask('b'), running);
    const [a, b, again, other] = calls.flat().map(({ seed }) => seed);
    expect(again).toBe(b);
    expect(new Set([a, b, other]).size).toBe(3);
  });

  it('refuses one prompt that is too long', async () => {
    const teacher = new SelfTeacher({ ...settings, sampler: backwards().sampler });
    const [long, short] = await Promise.allSettled([
      teacher.ask(ask('x'.repeat(33)), running),
      teacher.ask(ask('x'.repeat(32)), running),
    ]);
    expect(long).toMatchObject({ status: 'rejected', reason: expect.any(RequestError) as Error });
    expect(short.status).toBe('fulfilled');
  });

  it('refuses one prompt that the tokenizer cannot read', async () => {
    const renderChat = () => {
      throw new DataError('no token for "Hint"');
    };
    const strict = { ...settings, tokenizer: { ...tokenizer, renderChat } };
    const asked = new SelfTeacher({ ...strict, sampler: backwards().sampler }).ask(ask('abc'), running);
    await expect(asked).rejects.toBeInstanceOf(RequestError);
  });

  it('stops with the reason of the signal, and samples on afterwards', async () => {
    const teacher = new SelfTeacher({ ...settings, sampler: backwards().sampler });
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(teacher.ask(ask('abc'), stop.signal)).rejects.toThrow('stopped');
    expect((await teacher.ask(ask('abc'), running)).text).toBe('cba');
  });
});
