import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { constantShaping, percentileShaping, powerShaping, unshaped } from './shaping.ts';

const ratios_RT = [Float64Array.from([0.1, 0.2]), Float64Array.from([0.3, 0.4, 0.5])];

describe('γ', () => {
  test('constant and power: the number chosen, one for each row', () => {
    expect([...constantShaping(0.1).gammas(ratios_RT)]).toEqual([0.1, 0.1]);
    expect([...powerShaping(0.5).gammas(ratios_RT)]).toEqual([0.5, 0.5]);
  });
  test('percentile: one quantile over the tokens of all rows', () => {
    expect([...percentileShaping(0.5).gammas(ratios_RT)]).toEqual([0.3, 0.3]);
    percentileShaping(0.9)
      .gammas(ratios_RT)
      .forEach((gamma) => expect(gamma).toBeCloseTo(0.46, 12));
  });
  test('percentile per sequence: each row its own', () => {
    const gammas = percentileShaping(0.5, { perSequence: true }).gammas(ratios_RT);
    expect(gammas[0]).toBeCloseTo(0.15, 12);
    expect(gammas[1]).toBeCloseTo(0.4, 12);
  });
  test('percentile is at least 1e-4, and none without rows', () => {
    const tiny = [Float64Array.from([1e-9, 1e-8])];
    expect([...percentileShaping(0.9).gammas(tiny)]).toEqual([1e-4]);
    expect([...percentileShaping(0.9, { perSequence: true }).gammas(tiny)]).toEqual([1e-4]);
    expect(percentileShaping(0.9).gammas([]).length).toBe(0);
  });
  test('a NaN ratio is not hidden by the floor', () => {
    expect(percentileShaping(0.9).gammas([Float64Array.from([NaN, 1])])[0]).toBeNaN();
  });
});

describe('f and its slope', () => {
  test('r/(r+γ) at r = γ: half, with slope a quarter', () => {
    for (const shaping of [constantShaping(0.3), percentileShaping(0.9)]) {
      expect(shaping.weight(0.3, 0.3)).toBe(0.5);
      expect(shaping.slope(0.3, 0.3)).toBe(0.25);
    }
  });
  test('r^γ at r = 4, γ = 1/2: 2, with slope 1', () => {
    expect(powerShaping(0.5).weight(4, 0.5)).toBe(2);
    expect(powerShaping(0.5).slope(4, 0.5)).toBe(1);
  });
  test('unshaped: the ratio itself, whatever γ', () => {
    expect(unshaped.weight(0.3, 9)).toBe(0.3);
    expect(unshaped.slope(0.3, 9)).toBe(0.3);
  });
  test.each([unshaped, constantShaping(0.2), percentileShaping(0.5), powerShaping(0.7)])(
    '$name: the slope is the derivative by the log-prob',
    (shaping) => {
      for (const [ratio, gamma] of [
        [0.01, 0.2],
        [0.2, 0.2],
        [3, 0.7],
      ]) {
        const step = 1e-6;
        const difference =
          shaping.weight(ratio * Math.exp(step), gamma) - shaping.weight(ratio * Math.exp(-step), gamma);
        expect(difference / (2 * step)).toBeCloseTo(shaping.slope(ratio, gamma), 8);
      }
    },
  );
  test('shaping bounds what a huge ratio does, without overflow on the way', () => {
    expect(constantShaping(0.1).weight(1e200, 0.1)).toBe(1);
    expect(constantShaping(0.1).slope(1e200, 0.1)).toBeCloseTo(0, 12);
  });
});

test('names tell the settings apart', () => {
  const names = [
    unshaped,
    constantShaping(0.1),
    constantShaping(1),
    percentileShaping(0.9),
    percentileShaping(0.9, { perSequence: true }),
    powerShaping(0.5),
  ].map((shaping) => shaping.name);
  expect(new Set(names).size).toBe(names.length);
});

test('settings without meaning are refused', () => {
  expect(() => constantShaping(0)).toThrow(ConfigError);
  expect(() => powerShaping(-1)).toThrow(ConfigError);
  expect(() => percentileShaping(90)).toThrow(/the 90th percentile is 0.9/);
  expect(() => percentileShaping(NaN)).toThrow(ConfigError);
});
