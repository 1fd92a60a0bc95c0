// The normal form of a scalar: a fraction of two polynomials with rational coefficients, whose indeterminates
// ("atoms") are symbols, primes under fractional exponents, i, pi, e, logarithms, functions with normal
// arguments, and roots of sums. Products are expanded, radicals of numbers are split into primes, i^2 is -1,
// so that a vanishing difference proves two expressions equal.
//
// Distinct products of primes with exponents in [0, 1) are independent over the rationals (Besicovitch 1940),
// so a difference in symbols, i and such radicals that does not vanish proves them unequal; `independent`
// says whether a polynomial has no other atoms. Roots take the real branch, and sqrt(x^2) is |x|.
import { MAX_ATOM_CHARS, MAX_TERMS, MAX_TERM_PRODUCTS, TooLarge } from './limits.ts';
import {
  add,
  factor,
  floor,
  gcd,
  integer,
  invert,
  isInteger,
  isZero,
  MINUS_ONE,
  multiply,
  negate,
  ONE,
  power as rationalPower,
  same,
  ZERO,
  type Rational,
} from './rational.ts';

/** Atoms with exponents, sorted by atom. */
export type Monomial = readonly (readonly [atom: string, exponent: Rational])[];

export interface Term {
  readonly coefficient: Rational;
  readonly monomial: Monomial;
}

/** Terms by the key of their monomial; no coefficient is zero. */
export type Polynomial = ReadonlyMap<string, Term>;

export interface Fraction {
  readonly above: Polynomial;
  readonly below: Polynomial;
}

export function monomialKey(monomial: Monomial): string {
  let key = '';
  for (const [atom, exponent] of monomial) {
    key += exponent.d === 1n && exponent.n === 1n ? `${atom}*` : `${atom}^${exponent.n}/${exponent.d}*`;
  }
  if (key.length > MAX_ATOM_CHARS) throw new TooLarge('monomial');
  return key;
}

export function polynomial(terms: readonly Term[]): Polynomial {
  const sum = new Map<string, Term>();
  for (const term of terms) accumulate(sum, term);
  return sum;
}

function accumulate(sum: Map<string, Term>, term: Term): void {
  if (isZero(term.coefficient)) return;
  const key = monomialKey(term.monomial);
  const present = sum.get(key);
  const coefficient = present === undefined ? term.coefficient : add(present.coefficient, term.coefficient);
  if (isZero(coefficient)) sum.delete(key);
  else sum.set(key, { coefficient, monomial: term.monomial });
  if (sum.size > MAX_TERMS) throw new TooLarge('polynomial');
}

export const ZERO_POLYNOMIAL: Polynomial = new Map();
export const ONE_POLYNOMIAL: Polynomial = constantPolynomial(ONE);

export function constantPolynomial(value: Rational): Polynomial {
  return polynomial([{ coefficient: value, monomial: [] }]);
}

export function constant(value: Rational): Fraction {
  return { above: constantPolynomial(value), below: ONE_POLYNOMIAL };
}

export function atomFraction(atom: string, exponent = ONE): Fraction {
  if (atom.length > MAX_ATOM_CHARS) throw new TooLarge('atom');
  return { above: polynomial([reduced(ONE, [[atom, exponent]])]), below: ONE_POLYNOMIAL };
}

/** The only term, or null where there are none or several. */
export function singleTerm(sum: Polynomial): Term | null {
  if (sum.size !== 1) return null;
  for (const term of sum.values()) return term;
  return null;
}

/** The value where it is rational as it stands. */
export function rationalValue(value: Fraction): Rational | null {
  const below = singleTerm(value.below);
  if (below === null || below.monomial.length > 0) return null;
  if (value.above.size === 0) return ZERO;
  const above = singleTerm(value.above);
  if (above === null || above.monomial.length > 0) return null;
  return multiply(above.coefficient, invert(below.coefficient));
}

export function isPrimeAtom(atom: string): boolean {
  return atom.startsWith('#');
}

/** Counts the products of terms formed in one comparison. */
let termProducts = 0;

export function startCounting(): void {
  termProducts = 0;
}

/** A term with whole powers of primes in its coefficient, and i to the power 0 or 1. */
function reduced(coefficient: Rational, monomial: Monomial): Term {
  let factorOut = coefficient;
  const kept: [string, Rational][] = [];
  for (const [atom, exponent] of monomial) {
    if (isZero(exponent)) continue;
    if (isPrimeAtom(atom)) {
      const wholePart = floor(exponent);
      try {
        factorOut = multiply(factorOut, rationalPower({ n: BigInt(atom.slice(1)), d: 1n }, wholePart));
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error;
        kept.push([atom, exponent]);
        continue;
      }
      const rest = add(exponent, { n: -wholePart, d: 1n });
      if (!isZero(rest)) kept.push([atom, rest]);
    } else if (atom === 'i' && isInteger(exponent)) {
      const turns = ((exponent.n % 4n) + 4n) % 4n;
      if (turns >= 2n) factorOut = negate(factorOut);
      if (turns % 2n === 1n) kept.push(['i', ONE]);
    } else {
      kept.push([atom, exponent]);
    }
  }
  return { coefficient: factorOut, monomial: kept };
}

function multiplyTerms(a: Term, b: Term): Term {
  if (++termProducts > MAX_TERM_PRODUCTS) throw new TooLarge('products');
  const coefficient = multiply(a.coefficient, b.coefficient);
  if (a.monomial.length === 0) return { coefficient, monomial: b.monomial };
  if (b.monomial.length === 0) return { coefficient, monomial: a.monomial };
  const merged: [string, Rational][] = [];
  let i = 0;
  let j = 0;
  while (i < a.monomial.length || j < b.monomial.length) {
    const left = a.monomial[i];
    const right = b.monomial[j];
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      merged.push([left![0], left![1]]);
      i++;
    } else if (left === undefined || right[0] < left[0]) {
      merged.push([right[0], right[1]]);
      j++;
    } else {
      merged.push([left[0], add(left[1], right[1])]);
      i++;
      j++;
    }
  }
  return reduced(coefficient, merged);
}

/** The sums under roots, by their atom: what a whole power of the root stands for. */
const rootBases = new Map<string, Polynomial>();

export function forgetRoots(): void {
  rootBases.clear();
}

/** The atom that stands for `base` under fractional exponents. */
export function rootAtom(base: Polynomial): string {
  const atom = `[${polynomialKey(base)}]`;
  if (atom.length > MAX_ATOM_CHARS) throw new TooLarge('root');
  rootBases.set(atom, base);
  return atom;
}

/** The product term as a polynomial, with roots of sums raised to a whole power multiplied out. */
function expandRoots(term: Term): Polynomial {
  const open = term.monomial.findIndex(([atom, exponent]) => exponent.n >= exponent.d && rootBases.has(atom));
  if (open === -1) return polynomial([term]);
  const [atom, exponent] = term.monomial[open]!;
  const whole = floor(exponent);
  const rest = add(exponent, { n: -whole, d: 1n });
  const monomial = term.monomial.flatMap((entry, index): Monomial =>
    index !== open ? [entry] : isZero(rest) ? [] : [[atom, rest]],
  );
  return multiplyPolynomials(
    polynomial([{ coefficient: term.coefficient, monomial }]),
    polynomialPower(rootBases.get(atom)!, whole),
  );
}

export function addPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  const sum = new Map(a);
  for (const term of b.values()) accumulate(sum, term);
  return sum;
}

export function scalePolynomial(a: Polynomial, by: Rational): Polynomial {
  return polynomial(
    [...a.values()].map((term) => ({ ...term, coefficient: multiply(term.coefficient, by) })),
  );
}

export function multiplyPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  const product = new Map<string, Term>();
  for (const left of a.values()) {
    for (const right of b.values()) {
      const term = multiplyTerms(left, right);
      const needsRoots =
        rootBases.size > 0 && term.monomial.some(([atom, e]) => e.n >= e.d && rootBases.has(atom));
      if (!needsRoots) accumulate(product, term);
      else for (const part of expandRoots(term).values()) accumulate(product, part);
    }
  }
  return product;
}

/** a^exponent for a whole exponent of 0 or more. */
export function polynomialPower(a: Polynomial, exponent: bigint): Polynomial {
  if (exponent > 64n) throw new TooLarge('power of a sum');
  let result = ONE_POLYNOMIAL;
  for (let times = 0n; times < exponent; times++) result = multiplyPolynomials(result, a);
  return result;
}

export function addFractions(a: Fraction, b: Fraction): Fraction {
  if (a.below === b.below || polynomialKey(a.below) === polynomialKey(b.below)) {
    return { above: addPolynomials(a.above, b.above), below: a.below };
  }
  return {
    above: addPolynomials(multiplyPolynomials(a.above, b.below), multiplyPolynomials(b.above, a.below)),
    below: multiplyPolynomials(a.below, b.below),
  };
}

export function negateFraction(a: Fraction): Fraction {
  return { above: scalePolynomial(a.above, MINUS_ONE), below: a.below };
}

export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return {
    above: multiplyPolynomials(a.above, b.above),
    below: a.below === ONE_POLYNOMIAL ? b.below : multiplyPolynomials(a.below, b.below),
  };
}

/** 1/a: a single term below goes above with negative exponents. */
export function invertFraction(a: Fraction): Fraction {
  if (a.above.size === 0) throw new TooLarge('division by zero');
  const term = singleTerm(a.above);
  if (term === null) return { above: a.below, below: a.above };
  const inverse = reduced(
    invert(term.coefficient),
    term.monomial.map(([atom, exponent]) => [atom, negate(exponent)]),
  );
  return { above: multiplyPolynomials(a.below, polynomial([inverse])), below: ONE_POLYNOMIAL };
}

export function polynomialKey(a: Polynomial): string {
  if (a.size === 1) for (const [key, { coefficient }] of a) return `${coefficient.n}/${coefficient.d}*${key}`;
  const keys = [...a.entries()].map(([key, { coefficient: c }]) => `${c.n}/${c.d}*${key}`);
  return keys.sort().join('+');
}

/** A name for the value; equal names are equal values, though not the reverse. */
export function fractionKey(a: Fraction): string {
  const below = polynomialKey(a.below);
  return below === '1/1*' ? polynomialKey(a.above) : `${polynomialKey(a.above)} over ${below}`;
}

/** The greatest rational that divides all coefficients, as gcd of numerators over lcm of denominators. */
export function content(a: Polynomial): Rational {
  let above = 0n;
  let below = 1n;
  for (const { coefficient } of a.values()) {
    above = gcd(above, coefficient.n);
    below = (below * coefficient.d) / gcd(below, coefficient.d);
  }
  return { n: above === 0n ? 1n : above, d: below };
}

/** value^exponent of a positive rational as one term of primes. */
export function rootOfRational(value: Rational, exponent: Rational): Term {
  const primes = new Map<string, Rational>();
  for (const [side, sign] of [
    [value.n, 1],
    [value.d, -1],
  ] as const) {
    for (const [prime, times] of factor(side)) {
      const atom = `#${prime}`;
      primes.set(atom, add(primes.get(atom) ?? ZERO, multiply(exponent, integer(sign * times))));
    }
  }
  return reduced(
    ONE,
    [...primes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A term of the given coefficient and atoms in any order. */
export function term(coefficient: Rational, atoms: readonly (readonly [string, Rational])[]): Term {
  return reduced(
    coefficient,
    [...atoms].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Whether all atoms are symbols, i, pi and primes: then only the zero polynomial is zero. */
export function independent(a: Polynomial): boolean {
  for (const { monomial } of a.values()) {
    for (const [atom, exponent] of monomial) {
      if (!/^(?:#\d+|[A-Za-z][A-Za-z]*(?:_[A-Za-z0-9]*)?)$/.test(atom)) return false;
      if (isPrimeAtom(atom) && (exponent.n < 0n || exponent.n >= exponent.d)) return false;
      if (!isPrimeAtom(atom) && !isInteger(exponent) && atom === 'i') return false;
    }
  }
  return true;
}

export function equalFractions(a: Fraction, b: Fraction): boolean {
  const left = multiplyPolynomials(a.above, b.below);
  const right = multiplyPolynomials(b.above, a.below);
  if (left.size !== right.size) return false;
  for (const [key, { coefficient }] of left) {
    const other = right.get(key);
    if (other === undefined || !same(coefficient, other.coefficient)) return false;
  }
  return true;
}

/** A function of values that stays as it is: an atom named by them. */
export function opaqueForm(name: string, items: readonly Fraction[]): Fraction {
  const atom = `${name}(${items.map(fractionKey).join(',')})`;
  if (atom.length > MAX_ATOM_CHARS) throw new TooLarge('function');
  return atomFraction(atom);
}

/** Whether an atom stands for a positive number. */
export function isPositiveAtom(atom: string): boolean {
  return (
    atom.startsWith('#') ||
    atom === 'pi' ||
    atom === 'e' ||
    atom.startsWith('abs(') ||
    atom.startsWith('pow ')
  );
}
