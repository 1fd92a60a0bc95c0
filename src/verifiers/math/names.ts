// Answers with a name: x = 5, f(x) = x^2, (p, q) = (3, 2). Which side is a name, which assignments are to
// different quantities, and what order their values have.
import { substitute } from './expand.ts';
import { contains, type Node } from './node.ts';

type Relation = Node & { kind: 'relation' };

export function isEquation(node: Node): node is Relation & { ops: ['='] } {
  return node.kind === 'relation' && node.ops.length === 1 && node.ops[0] === '=';
}

/** Whether a side names a quantity (x, f(2), AB, S:T, x + y) rather than computing one. */
export function isName(node: Node): boolean {
  switch (node.kind) {
    case 'symbol':
    case 'text':
    case 'call':
      return true;
    case 'power':
      return isName(node.base);
    case 'sum':
    case 'product':
    case 'ratio':
    case 'sequence':
      return (
        node.items.every(isName) && contains(node, (part) => part.kind === 'symbol' || part.kind === 'call')
      );
    case 'based':
    case 'matrix':
    case 'number':
    case 'percent':
    case 'plusMinus':
    case 'relation':
    case 'setOperation':
      return false;
  }
}

/** x_1 beside x: the solutions of one unknown, numbered or not. */
export function isNumbered(a: Node, b: Node): boolean {
  if (a.kind !== 'symbol' || b.kind !== 'symbol' || a.name.includes('_') === b.name.includes('_'))
    return false;
  return a.name.split('_', 1)[0] === b.name.split('_', 1)[0];
}

/** Whether a side is one quantity with a name (AB, f(2), Area), not an expression in several. */
export function isQuantity(node: Node): boolean {
  if (node.kind === 'product' || node.kind === 'ratio') return node.items.every(isQuantity);
  return node.kind === 'symbol' || node.kind === 'text' || node.kind === 'call';
}

/** Names that say only that something is a function of x. */
export function freeName(node: Node): boolean {
  return (
    (node.kind === 'symbol' && node.name === 'y') || (node.kind === 'call' && node.name.startsWith('apply '))
  );
}

/** f(t) = t^2 in the letter of g(x) = …: the argument of `from` takes the name of that of `to`. */
export function renamed(value: Node, from: Node, to: Node): Node {
  const old = argumentOf(from);
  const wanted = argumentOf(to);
  if (old === null || wanted === null || old === wanted) return value;
  return substitute(value, old, { kind: 'symbol', name: wanted });
}

function argumentOf(node: Node): string | null {
  if (node.kind !== 'call' || node.items.length !== 1) return null;
  const [only] = node.items;
  return only?.kind === 'symbol' ? only.name : null;
}

function assignedName(item: Node): string | null {
  if (!isEquation(item)) return null;
  const [name] = item.items;
  if (name === undefined || !isName(name)) return null;
  return JSON.stringify(name, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** Whether all are assignments to different quantities (x = 1, y = 2), so that their order means something. */
export function distinctNames(items: readonly Node[]): boolean {
  const names = items.map(assignedName);
  if (items.length < 2 || names.some((name) => name === null)) return false;
  const stems = new Set(names.map((name) => name!.replace(/_[A-Za-z0-9]+/g, '')));
  return stems.size === items.length;
}

export function valueOf(item: Node): Node {
  return isEquation(item) && isName(item.items[0]!) ? item.items[1]! : item;
}

/** The values of assignments in the order of their names; other items as they stand. */
export function valuesByName(items: readonly Node[]): readonly Node[] {
  const names = items.map(assignedName);
  if (names.some((name) => name === null)) return items;
  const order = items
    .map((_item, index) => index)
    .sort((a, b) => (names[a]! < names[b]! ? -1 : names[a]! > names[b]! ? 1 : a - b));
  return order.map((index) => valueOf(items[index]!));
}
