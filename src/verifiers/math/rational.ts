// Exact rational numbers over bigint: the arithmetic in which most answers are decided. A value is always
// reduced with a positive denominator, so equality is equality of both parts. Operations that could grow
// without bound (powers, roots, factorials) refuse beyond MAX_BITS.
import { MAX_BITS, TooLarge } from './limits.ts';

export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };
export const HALF: Rational = { n: 1n, d: 2n };
export const MINUS_ONE: Rational = { n: -1n, d: 1n };

export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The number of bits of |n|, within 4. */
export function bits(n: bigint): number {
  return 4 * (n < 0n ? -n : n).toString(16).length;
}

function checked(n: bigint): bigint {
  if (bits(n) > MAX_BITS) throw new TooLarge('integer');
  return n;
}

/** n/d reduced; d must not be 0. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 1n) return { n, d };
  const common = gcd(n, d) * (d < 0n ? -1n : 1n);
  return { n: n / common, d: d / common };
}

export function integer(n: number): Rational {
  return { n: BigInt(n), d: 1n };
}

export function isInteger(a: Rational): boolean {
  return a.d === 1n;
}

export function isZero(a: Rational): boolean {
  return a.n === 0n;
}

export function same(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}

export function less(a: Rational, b: Rational): boolean {
  return a.n * b.d < b.n * a.d;
}

export function add(a: Rational, b: Rational): Rational {
  if (a.d === 1n && b.d === 1n) return { n: checked(a.n + b.n), d: 1n };
  return rational(checked(a.n * b.d + b.n * a.d), checked(a.d * b.d));
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

export function subtract(a: Rational, b: Rational): Rational {
  return add(a, negate(b));
}

export function multiply(a: Rational, b: Rational): Rational {
  if (a.d === 1n && b.d === 1n) return { n: checked(a.n * b.n), d: 1n };
  return rational(checked(a.n * b.n), checked(a.d * b.d));
}

/** 1/a; `TooLarge` for 1/0, which has no value here. */
export function invert(a: Rational): Rational {
  if (a.n === 0n) throw new TooLarge('division by zero');
  return a.n < 0n ? { n: -a.d, d: -a.n } : { n: a.d, d: a.n };
}

export function divide(a: Rational, b: Rational): Rational {
  return multiply(a, invert(b));
}

/** a^exponent for an integer exponent; `TooLarge` where the result would pass MAX_BITS. */
export function power(a: Rational, exponent: bigint): Rational {
  const base = exponent < 0n ? invert(a) : a;
  const times = exponent < 0n ? -exponent : exponent;
  if (base.d === 1n && (base.n === 1n || base.n === 0n)) return times === 0n ? ONE : base;
  if (base.d === 1n && base.n === -1n) return times % 2n === 0n ? ONE : MINUS_ONE;
  if (times > BigInt(MAX_BITS) || BigInt(bits(base.n) + bits(base.d)) * times > 2n * BigInt(MAX_BITS)) {
    throw new TooLarge('power');
  }
  return { n: base.n ** times, d: base.d ** times };
}

export function floor(a: Rational): bigint {
  const quotient = a.n / a.d;
  return a.n % a.d < 0n ? quotient - 1n : quotient;
}

/** The nearest double, also where both parts are beyond the doubles. */
export function toNumber(a: Rational): number {
  if (a.d === 1n) return Number(a.n);
  const direct = Number(a.n) / Number(a.d);
  if (Number.isFinite(direct) && (direct !== 0 || a.n === 0n) && bits(a.d) < 1000) return direct;
  const shift = BigInt(Math.max(0, bits(a.d) - bits(a.n) + 64));
  return Number((a.n << shift) / a.d) * 2 ** -Number(shift);
}

/** The value of a plain decimal such as 12.50 (digits and at most one point). */
export function fromDecimal(text: string): Rational {
  const point = text.indexOf('.');
  if (point === -1) return { n: BigInt(text), d: 1n };
  const fraction = text.slice(point + 1);
  return rational(BigInt(text.slice(0, point) + fraction || '0'), 10n ** BigInt(fraction.length));
}

/** The primes of a positive integer with exponents; a cofactor without small primes counts as one prime. */
export function factor(value: bigint): [prime: bigint, exponent: number][] {
  const found: [bigint, number][] = [];
  let rest = value;
  for (
    let candidate = 2n;
    candidate * candidate <= rest && candidate < 3000n;
    candidate += candidate === 2n ? 1n : 2n
  ) {
    let exponent = 0;
    while (rest % candidate === 0n) {
      rest /= candidate;
      exponent++;
    }
    if (exponent > 0) found.push([candidate, exponent]);
  }
  if (rest === 1n) return found;
  const root = squareRoot(rest);
  found.push(root * root === rest ? [root, 2] : [rest, 1]);
  return found;
}

/** The integer part of the square root, by Newton's iteration from above. */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(bits(value) / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
