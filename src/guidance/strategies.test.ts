import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { isEvidence } from '../types.ts';
import { guideJoint } from './guide-joint.ts';
import { guideMixin } from './guide-mixin.ts';
import { guideWhole } from './guide-whole.ts';
import { noGuidance } from './no-guidance.ts';
import { withRetention } from './retention.ts';
import { dropReason, planText, play } from './scripted.case.ts';

const guided = [
  ['whole', guideWhole],
  ['mixin', guideMixin],
  ['joint', guideJoint],
] as const;
const level = 1;
const rows = (letters: string, context: string) => [...letters].map((letter) => `${letter} ${context}→plain`);

describe('every strategy on the plain group', () => {
  const all = [noGuidance(), ...guided.map(([, make]) => make({ level }))];
  test.each(all)('$name samples k plain rollouts first and accepts a mixed group as it is', (strategy) => {
    const played = play(strategy, { plain: 'wcmt' });
    expect(played.contexts).toEqual(['plain']);
    expect(planText(played)).toEqual({ rows: rows('wcmt', 'plain'), retention: [] });
  });
  test.each(all)('$name leaves rollouts without evidence out of the plan', (strategy) => {
    expect(planText(play(strategy, { plain: 'wceo' })).rows).toEqual(rows('wc', 'plain'));
  });
  test.each(all)('$name drops what has no contrast and no failure of knowledge', (strategy) => {
    expect(dropReason(play(strategy, { plain: 'cccc' }))).toBe('allPass');
    expect(dropReason(play(strategy, { plain: 'mmtt' }))).toBe('noneWrong');
    expect(dropReason(play(strategy, { plain: 'wwwe' }))).toBe('tooLittleEvidence');
  });
});

test('without guidance a group that all failed is dropped, and one with faults by minEvidence', () => {
  expect(dropReason(play(noGuidance(), { plain: 'wwww' }))).toBe('allFail');
  expect(dropReason(play(noGuidance(), { plain: 'wwwe' }))).toBe('tooLittleEvidence');
  expect(dropReason(play(noGuidance({ minEvidence: 3 }), { plain: 'wwwe' }))).toBe('allFail');
});

describe.each(guided)('guide %s', (_, make) => {
  test('samples k rollouts with the hint when all failed, and trains them on the plain prompt', () => {
    const played = play(make({ level }), { plain: 'wwww', hinted: ['cwww'] });
    expect(played.contexts).toEqual(['plain', 'hint1']);
    expect(planText(played).rows).toContain('c hint1→plain');
  });
  test('asks for the level it was given', () => {
    const played = play(make({ level: 2 }), { plain: 'wwww', hinted: ['', 'cwww'] });
    expect(played.contexts).toEqual(['plain', 'hint2']);
  });
  test('drops a problem without that hint', () => {
    expect(dropReason(play(make({ level: 3 }), { plain: 'wwww' }))).toBe('noHint');
    expect(dropReason(play(make({ level }), { plain: 'wwww', hints: [' '] }))).toBe('noHint');
  });
  test('drops when the hint did not help, or the grader failed', () => {
    expect(dropReason(play(make({ level }), { plain: 'wwww', hinted: ['wmtw'] }))).toBe('guidedAllFail');
    expect(dropReason(play(make({ level }), { plain: 'wwww', hinted: ['wwee'] }))).toBe('guidedAllFail');
    expect(dropReason(play(make({ level }), { plain: 'wwww', hinted: ['eeoo'] }))).toBe('tooLittleEvidence');
  });
  test('minEvidence lets it guide in spite of a grader fault', () => {
    const script = { plain: 'wwwe', hinted: ['cwww'] };
    expect(dropReason(play(make({ level }), script))).toBe('tooLittleEvidence');
    expect(dropReason(play(make({ level, minEvidence: 3 }), script))).toBe('accepted');
  });
  test('refuses options that are no counts', () => {
    expect(() => make({ level: 0 })).toThrow(ConfigError);
    expect(() => make({ level, minEvidence: 0 })).toThrow(ConfigError);
  });
});

describe('what enters the training group', () => {
  const rowsOf = (make: (typeof guided)[number][1], hinted: string, plain = 'wmtw') =>
    planText(play(make({ level }), { plain, hinted: [hinted] })).rows;

  test('whole: the guided rollouts alone', () => {
    expect(rowsOf(guideWhole, 'cwmc')).toEqual(rows('cwmc', 'hint1'));
    expect(rowsOf(guideWhole, 'cwee')).toEqual(rows('cw', 'hint1'));
    expect(dropReason(play(guideWhole({ level }), { plain: 'wwww', hinted: ['cccc'] }))).toBe(
      'guidedAllPass',
    );
    expect(dropReason(play(guideWhole({ level }), { plain: 'wwww', hinted: ['ccce'] }))).toBe(
      'guidedAllPass',
    );
  });

  test('mixin: the correct guided rollouts, filled to k with the first plain failures', () => {
    expect(rowsOf(guideMixin, 'cwmc')).toEqual([...rows('cc', 'hint1'), ...rows('wm', 'plain')]);
    expect(rowsOf(guideMixin, 'wwwc')).toEqual([...rows('c', 'hint1'), ...rows('wmt', 'plain')]);
    expect(rowsOf(guideMixin, 'ccce')).toEqual([...rows('ccc', 'hint1'), ...rows('w', 'plain')]);
    expect(dropReason(play(guideMixin({ level }), { plain: 'wwww', hinted: ['cccc'] }))).toBe(
      'guidedAllPass',
    );
  });

  test('joint: all failures and all guided rollouts, also when every guided one is correct', () => {
    expect(rowsOf(guideJoint, 'cwmc')).toEqual([...rows('wmtw', 'plain'), ...rows('cwmc', 'hint1')]);
    expect(rowsOf(guideJoint, 'cccc')).toEqual([...rows('wmtw', 'plain'), ...rows('cccc', 'hint1')]);
    expect(rowsOf(guideJoint, 'ceoe')).toEqual([...rows('wmtw', 'plain'), ...rows('c', 'hint1')]);
  });
});

describe('withRetention', () => {
  test.each(guided)('adds the correct guided rows of %s, in the context they were sampled in', (_, make) => {
    const script = { plain: 'wwww', hinted: ['cwcm'] };
    const kept = planText(play(withRetention(make({ level })), script));
    expect(kept.retention).toEqual(['c hint1→hint1', 'c hint1→hint1']);
    expect(kept.rows).toEqual(planText(play(make({ level }), script)).rows);
  });
  test('adds nothing to a group that was not guided', () => {
    expect(planText(play(withRetention(guideJoint({ level })), { plain: 'cwcw' })).retention).toEqual([]);
  });
  test('passes drops on, also of guided groups that all passed', () => {
    const strategy = withRetention(guideWhole({ level }));
    expect(dropReason(play(strategy, { plain: 'wwww', hinted: ['cccc'] }))).toBe('guidedAllPass');
    expect(dropReason(play(strategy, { plain: 'cccc' }))).toBe('allPass');
  });
  test('keeps the retention rows of the strategy it wraps', () => {
    const twice = withRetention(withRetention(guideJoint({ level })));
    expect(planText(play(twice, { plain: 'ww', hinted: ['cw'] })).retention.length).toBe(2);
  });
});

test('names tell strategies apart', () => {
  const names = [noGuidance(), ...guided.map(([, make]) => make({ level }))].map(({ name }) => name);
  expect([...names, withRetention(noGuidance()).name]).toEqual([
    'none',
    'guide-whole',
    'guide-mixin',
    'guide-joint',
    'none+retention',
  ]);
});

test('whatever the verdicts: contrast in every plan, no rollout without evidence, an end after two samples', () => {
  const letters = (k: number) =>
    fc.array(fc.constantFrom(...'cwmteo'), { minLength: k, maxLength: k }).map((each) => each.join(''));
  const failing = (k: number) =>
    fc.array(fc.constantFrom(...'wwwmte'), { minLength: k, maxLength: k }).map((each) => each.join(''));
  const scripts = fc.integer({ min: 1, max: 6 }).chain((k) =>
    fc.record({
      plain: fc.oneof(letters(k), failing(k)),
      hinted: fc.tuple(fc.oneof(letters(k), fc.constant('c'.repeat(k)))),
      hints: fc.constantFrom(['hint'], []),
      minEvidence: fc.integer({ min: 1, max: k }),
    }),
  );
  const makers = [noGuidance, ...guided.map(([, make]) => make)];
  fc.assert(
    fc.property(
      scripts,
      fc.constantFrom(...makers),
      fc.boolean(),
      ({ minEvidence, ...script }, make, retain) => {
        const bare = make({ minEvidence, level });
        const played = play(retain ? withRetention(bare) : bare, script);
        expect(played.contexts.length).toBeLessThanOrEqual(2);
        if (played.decision.kind !== 'accept') return;
        const { plan } = played.decision;
        expect(new Set(plan.rows.map(({ rollout }) => rollout.reward)).size).toBe(2);
        expect([...plan.rows, ...plan.retention].every(({ rollout }) => isEvidence(rollout.verdict))).toBe(
          true,
        );
        expect(new Set(plan.rows.map(({ rollout }) => rollout)).size).toBe(plan.rows.length);
        expect(plan.rows.every(({ trainContext }) => trainContext === 'plain')).toBe(true);
        expect(
          plan.retention.every(({ rollout }) => rollout.reward === 1 && rollout.context !== 'plain'),
        ).toBe(true);
      },
    ),
    { numRuns: 2000, seed: 20250620 },
  );
});
