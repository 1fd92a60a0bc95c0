// Prepares an answer for comparison: what is written in short (±, a chain of equations, an approximation after
// the exact value) becomes what it stands for.
import { contains, isVariable, list, negated, sum, type Comparison as Op, type Node } from './node.ts';

/** Takes ± apart, drops what follows an approximation sign, makes a chain x = a = b into x = b. */
export function settle(node: Node): Node {
  if (node.kind === 'sequence' && (node.open === '' || node.open === '{')) {
    const items = node.items.flatMap((item) => {
      const settled = settle(item);
      const spreads = item.kind !== 'sequence' && settled.kind === 'sequence' && settled.open === '';
      return spreads ? settled.items : [settled];
    });
    const stated = items.filter((item) => !saysIntegerOnly(item));
    return stated.length === 1 && items.length > 1
      ? stated[0]!
      : { ...node, items: stated.length > 0 ? stated : items };
  }
  if (contains(node, (part) => part.kind === 'plusMinus')) {
    return list([settle(withSign(node, 1)), settle(withSign(node, -1))], 'or');
  }
  return node.kind === 'relation' ? settleRelation(node) : node;
}

/** "k in Z" beside an answer in k: a condition that is understood. */
function saysIntegerOnly(item: Node): boolean {
  if (item.kind !== 'relation' || item.ops.length !== 1 || item.ops[0] !== 'in') return false;
  const [name, range] = item.items;
  return name?.kind === 'symbol' && range?.kind === 'symbol' && /^set[ZN]$/.test(range.name);
}

function settleRelation({ ops, items }: Node & { kind: 'relation' }): Node {
  const computed =
    ops[0] === '~' &&
    !contains(items[0]!, (part) => isVariable(part) || part.kind === 'text' || part.kind === 'call');
  if (computed) return items[0]!;
  const cut = ops.findIndex((op, index) => op === '~' && index > 0);
  const kept = (cut === -1 ? ops : ops.slice(0, cut)).map((op): Op => (op === '~' || op === '==' ? '=' : op));
  const sides = items.slice(0, kept.length + 1);
  if (!kept.every((op) => op === '=') || kept.length < 2)
    return { kind: 'relation', ops: kept, items: sides };
  return { kind: 'relation', ops: ['='], items: [sides[0]!, sides.at(-1)!] };
}

/** The node with every ± as + or as -, and every ∓ the other way round. */
function withSign(node: Node, sign: 1 | -1): Node {
  switch (node.kind) {
    case 'plusMinus': {
      const by = withSign(node.by, sign);
      return sum([withSign(node.base, sign), node.first * sign === 1 ? by : negated(by)]);
    }
    case 'sum':
    case 'product':
    case 'call':
    case 'sequence':
    case 'relation':
    case 'setOperation':
    case 'ratio':
      return { ...node, items: node.items.map((item) => withSign(item, sign)) };
    case 'power':
      return { ...node, base: withSign(node.base, sign), exponent: withSign(node.exponent, sign) };
    case 'percent':
      return { ...node, value: withSign(node.value, sign) };
    case 'matrix':
      return { ...node, rows: node.rows.map((row) => row.map((item) => withSign(item, sign))) };
    case 'number':
    case 'symbol':
    case 'based':
    case 'text':
      return node;
  }
}
