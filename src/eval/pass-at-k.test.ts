import { describe, expect, test } from 'vitest';
import { goldenStatistics } from '../algorithms/golden.case.ts';
import { ConfigError } from '../errors.ts';
import { chanceOfNoSuccess, meanPassAtK, passAtK } from './pass-at-k.ts';

describe('passAtK', () => {
  test('1 of 4 correct, 2 drawn: half of the pairs contain it', () => {
    expect(passAtK(4, 1, 2)).toBe(0.5);
  });
  test('pass@1 is the share of correct samples', () => {
    expect(passAtK(8, 3, 1)).toBeCloseTo(3 / 8, 14);
  });
  test('is unbiased where the plug-in 1 − (1 − c/n)^k is not', () => {
    // 2 of 4, 2 drawn: 1 − C(2,2)/C(4,2) = 5/6; the plug-in says 3/4.
    expect(passAtK(4, 2, 2)).toBeCloseTo(5 / 6, 14);
  });
  test('is 1 when failures are fewer than k, 0 without a success', () => {
    expect(passAtK(8, 5, 4)).toBe(1);
    expect(passAtK(8, 0, 8)).toBe(0);
  });
  test.each(goldenStatistics().passAtK)('every subset drawn: $correct of $samples, k = $k', (golden) => {
    expect(passAtK(golden.samples, golden.correct, golden.k)).toBeCloseTo(golden.passAtK, 14);
  });
  test('stays finite where binomials overflow, and gives the same by either factorisation', () => {
    // C(2000, 1000) is past 1e600. With c = 1 it is k/n exactly.
    expect(passAtK(2000, 1, 1000)).toBeCloseTo(0.5, 12);
    expect(passAtK(2000, 1000, 1)).toBeCloseTo(0.5, 12);
    expect(chanceOfNoSuccess(2000, 30, 700)).toBeCloseTo(chanceOfNoSuccess(2000, 700, 30), 14);
  });
  test('refuses more draws than samples', () => {
    expect(() => passAtK(4, 1, 5)).toThrow(ConfigError);
    expect(() => passAtK(4, 1, 0)).toThrow(/from 1 to the 4 graded samples/);
  });
});

test('chanceOfNoSuccess is the complement: 2 of 4, 2 drawn, 1/6', () => {
  expect(chanceOfNoSuccess(4, 2, 2)).toBeCloseTo(1 / 6, 14);
});

describe('meanPassAtK', () => {
  test('averages over problems, not over samples', () => {
    const counts = [
      { samples: 2, correct: 2 },
      { samples: 8, correct: 0 },
    ];
    expect(meanPassAtK(counts, 1)).toBe(0.5);
  });
  test('refuses an empty evaluation', () => {
    expect(() => meanPassAtK([], 1)).toThrow(ConfigError);
  });
});
