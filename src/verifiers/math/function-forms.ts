// Functions of values in normal form: those of numbers are computed, factorials and binomials are taken back to
// common ones, logarithms are spread over primes, signs are drawn out of odd and even functions. What is left is an
// atom.
import { MAX_BITS, TooLarge } from './limits.ts';
import {
  addFractions,
  atomFraction,
  constant,
  fractionKey,
  invertFraction,
  isPositiveAtom,
  multiplyFractions,
  negateFraction,
  ONE_POLYNOMIAL,
  opaqueForm,
  polynomial,
  polynomialKey,
  rationalValue,
  singleTerm,
  term,
  type Fraction,
  type Polynomial,
} from './normal-form.ts';
import {
  add,
  bits,
  factor,
  floor,
  gcd,
  integer,
  isInteger,
  less,
  negate,
  ONE,
  ZERO,
  type Rational,
} from './rational.ts';

/** The form of a function of arguments in normal form. */
export function callForm(name: string, forms: readonly Fraction[]): Fraction {
  if (name === 'degree') return multiplyFractions(forms[0]!, DEGREE);
  const values = forms.map(rationalValue);
  const [value] = values;
  const [form] = forms;
  if (forms.length === 1 && form !== undefined) {
    if (name === 'abs') return absolute(form);
    if (name === 'ln' || name === 'log') return logarithm(name, form);
    if (value !== null && value !== undefined) {
      if (name === 'floor') return constant({ n: floor(value), d: 1n });
      if (name === 'ceil') return constant({ n: -floor(negate(value)), d: 1n });
      if (name === 'factorial' && isInteger(value) && value.n >= 0n) return constant(factorial(value.n));
    }
    if (name === 'factorial') return symbolicFactorial(form);
    if (ODD.has(name) && leadsNegative(form.above))
      return negateFraction(opaqueForm(name, [negateFraction(form)]));
    if (EVEN.has(name) && leadsNegative(form.above)) return opaqueForm(name, [negateFraction(form)]);
  }
  const whole = values.every((v) => v !== null && isInteger(v))
    ? (values as Rational[]).map(({ n }) => n)
    : null;
  if (whole !== null && whole.length > 1) {
    if (name === 'gcd') return constant({ n: whole.reduce(gcd), d: 1n });
    if (name === 'lcm' && !whole.includes(0n)) return constant({ n: whole.reduce(lcm), d: 1n });
    if (name === 'mod' && whole[1]! > 0n) return constant({ n: modulo(whole[0]!, whole[1]!), d: 1n });
  }
  if (name === 'binomial' && values.every((v) => v !== null && isInteger(v))) {
    return constant(binomial(values[0]!.n, values[1]!.n));
  }
  if (name === 'binomial') {
    const [from, chosen] = forms as [Fraction, Fraction];
    const rest = addFractions(from, negateFraction(chosen));
    const below = multiplyFractions(symbolicFactorial(chosen), symbolicFactorial(rest));
    return multiplyFractions(symbolicFactorial(from), invertFraction(below));
  }
  if ((name === 'max' || name === 'min') && values.length > 0 && values.every((v) => v !== null)) {
    const known = values;
    return constant(known.reduce((a, b) => (less(a, b) === (name === 'max') ? b : a)));
  }
  return opaqueForm(name, SYMMETRIC.has(name) ? sorted(forms) : forms);
}

/** Functions that do not look at the order of their arguments. */
const SYMMETRIC = new Set(['gcd', 'lcm', 'max', 'min']);

function sorted(forms: readonly Fraction[]): Fraction[] {
  return [...forms].sort((a, b) => (fractionKey(a) < fractionKey(b) ? -1 : 1));
}

/** A degree in radians. */
const DEGREE: Fraction = multiplyFractions(atomFraction('pi'), constant({ n: 1n, d: 180n }));

/** Furthest whole step that (n + k)! is taken back to n!. */
const MAX_SHIFT = 30n;

/** (n + k)! as n! times the factors between: so that quotients of factorials cancel. */
function symbolicFactorial(form: Fraction): Fraction {
  const known = rationalValue(form);
  if (known !== null) {
    if (!isInteger(known) || known.n < 0n) throw new TooLarge('factorial of no natural number');
    return constant(factorial(known.n));
  }
  const shift = polynomialKey(form.below) === '1/1*' ? (form.above.get('')?.coefficient ?? ZERO) : ZERO;
  if (!isInteger(shift) || shift.n > MAX_SHIFT || shift.n < -MAX_SHIFT)
    return opaqueForm('factorial', [form]);
  const plus = (step: bigint) => addFractions(base, constant({ n: step, d: 1n }));
  const base = addFractions(form, constant(negate(shift)));
  let between = constant(ONE);
  for (let step = 1n; step <= shift.n; step++) between = multiplyFractions(between, plus(step));
  for (let step = 0n; step > shift.n; step--)
    between = multiplyFractions(between, invertFraction(plus(step)));
  return multiplyFractions(opaqueForm('factorial', [base]), between);
}

function lcm(a: bigint, b: bigint): bigint {
  const multiple = (a * b) / gcd(a, b);
  return multiple < 0n ? -multiple : multiple;
}

function modulo(a: bigint, by: bigint): bigint {
  return ((a % by) + by) % by;
}

const ODD = new Set(['sin', 'tan', 'cot', 'csc', 'arcsin', 'arctan', 'sinh', 'tanh']);
const EVEN = new Set(['cos', 'sec', 'cosh']);

/** Whether the first term by key is negative: one of a and -a is. */
function leadsNegative(a: Polynomial): boolean {
  const keys = [...a.keys()].sort();
  const first = keys[0] === undefined ? undefined : a.get(keys[0]);
  return first !== undefined && less(first.coefficient, ZERO);
}

function absolute(form: Fraction): Fraction {
  const value = rationalValue(form);
  if (value !== null) return constant(less(value, ZERO) ? negate(value) : value);
  const positive = leadsNegative(form.above) ? negateFraction(form) : form;
  const single = polynomialKey(form.below) === '1/1*' ? singleTerm(positive.above) : null;
  if (single === null) return opaqueForm('abs', [positive]);
  const entries = single.monomial.map(([atom, exponent]): [string, Rational] =>
    isPositiveAtom(atom) || (isInteger(exponent) && exponent.n % 2n === 0n && atom !== 'i')
      ? [atom, exponent]
      : [`abs(1/1*${atom}*)`, exponent],
  );
  return { above: polynomial([term(single.coefficient, entries)]), below: ONE_POLYNOMIAL };
}

/** ln or log10: of a number, the sum over its primes; of e and 10, a number. */
function logarithm(name: 'ln' | 'log', form: Fraction): Fraction {
  const single = polynomialKey(form.below) === '1/1*' ? singleTerm(form.above) : null;
  const positive = single !== null && less(ZERO, single.coefficient);
  if (
    single === null ||
    !positive ||
    !single.monomial.every(([atom]) => isPositiveAtom(atom) && !atom.startsWith('abs('))
  ) {
    return opaqueForm(name, [form]);
  }
  const primes = new Map<string, Rational>();
  const count = (atom: string, exponent: Rational) =>
    primes.set(atom, add(primes.get(atom) ?? ZERO, exponent));
  for (const [prime, times] of factor(single.coefficient.n)) count(`#${prime}`, integer(times));
  for (const [prime, times] of factor(single.coefficient.d)) count(`#${prime}`, integer(-times));
  for (const [atom, exponent] of single.monomial) count(atom, exponent);
  let total = constant(ZERO);
  for (const [atom, exponent] of primes) {
    const unit = name === 'ln' && atom === 'e' ? constant(ONE) : logarithmOfAtom(name, atom);
    total = addFractions(total, multiplyFractions(constant(exponent), unit));
  }
  return total;
}

/** log10 5 is written as 1 - log10 2, so that log10 10 is 1. */
function logarithmOfAtom(name: 'ln' | 'log', atom: string): Fraction {
  if (name === 'log' && atom === '#5') {
    return addFractions(constant(ONE), negateFraction(atomFraction('log #2')));
  }
  return atomFraction(`${name} ${atom}`);
}

function factorial(n: bigint): Rational {
  if (n > 400n) throw new TooLarge('factorial');
  let value = 1n;
  for (let factorOf = 2n; factorOf <= n; factorOf++) value *= factorOf;
  return { n: value, d: 1n };
}

function binomial(n: bigint, k: bigint): Rational {
  if (k < 0n || n < 0n || k > n) return ZERO;
  const times = k > n - k ? n - k : k;
  if (times > 200n) throw new TooLarge('binomial');
  let value = 1n;
  for (let step = 1n; step <= times; step++) {
    value = (value * (n - times + step)) / step;
    if (bits(value) > MAX_BITS) throw new TooLarge('binomial');
  }
  return { n: value, d: 1n };
}
