import { describe, expect, test } from 'vitest';
import { goldenStatistics } from './golden.case.ts';
import { effectiveSampleSize, quantile, quantileOfSorted, summarizeRatios } from './ratios.ts';

const golden = goldenStatistics();

describe('quantile', () => {
  test('interpolates linearly: of 0, 10, 20 the 0.9-quantile is 18', () => {
    expect(quantile([20, 0, 10], 0.9)).toBeCloseTo(18, 12);
    expect(quantileOfSorted([0, 10, 20], 0.9)).toBeCloseTo(18, 12);
  });
  test.each(golden.quantiles)('PyTorch: q = $q of $values', ({ values, q, quantile: expected }) => {
    expect(quantile(values, q)).toBeCloseTo(expected, 12);
  });
  test('sorts by number and leaves the input as it is', () => {
    const values = [10, 9, 100];
    expect(quantile(values, 0.5)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });
  test('NaN is reported, infinities are bounds like others', () => {
    expect(quantile([1, NaN, 2], 0)).toBeNaN();
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantile([Infinity, Infinity, 1], 0.75)).toBe(Infinity);
    expect(quantile([Infinity, 1], 0)).toBe(1);
  });
});

describe('effectiveSampleSize', () => {
  test('equal weights count fully, a dominant one alone', () => {
    expect(effectiveSampleSize([0.3, 0.3, 0.3, 0.3])).toBeCloseTo(4, 12);
    expect(effectiveSampleSize([0, 5, 0])).toBe(1);
    expect(effectiveSampleSize([1, 3])).toBeCloseTo(16 / 10, 12);
  });
  test.each(golden.effectiveSampleSizes)('plain arithmetic: $ess', ({ weights, ess }) => {
    expect(effectiveSampleSize(weights)).toBeCloseTo(ess, 11);
  });
  test('survives ratios whose squares overflow, and nothing at all', () => {
    expect(effectiveSampleSize([1e200, 1e200])).toBeCloseTo(2, 12);
    expect(effectiveSampleSize([0, 0])).toBe(0);
    expect(effectiveSampleSize([])).toBe(0);
  });
});

test('summarizeRatios: the five numbers of 0..20', () => {
  const ratios = Array.from({ length: 21 }, (_, i) => 20 - i);
  const { essFraction, ...quantiles } = summarizeRatios(ratios)!;
  expect(quantiles).toEqual({ q05: 1, q50: 10, q95: 19, max: 20 });
  expect(essFraction).toBeCloseTo(210 ** 2 / 2870 / 21, 14);
  expect(summarizeRatios([])).toBeNull();
});
