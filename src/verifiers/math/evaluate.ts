// The value of an expression as a complex double, with variables at fixed pseudo-random points: the last
// resort of a comparison that exact algebra leaves open, and the way endpoints of intervals are ordered.
// Every operation is one of Math; what has no value is NaN.
import { contains, parts, variables, type Node } from './node.ts';
import { basedValue } from './normalise.ts';
import { toNumber } from './rational.ts';

export interface Complex {
  readonly re: number;
  readonly im: number;
}

export type Point = ReadonlyMap<string, Complex>;

const NONE: Complex = { re: NaN, im: NaN };

function real(re: number): Complex {
  return { re, im: 0 };
}

function times(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) return real(a.re * b.re);
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

function over(a: Complex, b: Complex): Complex {
  const size = b.re * b.re + b.im * b.im;
  if (size === 0) return NONE;
  if (a.im === 0 && b.im === 0) return real(a.re / b.re);
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
}

function exponential(a: Complex): Complex {
  const size = Math.exp(a.re);
  return a.im === 0 ? real(size) : { re: size * Math.cos(a.im), im: size * Math.sin(a.im) };
}

function logarithm(a: Complex, domain: Domain): Complex {
  if (domain === 'real' && a.im === 0 && a.re < 0) return NONE;
  return a.im === 0 && a.re > 0
    ? real(Math.log(a.re))
    : { re: Math.log(Math.hypot(a.re, a.im)), im: Math.atan2(a.im, a.re) };
}

function raised(base: Complex, exponent: Complex, exponentNode: Node, domain: Domain): Complex {
  if (exponent.im === 0 && Number.isInteger(exponent.re) && Math.abs(exponent.re) <= 64 && base.im !== 0) {
    let result = real(1);
    for (let count = 0; count < Math.abs(exponent.re); count++) result = times(result, base);
    return exponent.re < 0 ? over(real(1), result) : result;
  }
  if (base.im === 0 && exponent.im === 0) {
    if (base.re >= 0 || Number.isInteger(exponent.re)) return real(base.re ** exponent.re);
    const odd = oddRoot(exponentNode);
    if (odd !== null) return real((odd.even ? 1 : -1) * (-base.re) ** exponent.re);
  }
  if (base.re === 0 && base.im === 0) return NONE;
  return exponential(times(exponent, logarithm(base, domain)));
}

/** For p/q with odd q: the real root of a negative number is meant; `even` is whether p is. */
function oddRoot(node: Node): { even: boolean } | null {
  let above = 1n;
  let below = 1n;
  const visit = (part: Node): boolean => {
    if (part.kind === 'number') {
      above *= part.value.n;
      below *= part.value.d;
      return true;
    }
    if (part.kind === 'power' && part.base.kind === 'number' && part.exponent.kind === 'number') {
      if (part.exponent.value.n !== -1n || part.exponent.value.d !== 1n) return false;
      above *= part.base.value.d;
      below *= part.base.value.n;
      return true;
    }
    return part.kind === 'product' && part.items.every(visit);
  };
  return visit(node) && below % 2n !== 0n ? { even: above % 2n === 0n } : null;
}

const REAL_FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  cot: (x) => 1 / Math.tan(x),
  sec: (x) => 1 / Math.cos(x),
  csc: (x) => 1 / Math.sin(x),
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  arccot: (x) => Math.PI / 2 - Math.atan(x),
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  coth: (x) => 1 / Math.tanh(x),
  floor: Math.floor,
  ceil: Math.ceil,
  sgn: Math.sign,
};

function called(name: string, values: readonly Complex[], domain: Domain): Complex {
  const [first] = values;
  if (first === undefined) return NONE;
  if (values.length === 1) {
    if (name === 'abs') return real(Math.hypot(first.re, first.im));
    if (name === 'ln') return logarithm(first, domain);
    if (name === 'log') return over(logarithm(first, domain), real(Math.LN10));
    if (name === 'degree') return times(first, real(Math.PI / 180));
    if (name === 'Re') return real(first.re);
    if (name === 'Im') return real(first.im);
    if (name === 'arg') return real(Math.atan2(first.im, first.re));
    const known = REAL_FUNCTIONS[name];
    if (known !== undefined) return first.im === 0 ? real(known(first.re)) : NONE;
    if (name === 'factorial') return factorial(first);
  }
  if (name === 'max') return real(Math.max(...values.map(({ re }) => re)));
  if (name === 'min') return real(Math.min(...values.map(({ re }) => re)));
  if (name.startsWith('apply ') || name === 'overline' || name === 'angle' || name === 'triangle') {
    return unknownFunction(name, values);
  }
  return NONE;
}

function factorial({ re, im }: Complex): Complex {
  if (im !== 0 || !Number.isInteger(re) || re < 0 || re > 170) return NONE;
  let value = 1;
  for (let count = 2; count <= re; count++) value *= count;
  return real(value);
}

/** A function nothing is known of takes values that depend on its name and arguments alone. */
function unknownFunction(name: string, values: readonly Complex[]): Complex {
  let state = 0.1;
  for (const character of name) state = Math.sin(state * 7.3 + character.charCodeAt(0));
  for (const { re, im } of values) state = Math.sin(state * 3.7 + 1.3 * re + 0.7 * im + 0.2);
  return real(2 + state);
}

/** Whether roots and logarithms of negative numbers have a value. */
export type Domain = 'real' | 'complex';

/** The value at a point that gives every variable a value. */
export function evaluate(node: Node, point: Point, domain: Domain = 'complex'): Complex {
  switch (node.kind) {
    case 'number':
      return real(toNumber(node.value));
    case 'based':
      return real(toNumber(basedValue(node.digits, node.base)));
    case 'percent':
      return over(evaluate(node.value, point, domain), real(100));
    case 'symbol':
      return constantValue(node.name) ?? point.get(node.name) ?? NONE;
    case 'sum': {
      let total = real(0);
      for (const item of node.items) {
        const value = evaluate(item, point, domain);
        total = { re: total.re + value.re, im: total.im + value.im };
      }
      return total;
    }
    case 'product':
      return node.items.map((item) => evaluate(item, point, domain)).reduce(times);
    case 'power':
      return raised(
        evaluate(node.base, point, domain),
        evaluate(node.exponent, point, domain),
        node.exponent,
        domain,
      );
    case 'ratio': {
      const [above, below] = node.items;
      if (node.items.length !== 2) return NONE;
      return over(evaluate(above!, point, domain), evaluate(below!, point, domain));
    }
    case 'call':
      return called(
        node.name,
        node.items.map((item) => evaluate(item, point, domain)),
        domain,
      );
    case 'plusMinus':
    case 'text':
    case 'sequence':
    case 'relation':
    case 'setOperation':
    case 'matrix':
      return NONE;
  }
}

function constantValue(name: string): Complex | null {
  switch (name) {
    case 'pi':
      return real(Math.PI);
    case 'e':
      return real(Math.E);
    case 'i':
      return { re: 0, im: 1 };
    case 'inf':
      return real(Infinity);
    default:
      return null;
  }
}

const EMPTY: Point = new Map();

/** The value of an expression without variables as a real double (infinities included); null where it has none. */
export function realValue(node: Node): number | null {
  if (variables(node).size > 0) return null;
  const { re, im } = evaluate(node, EMPTY);
  return Number.isNaN(re) || Math.abs(im) > 1e-12 * Math.max(1, Math.abs(re)) ? null : re;
}

/** A point, and how far values there may differ, relative to their size, for want of digits. */
export interface Sample {
  readonly at: Point;
  readonly tolerance: number;
}

const NEAR = 6;
const FAR = 4;

/**
 * The points at which expressions are compared: the same for every run, none special. Near ones have sizes from 0.4 to
 * 2.6, where nothing cancels; far ones, up to 9 and of both signs, tell |x + 2| from x + 2 and min(x, 3) from x.
 */
export function samples(names: ReadonlySet<string>): Sample[] {
  if (names.size === 0) return [{ at: new Map(), tolerance: 1e-11 }];
  const sorted = [...names].sort();
  return Array.from({ length: NEAR + FAR }, (_unused, index) => {
    let state = 0x9e3779b9 ^ (index * 0x85ebca6b);
    const far = index >= NEAR;
    const at = new Map<string, Complex>();
    for (const name of sorted) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
      state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
      const unit = ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
      // the first points of each kind are positive, where roots and logarithms are real
      const positive = far ? index < NEAR + 2 || unit > 0.5 : index < 3 || unit > 0.5;
      const size = far ? 3 + 6 * unit : 0.4 + 2.2 * unit;
      at.set(name, real(index === NEAR + FAR - 1 || !positive ? -size : size));
    }
    return { at, tolerance: far ? 1e-6 : 1e-11 };
  });
}

export type Agreement = 'agree' | 'differ' | 'undecided';

/**
 * Whether two expressions have the same value at every point where both have one; of at least two points. Without
 * i they are real functions, where these have values: ln(x/y) is ln x - ln y.
 */
export function agreeAtPoints(a: Node, b: Node): Agreement {
  const names = variables(a, variables(b));
  const real = names.size > 0 && !hasImaginary(a) && !hasImaginary(b);
  const agreement = real ? agreeIn('real', a, b, names) : 'undecided';
  return agreement === 'undecided' ? agreeIn('complex', a, b, names) : agreement;
}

function agreeIn(domain: Domain, a: Node, b: Node, names: ReadonlySet<string>): Agreement {
  let seen = 0;
  for (const { at, tolerance } of samples(names)) {
    const left = evaluate(a, at, domain);
    const right = evaluate(b, at, domain);
    if (![left.re, left.im, right.re, right.im].every(Number.isFinite)) continue;
    seen++;
    const size = Math.max(Math.hypot(left.re, left.im), Math.hypot(right.re, right.im), 1e-9);
    if (Math.hypot(left.re - right.re, left.im - right.im) > tolerance * size * roughness(a, b))
      return 'differ';
  }
  return seen >= (names.size === 0 ? 1 : 2) ? 'agree' : 'undecided';
}

function hasImaginary(node: Node): boolean {
  return contains(node, (part) => part.kind === 'symbol' && part.name === 'i');
}

/** Cancellation costs digits: expressions with many parts are allowed a little more. */
function roughness(a: Node, b: Node): number {
  return Math.min(100, Math.max(1, (count(a) + count(b)) / 10));
}

function count(node: Node): number {
  return parts(node).reduce((total, part) => total + count(part), 1);
}

/** Whether a number with a decimal part stands in the expression: such a number may be a rounded one. */
export function hasDecimal(node: Node): boolean {
  return contains(node, (part) => part.kind === 'number' && part.decimal);
}
