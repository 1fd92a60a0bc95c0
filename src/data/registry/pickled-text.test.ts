// Against what Python writes (oracles/data/export_pickled_texts.py).
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NotPickledText, pickledText } from './pickled-text.ts';

interface Golden {
  /** A text, or [piece, times]. */
  readonly texts: Readonly<Record<string, string | readonly [string, number]>>;
  readonly accepted: readonly { name: string; text: string; packed: string }[];
  readonly refused: readonly { name: string; packed: string }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../oracles/golden/pickled-texts.json', import.meta.url), 'utf8'),
) as Golden;

const packed = (...bytes: number[]) => deflateSync(Buffer.from(bytes)).toString('base64');

function refusalOf(text: string): string {
  try {
    pickledText(text);
  } catch (error) {
    expect(error).toBeInstanceOf(NotPickledText);
    return (error as Error).message;
  }
  return 'it was accepted';
}

describe('pickledText', () => {
  it.each(golden.accepted)('reads $name', ({ text, packed: given }) => {
    const expected = golden.texts[text];
    const whole = typeof expected === 'string' ? expected : expected[0].repeat(expected[1]);
    expect(pickledText(given) === whole).toBe(true);
  });

  it.each(golden.refused)('refuses $name', ({ packed: given }) => {
    expect(refusalOf(given)).toMatch(/^its pickle (is not one string|holds more than one string)/);
  });

  it('refuses a call by its opcode, before anything behind it is looked at', () => {
    // c builtins\nexec\n: the beginning of every attack.
    const attack = deflateSync(Buffer.from('cbuiltins\nexec\n(Vprint(1)\ntR.')).toString('base64');
    expect(refusalOf(attack)).toBe('its pickle is not one string (opcode 0x63), and it is not run');
  });

  it.each([
    ['no base64', '[1]', /not base64/],
    ['nothing', '', /not base64/],
    ['no zlib', Buffer.from('hello').toString('base64'), /not zlib/],
    ['a length beyond its end', packed(0x58, 255, 0, 0, 0, 0x61, 0x2e), /ends too early/],
    [
      'a length of 64 bits beyond its end',
      packed(0x8d, ...Array<number>(8).fill(0xff), 0x2e),
      /ends too early/,
    ],
    ['no end', packed(0x8c, 1, 0x61), /ends too early/],
    ['something behind its end', packed(0x8c, 1, 0x61, 0x2e, 0x2e), /is not one string/],
    ['an end alone', packed(0x80, 4, 0x2e), /is not one string/],
    ['bytes that are no text', packed(0x8c, 1, 0xff, 0x2e), /not UTF-8/],
  ])('refuses %s', (_, given, reason) => {
    expect(refusalOf(given)).toMatch(reason);
  });

  it('refuses what unpacks to more than its limit', () => {
    const long = golden.accepted.find(({ text }) => text === 'longer than a frame')!.packed;
    expect(() => pickledText(long, 69_999)).toThrow(new NotPickledText('it is longer than 69999 bytes'));
  });
});
