// The syntax tree of an answer: one type for scalars, lists, intervals, relations, matrices and words.
// It says what was written, not what it means: (1, 2) is a bracketed sequence here, and whether that is a
// point or an interval is for the comparison to decide.
import { MINUS_ONE, integer, type Rational } from './rational.ts';

export type Bracket = '' | '(' | '[' | '{' | ')' | ']' | '}';
export type Comparison = '=' | '<' | '<=' | '>' | '>=' | '!=' | 'in' | '~' | '==';
export type Separator = ',' | ';' | 'or' | 'and';

export type Node =
  | { readonly kind: 'number'; readonly value: Rational; readonly decimal: boolean }
  /** A letter with its subscript and primes; `pi`, `e`, `i` and `inf` are the constants. */
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'sum'; readonly items: readonly Node[] }
  | { readonly kind: 'product'; readonly items: readonly Node[] }
  | { readonly kind: 'power'; readonly base: Node; readonly exponent: Node }
  | { readonly kind: 'call'; readonly name: string; readonly items: readonly Node[] }
  /** base ± by, or base ∓ by. */
  | { readonly kind: 'plusMinus'; readonly base: Node; readonly by: Node; readonly first: 1 | -1 }
  | { readonly kind: 'percent'; readonly value: Node }
  | { readonly kind: 'based'; readonly digits: string; readonly base: number }
  | { readonly kind: 'text'; readonly text: string }
  /** Items between brackets, or bare (open ''); `{` is a set. `by` is the loosest separator seen. */
  | {
      readonly kind: 'sequence';
      readonly open: Bracket;
      readonly close: Bracket;
      readonly items: readonly Node[];
      readonly by: Separator;
    }
  /** items[0] ops[0] items[1] ops[1] items[2] … */
  | { readonly kind: 'relation'; readonly ops: readonly Comparison[]; readonly items: readonly Node[] }
  | {
      readonly kind: 'setOperation';
      readonly op: 'union' | 'intersection' | 'minus';
      readonly items: readonly Node[];
    }
  | { readonly kind: 'ratio'; readonly items: readonly Node[] }
  | { readonly kind: 'matrix'; readonly rows: readonly (readonly Node[])[] };

export function number(value: Rational, decimal = false): Node {
  return { kind: 'number', value, decimal };
}

export function whole(value: number): Node {
  return number(integer(value));
}

export function symbol(name: string): Node {
  return { kind: 'symbol', name };
}

export function negated(node: Node): Node {
  return node.kind === 'number'
    ? number({ n: -node.value.n, d: node.value.d }, node.decimal)
    : { kind: 'product', items: [number(MINUS_ONE), node] };
}

export function sum(items: readonly Node[]): Node {
  return { kind: 'sum', items };
}

export function product(items: readonly Node[]): Node {
  return { kind: 'product', items };
}

export function power(base: Node, exponent: Node): Node {
  return { kind: 'power', base, exponent };
}

export function quotient(above: Node, below: Node): Node {
  return product([above, power(below, number(MINUS_ONE))]);
}

export function call(name: string, items: readonly Node[]): Node {
  return { kind: 'call', name, items };
}

export function list(items: readonly Node[], by: Separator = ','): Node {
  return { kind: 'sequence', open: '', close: '', items, by };
}

/** The direct parts of a node. */
export function parts(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sum':
    case 'product':
    case 'call':
    case 'sequence':
    case 'relation':
    case 'setOperation':
    case 'ratio':
      return node.items;
    case 'power':
      return [node.base, node.exponent];
    case 'plusMinus':
      return [node.base, node.by];
    case 'percent':
      return [node.value];
    case 'matrix':
      return node.rows.flat();
    case 'number':
    case 'symbol':
    case 'based':
    case 'text':
      return [];
  }
}

/** The node with each of its direct parts replaced. */
export function mapped(node: Node, change: (part: Node) => Node): Node {
  switch (node.kind) {
    case 'sum':
    case 'product':
    case 'call':
    case 'sequence':
    case 'relation':
    case 'setOperation':
    case 'ratio':
      return { ...node, items: node.items.map(change) };
    case 'power':
      return { ...node, base: change(node.base), exponent: change(node.exponent) };
    case 'plusMinus':
      return { ...node, base: change(node.base), by: change(node.by) };
    case 'percent':
      return { ...node, value: change(node.value) };
    case 'matrix':
      return { ...node, rows: node.rows.map((row) => row.map(change)) };
    case 'number':
    case 'symbol':
    case 'based':
    case 'text':
      return node;
  }
}

/** Whether the node or anything in it satisfies the condition. */
export function contains(node: Node, condition: (part: Node) => boolean): boolean {
  return condition(node) || parts(node).some((part) => contains(part, condition));
}

const CONSTANTS = new Set(['pi', 'e', 'i', 'inf']);

export function isVariable(node: Node): boolean {
  return node.kind === 'symbol' && !CONSTANTS.has(node.name);
}

/** The names of the variables in a node, sorted. */
export function variables(node: Node, names = new Set<string>()): Set<string> {
  if (node.kind === 'symbol' && isVariable(node)) names.add(node.name);
  for (const part of parts(node)) variables(part, names);
  return names;
}
