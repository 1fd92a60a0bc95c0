import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../data/tokenizer.ts';
import { UniformStream } from '../random.ts';
import { StopStringWatch, textBeforeStop } from './stop-strings.ts';

/** Tokens are pieces of bytes; an empty piece is a special token. */
const pieces = ['', ' ', '\n', 'Q', ':', '\nQ', 'é', '.'].map((text) => Buffer.from(text));
const [special, space, newline, q, colon, newlineQ, accent] = pieces.keys();
const firstByte = pieces.push(Buffer.from('é').subarray(0, 1)) - 1;
const secondByte = pieces.push(Buffer.from('é').subarray(1)) - 1;
const decode = (tokens: Int32Array) => Buffer.concat(Array.from(tokens, (token) => pieces[token])).toString();

/** How many tokens are taken until the watch stops; null if it never does. */
function stopsAfter(tokens: readonly number[], stopStrings: readonly string[], read = decode): number | null {
  const watch = new StopStringWatch(read, stopStrings);
  const at = tokens.findIndex((token) => watch.endsWith(token));
  return at < 0 ? null : at + 1;
}

describe('a watch for stop strings', () => {
  test('stops with the token that completes a string, however it is cut into tokens', () => {
    for (const tokens of [
      [newline, q, colon],
      [newlineQ, colon],
    ]) {
      expect(stopsAfter([accent, ...tokens, q], ['\nQ:'])).toBe(1 + tokens.length);
    }
    expect(stopsAfter([newline, q, space, colon, newline, colon], ['\nQ:'])).toBeNull();
  });

  test('stops at the first of several strings', () => {
    expect(stopsAfter([q, space, q, colon], ['Q:', ' Q'])).toBe(3);
    expect(stopsAfter([q, space, q, colon], ['Q:', '.'])).toBe(4);
  });

  test('stops at a string within a token', () => {
    expect(stopsAfter([q, newlineQ, colon], ['\n'])).toBe(2);
  });

  test('waits for the bytes of a character, and is not misled by bytes that are none', () => {
    expect(stopsAfter([q, firstByte, secondByte, colon], ['é'])).toBe(3);
    expect(stopsAfter([firstByte, firstByte, secondByte, secondByte], ['é'])).toBe(3);
    expect(stopsAfter([secondByte, secondByte, secondByte, q, colon], ['Q:'])).toBe(5);
  });

  test('any number of special tokens may stand within a string', () => {
    expect(stopsAfter([special, q, ...Array<number>(50).fill(special), colon], ['Q:'])).toBe(53);
  });

  test('a decoder that drops the space before the first word hides no string that begins with one', () => {
    const stripped = (tokens: Int32Array) => decode(tokens).replace(/^ /, '');
    const words = [space, q, space, q, colon];
    expect(stopsAfter(words, [' Q:'], stripped)).toBe(5);
    expect(stopsAfter(words.slice(2), [' Q:'], stripped), 'the text begins without it').toBeNull();
    expect(stopsAfter([q, space, space], ['  '], stripped)).toBe(3);
  });

  test('decodes no more than the longest string may take', () => {
    let most = 0;
    const counting = (tokens: Int32Array) => {
      most = Math.max(most, tokens.length);
      return decode(tokens);
    };
    stopsAfter(Array<number>(200).fill(q), ['\nQ:', '.'], counting);
    expect(most).toBe(4);
  });

  test('stops a real tokenizer where the text of all tokens first contains a string', async () => {
    const tokenizer = await loadTokenizer(
      fileURLToPath(new URL('../../test/fixtures/data/byte-level', import.meta.url)),
    );
    const read = (tokens: Int32Array) => tokenizer.decode(tokens, { skipSpecial: true });
    const stream = new UniformStream(7n);
    let stopped = 0;
    for (let round = 0; round < 40; round++) {
      const tokens = Array.from({ length: 40 }, () => stream.integer(tokenizer.vocabularySize));
      const middle = read(Int32Array.from(tokens.slice(18, 22))).replaceAll('\uFFFD', '');
      const stopStrings = [middle.slice(0, 3), middle.slice(1, 9)].filter((text) => text !== '');
      const contains = (count: number) =>
        stopStrings.some((text) => read(Int32Array.from(tokens.slice(0, count))).includes(text));
      const expected = tokens.findIndex((_, t) => contains(t + 1)) + 1;
      expect(stopsAfter(tokens, stopStrings, read) ?? 0).toBe(expected);
      if (expected > 0) stopped++;
    }
    expect(stopped).toBeGreaterThan(30);
  });
});

describe('textBeforeStop', () => {
  test('cuts where the first stop string begins, whichever it is', () => {
    expect(textBeforeStop('a b c b', ['c', 'b'])).toBe('a ');
    expect(textBeforeStop('a b c', ['x'])).toBe('a b c');
    expect(textBeforeStop('a b c', [])).toBe('a b c');
    expect(textBeforeStop('a', ['a'])).toBe('');
  });
});
