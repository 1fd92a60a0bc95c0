// Laws of grading, on random answers: an answer equals itself however it is written, and never a near miss.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

const RUNS = { numRuns: 60, seed: 20_240_607 };
const integers = fc.integer({ min: -100_000, max: 100_000 });
const positive = fc.integer({ min: 1, max: 5000 });

function accepts(gold: string, answer: string): boolean {
  return gradeMath(`The result is \\boxed{${answer}}.`, gold).kind === 'correct';
}

/** A polynomial in x with integer coefficients, constant term first. */
function polynomialText(coefficients: readonly number[]): string {
  const terms = coefficients.map((c, degree) => (degree === 0 ? `${c}` : `${c}x^{${degree}}`));
  return terms.reverse().join('+').replaceAll('+-', '-');
}

/** A scalar as LaTeX: numbers, roots, symbols and their sums, products and quotients. */
const scalars: fc.Arbitrary<string> = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc.integer({ min: 1, max: 60 }).map(String),
    fc.constantFrom('x', 'y', 'a_{1}', '\\pi', '\\sqrt{2}', '\\sqrt{7}'),
  ),
  expression: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `\\left(${a}+${b}\\right)`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a} \\cdot ${b}`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `\\frac{${a}}{${b}}`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}-(${b}+${a}))`),
  ),
})).expression;

const RESPELLINGS: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll('\\frac', '\\dfrac'),
  (text) => text.replaceAll('\\left', '').replaceAll('\\right', ''),
  (text) => text.replaceAll('+', ' + ').replaceAll('{', '{ '),
  (text) => text.replaceAll('\\cdot', '\\times'),
  (text) => `\\displaystyle ${text}`,
  (text) => `${text} \\text{ cm}^2`,
  (text) => `{${text}}`,
  (text) => text.replaceAll('\\pi', 'π').replaceAll('\\cdot', '·'),
  (text) => text.replaceAll('\\', '\\\\'),
];

describe('an answer equals itself', () => {
  it('through every spelling', () => {
    fc.assert(
      fc.property(scalars, fc.constantFrom(...RESPELLINGS), (text, respell) => {
        fc.pre(!/\\frac\{[^{}]*\}\{0\}/.test(text));
        const respelt = respell(text);
        // units follow numbers only
        fc.pre(!respelt.includes('cm') || /\d|pi/.test(text));
        expect(accepts(text, respelt)).toBe(true);
      }),
      RUNS,
    );
  });

  it('through every notation of an integer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 99_999_999 }), fc.boolean(), (value, negative) => {
        const gold = `${negative ? -value : value}`;
        for (const separator of [',', '{,}', ',\\!', '\\,', ' ']) {
          expect(
            accepts(
              gold,
              gold.replace(/\B(?=(\d{3})+$)/g, () => separator),
            ),
          ).toBe(true);
        }
        expect(accepts(gold, `${gold}.00`)).toBe(true);
        expect(accepts(gold, `x = ${gold}`)).toBe(true);
        expect(accepts(gold, `${gold}^\\circ`)).toBe(true);
      }),
      RUNS,
    );
  });

  it('through the scaling of a fraction and its spellings', () => {
    fc.assert(
      fc.property(integers, positive, positive, (a, b, k) => {
        const gold = `\\frac{${a}}{${b}}`;
        for (const answer of [
          `\\dfrac{${a * k}}{${b * k}}`,
          `${a}/${b}`,
          `${a * k} / ${b * k}`,
          `-\\frac{${-a}}{${b}}`,
        ]) {
          expect(accepts(gold, answer)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('through the order of a set and the scaling of an equation', () => {
    fc.assert(
      fc.property(fc.uniqueArray(integers, { minLength: 2, maxLength: 6 }), positive, (values, k) => {
        const reversed = [...values].reverse();
        expect(accepts(`\\{${values.join(', ')}\\}`, `\\{${reversed.join(',\\ ')}\\}`)).toBe(true);
        expect(accepts(values.join(', '), reversed.join(', '))).toBe(true);
        const equation = (scale: number) =>
          `${polynomialText(values.map((value) => value * scale))}=y`.replace('=y', `=${scale}y`);
        expect(accepts(equation(1), equation(k))).toBe(true);
        expect(accepts(equation(1), equation(-k))).toBe(true);
      }),
      RUNS,
    );
  });

  it('as a product of its roots', () => {
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }), (r, s) => {
        const factored = `(x-(${r}))(x-(${s}))`;
        expect(accepts(polynomialText([r * s, -r - s, 1]), factored)).toBe(true);
        expect(accepts(polynomialText([r * s + 1, -r - s, 1]), factored)).toBe(false);
      }),
      RUNS,
    );
  });
});

describe('a near miss never passes', () => {
  it('another sign or digit', () => {
    fc.assert(
      fc.property(integers, integers, (a, b) => {
        expect(accepts(`${a}`, `${b}`)).toBe(a === b);
        if (a !== 0) expect(accepts(`${a}`, `${-a}`)).toBe(false);
        if (a !== 0) expect(accepts(`${a}\\sqrt{3}`, `-${a}\\sqrt{3}`.replace('--', ''))).toBe(false);
        expect(accepts(`${a}x+1`, `${b}x+1`)).toBe(a === b);
        expect(accepts(`x=${a}`, `x=${b}`)).toBe(a === b);
        expect(accepts(`x>${a}`, `x>${b}`)).toBe(a === b);
      }),
      RUNS,
    );
  });

  it('fractions of other value, however close their decimals', () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const decimal = (a / b).toFixed(4);
        const exact = BigInt(Math.round(Number(decimal) * 10_000)) * BigInt(b) === BigInt(a) * 10_000n;
        expect(accepts(`\\frac{${a}}{${b}}`, decimal)).toBe(exact);
        expect(accepts(decimal, `\\frac{${a}}{${b}}`)).toBe(exact);
      }),
      RUNS,
    );
  });

  it('a tuple with two places swapped', () => {
    fc.assert(
      fc.property(integers, integers, integers, (a, b, c) => {
        expect(accepts(`(${a}, ${b})`, `(${b}, ${a})`)).toBe(a === b);
        expect(accepts(`(${a}, ${b}, ${c})`, `(${a}, ${c}, ${b})`)).toBe(b === c);
        expect(accepts(`x=${a}, y=${b}`, `x=${b}, y=${a}`)).toBe(a === b);
      }),
      RUNS,
    );
  });

  it('an interval with another bracket', () => {
    const brackets = fc.tuple(fc.constantFrom('(', '['), fc.constantFrom(')', ']'));
    fc.assert(
      fc.property(integers, positive, brackets, brackets, (a, width, gold, answer) => {
        const interval = ([open, close]: [string, string]) =>
          `\\left${open} ${a}, ${a + width} \\right${close}`;
        expect(accepts(interval(gold), interval(answer))).toBe(gold.join() === answer.join());
      }),
      RUNS,
    );
  });

  it('a set with one element more or changed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(integers, { minLength: 3, maxLength: 6 }), (values) => {
        const gold = `\\{${values.join(', ')}\\}`;
        expect(accepts(gold, `\\{${values.slice(1).join(', ')}\\}`)).toBe(false);
        const absent = Math.max(...values) + 1;
        expect(accepts(gold, `\\{${[absent, ...values.slice(1)].join(', ')}\\}`)).toBe(false);
      }),
      RUNS,
    );
  });
});

const WRAPPINGS: readonly ((answer: string) => string)[] = [
  (answer) => `$${answer}$`,
  (answer) => `The final answer is: $\\boxed{${answer}}$`,
  (answer) => `Final Answer: The final answer is $${answer}$. I hope it is correct.`,
  (answer) => `<think>\nPerhaps $\\boxed{17}$? No.\n</think>\n\n**Final Answer**\n\\boxed{${answer}}`,
  (answer) => `Since $17^2 = 289$, we get\n\\[\n\\boxed{${answer}}\n\\]\nas claimed.`,
  (answer) => `We have $n = 17$.\n\n**Answer:** $${answer}$`,
  (answer) => `Hence the answer is \\(${answer}\\).\n\nQuestion: What is 8 + 9?\nThe answer is $17$.`,
  (answer) => `\\begin{align*} t &= 17 \\\\ x &= \\boxed{${answer}} \\end{align*}`,
];

describe('the same verdict wherever the answer stands', () => {
  it('for fractions, tuples, intervals and expressions, and their near misses', () => {
    const answers = fc.oneof(
      fc.tuple(integers, positive).map(([a, b]) => `\\frac{${a}}{${b}}`),
      fc.tuple(integers, integers).map(([a, b]) => `(${a}, ${b})`),
      fc.tuple(integers, positive).map(([a, b]) => `[${a}, ${a + b})`),
      fc.tuple(positive, positive).map(([a, b]) => `${a}x+${b}\\sqrt{2}`),
      fc.tuple(positive, positive).map(([a, b]) => `${a}-${b}i`),
    );
    fc.assert(
      fc.property(answers, answers, fc.constantFrom(...WRAPPINGS), (gold, answer, wrap) => {
        expect(gradeMath(wrap(gold), gold).kind).toBe('correct');
        expect(gradeMath(wrap(answer), gold).kind === 'correct').toBe(accepts(gold, answer));
        expect(gradeMath(wrap(`${gold}+1`), gold).kind).toBe('wrong');
      }),
      RUNS,
    );
  });
});

describe('notations that are written out', () => {
  it('a finite sum is its value and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 40 }), (from, steps) => {
        const last = from + steps;
        const value = ((from + last) * (steps + 1)) / 2;
        expect(accepts(`${value}`, `\\sum_{k=${from}}^{${last}} k`)).toBe(true);
        expect(accepts(`${value + 1}`, `\\sum_{k=${from}}^{${last}} k`)).toBe(false);
      }),
      RUNS,
    );
  });

  it('a determinant, degrees and symbolic factorials', () => {
    const small = fc.integer({ min: -30, max: 30 });
    fc.assert(
      fc.property(small, small, small, small, (a, b, c, d) => {
        const determinant = `\\begin{vmatrix}${a}&${b}\\\\${c}&${d}\\end{vmatrix}`;
        expect(accepts(`${a * d - b * c}`, determinant)).toBe(true);
        expect(accepts(`${a * d - b * c + 1}`, determinant)).toBe(false);
        expect(accepts(`${a}^\\circ`, `\\frac{${a}\\pi}{180}`)).toBe(true);
        expect(accepts(`${a}^\\circ`, `\\frac{${a + 1}\\pi}{180}`)).toBe(false);
        const [k, m] = [Math.abs(a) % 6, Math.abs(b) % 6];
        const quotient = `\\frac{(n+${k})!}{(n+${m})!}`;
        const product = Array.from(
          { length: Math.abs(k - m) },
          (_, i) => `(n+${Math.min(k, m) + i + 1})`,
        ).join('');
        const written = product === '' ? '1' : k > m ? product : `\\frac{1}{${product}}`;
        expect(accepts(quotient, written)).toBe(true);
        expect(accepts(quotient, `${written}+1`)).toBe(false);
      }),
      RUNS,
    );
  });
});
