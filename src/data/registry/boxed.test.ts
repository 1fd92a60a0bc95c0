import { expect, it } from 'vitest';
import { lastBoxed } from './boxed.ts';

it.each([
  ['So $x = \\boxed{5}$.', '5'],
  ['\\boxed{1} and then \\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
  ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
  ['\\boxed{\\text{(A)}}', '\\text{(A)}'],
  ['$\\boxed 7$', '7'],
  ['\\boxed \\pi.', '\\pi'],
  ['\\boxed {12}', '12'],
  ['\\fbox{9}', '9'],
  ['no box', null],
  ['\\boxed{5', null],
  ['\\boxed{ }', null],
  ['\\boxed', null],
])('of %j is %j', (solution, answer) => {
  expect(lastBoxed(solution)).toBe(answer);
});
