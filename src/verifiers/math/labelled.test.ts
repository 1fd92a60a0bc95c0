// Responses in the forms in which models answer, with labels by hand (oracles/math/answers.jsonl): one
// {id, topic, gold, response, expected} a line, `why` where a label could be argued about, and the verdict of
// Math-Verify 0.9.0 beside it for information; `unsupported` says why an answer is known to be rejected in error. A label is what a mathematician who reads the response would say.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

interface Labelled {
  readonly id: string;
  readonly topic: string;
  readonly gold: string;
  readonly response: string;
  readonly expected: boolean;
  readonly unsupported?: string;
}

const file = new URL('../../../oracles/math/answers.jsonl', import.meta.url);
const rows = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Labelled);

it.each([...new Set(rows.map(({ topic }) => topic))])('labelled answers about %s', (topic) => {
  const graded = rows
    .filter((row) => row.topic === topic)
    .map((row) => ({ ...row, accepted: gradeMath(row.response, row.gold).kind === 'correct' }));
  expect(graded.filter(({ accepted, expected }) => accepted && !expected)).toEqual([]);
  const rejected = graded.filter(({ accepted, expected }) => !accepted && expected);
  expect(rejected.filter(({ unsupported }) => unsupported === undefined)).toEqual([]);
  expect(graded.filter(({ accepted, unsupported }) => accepted && unsupported !== undefined)).toEqual([]);
});
