import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import { GrowingText, ResponseText } from './response-text.ts';

/** A token is a byte; 256 ends a response and 257 is special, both without text. */
const END = 256;
const tokenizer: ChatTokenizer = {
  vocabularySize: 258,
  stopTokens: [END],
  encode: (text) => Int32Array.from(Buffer.from(text)),
  decode: (tokens) => Buffer.from(Array.from(tokens).filter((token) => token < 256)).toString('utf8'),
  renderChat: () => new Int32Array(0),
};

interface Read {
  readonly deltas: string[];
  readonly pieces: string[];
  readonly offsets: number[];
  readonly finish: string | null;
  readonly tokenCount: number;
}

/** Sends tokens in increments of the given sizes, the last with `finish`. */
function read(
  tokens: readonly number[],
  sizes: readonly number[],
  stop: string[],
  finish: 'stop' | 'length',
): Read {
  const response = new ResponseText(tokenizer, stop, new Int32Array(0));
  const deltas: string[] = [];
  const pieces: string[] = [];
  const offsets: number[] = [];
  let ended: string | null = null;
  for (let at = 0, i = 0; ended === null && at < tokens.length; i++) {
    const part = Int32Array.from(tokens.slice(at, at + (sizes[i] ?? tokens.length)));
    at += part.length;
    const delta = response.push(part, new Float64Array(part.length), at === tokens.length ? finish : null);
    deltas.push(delta.text);
    pieces.push(...delta.pieces.map(({ text }) => text));
    offsets.push(...delta.pieces.map(({ offset }) => offset));
    ended = delta.finish;
  }
  return { deltas, pieces, offsets, finish: ended, tokenCount: response.tokenCount };
}

describe('text of a response', () => {
  it('never cuts a character, whatever the increments', () => {
    const bytes = [...Buffer.from('a→😀é')];
    const { deltas } = read(bytes, Array<number>(bytes.length).fill(1), [], 'length');
    expect(deltas).toEqual(['a', '', '', '→', '', '', '', '😀', '', 'é']);
  });

  it('is what the tokens decode to, and its pieces join to it', () => {
    const bytes = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('é→😀'))),
      {
        minLength: 1,
        maxLength: 24,
      },
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 24 }), (tokens, sizes) => {
        const { deltas, pieces } = read(tokens, sizes, [], 'length');
        expect(deltas.join('')).toBe(tokenizer.decode(tokens));
        expect(pieces.join('')).toBe(tokenizer.decode(tokens));
      }),
    );
  });

  it('ends where the first stop string begins, the same for all increments', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 16 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        text,
        stops,
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 32 }),
        (full, stop, sizes) => {
          const tokens = [...Buffer.from(full)];
          // The shortest beginning with a stop string in it is all that is sampled of the text.
          const characters = [...full].map((_, i) => full.slice(0, i + 1));
          const seen = characters.find((beginning) => stop.some((s) => beginning.includes(s)));
          const cut =
            seen === undefined
              ? undefined
              : Math.min(...stop.map((s) => seen.indexOf(s)).filter((at) => at >= 0));
          const { deltas, finish, tokenCount, pieces } = read(tokens, sizes, stop, 'length');
          expect(deltas.join('')).toBe(full.slice(0, cut));
          expect(finish).toBe(seen === undefined ? 'length' : 'stop');
          expect(tokenCount).toBe(Buffer.byteLength(seen ?? full));
          expect(pieces.join('')).toBe(full.slice(0, cut));
        },
      ),
    );
  });

  it('tells the same pieces for all increments, with tokens without text among them', () => {
    const tokens = fc.array(fc.constantFrom(...Buffer.from('abé'), 257), { minLength: 1, maxLength: 12 });
    const stops = fc.array(fc.constantFrom('ab', 'aé', 'bb', 'é'), { maxLength: 2 });
    fc.assert(
      fc.property(
        tokens,
        stops,
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }),
        (all, stop, sizes) => {
          const inParts = read(all, sizes, stop, 'length');
          const whole = read(all, [], stop, 'length');
          expect(inParts.pieces).toEqual(whole.pieces);
          expect(inParts.offsets).toEqual(whole.offsets);
        },
      ),
    );
  });

  it('gives bytes that never became a character to the last token before the one that ends', () => {
    expect(read([97, 0xc3, END], [1, 1, 1], [], 'stop').pieces).toEqual(['a', '\uFFFD']);
  });

  it('holds back what may be the beginning of a stop string, and no more', () => {
    const { deltas } = read([...Buffer.from('x##y##z###')], Array<number>(10).fill(1), ['###'], 'length');
    expect(deltas).toEqual(['x', '', '', '##y', '', '', '##z', '', '', '']);
  });

  it('sends what it held back when the response ends without the stop string', () => {
    expect(read([...Buffer.from('x##')], [1, 1, 1], ['###'], 'length').deltas.join('')).toBe('x##');
  });

  it('leaves the token out that ends a response, and counts it', () => {
    const { deltas, pieces, tokenCount, finish } = read([97, END], [], [], 'stop');
    expect({ deltas, pieces, tokenCount, finish }).toEqual({
      deltas: ['a'],
      pieces: ['a'],
      tokenCount: 2,
      finish: 'stop',
    });
  });

  it('tells where each token begins, across increments', () => {
    expect(read([...Buffer.from('aéb')], [2, 1, 1], [], 'length').offsets).toEqual([0, 1, 1, 2]);
  });

  it('writes the first token as it stands after its context', () => {
    // Joins words by spaces, as word-level tokenizers do.
    const words = (tokens: readonly number[]) => tokens.map((token) => `w${token}`).join(' ');
    const growing = new GrowingText(words, Int32Array.of(1, 2));
    expect([growing.push(3), growing.push(4), growing.end()]).toEqual([' w3', ' w4', '']);
  });
});
