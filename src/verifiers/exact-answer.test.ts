import { describe, expect, it } from 'vitest';
import type { FinishReason, Problem } from '../types.ts';
import { exactAnswer, extractAnswer, normaliseAnswer } from './exact-answer.ts';

function verdictOf(answer: string, response: string, finish: FinishReason = 'stop') {
  const problem: Problem = {
    id: '0'.repeat(16),
    messages: [{ role: 'user', content: 'How many?' }],
    answer,
    verifier: 'exact',
    hints: [],
    source: 'test',
  };
  return exactAnswer.verify({ problem, response, finish });
}

describe('extractAnswer', () => {
  it.each([
    ['So \\boxed{18}.', '18'],
    ['First \\boxed{3}, then \\boxed{4}', '4'],
    ['\\boxed{\\frac{1}{2}} apples}', '\\frac{1}{2}'],
    ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
    ['\\boxed{7} and then \\boxed{8', '7'],
    ['\\boxed{1} }{ \\boxed{2 \\boxed{3} x', '3'],
    ['\\boxed{a \\boxed{b} c}', 'b'],
    ['\\\\boxed{4}\\}', '4'],
    ['work\n#### 72', '72'],
    ['#### 1\nno, wait\n#### 2 \r\nafter', '2'],
    ['#### 5 but \\boxed{6}', '6'],
    ['reverse : c b a #### c b a', 'c b a'],
    ['<think>\\boxed{3}</think> #### 4', '4'],
    ['<think>3</think> so </think>\\boxed{4}', '4'],
  ])('reads %j as %j', (response, answer) => {
    expect(extractAnswer(response)).toBe(answer);
  });

  it.each([
    '',
    'The answer is 18.',
    '####',
    '####  \nx',
    '\\boxed{}',
    '\\boxed{18',
    '### 18',
    '<think>\\boxed{18}</think>So it is',
  ])('finds nothing in %j', (response) => {
    expect(extractAnswer(response)).toBeNull();
  });
});

describe('normaliseAnswer', () => {
  it.each([
    ['  a   b\tc ', 'a b c'],
    ['$18$', '18'],
    ['\\$1,234.50', '1234.5'],
    ['18.', '18'],
    ['-0.0', '0'],
    ['+007', '7'],
    ['.5', '0.5'],
    ['1,22', '1,22'],
    ['1,2,3', '1,2,3'],
    ['1234,567', '1234,567'],
    ['x = 3.', 'x = 3'],
    ['1e3', '1e3'],
    ['.', ''],
  ])('makes %j of %j', (answer, normal) => {
    expect(normaliseAnswer(answer)).toBe(normal);
  });

  it('keeps every digit of numbers that a double cannot tell apart', () => {
    expect(normaliseAnswer('9007199254740993')).not.toBe(normaliseAnswer('9007199254740992'));
  });
});

describe('the exact verifier', () => {
  it.each([
    ['18', '#### 18.0'],
    ['18', '#### $18'],
    ['1,000', '\\boxed{1000}'],
    ['b c a', '#### b  c a'],
  ])('accepts for the gold %j the response %j', async (answer, response) => {
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'correct' });
  });

  it.each([
    ['18', '#### 180'],
    ['18', '#### -18'],
    ['0.5', '\\boxed{\\frac{1}{2}}'],
    ['b c a', '#### bca'],
    ['b c a', '#### B c a'],
  ])('rejects for the gold %j the response %j', async (answer, response) => {
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'wrong' });
  });

  it('quotes both answers in its reason', async () => {
    expect(await verdictOf('18', '#### $19')).toEqual({
      kind: 'wrong',
      reason: 'The answer "$19" is not the expected "18".',
      extracted: '$19',
    });
  });

  it('tells a response cut off before its answer from one that gives none', async () => {
    expect(await verdictOf('18', 'Let us', 'length')).toMatchObject({ kind: 'truncated', extracted: null });
    expect(await verdictOf('18', 'Let us', 'stop')).toMatchObject({ kind: 'malformed', extracted: null });
  });

  it('grades an answer given before the token limit', async () => {
    expect(await verdictOf('18', '\\boxed{18} and so', 'length')).toMatchObject({ kind: 'correct' });
  });
});
