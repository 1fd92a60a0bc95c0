import { expect, test } from 'vitest';
import { groupAdvantages } from './advantages.ts';
import { goldenStatistics } from './golden.case.ts';

test('one success in four: mean 1/4, std 1/2 with Bessel, so +1.5 and −0.5', () => {
  const advantages = groupAdvantages([1, 0, 0, 0], { normalizeByStd: true });
  [1.5, -0.5, -0.5, -0.5].forEach((expected, g) => expect(advantages[g]).toBeCloseTo(expected, 5));
  expect([...groupAdvantages([1, 0, 0, 0], { normalizeByStd: false })]).toEqual([0.75, -0.25, -0.25, -0.25]);
});

test('a group of one has no baseline: A = R', () => {
  expect([...groupAdvantages([0.7], { normalizeByStd: true })]).toEqual([0.7]);
  expect([...groupAdvantages([0.7], { normalizeByStd: false })]).toEqual([0.7]);
});

test('equal rewards give zero, not 0/0', () => {
  expect([...groupAdvantages([1, 1, 1], { normalizeByStd: true })]).toEqual([0, 0, 0]);
});

test('the rewards are left as they are', () => {
  const rewards = Float64Array.from([1, 0]);
  groupAdvantages(rewards, { normalizeByStd: true });
  expect([...rewards]).toEqual([1, 0]);
});

test.each(goldenStatistics().advantages)('PyTorch: $rewards, std $normalizeByStd', (golden) => {
  const advantages = groupAdvantages(golden.rewards, golden);
  expect(advantages.length).toBe(golden.advantages.length);
  golden.advantages.forEach((expected, g) => expect(advantages[g]).toBeCloseTo(expected, 11));
});
