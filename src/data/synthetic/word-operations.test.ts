import { describe, expect, it } from 'vitest';
import {
  applyOperation,
  effectOf,
  effectsWithin,
  traceProcedure,
  WORD_OPERATIONS,
} from './word-operations.ts';

describe('applyOperation', () => {
  it.each([
    ['reverse', 'bcade', 'edacb'],
    ['rotate-left', 'bcade', 'cadeb'],
    ['rotate-right', 'bcade', 'ebcad'],
    ['swap-ends', 'bcade', 'ecadb'],
    ['swap-first', 'bcade', 'cbade'],
    ['swap-last', 'bcade', 'bcaed'],
    ['next-letter', 'bcade', 'cdbea'],
    ['previous-letter', 'bcade', 'abecd'],
  ] as const)('%s makes of %s, within a to e, %s', (operation, word, after) => {
    expect(applyOperation(operation, word, 'abcde')).toBe(after);
  });

  it('covers every operation there is', () => {
    for (const operation of WORD_OPERATIONS) {
      expect(applyOperation(operation, 'bcade', 'abcdef')).toMatch(/^[a-f]{5}$/);
    }
  });
});

it('traceProcedure shows the word after each step, the first operation first', () => {
  expect(traceProcedure(['reverse', 'rotate-left', 'swap-first'], 'bcade', 'abcdefgh')).toEqual([
    'edacb',
    'dacbe',
    'adcbe',
  ]);
});

describe('effectOf', () => {
  const effect = (...procedure: Parameters<typeof effectOf>[0]) => effectOf(procedure, 3, 'abc');

  it('is the same for different procedures that do the same', () => {
    expect(effect('reverse')).toBe(effect('swap-ends'));
    expect(effect('rotate-left', 'rotate-left')).toBe(effect('rotate-right'));
    expect(effect('next-letter', 'reverse')).toBe(effect('reverse', 'next-letter'));
    expect(effect('swap-last', 'swap-last')).toBe(effect());
  });

  it('tells a shift from the rotation that agrees with it on "abc"', () => {
    expect(applyOperation('next-letter', 'abc', 'abc')).toBe(applyOperation('rotate-left', 'abc', 'abc'));
    expect(effect('next-letter')).not.toBe(effect('rotate-left'));
  });
});

describe('effectsWithin', () => {
  it('reaches the six permutations of three letters in two steps of a swap and a rotation', () => {
    const sizes = [0, 1, 2, 3].map(
      (depth) => effectsWithin(depth, ['swap-first', 'rotate-left'], 3, 'abcd').size,
    );
    // identity; s, r; sr, rs, rr; nothing new
    expect(sizes).toEqual([1, 3, 6, 6]);
  });

  it('agrees with trying every procedure', () => {
    const operations = ['reverse', 'swap-first', 'next-letter'] as const;
    const tried = new Set([effectOf([], 4, 'abcde')]);
    for (const first of operations) {
      tried.add(effectOf([first], 4, 'abcde'));
      for (const second of operations) tried.add(effectOf([first, second], 4, 'abcde'));
    }
    expect(effectsWithin(2, operations, 4, 'abcde')).toEqual(tried);
  });
});
