import { describe, expect, it } from 'vitest';
import type { Problem } from '../types.ts';
import { countRows, problemOf, promptsKept, rowOf } from './problem-row.ts';

const defaults = { verifier: 'exact', source: 'test' };
const whole = (content: string) => [{ role: 'user' as const, content }];
const read = (row: object) => problemOf(row, defaults);

describe('whole hinted prompts of a row', () => {
  const row = { prompt: 'Q', answer: '7', hints: ['a', null, 'c'], hintedPrompts: [whole('Q a'), null] };

  it('come by level, and a level without a hint is blank', () => {
    expect(read(row)).toMatchObject({ hints: ['a', '', 'c'], hintedPrompts: [whole('Q a'), null] });
    expect(rowOf(read(row) as Problem)).toEqual({ ...row, verifier: 'exact', source: 'test' });
  });

  it('are left out where none is whole, and do not change who the problem is', () => {
    const without = read({ ...row, hintedPrompts: [null] }) as Problem;
    expect(without).not.toHaveProperty('hintedPrompts');
    expect((read(row) as Problem).id).toBe(without.id);
  });

  it.each([
    [[null, null, null, whole('Q')], 'hintedPrompts', /more levels than the 3 hint/],
    [[[{ role: 'assistant', content: 'Q' }]], 'hintedPrompts.0', /end with a user message/],
    ['Q', 'hintedPrompts', /./],
  ])('are refused as %j', (hintedPrompts, field, reason) => {
    expect(read({ ...row, hintedPrompts })).toEqual({
      field,
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('hold for hints that stay', () => {
    const problem = read({ ...row, hintedPrompts: [whole('Q a'), null, whole('Q c')] }) as Problem;
    expect(promptsKept(problem, ['a', 'b', 'c'])).toEqual([whole('Q a'), null, whole('Q c')]);
    expect(promptsKept(problem, ['a'])).toEqual([whole('Q a')]);
    expect(promptsKept(problem, ['x', 'b', 'd'])).toBeUndefined();
  });
});

it('rows that are lost are counted one by one', () => {
  const fault = { field: 'row', reason: 'r' };
  expect(
    countRows([
      { line: 3, ...fault },
      { line: 5, through: 9, ...fault },
    ]),
  ).toBe(6);
});
