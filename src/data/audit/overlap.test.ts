import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, Problem } from '../../types.ts';
import { OverlapIndex } from './overlap.ts';

const problem = (content: string, rest: Partial<Problem> = {}): Problem => ({
  id: '0000000000000000',
  messages: [{ role: 'user', content }],
  answer: '1',
  verifier: 'exact',
  hints: [],
  source: 'test',
  ...rest,
});
const indexOf = (words: number, ...texts: string[]) => {
  const index = new OverlapIndex(words);
  for (const text of texts) index.addEvaluation(problem(text));
  return index;
};
const COUNTED = 'one two three four five six seven eight nine ten eleven twelve thirteen';

describe('overlap with evaluation problems', () => {
  it('is thirteen words in a row, case and punctuation aside, with the text as the training problem has it', () => {
    const index = indexOf(13, `Before: ${COUNTED}, and after it.`, 'Something else.');
    const found = index.find(
      problem('So: ONE, two (three) four – five six; seven eight nine ten eleven twelve “Thirteen”!'),
    );
    expect(found).toEqual([
      {
        evaluation: 0,
        kind: 'words',
        text: 'ONE, two (three) four – five six; seven eight nine ten eleven twelve “Thirteen',
        words: 13,
        share: 13 / 17,
      },
    ]);
    expect(index.find(problem(`${COUNTED.replace('one ', '')} fourteen`))).toEqual([]);
    expect(index.find(problem(COUNTED.replace('seven', '7')))).toEqual([]);
  });

  it('takes a shorter problem whole, and nothing less', () => {
    const index = indexOf(13, 'What is 3 + 4?', 'What is 5 + 6?');
    expect(index.find(problem('what is  3+4 ?'))).toEqual([
      { evaluation: 0, kind: 'whole', text: 'what is  3+4 ?', words: 4, share: 1 },
    ]);
    expect(index.find(problem('What is 3 − 4?'))).toEqual([]);
    expect(index.find(problem('What is 3 + 4 and why?'))).toEqual([]);
  });

  it('adds up all that is shared with one problem, and shows the longest run', () => {
    const index = indexOf(5, 'a b c d e f g h . x1 x2 x3 . k l m n o');
    const [found, ...others] = index.find(problem('a b c d e f g h ! k l m n o'));
    expect(others).toEqual([]);
    // Sixteen words in the evaluation problem: eight and five of them are shared.
    expect(found).toMatchObject({ text: 'a b c d e f g h', words: 8, share: 13 / 16 });
  });

  it('counts no template that many evaluation problems share, and still finds the same problem', () => {
    const asked = 'Think step by step and put the final answer behind four number signs at the very end';
    const texts = Array.from({ length: 30 }, (_, n) => `Problem ${n}: find f(${n}). ${asked}`);
    const index = indexOf(13, ...texts);
    expect(index.find(problem(`Another one, about trains. ${asked}`))).toEqual([]);
    expect(index.find(problem(texts[7].toUpperCase()))).toMatchObject([{ evaluation: 7, kind: 'whole' }]);
    // Ten share a run: no template yet.
    const ten = indexOf(13, ...texts.slice(0, 10), ...Array.from({ length: 10 }, (_, n) => `Other ${n}`));
    expect(ten.find(problem(`Another one, about trains. ${asked}`))).toHaveLength(10);
  });

  it('does not see the system message', () => {
    const system: ChatMessage = { role: 'system', content: COUNTED };
    const index = indexOf(13, 'Find x.');
    index.addEvaluation(problem('', { messages: [system, { role: 'user', content: 'Find y.' }] }));
    expect(index.find(problem('', { messages: [system, { role: 'user', content: 'Find z.' }] }))).toEqual([]);
  });

  it('takes each letter of a script without spaces as a word, and full-width digits as digits', () => {
    const index = indexOf(12, '小明有12个苹果，他给了小红3个苹果。还剩几个？');
    const [found] = index.find(problem('问题：小明有１２个苹果，他给了小红４个苹果'));
    expect(found).toMatchObject({ kind: 'words', text: '小明有12个苹果,他给了小红' });
    expect(index.find(problem('小明有13个苹果'))).toEqual([]);
  });

  it('finds what comparing every run of words finds', () => {
    const word = fc.constantFrom('a', 'B', 'c', 'dd', '7', 'é', 'İ');
    const separator = fc.constantFrom(' ', ', ', '\n', ' – ');
    const text = fc
      .array(fc.tuple(word, separator), { minLength: 1, maxLength: 14 })
      .map((pairs) => pairs.flat().join(''));
    const runs = (of: string) => {
      const words = of
        .normalize('NFKC')
        .toLowerCase()
        .split(/[\s,–]+/)
        .filter((each) => each !== '');
      return words.slice(0, Math.max(0, words.length - 4)).map((_, at) => words.slice(at, at + 5).join(' '));
    };
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (evaluation, training) => {
        const index = indexOf(5, ...evaluation);
        const limit = Math.max(1, Math.floor(evaluation.length / 2));
        const holders = (run: string) => evaluation.flatMap((of, n) => (runs(of).includes(run) ? [n] : []));
        const expected = new Set(
          runs(training).flatMap((run) => (holders(run).length <= limit ? holders(run) : [])),
        );
        const found = index.find(problem(training)).filter(({ kind }) => kind === 'words');
        // A problem that is the same as a whole is found as that.
        const whole = index.find(problem(training)).find(({ kind }) => kind === 'whole');
        if (whole) expected.delete(whole.evaluation);
        expect(new Set(found.map(({ evaluation: n }) => n))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
