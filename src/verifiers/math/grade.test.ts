// The options of grading and what a verdict says.
import { describe, expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

describe('options', () => {
  it('strictness decides what counts as giving an answer', () => {
    const kinds = (response: string) =>
      (['boxed', 'marked', 'any'] as const).map(
        (strictness) => gradeMath(response, '7', { strictness }).kind,
      );
    expect(kinds('So \\boxed{7}.')).toEqual(['correct', 'correct', 'correct']);
    expect(kinds('The answer is 7.')).toEqual(['malformed', 'correct', 'correct']);
    expect(kinds('Hence 3 + 4 = 7.')).toEqual(['malformed', 'malformed', 'correct']);
    expect(kinds('Let us see.')).toEqual(['malformed', 'malformed', 'malformed']);
    expect(kinds('')).toEqual(['malformed', 'malformed', 'malformed']);
  });

  it('a tolerance accepts rounded numbers, and only within it', () => {
    const kind = (gold: string, response: string, tolerance: { absolute?: number; relative?: number }) =>
      gradeMath(response, gold, { tolerance }).kind;
    expect(kind('1/3', '0.333', {})).toBe('wrong');
    expect(kind('1/3', '0.333', { absolute: 0.001 })).toBe('correct');
    expect(kind('1/3', '0.33', { absolute: 0.001 })).toBe('wrong');
    expect(kind('\\pi', '3.14', { relative: 0.001 })).toBe('correct');
    expect(kind('1000', '1001', { relative: 0.001 })).toBe('correct');
    expect(kind('1000', '1002', { relative: 0.001 })).toBe('wrong');
    expect(kind('\\sqrt{2}', '\\sqrt{3}', { absolute: 0.1 })).toBe('wrong');
  });
});

describe('the verdict', () => {
  it('says what was compared and how', () => {
    expect(gradeMath('\\boxed{0.50}', '\\frac{1}{2}')).toEqual({
      kind: 'correct',
      extracted: '0.50',
      reason: 'The answer "0.50" equals the expected "\\frac{1}{2}" (exactly).',
    });
    expect(gradeMath('\\boxed{\\cos 2x}', '2\\cos^2 x - 1').reason).toContain(
      'by its values at fixed points',
    );
    expect(gradeMath('#### 4', '5')).toEqual({
      kind: 'wrong',
      extracted: '4',
      reason: 'The answer "4" is not the expected "5".',
    });
    expect(gradeMath('\\boxed{((}', '5').reason).toContain('cannot be read as mathematics');
  });
});
