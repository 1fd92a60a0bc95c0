import { expect, test } from 'vitest';
import { hashIn } from '../hints/measurements.ts';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import { rolloutRecords } from './rollout-records.ts';
import { rolloutOf } from './scripted-groups.case.ts';

test('a rollout names its hint as a measurement of lift does, also where a whole hinted prompt takes its place', () => {
  const whole = {
    ...problemNamed('A'),
    hintedPrompts: [[{ role: 'user' as const, content: 'Look at A again.' }]],
  };
  for (const problem of [problemNamed('A'), whole]) {
    const attempts = [{ context: 'hint1' as const, rollouts: [rolloutOf('A', 'hint1', 'c')] }];
    const draw = { problem, drawOrdinal: 0, attempts, outcome: 'accepted' as const };
    const batch = { draws: [draw], groups: [], staleGroups: [], surplus: [], rounds: 1, nextDrawOrdinal: 1 };
    const [record] = rolloutRecords(batch, []);
    expect(record).toMatchObject({ hint: problem.hints[0], hintHash: hashIn(problem, 'hint1') });
  }
  expect(hashIn(whole, 'hint1')).not.toBe(hashIn(problemNamed('A'), 'hint1'));
});
