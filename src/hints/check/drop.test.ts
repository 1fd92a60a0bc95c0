import { expect, it } from 'vitest';
import { problemOf } from '../../data/problem-row.ts';
import { withoutHints } from './drop.ts';
import type { HintVerdict } from './verdict.ts';

it('takes a whole prompt of the data set away with its hint, and the row stays one of a problem', () => {
  const whole = (content: string) => [{ role: 'user', content }];
  const row = {
    ...{ prompt: 'Q', answer: '7', note: 1, hints: ['a', 'seven', 'c', '7'] },
    hintedPrompts: [whole('Q a'), whole('Q seven'), null, whole('Q 7')],
  };
  const verdicts = [2, 4].map((level): HintVerdict => ({
    ...{ level, kind: 'answerLeak', action: 'regenerate', reason: 'it is 7', evidence: null, findings: [] },
  }));
  const kept = withoutHints(row, row.hints, verdicts);
  expect(kept).toEqual({
    ...{ prompt: 'Q', answer: '7', note: 1, hints: ['a', null, 'c'] },
    hintedPrompts: [whole('Q a'), null, null],
  });
  expect(problemOf(kept, { verifier: 'exact', source: 's' })).toMatchObject({ hints: ['a', '', 'c'] });
});
