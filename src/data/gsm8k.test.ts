import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { socraticProblem, splitSocraticGsm8k } from './gsm8k.ts';

// Invented rows in the form of the file.
const row = (index: number, hint = 'How many are left?') =>
  JSON.stringify({
    question: `A shop has ${index} pens and sells none. How many are left?`,
    answer: `${hint} ** There are <<${index}=${index}>>${index} left.\nSo what is it? ** ${index}\n#### ${index}`,
  });

describe('socraticProblem', () => {
  it('takes the sub-questions as the hint, without what follows the stars, and the number after ####', () => {
    const line = JSON.stringify({
      question: 'Q?',
      answer: 'How many a day? ** 3*400=<<3*400=1200>>1,200 a day.\nAnd a week? ** 7 times that.\n#### 8,400',
    });
    expect(socraticProblem(line)).toMatchObject({
      messages: [{ role: 'user', content: 'Q?' }],
      answer: '8400',
      hints: ['1. How many a day?\n2. And a week?'],
      verifier: 'exact',
      source: 'math/gsm8k/socratic-test',
    });
  });

  it.each([
    ['{"question": ', 'row', /^not JSON: /],
    ['"Q?"', 'row', /expected object/],
    ['{"question": "Q?"}', 'answer', /expected string/],
    [JSON.stringify({ question: '', answer: 'A? ** b\n#### 3' }), 'question', /must not be empty/],
    [JSON.stringify({ question: 'Q?', answer: 'A? ** b' }), 'answer', /^expected a number after ####$/],
    [JSON.stringify({ question: 'Q?', answer: 'no stars\n#### 3' }), 'answer', /^expected sub-questions/],
  ])('says of %s that its %s is no good, and why', (line, field, reason) => {
    expect(socraticProblem(line)).toEqual({ field, reason: expect.stringMatching(reason) as string });
  });
});

describe('splitSocraticGsm8k', () => {
  const lines = Array.from({ length: 1319 }, (_, index) => row(index));

  it('holds out 319 by content, wherever the rows stand', () => {
    const split = splitSocraticGsm8k(lines.join('\n'), 'f');
    expect([split.train.length, split.heldOut.length]).toEqual([1000, 319]);
    const reversed = splitSocraticGsm8k([...lines].reverse().join('\r\n'), 'f');
    expect(reversed.heldOut).toEqual(split.heldOut);
    expect(new Set([...split.train, ...split.heldOut].map(({ id }) => id)).size).toBe(1319);
  });

  it('counts hints that name the answer, the numbering aside', () => {
    const leaking = lines.map((line, index) => (index < 5 ? row(index, `Are there ${index}?`) : line));
    expect(splitSocraticGsm8k(leaking.join('\n'), 'f').leaking).toBe(5);
  });

  const refusalOf = (rows: readonly string[]): string => {
    try {
      splitSocraticGsm8k(rows.join('\n'), 'f.jsonl');
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      return (error as DataError).message;
    }
    return 'nothing was thrown';
  };

  it('refuses another file', () => {
    expect(refusalOf(lines.slice(1))).toMatch(
      /1319 usable rows .* f\.jsonl, got 1318 and 0 that cannot be used/,
    );
  });

  it('refuses rows that cannot be used, counts them, and lists the first five with line and field', () => {
    const bad = ['{"question": ', '{"question": "Q?"}', '3', '3', '3', '3', '3'];
    const [sentence, ...listed] = refusalOf(['', ...bad, ...lines]).split('\n');
    expect(sentence).toMatch(/got 1319 and 7 that cannot be used;/);
    expect(listed).toHaveLength(6);
    expect(listed[0]).toMatch(/^f\.jsonl:2 \(row\): not JSON: /);
    expect(listed[1]).toMatch(/^f\.jsonl:3 \(answer\): /);
    expect(listed[5]).toBe('… and 2 more');
  });

  it('refuses a row that stands twice, for one of the 1,319 is then missing', () => {
    expect(refusalOf([...lines.slice(1), lines[7]])).toMatch(
      /got 1318 and 1 that cannot be used;.*\nf\.jsonl:1319 \(row\): the same question/,
    );
  });
});
