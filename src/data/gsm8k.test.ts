import { describe, expect, it } from 'vitest';
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
    ['{"question": "Q?"}', 'expected {"question", "answer"}'],
    [JSON.stringify({ question: 'Q?', answer: 'A? ** b' }), 'expected a number after ####'],
    [JSON.stringify({ question: 'Q?', answer: 'no stars\n#### 3' }), 'expected sub-questions'],
  ])('says why %s is no problem', (line, reason) => {
    expect(socraticProblem(line)).toContain(reason);
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

  it('refuses another file, naming the first row that cannot be used', () => {
    expect(() => splitSocraticGsm8k(lines.slice(1).join('\n'), 'f')).toThrow(/1319 usable rows .* got 1318/);
    expect(() => splitSocraticGsm8k(['{}', ...lines].join('\n'), 'f')).toThrow(/line 1/);
  });
});
