// Letters are rollouts (c correct, w wrong, e grader fault): plain ones, then those of each hint level.
import { expect, test } from 'vitest';
import type { DrawRecord } from '../rollout/collect-batch.ts';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import { contextOfLevel } from '../types.ts';
import { hintUse, OTHER_SOURCES } from './hint-use.ts';
import { rolloutOf } from './scripted-groups.case.ts';

function draw(source: string, ...letters: string[]): DrawRecord {
  const attempts = letters
    .map((each, level) => ({
      context: contextOfLevel(level),
      rollouts: [...each].map((letter, index) => rolloutOf('A', contextOfLevel(level), letter, index)),
    }))
    .filter(({ rollouts }) => rollouts.length > 0);
  return { problem: problemNamed('A', { source }), drawOrdinal: 0, attempts, outcome: 'accepted' };
}

test('rescues and lift by source and level, on the problems that were seen both ways', () => {
  const use = hintUse([
    draw('math', 'wwww', 'ccwe'), // rescued at level 1
    draw('math', 'wwwc', 'wwww'), // a strategy that always hints: not failed, so not rescued
    draw('math', 'wwww', 'wwww', 'cwww'), // rescued at level 2
    draw('math', 'cccc'), // no hint: drawn, and in nothing else
    draw('code', 'eeee', 'cccc'), // nothing to compare with
  ]);
  expect(use).toEqual([
    {
      source: 'math',
      level: 1,
      drawn: 4,
      problems: 3,
      rescued: 1,
      plainCorrect: 1,
      plainEvidence: 12,
      guidedCorrect: 2,
      guidedEvidence: 11,
      rescueRate: 1 / 3,
      lift: expect.closeTo(2 / 11 - 1 / 12, 12) as number,
    },
    {
      source: 'math',
      level: 2,
      drawn: 4,
      problems: 1,
      rescued: 1,
      plainCorrect: 0,
      plainEvidence: 4,
      guidedCorrect: 1,
      guidedEvidence: 4,
      rescueRate: 1,
      lift: 1 / 4,
    },
    expect.objectContaining({ source: 'code', problems: 1, plainEvidence: 0, lift: null }),
  ]);
});

test('no hint, no figures', () => {
  expect(hintUse([draw('math', 'ww')])).toBeNull();
});

test('names eight sources, those with most guided problems, and sums the others', () => {
  const draws = Array.from({ length: 30 }, (_, n) => n).flatMap((n) =>
    Array.from({ length: n % 3 === 0 ? 2 : 1 }, () => draw(`s${String(n).padStart(2, '0')}`, 'ww', 'cw')),
  );
  const use = hintUse(draws)!;
  expect(use.map(({ source }) => source)).toEqual([
    ...['s00', 's03', 's06', 's09', 's12', 's15', 's18', 's21'],
    OTHER_SOURCES,
  ]);
  expect(use.reduce((sum, { problems }) => sum + problems, 0)).toBe(40);
  expect(use.at(-1)).toMatchObject({ drawn: 24, problems: 24, rescued: 24 });
});
