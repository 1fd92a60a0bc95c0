// Whether two answers are equal, by kind: lists and sets in any order, tuples in theirs, intervals and
// inequalities as sets of numbers, equations up to scaling, assignments by their values, matrices entry by
// entry, words as words, everything else as scalars. `gold` and `answer` are not symmetric where a bare value
// may stand for a named one (5 for x = 5).
import { contains, isVariable, negated, product, sum, type Comparison as Op, type Node } from './node.ts';
import { hasDecimal } from './evaluate.ts';
import { rowsOf } from './matrix.ts';
import {
  distinctNames,
  freeName,
  isEquation,
  isName,
  isNumbered,
  isQuantity,
  renamed,
  valueOf,
  valuesByName,
} from './names.ts';
import { constantRatio } from './proportion.ts';
import { settle, withoutDegrees, withParameterOf } from './settle.ts';
import { equalSets, flip, toRealSet } from './real-set.ts';
import { compareScalars, DIFFERENT, EQUAL, type Comparison, type Tolerance } from './scalar.ts';

type Sequence = Node & { kind: 'sequence' };
type Relation = Node & { kind: 'relation' };

export function compareAnswers(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  const expected = settle(gold);
  const given = settle(withParameterOf(gold, answer));
  const exact = compareAngles(expected, given, tolerance);
  const rounded = approximation(answer);
  return exact.equal || rounded === null || !hasDecimal(expected)
    ? exact
    : compare(expected, rounded, tolerance);
}

/** Degree signs are set aside, and where that finds no equality they stand for pi/180: 120° is 2 pi/3. */
function compareAngles(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  const [a, b] = [withoutDegrees(gold), withoutDegrees(answer)];
  const bare = compare(a, b, tolerance);
  if (bare.equal || (a === gold) === (b === answer)) return bare;
  const plain = a === gold ? gold : answer;
  const radians = contains(plain, (part) => part.kind === 'symbol' && part.name === 'pi');
  return radians ? compare(gold, answer, tolerance) : bare;
}

/** What an answer such as sqrt(5) ~ 2.24 says after its approximation sign: an answer to a decimal gold. */
function approximation(node: Node): Node | null {
  return node.kind === 'relation' && node.ops.at(-1) === '~' ? node.items.at(-1)! : null;
}

function compare(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  if (isTimeOfDay(gold) || isTimeOfDay(answer)) return compareTimes(gold, answer, tolerance);
  if (gold.kind === 'text' || answer.kind === 'text') return compareWords(gold, answer);
  if (gold.kind === 'relation' || answer.kind === 'relation')
    return compareWithRelation(gold, answer, tolerance);
  if (gold.kind === 'setOperation' || answer.kind === 'setOperation')
    return compareSets(gold, answer, tolerance);
  const matrix = compareMatrices(gold, answer, tolerance);
  if (matrix !== null) return matrix;
  if (gold.kind === 'sequence' || answer.kind === 'sequence')
    return compareSequences(gold, answer, tolerance);
  if (gold.kind === 'ratio' && answer.kind === 'ratio')
    return compareRatios(gold.items, answer.items, tolerance);
  return compareScalars(gold, answer, tolerance);
}

function isTimeOfDay(node: Node): node is Node & { kind: 'call' } {
  return node.kind === 'call' && (node.name === 'am' || node.name === 'pm');
}

/** 3:30 pm is 3:30, but not 3:30 am. */
function compareTimes(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  if (isTimeOfDay(gold) && isTimeOfDay(answer) && gold.name !== answer.name) return DIFFERENT;
  const shown = (node: Node) => (isTimeOfDay(node) ? node.items[0]! : node);
  const [a, b] = [shown(gold), shown(answer)];
  return a.kind === 'ratio' && b.kind === 'ratio'
    ? inOrder(a.items, b.items, tolerance)
    : compare(a, b, tolerance);
}

function compareWords(gold: Node, answer: Node): Comparison {
  const words = (node: Node) => (node.kind === 'text' ? node.text : node.kind === 'symbol' ? node.name : '');
  const [a, b] = [words(gold).toLowerCase(), words(answer).toLowerCase()];
  return { equal: a !== '' && a === b, by: 'text' };
}

function compareSets(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  const a = toRealSet(gold);
  const b = a === null ? null : toRealSet(answer);
  if (a !== null && b !== null) return { equal: equalSets(a, b, tolerance), by: 'exact' };
  if (gold.kind !== 'setOperation' || answer.kind !== 'setOperation' || gold.op !== answer.op)
    return DIFFERENT;
  return gold.op === 'minus'
    ? inOrder(gold.items, answer.items, tolerance)
    : inAnyOrder(gold.items, answer.items, tolerance);
}

// ---------------------------------------------------------------- relations

function compareWithRelation(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  if (gold.kind === 'relation' && answer.kind === 'relation')
    return compareRelations(gold, answer, tolerance);
  const relation = gold.kind === 'relation' ? gold : (answer as Relation);
  const other = gold.kind === 'relation' ? answer : gold;
  const oriented = (value: Node) =>
    gold.kind === 'relation' ? compare(value, other, tolerance) : compare(other, value, tolerance);
  // an identity whose every side is the gold answer: x^2 - 1 = (x - 1)(x + 1)
  if (
    relation === answer &&
    isEquation(relation) &&
    relation.items.every((side) => compare(gold, side, tolerance).equal)
  ) {
    return compare(gold, relation.items[0]!, tolerance);
  }
  if (isEquation(relation)) {
    const [name, value] = relation.items;
    if (!contains(name!, isVariable) && value!.kind === 'symbol' && isVariable(value)) return oriented(name!);
    const computed = relation === gold && name!.kind === 'sum'; // the equation of a line is not a value
    const named = (isName(name!) && !computed) || !contains(name!, isVariable);
    if (named) return oriented(value!);
    return isName(value!) && !contains(name!, isVariable) ? oriented(name!) : DIFFERENT;
  }
  if (relation.ops.length === 1 && relation.ops[0] === 'in')
    return isName(relation.items[0]!) ? oriented(relation.items[1]!) : DIFFERENT;
  const values = other.kind === 'sequence' && other.items.every((item) => item.kind !== 'relation');
  if (other.kind !== 'sequence' && other.kind !== 'setOperation' && other.kind !== 'symbol') return DIFFERENT;
  if (values && other.kind === 'sequence' && other.open === '') return DIFFERENT;
  return compareSets(gold, answer, tolerance);
}

function compareRelations(gold: Relation, answer: Relation, tolerance: Tolerance): Comparison {
  if (isEquation(gold) && isEquation(answer)) return compareEquations(gold, answer, tolerance);
  const direct =
    chainsEqual(gold, ascending(answer), tolerance) ??
    chainsEqual(ascending(gold), ascending(answer), tolerance);
  if (direct !== null) return direct;
  const oneCondition = gold.ops.length === 1 && answer.ops.length === 1;
  if (oneCondition && sameDirection(gold.ops[0]!, answer.ops[0]!, conditionRatio(gold, answer))) {
    return { equal: true, by: 'points' };
  }
  return compareSets(gold, answer, tolerance);
}

/** A chain written with > and >= turned round. */
function ascending(chain: Relation): Relation {
  if (!chain.ops.some((op) => op === '>' || op === '>=') || chain.ops.some((op) => op === '<' || op === '<='))
    return chain;
  return { ...chain, ops: chain.ops.map(flip).reverse(), items: [...chain.items].reverse() };
}

function chainsEqual(gold: Relation, answer: Relation, tolerance: Tolerance): Comparison | null {
  if (gold.ops.length !== answer.ops.length || gold.ops.some((op, index) => op !== answer.ops[index]))
    return null;
  const each = inOrder(gold.items, answer.items, tolerance);
  if (each.equal) return each;
  if (gold.ops.length > 1 || !(gold.ops[0] === '!=' || gold.ops[0] === '=')) return null;
  const turned = inOrder(gold.items, [...answer.items].reverse(), tolerance);
  return turned.equal ? turned : null;
}

function sideDifference({ items }: Relation): Node {
  return sum([items[0]!, negated(items[1]!)]);
}

function conditionRatio(gold: Relation, answer: Relation) {
  const scalar = [...gold.items, ...answer.items].every(isScalar);
  return scalar ? constantRatio(sideDifference(gold), sideDifference(answer), gold.ops[0] === '=') : null;
}

/** Whether a side is one expression; a residue is compared with its modulus. */
function isScalar(node: Node): boolean {
  const compound = new Set<Node['kind']>(['sequence', 'matrix', 'setOperation', 'text', 'relation']);
  return !contains(node, (part) => compound.has(part.kind) || (part.kind === 'call' && part.name === 'mod'));
}

function sameDirection(gold: Op, answer: Op, ratio: { positive: boolean } | null): boolean {
  if (ratio === null) return false;
  return gold === (ratio.positive ? answer : flip(answer)) && gold !== 'in';
}

function compareEquations(gold: Relation, answer: Relation, tolerance: Tolerance): Comparison {
  const [goldName, goldValue] = gold.items;
  const [name, value] = answer.items;
  if (isName(goldName!) && isName(name!)) {
    const sameName = compare(goldName!, name!, {}).equal || isNumbered(goldName!, name!);
    if (
      sameName ||
      (freeName(goldName!) && freeName(name!)) ||
      (isQuantity(goldName!) && isQuantity(name!) && !bothSymbols(goldName!, name!))
    ) {
      const values = compare(goldValue!, renamed(value!, name!, goldName!), tolerance);
      if (values.equal) return values;
    }
  }
  const ratio = conditionRatio(gold, answer);
  if (ratio !== null) return { equal: true, by: ratio.by };
  return chainsEqual(gold, answer, tolerance) ?? DIFFERENT;
}

function bothSymbols(a: Node, b: Node): boolean {
  return a.kind === 'symbol' && b.kind === 'symbol';
}

// ---------------------------------------------------------------- sequences

function isBare(node: Node): boolean {
  return node.kind === 'sequence' && node.open === '';
}

function isSet(node: Node): boolean {
  return node.kind === 'sequence' && node.open === '{';
}

function compareSequences(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  if (gold.kind !== 'sequence' || answer.kind !== 'sequence')
    return compareWithSingle(gold, answer, tolerance);
  const loose = (isBare(gold) || isSet(gold)) && (isBare(answer) || isSet(answer));
  if (loose) return compareCollections(gold, answer, tolerance);
  if (isSet(gold) || isSet(answer)) return mixedSets(gold, answer, tolerance);
  if (isBare(gold) || isBare(answer)) {
    const tuple = isBare(gold) ? answer : gold;
    const conditions = [gold, answer].some(
      (side) => isBare(side) && side.items.some((item) => item.kind === 'relation' && !isEquation(item)),
    );
    if (conditions) return compareSets(gold, answer, tolerance);
    const collection = isBare(gold) ? gold : answer;
    const intervals = collection.items.every((item) => item.kind === 'sequence');
    if (intervals && !tuple.items.every((item) => item.kind === 'sequence')) return DIFFERENT;
    if (tuple.open !== '(' || tuple.close !== ')' || !isOrdered(collection)) return DIFFERENT;
    return inOrder(valuesByName(gold.items), valuesByName(answer.items), tolerance);
  }
  const brackets = gold.open === answer.open && gold.close === answer.close;
  if (!brackets && gold.items.length === 2) return compareHalfOpen(gold, answer, tolerance);
  return inOrder(valuesByName(gold.items), valuesByName(answer.items), tolerance);
}

/** ]a, b[ against (a, b). */
function compareHalfOpen(gold: Sequence, answer: Sequence, tolerance: Tolerance): Comparison {
  const opening = (open: string) => (open === ']' ? '(' : open);
  const closing = (close: string) => (close === '[' ? ')' : close);
  const alike = opening(gold.open) === opening(answer.open) && closing(gold.close) === closing(answer.close);
  return alike ? inOrder(gold.items, answer.items, tolerance) : DIFFERENT;
}

function mixedSets(gold: Sequence, answer: Sequence, tolerance: Tolerance): Comparison {
  const set = isSet(gold) ? gold : answer;
  const other = set === gold ? answer : gold;
  return set.items.length === 1 ? compare(set.items[0]!, other, tolerance) : DIFFERENT;
}

/** One side is a single thing: a set of one, a list that says the same thing twice, ±0. */
function compareWithSingle(gold: Node, answer: Node, tolerance: Tolerance): Comparison {
  const sequence = gold.kind === 'sequence' ? gold : answer;
  const single = sequence === gold ? answer : gold;
  if (sequence.kind !== 'sequence') return DIFFERENT;
  if (single.kind === 'symbol' && (single.name === 'setR' || single.name === 'empty'))
    return compareSets(gold, answer, tolerance);
  if (!isSet(sequence) && !(isBare(sequence) && sequence.by === 'or')) return DIFFERENT;
  const all = sequence.items.map((item) =>
    sequence === gold ? compare(item, single, tolerance) : compare(single, item, tolerance),
  );
  return all.every(({ equal }) => equal) ? all[0]! : DIFFERENT;
}

/** Whether the items of a bare list can be the places of a tuple: not alternatives, nor values of one unknown. */
function isOrdered({ open, by, items }: Sequence): boolean {
  return open !== '' || (by !== 'or' && (!items.some(isEquation) || distinctNames(items)));
}

function compareCollections(gold: Sequence, answer: Sequence, tolerance: Tolerance): Comparison {
  const isCondition = (item: Node) =>
    (item.kind === 'relation' && !isEquation(item)) || item.kind === 'setOperation';
  const opposed = (gold.by === 'and' && answer.by === 'or') || (gold.by === 'or' && answer.by === 'and');
  const all = [...gold.items, ...answer.items];
  if (opposed && all.every(({ kind }) => kind === 'symbol')) return DIFFERENT; // p and q, p or q
  if (all.some(isCondition)) {
    if (opposed) return compareSets(gold, answer, tolerance);
    const each = inAnyOrder(gold.items, answer.items, tolerance);
    return each.equal ? each : compareSets(gold, answer, tolerance);
  }
  const named = [gold, answer].map((side) => distinctNames(side.items));
  if (named[0] !== named[1]) {
    const plain = named[0] ? answer : gold;
    if (isSet(plain) || plain.by === 'or') return DIFFERENT;
    const [a, b] = [gold.items.map(valueOf), answer.items.map(valueOf)];
    const given = inOrder(a, b, tolerance);
    return given.equal ? given : inOrder(valuesByName(gold.items), valuesByName(answer.items), tolerance);
  }
  const spread = (items: readonly Node[]) => (named[0] ? items : items.map(tupleOfAssignments));
  const unique = isSet(gold) || isSet(answer);
  const a = unique ? withoutRepeats(gold.items, tolerance) : spread(gold.items);
  const b = unique ? withoutRepeats(answer.items, tolerance) : spread(answer.items);
  return inAnyOrder(a, b, tolerance);
}

/** "p = 5, q = 2" inside a list of solutions is the tuple (5, 2). */
function tupleOfAssignments(item: Node): Node {
  if (item.kind !== 'sequence' || item.open !== '' || !item.items.every(isEquation)) return item;
  return { ...item, open: '(', close: ')', items: valuesByName(item.items) };
}

function withoutRepeats(items: readonly Node[], tolerance: Tolerance): readonly Node[] {
  const kept: Node[] = [];
  for (const item of items) if (!kept.some((other) => compare(other, item, tolerance).equal)) kept.push(item);
  return kept;
}

function inOrder(gold: readonly Node[], answer: readonly Node[], tolerance: Tolerance): Comparison {
  if (gold.length !== answer.length) return DIFFERENT;
  let by = EQUAL.by;
  for (const [index, item] of gold.entries()) {
    const result = compare(item, answer[index]!, tolerance);
    if (!result.equal) return result;
    if (result.by !== 'exact') by = result.by;
  }
  return { equal: true, by };
}

function inAnyOrder(gold: readonly Node[], answer: readonly Node[], tolerance: Tolerance): Comparison {
  if (gold.length !== answer.length) return DIFFERENT;
  const left = [...answer];
  let by = EQUAL.by;
  for (const item of gold) {
    let found = -1;
    for (const [index, other] of left.entries()) {
      const result = compare(item, other, tolerance);
      if (!result.equal) continue;
      if (result.by !== 'exact') by = result.by;
      found = index;
      break;
    }
    if (found === -1) return DIFFERENT;
    left.splice(found, 1);
  }
  return { equal: true, by };
}

function compareRatios(gold: readonly Node[], answer: readonly Node[], tolerance: Tolerance): Comparison {
  if (gold.length !== answer.length) return DIFFERENT;
  for (let index = 1; index < gold.length; index++) {
    const crossed = compareScalars(
      product([gold[0]!, answer[index]!]),
      product([answer[0]!, gold[index]!]),
      tolerance,
    );
    if (!crossed.equal) return crossed;
  }
  return EQUAL;
}

function compareMatrices(gold: Node, answer: Node, tolerance: Tolerance): Comparison | null {
  const a = rowsOf(gold);
  const b = rowsOf(answer);
  if (a === null && b === null) return null;
  if (a !== null && b !== null) {
    if (a.length !== b.length || a[0]!.length !== b[0]!.length) return DIFFERENT;
    return inOrder(a.flat(), b.flat(), tolerance);
  }
  const rows = (a ?? b)!;
  const other = a === null ? gold : answer;
  if (other.kind === 'sequence' && other.items.every(({ kind }) => kind === 'sequence')) {
    const listed = other.items.map((row) => (row.kind === 'sequence' ? row.items : []));
    if (
      other.open !== '[' ||
      listed.length !== rows.length ||
      listed.some((row) => row.length !== rows[0]!.length)
    )
      return DIFFERENT; // [[1, 2], [3, 4]], as programs print it
    return a === null
      ? inOrder(listed.flat(), rows.flat(), tolerance)
      : inOrder(rows.flat(), listed.flat(), tolerance);
  }
  const isVector = rows.length === 1 || rows[0]!.length === 1;
  if (!isVector || other.kind !== 'sequence' || isSet(other)) return DIFFERENT;
  const interval = other.items.length === 2 && (other.open === '[' || other.close === ']');
  if (interval || !isOrdered(other)) return DIFFERENT;
  return a === null
    ? inOrder(other.items, rows.flat(), tolerance)
    : inOrder(rows.flat(), other.items, tolerance);
}
