import { describe, expect, test } from 'vitest';
import { TrainingError } from '../errors.ts';
import { k1, k2, k3 } from './kl.ts';

const one = (logprob: number) => Float64Array.from([logprob]);

test('a token twice as likely under the current policy: d = ln 2', () => {
  const [behaviour, current] = [one(Math.log(0.25)), one(Math.log(0.5))];
  expect(k1(behaviour, current)[0]).toBeCloseTo(-Math.LN2, 14);
  expect(k2(behaviour, current)[0]).toBeCloseTo(Math.LN2 ** 2 / 2, 14);
  expect(k3(behaviour, current)[0]).toBeCloseTo(2 - 1 - Math.LN2, 14);
});

describe('the direction: expectations over the behaviour policy', () => {
  const behaviour = [0.5, 0.3, 0.2];
  const current = [0.7, 0.2, 0.1];
  const logs = (p: number[]) => Float64Array.from(p, Math.log);
  const expectation = (values: Float64Array) =>
    values.reduce((sum, value, i) => sum + behaviour[i] * value, 0);
  const divergence = (p: number[], q: number[]) =>
    p.reduce((sum, pi, i) => sum + pi * Math.log(pi / q[i]), 0);

  test('of k1 and of k3 is KL(behaviour ‖ current) exactly, which is not the reverse', () => {
    const forward = divergence(behaviour, current);
    expect(expectation(k1(logs(behaviour), logs(current)))).toBeCloseTo(forward, 14);
    expect(expectation(k3(logs(behaviour), logs(current)))).toBeCloseTo(forward, 14);
    expect(forward).not.toBeCloseTo(divergence(current, behaviour), 4);
  });
  test('of k2 is biased', () => {
    expect(expectation(k2(logs(behaviour), logs(current)))).not.toBeCloseTo(
      divergence(behaviour, current),
      4,
    );
  });
});

test('at equal log-probs all are exactly 0, and k3 keeps its digits close by', () => {
  for (const k of [k1, k2, k3]) expect(k(one(-3), one(-3))[0]).toBe(0);
  // d²/2 to first order; exp(d) − 1 − d computed plainly would leave no digit.
  expect(k3(one(0), one(1e-8))[0]).toBeLessThan(1e-15);
});

test('lengths that differ are refused', () => {
  expect(() => k3(new Float64Array(2), new Float64Array(3))).toThrow(TrainingError);
});
