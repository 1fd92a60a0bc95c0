// Sets of real numbers: unions of intervals with exact ends, from intervals, finite sets, set operations and
// inequalities in one variable (linear, absolute value, quadratic). So x > 2 is (2, oo), and |x| < 1 is
// (-1, 1). Ends are ordered by their doubles and compared exactly.
import { realValue } from './evaluate.ts';
import {
  negated,
  number,
  power,
  product,
  quotient,
  sum,
  symbol,
  variables,
  whole,
  type Comparison,
  type Node,
} from './node.ts';
import { compareScalars, formOf, type Tolerance } from './scalar.ts';
import { singleTerm } from './normal-form.ts';
import { less, multiply, rational, subtract, integer, ZERO, type Rational } from './rational.ts';

interface Bound {
  readonly value: number;
  readonly node: Node;
  readonly closed: boolean;
}

interface Piece {
  readonly low: Bound;
  readonly high: Bound;
}

/** Disjoint pieces in ascending order, none touching the next. */
export type RealSet = readonly Piece[];

const MINUS_INFINITY: Bound = { value: -Infinity, node: negated(symbol('inf')), closed: false };
const INFINITY: Bound = { value: Infinity, node: symbol('inf'), closed: false };
const EVERYTHING: RealSet = [{ low: MINUS_INFINITY, high: INFINITY }];

function bound(node: Node, closed: boolean): Bound | null {
  const value = realValue(node);
  return value === null ? null : { value, node, closed: closed && Number.isFinite(value) };
}

function piecesOf(low: Bound | null, high: Bound | null): RealSet | null {
  if (low === null || high === null) return null;
  if (low.value > high.value || (low.value === high.value && !(low.closed && high.closed))) return [];
  return [{ low, high }];
}

function pointSet(node: Node): RealSet | null {
  const at = bound(node, true);
  return at === null || !Number.isFinite(at.value) ? null : [{ low: at, high: at }];
}

function union(sets: readonly RealSet[]): RealSet {
  const sorted = sets
    .flat()
    .sort((a, b) => a.low.value - b.low.value || Number(b.low.closed) - Number(a.low.closed));
  const merged: Piece[] = [];
  for (const piece of sorted) {
    const last = merged.at(-1);
    const touches =
      last !== undefined &&
      (piece.low.value < last.high.value ||
        (piece.low.value === last.high.value && (piece.low.closed || last.high.closed)));
    if (!touches) merged.push(piece);
    else merged[merged.length - 1] = { low: last.low, high: furthest(last.high, piece.high) };
  }
  return merged;
}

function furthest(a: Bound, b: Bound): Bound {
  if (a.value !== b.value) return a.value > b.value ? a : b;
  return a.closed ? a : b;
}

function intersect(a: RealSet, b: RealSet): RealSet {
  const pieces: Piece[] = [];
  for (const left of a) {
    for (const right of b) {
      const low =
        left.low.value > right.low.value || (left.low.value === right.low.value && !left.low.closed)
          ? left.low
          : right.low;
      const high =
        left.high.value < right.high.value || (left.high.value === right.high.value && !left.high.closed)
          ? left.high
          : right.high;
      pieces.push(...(piecesOf(low, high) ?? []));
    }
  }
  return union([pieces]);
}

function complement(set: RealSet): RealSet {
  const pieces: Piece[] = [];
  let low = MINUS_INFINITY;
  for (const piece of set) {
    if (piece.low.value > -Infinity) pieces.push({ low, high: { ...piece.low, closed: !piece.low.closed } });
    low = { ...piece.high, closed: !piece.high.closed };
  }
  if (set.length === 0 || low.value < Infinity) pieces.push({ low, high: INFINITY });
  return pieces;
}

/** The set a node describes, or null where it describes none (or none with numbers as ends). */
export function toRealSet(node: Node): RealSet | null {
  switch (node.kind) {
    case 'symbol':
      return node.name === 'setR' ? EVERYTHING : node.name === 'empty' ? [] : null;
    case 'sequence':
      return sequenceSet(node);
    case 'setOperation': {
      const sets = node.items.map(toRealSet);
      if (!sets.every((set) => set !== null)) return null;
      if (node.op === 'union') return union(sets);
      if (node.op === 'intersection') return sets.reduce(intersect);
      return intersect(sets[0]!, complement(sets[1]!));
    }
    case 'relation':
      return relationSet(node.ops, node.items);
    case 'based':
    case 'call':
    case 'matrix':
    case 'number':
    case 'percent':
    case 'plusMinus':
    case 'power':
    case 'product':
    case 'ratio':
    case 'sum':
    case 'text':
      return null;
  }
}

function sequenceSet(node: Node & { kind: 'sequence' }): RealSet | null {
  if (node.open === '{') {
    const points = node.items.map(pointSet);
    return points.every((point) => point !== null) ? union(points) : null;
  }
  if (node.open === '') {
    if (variables(node).size > 1) return null; // x < 1 or y > 3 is no set of numbers
    const sets = node.items.map(toRealSet);
    if (!sets.every((set) => set !== null)) return null;
    const conditions = node.items.every((item) => item.kind === 'relation');
    if (!conditions || node.by === 'or' || node.by === ';') return union(sets);
    const both = sets.reduce(intersect);
    return both.length === 0 ? union(sets) : both;
  }
  if (node.items.length !== 2) return null;
  const [low, high] = node.items;
  const pieces = piecesOf(bound(low!, node.open === '['), bound(high!, node.close === ']'));
  return pieces?.length === 0 ? null : pieces; // (2, 1) is a point, not an empty interval
}

function relationSet(ops: readonly Comparison[], items: readonly Node[]): RealSet | null {
  let result = EVERYTHING;
  for (const [index, op] of ops.entries()) {
    const set = conditionSet(items[index]!, op, items[index + 1]!);
    if (set === null) return null;
    result = intersect(result, set);
  }
  return result;
}

const FLIPPED: Readonly<Partial<Record<Comparison, Comparison>>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export function flip(op: Comparison): Comparison {
  return FLIPPED[op] ?? op;
}

function conditionSet(left: Node, op: Comparison, right: Node): RealSet | null {
  if (op === 'in') return variables(left).size === 1 ? toRealSet(right) : null;
  const names = new Set([...variables(left), ...variables(right)]);
  if (names.size !== 1) return null;
  const [name] = names;
  if (isUnknown(left) && variables(right).size === 0) return half(op, right);
  if (isUnknown(right) && variables(left).size === 0) return half(flip(op), left);
  if (left.kind === 'call' && left.name === 'abs' && variables(right).size === 0)
    return absoluteSet(left.items[0]!, op, right);
  if (right.kind === 'call' && right.name === 'abs' && variables(left).size === 0) {
    return absoluteSet(right.items[0]!, flip(op), left);
  }
  return polynomialSet(name!, sum([left, negated(right)]), op);
}

/** x, or the f(x) of a range. */
function isUnknown(node: Node): boolean {
  return node.kind === 'symbol' || (node.kind === 'call' && node.name.startsWith('apply '));
}

/** x op value. */
function half(op: Comparison, value: Node): RealSet | null {
  switch (op) {
    case '<':
    case '<=':
      return piecesOf(MINUS_INFINITY, bound(value, op === '<='));
    case '>':
    case '>=':
      return piecesOf(bound(value, op === '>='), INFINITY);
    case '!=': {
      const point = pointSet(value);
      return point === null ? null : complement(point);
    }
    case '=':
    case '==':
    case '~':
    case 'in':
      return pointSet(value);
  }
}

function absoluteSet(inner: Node, op: Comparison, limit: Node): RealSet | null {
  const size = realValue(limit);
  if (size === null || size < 0) return null;
  const upper = conditionSet(inner, op, limit);
  const lower = conditionSet(inner, flip(op), negated(limit));
  if (upper === null || lower === null) return null;
  return op === '<' || op === '<=' || op === '!=' ? intersect(upper, lower) : union([upper, lower]);
}

/** a x^2 + b x + c op 0 with rational coefficients. */
function polynomialSet(name: string, node: Node, op: Comparison): RealSet | null {
  const form = formOf(node);
  const below = form === null ? null : singleTerm(form.below);
  if (form === null || below === null || below.monomial.length > 0) return null;
  const coefficients: [Rational, Rational, Rational] = [ZERO, ZERO, ZERO];
  for (const { coefficient, monomial } of form.above.values()) {
    if (monomial.length > 1) return null;
    const [atom, exponent] = monomial[0] ?? [name, ZERO];
    const degree = exponent.d === 1n ? Number(exponent.n) : -1;
    if (atom !== name || degree < 0 || degree > 2) return null;
    coefficients[degree] = coefficient;
  }
  const [c, b, a] = coefficients;
  if (a.n === 0n) {
    if (b.n === 0n) return null;
    const root = number(rational(-c.n * b.d, c.d * b.n));
    return half(b.n < 0n ? flip(op) : op, root);
  }
  return quadraticSet(a, b, c, a.n < 0n ? flip(op) : op);
}

/** a x^2 + b x + c op 0 where op is already that of a positive a. */
function quadraticSet(a: Rational, b: Rational, c: Rational, op: Comparison): RealSet | null {
  const discriminant = subtract(multiply(b, b), multiply(integer(4), multiply(a, c)));
  const outside = op === '>' || op === '>=';
  if (less(discriminant, ZERO)) return op === '=' ? [] : outside || op === '!=' ? EVERYTHING : [];
  const root = power(number(discriminant), quotient(whole(1), whole(2)));
  const [first, second] = [-1, 1].map((sign) =>
    quotient(sum([negated(number(b)), product([whole(sign), root])]), product([whole(2), number(a)])),
  );
  const [low, high] = a.n > 0n ? [first!, second!] : [second!, first!];
  const closed = op === '<=' || op === '>=';
  if (op === '=') return union([pointSet(low) ?? [], pointSet(high) ?? []]);
  if (op === '!=') return complement(union([pointSet(low) ?? [], pointSet(high) ?? []]));
  if (!outside) return piecesOf(bound(low, closed), bound(high, closed));
  const below = piecesOf(MINUS_INFINITY, bound(low, closed));
  const above = piecesOf(bound(high, closed), INFINITY);
  return below === null || above === null ? null : union([below, above]);
}

export function equalSets(a: RealSet, b: RealSet, tolerance: Tolerance): boolean {
  return (
    a.length === b.length &&
    a.every((piece, index) => {
      const other = b[index]!;
      return equalBounds(piece.low, other.low, tolerance) && equalBounds(piece.high, other.high, tolerance);
    })
  );
}

function equalBounds(a: Bound, b: Bound, tolerance: Tolerance): boolean {
  if (a.closed !== b.closed) return false;
  if (!Number.isFinite(a.value) || !Number.isFinite(b.value)) return a.value === b.value;
  return compareScalars(a.node, b.node, tolerance).equal;
}
