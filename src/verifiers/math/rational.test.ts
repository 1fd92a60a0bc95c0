// Exact rational arithmetic; expected values by hand.
import { describe, expect, it } from 'vitest';
import { TooLarge } from './limits.ts';
import { add, factor, floor, fromDecimal, power, rational, squareRoot, toNumber } from './rational.ts';

describe('rationals', () => {
  it('are reduced with a positive denominator', () => {
    expect(rational(6n, -4n)).toEqual({ n: -3n, d: 2n });
    expect(rational(0n, -7n)).toEqual({ n: 0n, d: 1n });
    expect(add({ n: 1n, d: 6n }, { n: 1n, d: 3n })).toEqual({ n: 1n, d: 2n });
  });

  it('read decimals exactly', () => {
    expect(fromDecimal('0.1')).toEqual({ n: 1n, d: 10n });
    expect(fromDecimal('12.50')).toEqual({ n: 25n, d: 2n });
  });

  it('round down towards minus infinity', () => {
    expect([floor({ n: -7n, d: 2n }), floor({ n: 7n, d: 2n }), floor({ n: -4n, d: 1n })]).toEqual([
      -4n,
      3n,
      -4n,
    ]);
  });

  it('refuse powers beyond the limit, but not of 0, 1 and -1', () => {
    expect(power({ n: 2n, d: 3n }, -3n)).toEqual({ n: 27n, d: 8n });
    expect(power({ n: -1n, d: 1n }, 10n ** 20n + 1n)).toEqual({ n: -1n, d: 1n });
    expect(() => power({ n: 10n, d: 1n }, 10n ** 10n)).toThrow(TooLarge);
  });

  it('become the nearest double, large parts too', () => {
    expect(toNumber({ n: 1n, d: 3n })).toBe(1 / 3);
    expect(toNumber({ n: 10n ** 400n, d: 3n * 10n ** 400n })).toBeCloseTo(1 / 3, 15);
  });

  it('factor into primes, a large cofactor as one, its square as two', () => {
    expect(factor(360n)).toEqual([
      [2n, 3],
      [3n, 2],
      [5n, 1],
    ]);
    expect(factor(1000003n ** 2n)).toEqual([[1000003n, 2]]);
  });

  it('have integer square roots', () => {
    for (const value of [0n, 1n, 2n, 15n, 16n, 17n, 10n ** 40n - 1n]) {
      const root = squareRoot(value);
      expect(root * root <= value && (root + 1n) * (root + 1n) > value).toBe(true);
    }
  });
});
