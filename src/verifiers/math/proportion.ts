// Whether two expressions differ by a constant factor only: then they are the sides of the same equation, and
// for a positive factor of the same inequality. By normal forms where these decide it, else at fixed points.
import { evaluate, samples } from './evaluate.ts';
import { TooLarge } from './limits.ts';
import { variables, type Node } from './node.ts';
import {
  forgetRoots,
  independent,
  multiplyPolynomials,
  polynomial,
  scalePolynomial,
  startCounting,
  type Polynomial,
} from './normal-form.ts';
import { divide, less, negate, same, ZERO, type Rational } from './rational.ts';
import { formOf, type Grounds } from './scalar.ts';

export interface Proportion {
  readonly positive: boolean;
  readonly by: Grounds;
}

/** By normal forms; for an equation denominators may differ. 'open' where they do not decide it. */
function exactRatio(a: Node, b: Node, equation: boolean): Proportion | null | 'open' {
  startCounting();
  forgetRoots();
  const first = formOf(a);
  const second = first === null ? null : formOf(b);
  if (first === null || second === null) return 'open';
  try {
    const ratio =
      factorBetween(
        multiplyPolynomials(first.above, second.below),
        multiplyPolynomials(second.above, first.below),
      ) ??
      (equation ? factorBetween(withoutDenominators(first.above), withoutDenominators(second.above)) : null);
    if (ratio !== null) return { positive: less(ZERO, ratio), by: 'exact' };
    const decided = [first.above, first.below, second.above, second.below].every(
      (side) => independent(side) && !hasRadicals(side),
    );
    return decided ? null : 'open';
  } catch (error) {
    if (error instanceof TooLarge) return 'open';
    throw error;
  }
}

/** The rational c with a = c b, or null. */
function factorBetween(a: Polynomial, b: Polynomial): Rational | null {
  if (a.size === 0 || a.size !== b.size) return null;
  for (const [key, { coefficient }] of b) {
    const matching = a.get(key);
    if (matching === undefined) return null;
    const ratio = divide(matching.coefficient, coefficient);
    const scaled = scalePolynomial(b, ratio);
    const equal = [...a].every(([other, term]) => {
      const counterpart = scaled.get(other);
      return counterpart !== undefined && same(counterpart.coefficient, term.coefficient);
    });
    return equal ? ratio : null;
  }
  return null;
}

/** Multiplied by what makes all exponents of symbols 0 or more: y = 1/x becomes x y = 1. */
function withoutDenominators(a: Polynomial): Polynomial {
  const lowest = new Map<string, Rational>();
  for (const { monomial } of a.values()) {
    for (const [atom, exponent] of monomial) {
      if (less(exponent, lowest.get(atom) ?? ZERO)) lowest.set(atom, exponent);
    }
  }
  if (lowest.size === 0) return a;
  const monomial = [...lowest].map(([atom, exponent]) => [atom, negate(exponent)] as const);
  monomial.sort(([left], [right]) => (left < right ? -1 : 1));
  return multiplyPolynomials(a, polynomial([{ coefficient: { n: 1n, d: 1n }, monomial }]));
}

/** Whether irrational constants occur, by which two sides might be proportional. */
function hasRadicals(a: Polynomial): boolean {
  return [...a.values()].some(({ monomial }) =>
    monomial.some(([atom]) => atom.startsWith('#') || atom === 'pi' || atom === 'e' || atom === 'i'),
  );
}

/** The ratio a/b where it is one rational constant; null where it is not, or cannot be told. */
export function constantRatio(
  a: Node,
  b: Node,
  equation: boolean,
): { positive: boolean; by: Grounds } | null {
  const names = variables(a, variables(b));
  if (names.size === 0) return null;
  const exact = exactRatio(a, b, equation);
  if (exact !== 'open') return exact;
  let sign = 0;
  let ratio: { re: number; im: number } | null = null;
  let seen = 0;
  for (const { at, tolerance } of samples(names)) {
    const left = evaluate(a, at);
    const right = evaluate(b, at);
    const size = Math.hypot(right.re, right.im);
    if (![left.re, left.im, right.re, right.im].every(Number.isFinite) || size < 1e-9) continue;
    const here = {
      re: (left.re * right.re + left.im * right.im) / size ** 2,
      im: (left.im * right.re - left.re * right.im) / size ** 2,
    };
    if (
      ratio !== null &&
      Math.hypot(here.re - ratio.re, here.im - ratio.im) > 100 * tolerance * Math.hypot(ratio.re, ratio.im)
    ) {
      return null;
    }
    ratio = here;
    sign = Math.sign(here.re);
    seen++;
  }
  if (seen < 2 || ratio === null || Math.hypot(ratio.re, ratio.im) < 1e-12) return null;
  if (Math.abs(ratio.im) > 1e-9 * Math.abs(ratio.re)) return null;
  return { positive: sign > 0, by: 'points' };
}
