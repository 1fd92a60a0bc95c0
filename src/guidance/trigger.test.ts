import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { rollouts } from './scripted.case.ts';
import { assessGroup, requireCount, withEvidence } from './trigger.ts';

const assess = (letters: string, minEvidence = letters.length) =>
  assessGroup(rollouts('plain', letters), minEvidence);

describe('assessGroup', () => {
  test.each([
    ['cwww', 'mixed'],
    ['cmmm', 'mixed'], // a malformed response is evidence of failure
    ['cttt', 'mixed'],
    ['cccc', 'allPass'],
    ['wwww', 'triggered'],
    ['wmtt', 'triggered'], // one verified wrong is enough
    ['mmtt', 'noneWrong'],
    ['wwwe', 'tooLittleEvidence'],
    ['wwwo', 'tooLittleEvidence'],
    ['ccce', 'tooLittleEvidence'],
    ['eeee', 'tooLittleEvidence'],
  ] as const)('%s is %s', (letters, expected) => {
    expect(assess(letters)).toBe(expected);
  });

  test('grader faults do not spoil a group that has contrast', () => {
    expect(assess('cwee')).toBe('mixed');
  });

  test('minEvidence decides how many faults a verdict of failure bears', () => {
    expect(assess('wwwe', 4)).toBe('tooLittleEvidence');
    expect(assess('wwwe', 3)).toBe('triggered');
    expect(assess('ccce', 3)).toBe('allPass');
    expect(assess('mmme', 3)).toBe('noneWrong');
    expect(assess('eeee', 1)).toBe('tooLittleEvidence');
  });

  test('looks at verdicts, never at reward', () => {
    const shaped = rollouts('plain', 'wwww').map((rollout, i) => ({ ...rollout, reward: i / 4 }));
    expect(assessGroup(shaped, 4)).toBe('triggered');
  });
});

test('withEvidence leaves out grader faults only, in order', () => {
  expect(withEvidence(rollouts('plain', 'ecwomt')).map(({ text }) => text)).toEqual(['c', 'w', 'm', 't']);
});

test('requireCount refuses what is no count', () => {
  expect(() => requireCount(0, 'level')).toThrow(ConfigError);
  expect(() => requireCount(1.5, 'level')).toThrow(/level of the guidance strategy .* got 1.5/);
  expect(() => requireCount(2, 'level')).not.toThrow();
});
