import { describe, expect, it } from 'vitest';
import { permutation, philox4x32, seedOf, seedToHex, uniformAt, UniformStream } from './random.ts';

describe('philox4x32', () => {
  // Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10 rounds).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('matches the published vector for counter %j', (counter, key, expected) => {
    expect(philox4x32([...counter], [...key])).toEqual([...expected]);
  });
});

describe('seedOf', () => {
  it('separates parts, so that moving a letter between them changes the seed', () => {
    expect(seedOf(1, 'a', 'bc')).not.toBe(seedOf(1, 'ab', 'c'));
  });

  it('tells the number 1 from the text "1"', () => {
    expect(seedOf(1, 'p', 1)).not.toBe(seedOf(1, 'p', '1'));
  });

  it('is written as 16 hex digits', () => {
    expect(seedToHex(255n)).toBe('00000000000000ff');
  });
});

describe('uniformAt', () => {
  it('is words 0 and 1 of the block: the top 27 bits, then the top 26', () => {
    // Hand calculation from the first published vector: (0x6627e8d5 >> 5) * 2^26 + (0xe169c58d >> 6), over 2^53.
    expect(uniformAt(0n, 0)).toBe((0x331_3f46 * 2 ** 26 + 0x385_a716) / 2 ** 53);
  });

  it('has mean 1/2 and variance 1/12 over ten thousand draws', () => {
    const stream = new UniformStream(1n);
    const draws = Array.from({ length: 10_000 }, () => stream.next());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });
});

describe('permutation', () => {
  it('holds each index once and depends on the seed', () => {
    const first = permutation(50, 1n);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...permutation(50, 2n)]).not.toEqual([...first]);
    expect([...permutation(50, 1n)]).toEqual([...first]);
  });
});
