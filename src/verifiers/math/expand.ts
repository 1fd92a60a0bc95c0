// Notations that stand for an expression in simpler ones, written out where that is short: sums and products
// between integers, determinants of small matrices, conjugates, C_n^k, digits in a base. What would be long, or has no
// bounds, is left (null) and stays a name for its value.
import {
  call,
  contains,
  isVariable,
  mapped,
  negated,
  number,
  product,
  sum,
  symbol,
  whole,
  type Node,
} from './node.ts';
import { Unreadable } from './limits.ts';
import { integer, isInteger } from './rational.ts';

/** Most terms of a sum or factors of a product that are written out. */
const MAX_STEPS = 500;

/** \sum_{k=a}^{b} and \prod_{k=a}^{b} for integers a and b, of no more than `maxNodes` nodes. */
export function indexed(
  name: string,
  body: Node,
  bounds: readonly Node[],
  maxNodes: number,
): { node: Node; size: number } | null {
  if (name !== 'sum' && name !== 'prod') return null;
  const [start, last] = bounds;
  if (start?.kind !== 'relation' || start.ops.length !== 1 || start.ops[0] !== '=') return null;
  const [index, from] = start.items;
  const low = wholeValue(from);
  const high = wholeValue(last);
  if (index?.kind !== 'symbol' || low === null || high === null) return null;
  const steps = high - low + 1;
  if (steps < 1 || steps > MAX_STEPS) return null;
  const nodes = steps * size(body);
  if (nodes > maxNodes) return null;
  const items = Array.from({ length: steps }, (_unused, step) =>
    substitute(body, index.name, number(integer(low + step))),
  );
  return { node: name === 'sum' ? sum(items) : product(items), size: nodes };
}

function wholeValue(node: Node | undefined): number | null {
  const fits = node?.kind === 'number' && node.value.d === 1n && node.value.n ** 2n < 10n ** 12n;
  return fits ? Number(node.value.n) : null;
}

function size(node: Node): number {
  let count = 0;
  contains(node, () => {
    count++;
    return false;
  });
  return count;
}

/** The node with every symbol of this name replaced. */
export function substitute(node: Node, name: string, by: Node): Node {
  if (node.kind === 'symbol') return node.name === name ? by : node;
  return mapped(node, (part) => substitute(part, name, by));
}

/** Largest matrix whose determinant is written out: 24 products of 4 entries. */
const MAX_ROWS = 4;

/** The determinant of a small square matrix, by the entries of its first row. */
export function fromDeterminant(node: Node): Node | null {
  if (node.kind !== 'matrix' || node.rows.length > MAX_ROWS) return null;
  return node.rows.every((row) => row.length === node.rows.length) ? determinant(node.rows) : null;
}

function determinant(rows: readonly (readonly Node[])[]): Node {
  const [first, ...rest] = rows;
  if (rest.length === 0) return first![0]!;
  const terms = first!.map((entry, column) => {
    const minor = determinant(rest.map((row) => row.filter((_unused, index) => index !== column)));
    const term = product([entry, minor]);
    return column % 2 === 0 ? term : negated(term);
  });
  return sum(terms);
}

/** The conjugate of an expression in numbers and i; null for other expressions under a bar (a segment AB). */
export function conjugated(node: Node): Node | null {
  const complex = contains(node, (part) => part.kind === 'symbol' && part.name === 'i');
  const known = !contains(node, (part) => isVariable(part) || part.kind === 'call' || part.kind === 'text');
  return complex && known ? substitute(node, 'i', negated(symbol('i'))) : null;
}

/** The number that digits are in a base; `Unreadable` where they are none. */
export function numeral(digits: string, base: number): Node {
  const fits = base >= 2 && base <= 36 && [...digits].every((digit) => parseInt(digit, 36) < base);
  if (!fits || digits === '') throw new Unreadable('no digits of this base');
  return { kind: 'based', digits, base };
}

/** The points of an angle as one name: ABC is CBA, but not BAC. */
export function vertices(node: Node): Node {
  if (node.kind !== 'product' || !node.items.every(({ kind }) => kind === 'symbol')) return node;
  const names = node.items.map((item) => (item.kind === 'symbol' ? item.name : ''));
  const [one, other] = [names.join(' '), names.reverse().join(' ')];
  return symbol(one < other ? one : other);
}

/** C_{10}^3 and A_5^2: combinations and permutations, in the notation of many countries. */
export function selection(node: Node, above: Node): Node | null {
  const below = node.kind === 'symbol' ? /^([CAP])_(\d{1,4})$/.exec(node.name) : null;
  if (below === null || above.kind !== 'number' || !isInteger(above.value)) return null;
  const from = whole(Number(below[2]));
  const chosen = call('binomial', [from, above]);
  return below[1] === 'C' ? chosen : product([chosen, call('factorial', [above])]);
}
