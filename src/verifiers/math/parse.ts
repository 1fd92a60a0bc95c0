// From tokens to the syntax tree: lists, relations, set operations, ratios, sums, products, powers, in this
// order of looseness. Words after a number are units and are set aside; words alone are a text answer;
// whatever else is no answer is `Unreadable`. Recursion is bounded by MAX_DEPTH.
import { MAX_DEPTH, MAX_ITEMS, Unreadable } from './limits.ts';
import {
  call,
  contains,
  list,
  negated,
  number,
  power,
  product,
  quotient,
  sum,
  symbol,
  whole,
  type Bracket,
  type Comparison,
  type Node,
  type Separator,
} from './node.ts';
import { isInteger, less, ZERO } from './rational.ts';
import { tokenise, END, type Spelling, type Token } from './tokenise.ts';

const COMPARISONS = new Set(['=', '<', '<=', '>', '>=', '!=', 'in', '~', '==']);
const SEPARATORS = new Set([',', ';', 'and', 'or', '\\\\']);
const TRAILING = new Set(['.', ',', ';', ':', '?', '!', 'dots', '\\\\', '&']);
const CLOSERS: Readonly<Record<string, Bracket>> = { ')': ')', ']': ']', '[': '[' };
const MATRICES = new Set(['matrix', 'pmatrix', 'bmatrix', 'Bmatrix', 'smallmatrix', 'array']);
const FUNCTION_LETTERS = new Set(['f', 'g', 'h', "f'", "g'", "h'", "f''", "g''"]);

export interface Parsed {
  readonly node: Node;
  readonly ambiguous: { readonly commas: boolean; readonly letterUnits: boolean };
  /** Whether words (units, "about") were set aside. */
  readonly words: boolean;
}

export function parse(answer: string, spelling: Spelling): Parsed {
  const { tokens, ambiguous } = tokenise(answer, spelling);
  const parser = new Parser(tokens);
  const node = parser.answer();
  return { node, ambiguous, words: parser.droppedWords };
}

class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;
  private insideBars = 0;
  droppedWords = false;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  answer(): Node {
    while (this.isMark('=') || this.isMark('~') || this.isMark(':') || this.isMark(',')) this.at++;
    const node = this.list();
    while (this.peek().type === 'mark' && TRAILING.has(this.peek().text)) this.at++;
    if (this.peek().type !== 'end') throw new Unreadable('something follows the answer');
    return node;
  }

  private peek(ahead = 0): Token {
    return this.tokens[this.at + ahead] ?? END;
  }

  private isMark(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.type === 'mark' && token.text === text;
  }

  private isCommand(start: string): boolean {
    return this.peek().type === 'command' && this.peek().text.startsWith(start);
  }

  private take(text: string): void {
    if (!this.isMark(text)) throw new Unreadable(`expected ${text}`);
    this.at++;
  }

  private deeper<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new Unreadable('nested too deeply');
    const result = read();
    this.depth--;
    return result;
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

  private relation(): Node {
    while (this.isMark('&')) this.at++;
    const items = [this.setOperation()];
    const ops: Comparison[] = [];
    for (;;) {
      while (this.isMark('&')) this.at++;
      if (this.isMark('implies')) {
        this.at++;
        return this.relation();
      }
      const { type, text } = this.peek();
      if (type !== 'mark' || !COMPARISONS.has(text)) break;
      this.at++;
      while (this.isMark('&')) this.at++;
      ops.push(text as Comparison);
      items.push(this.setOperation());
    }
    return ops.length === 0 ? items[0]! : { kind: 'relation', ops, items };
  }

  private setOperation(): Node {
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
    while (this.isMark(':')) {
      this.at++;
      if (this.peek().type === 'end') break;
      items.push(this.sum());
    }
    if (items.length === 1) return items[0]!;
    // "Area: 5" names what follows
    if (items[0]!.kind !== 'text') return { kind: 'ratio', items };
    this.droppedWords = true;
    return items.at(-1)!;
  }

  private sum(): Node {
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

  private product(): Node {
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
        } else if (this.peek().type === 'word') {
          factors = [this.withoutUnits(factors.length === 1 ? factors[0]! : product(factors))];
        } else if (this.isCommand('bmod') || this.isCommand('pmod') || this.isCommand('mod')) {
          throw new Unreadable('mod');
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
    if (startsWithFraction && integerLeft !== null && factors.length === 1) {
      const fraction = properFraction(right);
      if (fraction !== null) {
        factors[0] = mixed(left, fraction);
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
    if (type === 'command') return !text.startsWith('end ') && text !== 'choose';
    if (type !== 'mark') return false;
    if (text === '|') return this.insideBars === 0;
    if (text === '[') return !this.closesHere();
    return text === '(' || text === '{' || text === 'lfloor' || text === 'lceil' || text === '\\{';
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
    this.droppedWords = true;
    while (this.peek().type === 'word') {
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

  /** An atom with its powers, factorials and percent signs. */
  private postfix(): Node {
    let node = this.deeper(() => this.atom());
    for (;;) {
      if (this.isMark('^')) {
        this.at++;
        const exponent = this.exponent();
        if (exponent.kind !== 'text') node = power(node, exponent); // 5^{\text{th}}
      } else if (this.isMark('!') && !this.endsAfterMarksOnlyText()) {
        this.at++;
        node = call('factorial', [node]);
      } else if (this.isMark('%')) {
        this.at++;
        node = { kind: 'percent', value: node };
      } else {
        return node;
      }
    }
  }

  /** "Yes!" ends a sentence; 5! is a factorial wherever it stands. */
  private endsAfterMarksOnlyText(): boolean {
    return this.peek(-1).type === 'word';
  }

  private exponent(): Node {
    return this.deeper(() => {
      if (this.isMark('-')) {
        this.at++;
        return negated(this.exponent());
      }
      if (this.isMark('+')) this.at++;
      const atom = this.atom();
      if (!this.isMark('^')) return atom;
      this.at++;
      return power(atom, this.exponent());
    });
  }

  private atom(): Node {
    const token = this.peek();
    switch (token.type) {
      case 'number':
        this.at++;
        return number(token.value!, token.decimal ?? false);
      case 'based':
        this.at++;
        return { kind: 'based', digits: token.text, base: token.base! };
      case 'symbol':
        return this.symbolOrCall();
      case 'word':
        return this.words();
      case 'function':
        this.at++;
        return this.functionCall(token.text);
      case 'command':
        this.at++;
        return this.command(token.text);
      case 'mark':
        this.at++;
        return this.bracketed(token.text);
      case 'end':
        throw new Unreadable('it ends early');
    }
  }

  private symbolOrCall(): Node {
    const name = this.peek().text;
    this.at++;
    if (!this.isMark('(') || this.peek().space) return symbol(name);
    const simple = this.peek(1).type === 'number' || this.peek(1).type === 'symbol';
    const short = simple && (this.isMark(')', 2) || this.isMark(',', 2));
    if (!FUNCTION_LETTERS.has(name) && !(short && /^[A-Z]/.test(name))) return symbol(name);
    this.at++;
    const argument = this.list();
    this.take(')');
    return call(
      `apply ${name}`,
      argument.kind === 'sequence' && argument.open === '' ? argument.items : [argument],
    );
  }

  /** Words that open an answer ("about 5") or a side of an equation are dropped; words alone are a text. */
  private words(): Node {
    const before = this.tokens[this.at - 1];
    const opens = before === undefined || (before.type === 'mark' && '=:~'.includes(before.text));
    const words: string[] = [];
    while (this.peek().type === 'word') words.push(this.tokens[this.at++]!.text);
    const next = this.peek();
    if (next.type === 'number' || next.type === 'based') {
      if (!opens) throw new Unreadable('words before a number');
      this.droppedWords = true;
      return this.postfix();
    }
    if (next.type === 'symbol' || next.type === 'function' || next.type === 'command')
      throw new Unreadable('words in mathematics');
    if (next.type === 'mark' && (next.text === '{' || next.text === '(' || next.text === '-')) {
      throw new Unreadable('words before a bracket');
    }
    const text = words.join(' ');
    return /^all real(?: number)?s$/i.test(text) ? symbol('setR') : { kind: 'text', text };
  }

  private functionCall(name: string): Node {
    if (name === 'sqrt' || name === 'cbrt') {
      const argument = this.argument();
      return power(argument, number({ n: 1n, d: name === 'sqrt' ? 2n : 3n }));
    }
    let base: Node | null = null;
    let exponent: Node | null = null;
    while (this.isMark('_') || this.isMark('^')) {
      const below = this.isMark('_');
      this.at++;
      if (below) base = this.atom();
      else exponent = this.exponent();
    }
    const argument = this.argument();
    const items = argument.kind === 'sequence' && argument.open === '' ? argument.items : [argument];
    let result = call(name, items);
    if (name === 'exp') result = power(symbol('e'), argument);
    if (base !== null && name === 'log') result = quotient(call('ln', items), call('ln', [base]));
    if (exponent === null) return result;
    const inverse = exponent.kind === 'number' && exponent.value.n === -1n && exponent.value.d === 1n;
    return inverse && !name.startsWith('arc') ? call(`arc${name}`, items) : power(result, exponent);
  }

  /** The argument of a function: a bracket, or the factors up to the next function, sign or bracket. */
  private argument(): Node {
    if (this.isMark('(') || this.isMark('[') || this.isMark('{') || this.isMark('|'))
      return this.postfixless();
    return this.deeper(() => {
      const factors = [this.postfix()];
      while (
        this.peek().type === 'symbol' ||
        (this.isCommand('frac') && factors.length === 1 && factors[0]!.kind !== 'number') ||
        (this.peek().type === 'number' && factors.at(-1)!.kind !== 'number')
      ) {
        factors.push(this.postfix());
      }
      return factors.length === 1 ? factors[0]! : product(factors);
    });
  }

  /** A bracket without what is raised or appended to it: sqrt(2)^2 is the square of the root. */
  private postfixless(): Node {
    const open = this.peek().text;
    this.at++;
    const inner = this.bracketed(open);
    return inner.kind === 'sequence' ? list(inner.items) : inner;
  }

  private command(name: string): Node {
    if (name === 'frac' || name === 'binom') {
      const above = this.atom();
      const below = this.atom();
      return name === 'frac' ? quotient(above, below) : call('binomial', [above, below]);
    }
    if (name === 'sqrt') {
      let degree: Node = whole(2);
      if (this.isMark('[')) {
        this.at++;
        degree = this.sum();
        this.take(']');
      }
      return power(this.atom(), quotient(whole(1), degree));
    }
    if (name === 'angle' || name === 'triangle' || name === 'overline' || name === 'bar') {
      return call(name === 'bar' ? 'overline' : name, [this.product()]);
    }
    if (name.startsWith('begin ')) return this.environment(name.slice('begin '.length));
    throw new Unreadable(`\\${name}`);
  }

  private environment(name: string): Node {
    const determinant = name === 'vmatrix' || name === 'Vmatrix';
    if (!MATRICES.has(name) && !determinant) {
      const inner = this.list();
      if (!this.isCommand('end ')) throw new Unreadable(`\\begin{${name}}`);
      this.at++;
      return inner;
    }
    const rows: Node[][] = [[]];
    while (!this.isCommand('end ')) {
      if (this.isMark('\\\\')) {
        this.at++;
        if (!this.isCommand('end ')) rows.push([]);
      } else if (this.isMark('&')) {
        this.at++;
      } else {
        rows.at(-1)!.push(this.setOperation());
      }
      if (this.peek().type === 'end' || rows.length > MAX_ITEMS) throw new Unreadable('matrix without end');
    }
    this.at++;
    if (rows.some((row) => row.length !== rows[0]!.length) || rows[0]!.length === 0)
      throw new Unreadable('ragged matrix');
    return determinant ? call('det', [{ kind: 'matrix', rows }]) : { kind: 'matrix', rows };
  }

  /** What stands between brackets, after the opening one. */
  private bracketed(open: string): Node {
    if (open === '{') {
      if (this.isMark('}')) {
        this.at++;
        return this.atom();
      }
      const inner = this.list();
      if (this.isCommand('choose')) {
        this.at++;
        const below = this.list();
        this.take('}');
        return call('binomial', [inner, below]);
      }
      this.take('}');
      return inner;
    }
    if (open === '\\{') return this.set();
    if (open === '|') {
      this.insideBars++;
      const inner = this.sum();
      this.take('|');
      this.insideBars--;
      return call('abs', [inner]);
    }
    if (open === 'lfloor' || open === 'lceil') {
      const inner = this.sum();
      this.take(open === 'lfloor' ? 'rfloor' : 'rceil');
      return call(open === 'lfloor' ? 'floor' : 'ceil', [inner]);
    }
    if (open !== '(' && open !== '[' && open !== ']') throw new Unreadable(`unexpected ${open}`);
    const bars = this.insideBars;
    this.insideBars = 0;
    const inner = this.list();
    this.insideBars = bars;
    const close = this.peek().type === 'mark' ? CLOSERS[this.peek().text] : undefined;
    if (close === undefined) throw new Unreadable('bracket without end');
    this.at++;
    if (inner.kind !== 'sequence' || inner.open !== '') return inner;
    return { ...inner, open, close };
  }

  /** Whether the [ here closes an interval written as ]a, b[. */
  private closesHere(): boolean {
    const { type, text } = this.peek(1);
    return (
      type === 'end' ||
      (type === 'mark' && (text === 'cup' || text === 'cap' || text === ',' || text === '}'))
    );
  }

  /** { a, b, c } or { x | condition }, after the opening brace. */
  private set(): Node {
    if (this.isMark('\\}')) {
      this.at++;
      return symbol('empty');
    }
    const builder = this.builder();
    const inner = this.list();
    this.take('\\}');
    if (builder) return inner;
    if (inner.kind === 'sequence' && inner.open === '') return { ...inner, open: '{', close: '}' };
    return { kind: 'sequence', open: '{', close: '}', items: [inner], by: ',' };
  }

  /** Skips "x |", "x :" and "x in R |" of a set given by a condition. */
  private builder(): boolean {
    if (this.peek().type !== 'symbol') return false;
    const bar = this.isMark('in', 1) && this.peek(2).type === 'symbol' ? 3 : 1;
    if (!this.isMark('|', bar) && !this.isMark(':', bar)) return false;
    this.at += bar + 1;
    return true;
  }
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
