import { expect, test } from 'vitest';
import { fixedLength, sequenceMean, tokenMean } from './aggregation.ts';

const lengths = [1, 3, 4];

test('tokenMean: every token 1/8', () => {
  expect([...tokenMean(lengths)]).toEqual([1 / 8, 1 / 8, 1 / 8]);
});

test('sequenceMean: every row 1/3, spread over its own tokens', () => {
  expect([...sequenceMean(lengths)]).toEqual([1 / 3, 1 / 9, 1 / 12]);
});

test('fixedLength: every token 1/(3 · 10), whatever the lengths', () => {
  expect([...fixedLength(10)(lengths)]).toEqual([1 / 30, 1 / 30, 1 / 30]);
  expect([...fixedLength(5)(lengths)]).toEqual([1 / 15, 1 / 15, 1 / 15]);
});

test('rows without tokens weigh nothing and still count as rows', () => {
  expect([...tokenMean([0, 2])]).toEqual([0, 1 / 2]);
  expect([...sequenceMean([0, 2])]).toEqual([0, 1 / 4]);
  expect([...fixedLength(2)([0, 2])]).toEqual([0, 1 / 4]);
  expect([...tokenMean([0])]).toEqual([0]);
  expect([...tokenMean([])]).toEqual([]);
});
