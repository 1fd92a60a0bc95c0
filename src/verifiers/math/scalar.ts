// Whether two scalars are equal: by rational arithmetic where both are numbers, by their normal forms, and
// where those leave it open by their values at fixed points. Says how it knows. Equality is exact: a decimal
// equals a fraction only if it is that fraction, unless the caller allows a tolerance.
import { TooLarge } from './limits.ts';
import { contains, variables, type Node } from './node.ts';
import { agreeAtPoints, hasDecimal, realValue } from './evaluate.ts';
import {
  addFractions,
  equalFractions,
  forgetRoots,
  independent,
  negateFraction,
  rationalValue,
  startCounting,
  type Fraction,
} from './normal-form.ts';
import { normalForm, rationalOf } from './normalise.ts';
import { same, toNumber, type Rational } from './rational.ts';

export interface Tolerance {
  /** Largest accepted |answer - gold|; default 0. */
  readonly absolute?: number;
  /** Largest accepted |answer - gold| / |gold|; default 0. */
  readonly relative?: number;
}

export type Grounds = 'exact' | 'points' | 'tolerance' | 'text';

export interface Comparison {
  readonly equal: boolean;
  readonly by: Grounds;
}

export const EQUAL: Comparison = { equal: true, by: 'exact' };
export const DIFFERENT: Comparison = { equal: false, by: 'exact' };

/** The exact rational value, null where there is none or it passes the limits. */
export function exactValue(node: Node): Rational | null {
  try {
    return rationalOf(node);
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

/** The normal form, or null beyond the limits. */
export function formOf(node: Node): Fraction | null {
  try {
    return normalForm(node);
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

function formsEqual(a: Fraction, b: Fraction): boolean | null {
  try {
    if (equalFractions(a, b)) return true;
    const apart = rationalValue(addFractions(a, negateFraction(b)));
    if (apart !== null && apart.n !== 0n) return false;
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
  const known = [a.above, a.below, b.above, b.below].every(independent);
  return known ? false : null;
}

/** Compares a gold scalar with an answer. */
export function compareScalars(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  if (gold.kind === 'symbol' && answer.kind === 'symbol')
    return gold.name === answer.name ? EQUAL : DIFFERENT;
  if (gold.kind === 'percent' || answer.kind === 'percent') return comparePercent(gold, answer, tolerance);
  if (gold.kind === 'based' || answer.kind === 'based') {
    const based = compareBased(gold, answer);
    if (based !== null) return based;
  }
  if (isResidue(gold) && isResidue(answer)) {
    const modulus = compareScalars(gold.items[1]!, answer.items[1]!, {});
    if (!modulus.equal) return modulus; // 6 modulo 7 and 6 modulo 8
  }
  const a = exactValue(gold);
  const b = exactValue(answer);
  if (a !== null && b !== null) {
    if (same(a, b)) return EQUAL;
    return within(toNumber(a), toNumber(b), tolerance) ? { equal: true, by: 'tolerance' } : DIFFERENT;
  }
  const exact = compareForms(gold, answer);
  if (exact !== null && (exact || !hasTolerance(tolerance))) return { equal: exact, by: 'exact' };
  if (hasTolerance(tolerance)) {
    const left = realValue(gold);
    const right = realValue(answer);
    if (left !== null && right !== null && within(left, right, tolerance))
      return { equal: true, by: 'tolerance' };
  }
  if (exact === false || isRoundedAgainstExact(gold, answer)) return DIFFERENT;
  return { equal: agreeAtPoints(gold, answer) === 'agree', by: 'points' };
}

function isResidue(node: Node): node is Node & { kind: 'call' } {
  return node.kind === 'call' && node.name === 'mod' && node.items.length === 2;
}

function compareForms(gold: Node, answer: Node): boolean | null {
  startCounting();
  forgetRoots();
  const a = formOf(gold);
  const b = a === null ? null : formOf(answer);
  return a === null || b === null ? null : formsEqual(a, b);
}

function hasTolerance({ absolute = 0, relative = 0 }: Tolerance): boolean {
  return absolute > 0 || relative > 0;
}

function within(gold: number, answer: number, { absolute = 0, relative = 0 }: Tolerance): boolean {
  const difference = Math.abs(gold - answer);
  return difference > 0 || Number.isFinite(difference)
    ? difference <= Math.max(absolute, relative * Math.abs(gold)) && (absolute > 0 || relative > 0)
    : false;
}

/**
 * A decimal of many places against an expression that no exact argument shows equal is a rounded value of it at best.
 * With few places it would not agree with another value to the precision of a double: 0.5 is sin 30°.
 */
function isRoundedAgainstExact(gold: Node, answer: Node): boolean {
  if (hasDecimal(gold) === hasDecimal(answer) || variables(gold).size + variables(answer).size > 0)
    return false;
  const long = (part: Node) => part.kind === 'number' && part.decimal && part.value.d > MOST_PLACES;
  return contains(gold, long) || contains(answer, long);
}

/** Six decimal places. */
const MOST_PLACES = 10n ** 6n;

/** 28% is 28 hundredths, and 28 where the other side leaves the sign away. */
function comparePercent(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  const bareGold = gold.kind === 'percent' ? gold.value : gold;
  const bareAnswer = answer.kind === 'percent' ? answer.value : answer;
  const bare = compareScalars(bareGold, bareAnswer, tolerance);
  if (bare.equal || (gold.kind === 'percent' && answer.kind === 'percent')) return bare;
  return compareScalars(asFraction(gold), asFraction(answer), tolerance);
}

function asFraction(node: Node): Node {
  if (node.kind !== 'percent') return node;
  return {
    kind: 'product',
    items: [node.value, { kind: 'number', value: { n: 1n, d: 100n }, decimal: false }],
  };
}

/** 101_2 against 5_{10} by value; against a number without a base by its digits. */
function compareBased(gold: Node, answer: Node): Comparison | null {
  const based = gold.kind === 'based' ? gold : answer.kind === 'based' ? answer : null;
  const other = based === gold ? answer : gold;
  if (based === null || based.kind !== 'based' || other.kind === 'based' || other.kind !== 'number')
    return null;
  const digits = other.value.d === 1n ? other.value.n.toString() : '';
  return digits === based.digits.replace(/^0+(?=.)/, '') ? EQUAL : DIFFERENT;
}
