// From tokens to the syntax tree: lists, relations, set operations, ratios, sums, products, powers, in this
// order of looseness. Words after a number are units and are set aside; words alone are a text answer;
// whatever else is no answer is `Unreadable`. Recursion is bounded by MAX_DEPTH.
import { MAX_ITEMS, Unreadable } from './limits.ts';
import {
  call,
  contains,
  list,
  negated,
  number,
  product,
  quotient,
  sum,
  symbol,
  whole,
  type Comparison,
  type Node,
  type Separator,
} from './node.ts';
import { isInteger, less, ZERO } from './rational.ts';
import { numeral } from './expand.ts';
import { AtomParser } from './parse-atoms.ts';
import { LETTER_UNITS, PROSE_WORDS } from './symbols.ts';
import type { Spelling } from './tokenise-numbers.ts';
import { tokenise } from './tokenise.ts';

const COMPARISONS = new Set(['=', '<', '<=', '>', '>=', '!=', 'in', '~', '==']);
const SEPARATORS = new Set([',', ';', 'and', 'or', '\\\\']);
const TRAILING = new Set(['.', ',', ';', ':', '?', '!', '\\\\', '&']);

export interface Parsed {
  readonly node: Node;
  readonly ambiguous: { readonly commas: boolean; readonly letterUnits: boolean };
  /** Whether words that are no units were set aside. */
  readonly words: boolean;
}

export function parse(answer: string, spelling: Spelling): Parsed {
  const { tokens, ambiguous } = tokenise(answer, spelling);
  const parser = new Parser(tokens);
  const node = parser.answer();
  return { node, ambiguous, words: parser.droppedWords };
}

class Parser extends AtomParser {
  answer(): Node {
    while (this.isMark('=') || this.isMark('~') || this.isMark(':') || this.isMark(',')) this.at++;
    const node = this.list();
    while (this.peek().type === 'mark' && TRAILING.has(this.peek().text)) this.at++;
    if (this.peek().type !== 'end') throw new Unreadable('something follows the answer');
    return node;
  }

  /** Items by commas, semicolons, "and", "or" and line breaks; a single item is itself. */
  list(): Node {
    return this.deeper(() => {
      const groups: Node[][] = [[]];
      const seen = new Set<Separator>();
      for (;;) {
        groups.at(-1)!.push(this.relation());
        let separator: Separator | null = null;
        while (this.peek().type === 'mark' && SEPARATORS.has(this.peek().text) && !this.endsAfterMarks()) {
          const text = this.peek().text === '\\\\' ? ',' : (this.peek().text as Separator);
          separator = separator === null || separator === ',' ? text : separator;
          this.at++;
          while (this.isMark('&')) this.at++;
        }
        if (separator === null) break;
        seen.add(separator);
        if (separator === ',') continue;
        groups.push([]);
        if (groups.length > MAX_ITEMS) throw new Unreadable('too many items');
      }
      return listOfGroups(groups, seen);
    });
  }

  /** Whether only marks that may close an answer or a bracket follow. */
  private endsAfterMarks(): boolean {
    let ahead = 0;
    while (this.peek(ahead).type === 'mark' && TRAILING.has(this.peek(ahead).text)) ahead++;
    const { type, text } = this.peek(ahead);
    return (
      type === 'end' || (ahead > 0 && type === 'mark' && (text === ')' || text === '}' || text === '\\}'))
    );
  }

  protected relation(): Node {
    while (this.isMark('&')) this.at++;
    const items = [this.setOperation()];
    const ops: Comparison[] = [];
    for (;;) {
      while (this.isMark('&')) this.at++;
      if (this.isMark('implies')) {
        this.at++;
        return this.relation();
      }
      this.skipBreakInChain();
      const { type, text } = this.peek();
      if (type !== 'mark' || !(COMPARISONS.has(text) || text === 'notin')) break;
      this.at++;
      while (this.isMark('&')) this.at++;
      ops.push(text === 'notin' ? 'in' : (text as Comparison));
      const right = this.setOperation();
      items.push(
        text === 'notin' ? { kind: 'setOperation', op: 'minus', items: [symbol('setR'), right] } : right,
      );
    }
    return ops.length === 0 ? items[0]! : { kind: 'relation', ops, items };
  }

  /** x &= 2 + 3 \\ &= 5: a chain that goes on in the next line. */
  private skipBreakInChain(): void {
    if (!this.isMark('\\\\')) return;
    let ahead = 1;
    while (this.isMark('&', ahead)) ahead++;
    const { type, text } = this.peek(ahead);
    if (type === 'mark' && COMPARISONS.has(text)) this.at += ahead;
  }

  protected setOperation(): Node {
    let left = this.ratio();
    for (;;) {
      const op = this.isMark('cup')
        ? 'union'
        : this.isMark('cap')
          ? 'intersection'
          : this.isMark('setminus')
            ? 'minus'
            : null;
      if (op === null) return left;
      this.at++;
      const right = this.ratio();
      left =
        left.kind === 'setOperation' && left.op === op && op !== 'minus'
          ? { ...left, items: [...left.items, right] }
          : { kind: 'setOperation', op, items: [left, right] };
    }
  }

  private ratio(): Node {
    const items = [this.sum()];
    while (this.isMark(':') || this.saysTo()) {
      this.at++;
      if (this.peek().type === 'end') break;
      items.push(this.sum());
    }
    if (items.length === 1) return items[0]!;
    const last = items.at(-1)!;
    if (last.kind === 'call' && (last.name === 'am' || last.name === 'pm'))
      return call(last.name, [{ kind: 'ratio', items: [...items.slice(0, -1), last.items[0]!] }]);
    // "Area: 5" names what follows
    if (items[0]!.kind !== 'text') return { kind: 'ratio', items };
    this.droppedWords = true;
    return items.at(-1)!;
  }

  /** 3 to 5: a ratio in words. */
  private saysTo(): boolean {
    const { type, text } = this.peek();
    return (
      type === 'word' && text === 'to' && this.peek(1).type === 'number' && this.peek(-1).type === 'number'
    );
  }

  protected sum(): Node {
    let total: Node[] = [];
    let first = true;
    for (;;) {
      const sign = this.peek().type === 'mark' ? this.peek().text : '';
      if (sign === 'pm' || sign === 'mp') {
        this.at++;
        const by = this.product();
        const base = total.length === 0 ? whole(0) : sumOf(total);
        total = [{ kind: 'plusMinus', base, by, first: sign === 'pm' ? 1 : -1 }];
      } else if (sign === '+' || sign === '-') {
        this.at++;
        const term = this.product();
        total.push(sign === '-' ? negated(term) : term);
      } else if (first) {
        total.push(this.product());
      } else {
        return sumOf(total);
      }
      first = false;
    }
  }

  protected product(): Node {
    return this.deeper(() => {
      let factors: Node[] = [this.signed()];
      for (;;) {
        if (this.isMark('*')) {
          this.at++;
          factors.push(this.signed());
        } else if (this.isMark('/')) {
          this.at++;
          const left = factors.length === 1 ? factors[0]! : product(factors);
          factors = this.peek().type === 'word' ? [this.withoutUnits(left)] : [quotient(left, this.signed())];
        } else if (this.peek().type === 'word' && this.peek().text === 'base' && this.isInteger(factors)) {
          this.at++;
          factors = [this.baseInWords(factors[0]!)];
        } else if (this.peek().type === 'word' && !this.saysTo()) {
          factors = [this.withoutUnits(factors.length === 1 ? factors[0]! : product(factors))];
        } else if (this.isMark('(') && this.peek(1).type === 'command' && /^p?mod$/.test(this.peek(1).text)) {
          this.at += 2;
          factors = [call('mod', [factors.length === 1 ? factors[0]! : product(factors), this.signed()])];
          this.take(')');
        } else if (this.isCommand('bmod') || this.isCommand('pmod') || this.isCommand('mod')) {
          this.at++;
          factors = [call('mod', [factors.length === 1 ? factors[0]! : product(factors), this.signed()])];
        } else if (this.startsFactor()) {
          this.juxtapose(factors);
        } else {
          return factors.length === 1 ? factors[0]! : product(factors);
        }
      }
    });
  }

  /** A factor without a sign between: 2x, 3 1/2 (a mixed number), 5(x + 1). */
  private juxtapose(factors: Node[]): void {
    const left = factors.at(-1)!;
    const integerLeft = left.kind === 'number' && !left.decimal && isInteger(left.value) ? left.value : null;
    const startsWithNumber = this.peek().type === 'number';
    const startsWithFraction = this.isCommand('frac');
    const startsWithBracket = this.isMark('(');
    if (
      startsWithNumber &&
      integerLeft !== null &&
      factors.length === 1 &&
      this.isMark('/', 1) &&
      this.peek(2).type === 'number'
    ) {
      const above = this.peek().value!;
      const below = this.peek(2).value!;
      this.at += 3;
      if (below.n === 0n) throw new Unreadable('division by zero');
      factors[0] = mixed(left, quotientOf(above, below));
      return;
    }
    if (startsWithNumber && (left.kind === 'number' || left.kind === 'text'))
      throw new Unreadable('two numbers side by side');
    const right = this.postfix();
    if (startsWithBracket && (right.kind === 'relation' || right.kind === 'text')) {
      this.droppedWords = true; // 5 (x > 0), 8 (eight): a remark
      return;
    }
    if (startsWithFraction && isUnit(right)) return; // 60 \\frac{\\text{km}}{\\text{h}}
    if (startsWithFraction && integerLeft !== null && factors.length === 1) {
      const marked = right.kind === 'percent' ? right.value : right;
      const fraction = properFraction(marked);
      if (fraction !== null) {
        const value = mixed(left, fraction);
        factors[0] = right.kind === 'percent' ? { kind: 'percent', value } : value;
        return;
      }
    }
    factors.push(right);
  }

  private signed(): Node {
    if (this.isMark('-')) {
      this.at++;
      return this.deeper(() => negated(this.signed()));
    }
    if (this.isMark('+')) {
      this.at++;
      return this.deeper(() => this.signed());
    }
    return this.postfix();
  }

  private startsFactor(): boolean {
    const { type, text } = this.peek();
    if (type === 'number' || type === 'based' || type === 'symbol' || type === 'function') return true;
    if (type === 'command') return !text.startsWith('end ') && text !== 'choose' && text !== 'over';
    if (type !== 'mark') return false;
    if (text === '|') return this.insideBars === 0;
    if (text === '[') return !this.closesHere();
    return text === '(' || text === '{' || text === 'lfloor' || text === 'lceil' || text === '\\{';
  }

  private isInteger(factors: readonly Node[]): boolean {
    const [only] = factors;
    return (
      factors.length === 1 &&
      only?.kind === 'number' &&
      isInteger(only.value) &&
      this.peek(1).type === 'number'
    );
  }

  /** 22 base 7. */
  private baseInWords(node: Node): Node {
    const base = Number(this.next().value!.n);
    const digits = node.kind === 'number' ? node.value.n.toString() : '';
    return numeral(digits, base);
  }

  /** Units after a value, set aside: cm^2, km/h, square feet, dollars per hour. */
  private withoutUnits(value: Node): Node {
    if (
      !contains(
        value,
        (part) =>
          part.kind === 'number' || part.kind === 'based' || (part.kind === 'symbol' && part.name === 'pi'),
      )
    ) {
      throw new Unreadable('words after a symbol');
    }
    const half = this.peek().text;
    if (half === 'am' || half === 'pm') {
      this.at++;
      return call(half, [value]);
    }
    while (this.peek().type === 'word' && !this.saysTo()) {
      if (PROSE_WORDS.has(this.peek().text)) this.droppedWords = true;
      this.at++;
      this.skipUnitPower();
      const joins = this.isMark('/') || this.isMark('*') || this.isMark('-');
      if (joins && (this.peek(1).type === 'word' || (this.isMark('/') && this.peek(1).type === 'symbol'))) {
        this.at += 2;
        this.skipUnitPower();
      }
    }
    return value;
  }

  private skipUnitPower(): void {
    if (!this.isMark('^')) return;
    this.at++;
    this.exponent();
  }
}

/** A fraction of words: km over h. */
function isUnit(node: Node): boolean {
  return (
    contains(node, ({ kind }) => kind === 'text') &&
    !contains(
      node,
      (part) =>
        (part.kind === 'symbol' && !LETTER_UNITS.has(part.name)) ||
        (part.kind === 'number' && part.value.n !== -1n),
    )
  );
}

function sumOf(items: readonly Node[]): Node {
  return items.length === 1 ? items[0]! : sum(items);
}

function quotientOf(above: { n: bigint; d: bigint }, below: { n: bigint; d: bigint }): Node {
  return quotient(number(above), number(below));
}

function mixed(left: Node, fraction: Node): Node {
  const negative = left.kind === 'number' && less(left.value, ZERO);
  return sum([left, negative ? negated(fraction) : fraction]);
}

/** a/b as written with 0 < a < b integers, or null. */
function properFraction(node: Node): Node | null {
  if (node.kind !== 'product' || node.items.length !== 2) return null;
  const [above, below] = node.items;
  if (above?.kind !== 'number' || below?.kind !== 'power' || below.base.kind !== 'number') return null;
  const fits =
    isInteger(above.value) &&
    isInteger(below.base.value) &&
    less(ZERO, above.value) &&
    less(above.value, below.base.value);
  return fits ? node : null;
}

/** Groups by ";", "and", "or" of items by ",": nested where the groups are alike, else one flat list. */
function listOfGroups(groups: readonly (readonly Node[])[], seen: ReadonlySet<Separator>): Node {
  const flat = groups.flat();
  if (flat.length > MAX_ITEMS) throw new Unreadable('too many items');
  const by: Separator = seen.has('or') ? 'or' : seen.has(';') ? ';' : seen.has('and') ? 'and' : ',';
  if (flat.length === 1) return flat[0]!;
  const width = groups[0]!.length;
  const alike = groups.length > 1 && width > 1 && groups.every((group) => group.length === width);
  const nested = alike && (seen.has(';') || flat.every((item) => item.kind === 'relation'));
  return list(nested ? groups.map((group) => list(group)) : flat, by);
}
