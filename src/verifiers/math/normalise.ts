// From the syntax tree of a scalar to its normal form: which algebra holds for sums, products, powers, roots
// and the known functions. What it cannot evaluate exactly becomes an atom; what would grow beyond the
// limits throws `TooLarge`, and the caller compares by value instead.
import { callForm } from './function-forms.ts';
import { TooLarge } from './limits.ts';
import { parts, type Node } from './node.ts';
import {
  addFractions,
  atomFraction,
  constant,
  content,
  fractionKey,
  invertFraction,
  isPositiveAtom,
  multiplyFractions,
  ONE_POLYNOMIAL,
  opaqueForm,
  polynomial,
  polynomialKey,
  polynomialPower,
  rationalValue,
  rootAtom,
  rootOfRational,
  scalePolynomial,
  singleTerm,
  term,
  type Fraction,
  type Polynomial,
  type Term,
} from './normal-form.ts';
import {
  add,
  divide,
  factor,
  floor,
  integer,
  invert,
  isInteger,
  isZero,
  less,
  MINUS_ONE,
  multiply,
  negate,
  ONE,
  power,
  ZERO,
  type Rational,
} from './rational.ts';

/** The value of an expression in rational numbers only, or null where it has anything else in it. */
export function rationalOf(node: Node): Rational | null {
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'percent': {
      const value = rationalOf(node.value);
      return value === null ? null : divide(value, integer(100));
    }
    case 'sum':
      return fold(node.items, ZERO, add);
    case 'product':
      return fold(node.items, ONE, multiply);
    case 'power': {
      const exponent = node.exponent.kind === 'number' ? node.exponent.value : null;
      if (exponent === null || !isInteger(exponent)) return null;
      const base = rationalOf(node.base);
      if (base === null || (isZero(base) && exponent.n <= 0n)) return null;
      return power(base, exponent.n);
    }
    case 'based':
    case 'call':
    case 'matrix':
    case 'plusMinus':
    case 'ratio':
    case 'relation':
    case 'sequence':
    case 'setOperation':
    case 'symbol':
    case 'text':
      return null;
  }
}

function fold(
  items: readonly Node[],
  start: Rational,
  join: (a: Rational, b: Rational) => Rational,
): Rational | null {
  let total = start;
  for (const item of items) {
    const value = rationalOf(item);
    if (value === null) return null;
    total = join(total, value);
  }
  return total;
}

/** The normal form; `TooLarge` where it has none within the limits. */
export function normalForm(node: Node): Fraction {
  switch (node.kind) {
    case 'number':
      return constant(node.value);
    case 'symbol':
      return atomFraction(node.name);
    case 'sum':
      return node.items.map(normalForm).reduce(addFractions);
    case 'product':
      return node.items.map(normalForm).reduce(multiplyFractions);
    case 'power':
      return raise(normalForm(node.base), normalForm(node.exponent));
    case 'percent':
      return multiplyFractions(normalForm(node.value), constant({ n: 1n, d: 100n }));
    case 'based':
      return constant(basedValue(node.digits, node.base));
    case 'ratio':
      return node.items.length === 2
        ? multiplyFractions(normalForm(node.items[0]!), invertFraction(normalForm(node.items[1]!)))
        : opaque('ratio', node.items);
    case 'call':
      return callForm(node.name, node.items.map(normalForm));
    case 'plusMinus':
    case 'text':
    case 'sequence':
    case 'relation':
    case 'setOperation':
    case 'matrix':
      return opaque(node.kind === 'text' ? `text ${node.text}` : describe(node), parts(node));
  }
}

function describe(node: Node): string {
  if (node.kind === 'sequence') return `sequence ${node.open}${node.close}`;
  if (node.kind === 'relation') return `relation ${node.ops.join(' ')}`;
  if (node.kind === 'setOperation') return node.op;
  return node.kind;
}

export function basedValue(digits: string, base: number): Rational {
  let value = 0n;
  for (const digit of digits) value = value * BigInt(base) + BigInt(parseInt(digit, 36));
  return { n: value, d: 1n };
}

/** A function that stays as it is: an atom named by its normal arguments. */
function opaque(name: string, items: readonly Node[]): Fraction {
  return opaqueForm(name, items.map(normalForm));
}

function raise(base: Fraction, exponent: Fraction): Fraction {
  const rational = rationalValue(exponent);
  return rational === null ? raiseToExpression(base, exponent) : raiseToRational(base, rational);
}

export function raiseToRational(base: Fraction, exponent: Rational): Fraction {
  if (isZero(exponent)) return constant(ONE);
  if (base.above.size === 0) {
    if (exponent.n < 0n) throw new TooLarge('division by zero');
    return base;
  }
  if (exponent.n < 0n) return raiseToRational(invertFraction(base), negate(exponent));
  if (isInteger(exponent) && singleTerm(base.above) === null) {
    return { above: polynomialPower(base.above, exponent.n), below: polynomialPower(base.below, exponent.n) };
  }
  const above = rootOfPolynomial(base.above, exponent);
  if (base.below === ONE_POLYNOMIAL || polynomialKey(base.below) === '1/1*') return above;
  return multiplyFractions(above, invertFraction(rootOfPolynomial(base.below, exponent)));
}

function rootOfPolynomial(base: Polynomial, exponent: Rational): Fraction {
  const single = singleTerm(base);
  if (single !== null) return powerOfTerm(single, exponent);
  const common = content(base);
  const primitive = scalePolynomial(base, invert(common));
  const outside = { above: polynomial([rootOfRational(common, exponent)]), below: ONE_POLYNOMIAL };
  const wholePart = floor(exponent);
  const rest = add(exponent, { n: -wholePart, d: 1n });
  const expanded = { above: polynomialPower(primitive, wholePart), below: ONE_POLYNOMIAL };
  const root = isZero(rest) ? constant(ONE) : atomFraction(rootAtom(primitive), rest);
  return multiplyFractions(outside, multiplyFractions(expanded, root));
}

function powerOfTerm(base: Term, exponent: Rational): Fraction {
  const entries: [string, Rational][] = [];
  for (const [atom, times] of base.monomial) {
    const product = multiply(times, exponent);
    const even = isInteger(times) && times.n % 2n === 0n;
    if (atom === 'i' && !isInteger(exponent)) return atomFraction(rootAtom(polynomial([base])), exponent);
    const odd = isInteger(product) && product.n % 2n === 0n;
    const absolute = even && !isInteger(exponent) && !odd && !isPositiveAtom(atom);
    entries.push([absolute ? `abs(1/1*${atom}*)` : atom, product]);
  }
  const symbols = polynomial([term(ONE, entries)]);
  return { above: multiplyByPower(symbols, base.coefficient, exponent), below: ONE_POLYNOMIAL };
}

function multiplyByPower(symbols: Polynomial, coefficient: Rational, exponent: Rational): Polynomial {
  const negative = less(coefficient, ZERO);
  const magnitude = negative ? negate(coefficient) : coefficient;
  const size = coefficientPower(magnitude, exponent);
  let sign: Term = { coefficient: ONE, monomial: [] };
  if (negative && exponent.d === 1n)
    sign = { coefficient: exponent.n % 2n === 0n ? ONE : MINUS_ONE, monomial: [] };
  else if (negative && exponent.d === 2n) sign = term(ONE, [['i', { n: exponent.n, d: 1n }]]);
  else if (negative && exponent.d % 2n === 1n) {
    sign = { coefficient: exponent.n % 2n === 0n ? ONE : MINUS_ONE, monomial: [] };
  } else if (negative) sign = { coefficient: ONE, monomial: [['(-1)', exponent]] };
  const factorOf = multiplyFractions(
    { above: polynomial([size]), below: ONE_POLYNOMIAL },
    { above: polynomial([sign]), below: ONE_POLYNOMIAL },
  );
  return multiplyFractions({ above: symbols, below: ONE_POLYNOMIAL }, factorOf).above;
}

function coefficientPower(value: Rational, exponent: Rational): Term {
  if (!isInteger(exponent)) return rootOfRational(value, exponent);
  try {
    return { coefficient: power(value, exponent.n), monomial: [] };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return rootOfRational(value, exponent);
  }
}

/** base^exponent with symbols in the exponent: one atom for each base and monomial of the exponent. */
function raiseToExpression(base: Fraction, exponent: Fraction): Fraction {
  const positive = rationalValue(base);
  if (positive !== null && isZero(positive)) return base;
  if (polynomialKey(exponent.below) !== '1/1*') return opaqueForm('pow', [base, exponent]);
  const bases = basesOf(base);
  let result = constant(ONE);
  for (const [atom, times] of bases) {
    for (const { coefficient, monomial } of exponent.above.values()) {
      const scaled = multiply(coefficient, times);
      if (monomial.length === 0) {
        const value = /^#\d+$/.test(atom) ? constant({ n: BigInt(atom.slice(1)), d: 1n }) : null;
        result = multiplyFractions(
          result,
          value === null ? atomFraction(atom, scaled) : raiseToRational(value, scaled),
        );
        continue;
      }
      const unit = polynomialKey(polynomial([{ coefficient: ONE, monomial }]));
      result = multiplyFractions(result, atomFraction(`pow ${atom}^(${unit})`, scaled));
    }
  }
  return result;
}

/** A base as a product of atoms with exponents; a sum or a negative number is one atom. */
function basesOf(base: Fraction): [atom: string, exponent: Rational][] {
  const single = polynomialKey(base.below) === '1/1*' ? singleTerm(base.above) : null;
  if (single === null) return [[`{${fractionKey(base)}}`, ONE]];
  const bases: [string, Rational][] = single.monomial.map(([atom, exponent]) => [atom, exponent]);
  const negative = less(single.coefficient, ZERO);
  const { n, d } = negative ? negate(single.coefficient) : single.coefficient;
  if (negative) bases.push(['(-1)', ONE]);
  for (const [prime, times] of factor(n)) bases.push([`#${prime}`, integer(times)]);
  for (const [prime, times] of factor(d)) bases.push([`#${prime}`, integer(-times)]);
  return bases;
}
