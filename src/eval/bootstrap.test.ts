import { describe, expect, test } from 'vitest';
import { goldenStatistics } from '../algorithms/golden.case.ts';
import { ConfigError } from '../errors.ts';
import { bootstrapInterval } from './bootstrap.ts';

const values = [0, 1, 1, 0, 1, 0, 0, 0.5];

describe('bootstrapInterval', () => {
  test.each(goldenStatistics().bootstraps)('numpy with the same draws: $resamples resamples', (golden) => {
    const interval = bootstrapInterval(golden.values, { ...golden, seed: BigInt(golden.seed) });
    expect(interval.mean).toBeCloseTo(golden.mean, 13);
    expect(interval.low).toBeCloseTo(golden.low, 13);
    expect(interval.high).toBeCloseTo(golden.high, 13);
  });

  test('of two problems, one solved, reaches from 0 to 1: each end has a chance of a quarter', () => {
    expect(bootstrapInterval([0, 1], { seed: 1n, resamples: 400 })).toEqual({ mean: 0.5, low: 0, high: 1 });
  });

  test('is a point where all values are equal', () => {
    expect(bootstrapInterval([0.25, 0.25, 0.25], { seed: 3n })).toEqual({
      mean: 0.25,
      low: 0.25,
      high: 0.25,
    });
  });

  test('is about mean ± 1.96 standard errors for many problems', () => {
    // 400 problems, half solved: the standard error is 0.025.
    const many = Array.from({ length: 400 }, (_, i) => i % 2);
    const { low, high } = bootstrapInterval(many, { seed: 9n, resamples: 1000 });
    expect(low).toBeCloseTo(0.5 - 0.049, 2);
    expect(high).toBeCloseTo(0.5 + 0.049, 2);
  });

  test('the seed names the draw, the other options change it', () => {
    const interval = (options: object) => bootstrapInterval(values, { seed: 1n, resamples: 300, ...options });
    expect(interval({})).toEqual(interval({}));
    expect(interval({ seed: 2n, resamples: 7 })).not.toEqual(interval({ resamples: 7 }));
    const narrow = interval({ confidence: 0.5 });
    expect(narrow.high - narrow.low).toBeLessThan(interval({}).high - interval({}).low);
  });

  test('refuses what it cannot do', () => {
    expect(() => bootstrapInterval([], { seed: 1n })).toThrow(ConfigError);
    expect(() => bootstrapInterval(values, { seed: 1n, resamples: 0 })).toThrow(ConfigError);
    expect(() => bootstrapInterval(values, { seed: 1n, confidence: 95 })).toThrow(ConfigError);
  });
});
