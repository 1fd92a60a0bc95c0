// Prepares an answer for comparison: what is written in short (±, a chain of equations, an approximation after
// the exact value) becomes what it stands for.
import { substitute } from './expand.ts';
import {
  contains,
  isVariable,
  list,
  mapped,
  negated,
  sum,
  type Comparison as Op,
  type Node,
} from './node.ts';

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
  // A(1, 2): a point with its name
  if (node.kind === 'call' && /^apply [A-Z]$/.test(node.name) && node.items.length > 1)
    return { kind: 'sequence', open: '(', close: ')', items: node.items, by: ',' };
  return node.kind === 'relation' ? settleRelation(node) : node;
}

/** "k in Z" or "x in R" beside an answer: a condition that is understood. */
function saysIntegerOnly(item: Node): item is Node & { kind: 'relation' } {
  if (item.kind !== 'relation' || item.ops.length !== 1 || item.ops[0] !== 'in') return false;
  const [name, range] = item.items;
  return name?.kind === 'symbol' && range?.kind === 'symbol' && /^(?:set)?[ZNRQC]$/.test(range.name);
}

/** The answer with its parameter ("n in Z") named as that of the gold answer ("k in Z"). */
export function withParameterOf(gold: Node, answer: Node): Node {
  const [wanted, given] = [parameterOf(gold), parameterOf(answer)];
  if (wanted === null || given === null || wanted === given) return answer;
  const taken = contains(answer, (part) => part.kind === 'symbol' && part.name === wanted);
  return taken ? answer : substitute(answer, given, { kind: 'symbol', name: wanted });
}

function parameterOf(node: Node): string | null {
  if (node.kind !== 'sequence' || node.open !== '') return null;
  const declared = node.items.filter(saysIntegerOnly);
  const [name] = declared[0]?.items ?? [];
  return declared.length === 1 && name?.kind === 'symbol' ? name.name : null;
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
  const chosen = mapped(node, (part) => withSign(part, sign));
  if (chosen.kind !== 'plusMinus') return chosen;
  return sum([chosen.base, chosen.first * sign === 1 ? chosen.by : negated(chosen.by)]);
}

function isDegree(node: Node): node is Node & { kind: 'call' } {
  return node.kind === 'call' && node.name === 'degree';
}

/** The node without its degree signs, those in the arguments of functions aside; itself where it has none. */
export function withoutDegrees(node: Node): Node {
  if (isDegree(node)) return withoutDegrees(node.items[0]!);
  return node.kind === 'call' || !contains(node, isDegree) ? node : mapped(node, withoutDegrees);
}
