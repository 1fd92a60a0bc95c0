// What must hold for any quantity and any equation: another spelling of the same is accepted, anything else is not.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { parseEquation } from './formulae.ts';
import { science } from './science.ts';

const kindOf = async (answer: unknown, response: string) => {
  const problem: Problem = {
    id: '',
    messages: [],
    answer: JSON.stringify(answer),
    verifier: '',
    hints: [],
    source: '',
  };
  return (await science.verify({ problem, response, finish: 'stop' })).kind;
};

const PREFIXES = fc.constantFrom<[string, number]>(['', 0], ['k', 3], ['m', -3], ['u', -6], ['M', 6]);
const number = fc.tuple(fc.integer({ min: 1000, max: 9999 }), fc.integer({ min: -5, max: 5 }), fc.boolean());

it('a number is read in every unit of its dimension, and one off by more than the tolerance is wrong', () =>
  fc.assert(
    fc.asyncProperty(
      number,
      PREFIXES,
      PREFIXES,
      async ([digits, exponent, negative], [own, from], [other, to]) => {
        const mantissa = negative ? -digits : digits;
        const gold = { value: `${mantissa}e${exponent}`, unit: `${own}J/mol`, tolerance: 0.01 };
        const written = (factor: number) =>
          `\\boxed{${mantissa * factor} \\times 10^{${exponent + from - to}}\\ \\mathrm{${other}J\\,mol^{-1}}}`;
        expect(await kindOf(gold, written(1))).toBe('correct');
        expect(await kindOf(gold, written(1.009))).toBe('correct');
        expect(await kindOf(gold, written(1.011))).toBe('wrong');
        expect(await kindOf(gold, written(-1))).toBe('wrong');
      },
    ),
    { numRuns: 50 },
  ));

const species = fc.uniqueArray(fc.constantFrom('H2', 'O2', 'Fe^3+', 'SO4^2-', 'Ca(OH)2', 'C6H12O6'), {
  minLength: 1,
  maxLength: 3,
});
const terms = (names: readonly string[], coefficients: readonly number[], factor: number) =>
  names.map((name, index) => `${coefficients[index] * factor} ${name}`);

it('an equation is the same in any order of its species and any multiple, and another with one coefficient changed', () =>
  fc.assert(
    fc.property(
      species,
      species,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 6, maxLength: 6 }),
      fc.integer({ min: 2, max: 5 }),
      (left, right, coefficients, factor) => {
        const equation = (multiple: number, order: 1 | -1, more = 0) => {
          const changed = coefficients.with(3, coefficients[3] + more);
          const sides = [terms(left, changed, multiple), terms(right, changed.slice(3), multiple)];
          return parseEquation(
            sides.map((side) => (order === 1 ? side : side.reverse()).join(' + ')).join(' -> '),
          );
        };
        expect(equation(factor, -1)).toEqual(equation(1, 1));
        expect(equation(1, 1)).not.toBeNull();
        // With one species on each side a multiple of both is no change; of one it is.
        expect(equation(1, 1, 1)).not.toEqual(equation(1, 1));
      },
    ),
    { numRuns: 100 },
  ));

it('bears any text as a response and as an answer', () =>
  fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.constantFrom(...'aAHO2(){}[]^_\\.,-+=*/ $°%e1>\n', '\\boxed{', '\\text{'),
        maxLength: 60,
      }),
      fc.constantFrom('B', '5 m', '2-3 m', 'H2O', 'H2 + O2 -> H2O', 'words'),
      async (text, answer) => {
        const problem: Problem = { id: '', messages: [], answer, verifier: '', hints: [], source: '' };
        for (const response of [text, `\\boxed{${text}}`]) {
          expect((await science.verify({ problem, response, finish: 'stop' })).reason).not.toBe('');
        }
        const own = { ...problem, answer: text.startsWith('{') ? `x${text}` : text };
        await science.verify({ problem: own, response: '\\boxed{5 m}', finish: 'stop' });
      },
    ),
    { numRuns: 300 },
  ));
