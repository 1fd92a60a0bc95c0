import { expect, it } from 'vitest';
import { science } from '../science.ts';
import { CHOICES } from './choices.case.ts';
import type { LabelledAnswers } from './corpus.case.ts';
import { FORMULAE } from './formulae.case.ts';
import { FOURTH_SET } from './fourth-set.case.ts';
import { QUANTITIES } from './quantities.case.ts';
import { SECOND_SET } from './second-set.case.ts';
import { THIRD_SET } from './third-set.case.ts';
import { TOLERANCES } from './tolerances.case.ts';
import { WORDS } from './words.case.ts';

it.each<[string, readonly LabelledAnswers[]]>([
  ['choices', CHOICES],
  ['quantities', QUANTITIES],
  ['quantities with a tolerance', TOLERANCES],
  ['formulae and equations', FORMULAE],
  ['words', WORDS],
  ['answers of the second set', SECOND_SET],
  ['answers of the third set', THIRD_SET],
  ['answers of the fourth set', FOURTH_SET],
])('grades labelled %s as a teacher would', async (_name, groups) => {
  const mistakes: unknown[] = [];
  for (const { gold, correct, not } of groups) {
    const answer = typeof gold === 'string' ? gold : JSON.stringify(gold);
    for (const response of [...correct, ...not]) {
      const problem = { id: '0', messages: [], answer, verifier: 'science', hints: [], source: 'corpus' };
      const verdict = await science.verify({ problem, response, finish: 'stop' });
      if ((verdict.kind === 'correct') !== correct.includes(response))
        mistakes.push({ gold, response, verdict: verdict.kind, reason: verdict.reason });
    }
  }
  expect(mistakes).toEqual([]);
});
