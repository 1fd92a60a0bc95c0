// The tight end of the grammar: numbers, symbols, words, functions, fractions, roots, brackets, sets and
// matrices, with their powers, factorials and percent signs. What stands between brackets is read by the
// loose end (parse.ts), which this class leaves abstract.
import { MAX_ITEMS, MAX_WRITTEN_NODES, Unreadable } from './limits.ts';
import { fromDeterminant, indexed, conjugated } from './expand.ts';
import {
  call,
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
  type Node,
} from './node.ts';
import { isInteger } from './rational.ts';
import { TokenReader } from './token-reader.ts';

const CLOSERS: Readonly<Record<string, Bracket>> = { ')': ')', ']': ']', '[': '[' };
const MATRICES = new Set(['matrix', 'pmatrix', 'bmatrix', 'Bmatrix', 'smallmatrix', 'array']);
/** Words that may stand before a formula without changing what it says. */
const LEADING_WORDS = new Set([
  'all',
  'so',
  'thus',
  'hence',
  'therefore',
  'then',
  'about',
  'approximately',
  'is',
  'we',
  'get',
  'have',
  'any',
  'every',
  'for',
  'integer',
  'integers',
  'real',
  'reals',
  'natural',
  'number',
  'numbers',
  'value',
  'values',
  'of',
  'the',
]);
/** Words that may stand before a bracket: "the point (1, 2)". */
const BEFORE_BRACKETS = new Set(
  'the a an point points pair pairs ordered interval set vector vertex center centre coordinates triple'.split(
    ' ',
  ),
);
/** One number in words, alone. */
const NUMBER_WORDS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
    ' ',
  );
const BIG_OPERATORS = new Set(['sum', 'prod', 'int', 'iint', 'iiint', 'oint', 'lim']);
/** Words after which a value is the answer: "the total is 10". */
const LAST_WORDS = new Set(['is', 'are', 'equals', 'was', 'Rs', 'approximately', 'about', 'exactly']);
const FUNCTION_LETTERS = new Set(['f', 'g', 'h', "f'", "g'", "h'", "f''", "g''"]);

export abstract class AtomParser extends TokenReader {
  protected insideBars = 0;
  /** Whether words that are no units were set aside. */
  droppedWords = false;
  /** Nodes that sums and products of this answer may still be written out to. */
  private writable = MAX_WRITTEN_NODES;

  abstract list(): Node;
  protected abstract sum(): Node;
  protected abstract product(): Node;
  protected abstract relation(): Node;

  /** An atom with its powers, factorials and percent signs. */
  protected postfix(): Node {
    let node = this.deeper(() => this.atom());
    for (;;) {
      if (this.isMark('^')) {
        this.at++;
        const half = node.kind === 'symbol' && node.name === 'setR' ? this.signOfHalfLine() : null;
        if (half !== null) {
          node = half;
          continue;
        }
        const exponent = this.exponent();
        const chosen = selection(node, exponent);
        if (chosen !== null) node = chosen;
        else if (exponent.kind !== 'text') node = power(node, exponent); // 5^{\text{th}}
      } else if (this.isMark('!') && !this.endsAfterMarksOnlyText()) {
        this.at++;
        node = call('factorial', [node]);
      } else if (this.isMark('%')) {
        this.at++;
        node = { kind: 'percent', value: node };
      } else if (this.isMark('degree')) {
        this.at++;
        node = call('degree', [node]);
      } else if (this.isMark('_') && node.kind === 'number') {
        node = this.inBase(node);
      } else {
        return node;
      }
    }
  }

  /** (101)_2, 1{,}000_3: the digits of an integer with a base below them. */
  private inBase(node: Node & { kind: 'number' }): Node {
    this.at++;
    const below = this.atom();
    const digits = node.value.d === 1n && node.value.n >= 0n ? node.value.n.toString() : '';
    const base = below.kind === 'number' && below.value.d === 1n ? Number(below.value.n) : 0;
    if (!isNumeral(digits, base)) throw new Unreadable('a number with something below it');
    return { kind: 'based', digits, base };
  }

  /** The positive or negative reals: what follows the ^ of \\mathbb{R}^+. */
  private signOfHalfLine(): Node | null {
    const braced = this.isMark('{') ? 1 : 0;
    const sign = this.peek(braced).text;
    const ends = braced === 0 || this.isMark('}', 2);
    if (!ends || this.peek(braced).type !== 'mark' || (sign !== '+' && sign !== '-')) return null;
    this.at += braced === 0 ? 1 : 3;
    const infinite = symbol('inf');
    const items = sign === '+' ? [whole(0), infinite] : [negated(infinite), whole(0)];
    return { kind: 'sequence', open: '(', close: ')', items, by: ',' };
  }

  /** "Yes!" ends a sentence; 5! is a factorial wherever it stands. */
  protected endsAfterMarksOnlyText(): boolean {
    return this.peek(-1).type === 'word';
  }

  protected exponent(): Node {
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

  protected atom(): Node {
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

  protected symbolOrCall(): Node {
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
  protected words(): Node {
    const before = this.peek(-1);
    const opens = before.type === 'end' || (before.type === 'mark' && '=:~'.includes(before.text));
    const words: string[] = [];
    while (this.peek().type === 'word') words.push(this.next().text);
    const next = this.peek();
    const opening = words.join(' ');
    if (opens && /^all reals?(?: numbers?)? (?:except|but|excluding)(?: for)?$/i.test(opening)) {
      const left = this.list();
      const items = left.kind === 'sequence' && left.open === '' ? left.items : [left];
      const excluded: Node = { kind: 'sequence', open: '{', close: '}', items, by: ',' };
      return { kind: 'setOperation', op: 'minus', items: [symbol('setR'), excluded] };
    }
    if (next.type === 'number' || next.type === 'based') {
      const leads =
        LAST_WORDS.has(words.at(-1)!) || words.every((word) => LEADING_WORDS.has(word.toLowerCase()));
      if (!opens || !leads) throw new Unreadable('words before a number');
      this.droppedWords = true;
      return this.postfix();
    }
    const leads =
      /^(?:is|are|equals)$/.test(words.at(-1)!) ||
      words.every((word) => LEADING_WORDS.has(word.toLowerCase()));
    if (opens && leads && (next.type === 'symbol' || next.type === 'function' || this.startsFormula())) {
      this.droppedWords = true;
      return this.postfix();
    }
    if (next.type === 'symbol' || next.type === 'function' || next.type === 'command')
      throw new Unreadable('words in mathematics');
    if (next.type === 'mark' && ['{', '(', '[', '-', '\\{'].includes(next.text)) {
      if (!opens || next.text === '-' || !words.every((word) => BEFORE_BRACKETS.has(word.toLowerCase())))
        throw new Unreadable('words before a bracket');
      this.droppedWords = true;
      return this.postfix();
    }
    const alone = opens && (next.type === 'end' || next.text === '.');
    return meaningOf(opening, alone);
  }

  private startsFormula(): boolean {
    return this.isCommand('frac') || this.isCommand('sqrt') || this.isCommand('binom');
  }

  protected functionCall(name: string): Node {
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
    const several = argument.kind === 'sequence' && (argument.open === '' || argument.open === '{');
    const items = several ? argument.items : [argument];
    let result = call(name, items);
    if (name === 'exp') result = power(symbol('e'), argument);
    if (name === 'cis') result = sum([call('cos', items), product([symbol('i'), call('sin', items)])]);
    if (name === 'det') result = fromDeterminant(argument) ?? result;
    if (base !== null && name === 'log') result = quotient(call('ln', items), call('ln', [base]));
    if (exponent === null) return result;
    const inverse = exponent.kind === 'number' && exponent.value.n === -1n && exponent.value.d === 1n;
    return inverse && !name.startsWith('arc') ? call(`arc${name}`, items) : power(result, exponent);
  }

  /** The argument of a function: a bracket, or the factors up to the next function, sign or bracket. */
  protected argument(): Node {
    if (['(', '[', '{', '|', '\\{'].some((open) => this.isMark(open))) return this.postfixless();
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
  protected postfixless(): Node {
    const open = this.peek().text;
    this.at++;
    const inner = this.bracketed(open);
    return inner.kind === 'sequence' ? list(inner.items) : inner;
  }

  protected command(name: string): Node {
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
    if (BIG_OPERATORS.has(name)) return this.bigOperator(name);
    if (name === 'angle' || name === 'triangle' || name === 'overline' || name === 'bar') {
      const under = name === 'overline' || name === 'bar' ? this.atom() : this.product();
      if (name === 'angle') return call(name, [vertices(under)]);
      return conjugated(under) ?? call(name === 'bar' ? 'overline' : name, [under]);
    }
    if (name.startsWith('begin ')) return this.environment(name.slice('begin '.length));
    throw new Unreadable(`\\${name}`);
  }

  /**
   * A sum or product from one integer to another is written out; a sum to n, an integral or a limit stays a name
   * for its value, equal only to itself.
   */
  private bigOperator(name: string): Node {
    let below: Node | null = null;
    let above: Node | null = null;
    while (this.isMark('_') || this.isMark('^')) {
      const lower = this.isMark('_');
      this.at++;
      if (lower) below = this.limit();
      else above = this.exponent();
    }
    const body = this.product();
    const bounds = [below, above].filter((node) => node !== null);
    const written = indexed(name, body, bounds, this.writable);
    this.writable -= written?.size ?? 0;
    return written?.node ?? call(name, [body, ...bounds]);
  }

  /** What stands below a big operator: k = 1, x \\to 0, a. */
  private limit(): Node {
    if (!this.isMark('{')) return this.atom();
    this.at++;
    const items = [this.list()];
    while (this.isMark('to') || this.isMark('^')) {
      this.at++;
      items.push(this.isMark('+') || this.isMark('-') ? symbol(this.next().text) : this.list());
    }
    this.take('}');
    return items.length === 1 ? items[0]! : call('to', items);
  }

  protected environment(name: string): Node {
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
        rows.at(-1)!.push(this.relation());
      }
      if (this.peek().type === 'end' || rows.length > MAX_ITEMS) throw new Unreadable('matrix without end');
    }
    this.at++;
    if (rows.some((row) => row.length !== rows[0]!.length) || rows[0]!.length === 0)
      throw new Unreadable('ragged matrix');
    const entries = rows.flat();
    if (name === 'array' && (entries.length === 1 || entries.some(({ kind }) => kind === 'relation')))
      return entries.length === 1 ? entries[0]! : list(entries); // a system of equations
    const matrix: Node = { kind: 'matrix', rows };
    return determinant ? (fromDeterminant(matrix) ?? call('det', [matrix])) : matrix;
  }

  /** What stands between brackets, after the opening one. */
  protected bracketed(open: string): Node {
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
      if (this.isCommand('over')) {
        this.at++;
        const below = this.list();
        this.take('}');
        return quotient(inner, below);
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
      return inner.kind === 'matrix'
        ? (fromDeterminant(inner) ?? call('det', [inner]))
        : call('abs', [inner]);
    }
    if (open === 'dots') return symbol('dots');
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
    const count = inner.kind === 'sequence' && inner.open === '' ? inner.items.length : 1;
    const paired = (open === '(' && close === ')') || (open === '[' && close === ']');
    if (!paired && count !== 2) throw new Unreadable('brackets that do not belong together');
    if (inner.kind !== 'sequence' || inner.open !== '') return inner;
    return { ...inner, open, close };
  }

  /** Whether the [ here closes an interval written as ]a, b[. */
  protected closesHere(): boolean {
    const { type, text } = this.peek(1);
    return (
      type === 'end' ||
      (type === 'mark' && (text === 'cup' || text === 'cap' || text === ',' || text === '}'))
    );
  }

  /** { a, b, c } or { x | condition }, after the opening brace. */
  protected set(): Node {
    if (this.isMark('\\}')) {
      this.at++;
      return symbol('empty');
    }
    if (this.isCommand('begin ')) {
      const system = this.atom(); // a brace that nothing closes: a system of equations
      if (!this.isMark('\\}')) return system;
      this.at++;
      return { kind: 'sequence', open: '{', close: '}', items: [system], by: ',' };
    }
    const builder = this.builder();
    const inner = this.list();
    this.take('\\}');
    if (builder) return inner;
    if (inner.kind === 'sequence' && inner.open === '') return { ...inner, open: '{', close: '}' };
    return { kind: 'sequence', open: '{', close: '}', items: [inner], by: ',' };
  }

  /** Skips "x |", "x :" and "x in R |" of a set given by a condition. */
  protected builder(): boolean {
    if (this.peek().type !== 'symbol') return false;
    const bar = this.isMark('in', 1) && this.peek(2).type === 'symbol' ? 3 : 1;
    if (!this.isMark('|', bar) && !this.isMark(':', bar)) return false;
    this.at += bar + 1;
    return true;
  }
}

/** Whether digits are those of a number in this base. */
export function isNumeral(digits: string, base: number): boolean {
  return digits !== '' && base >= 2 && base <= 36 && [...digits].every((digit) => parseInt(digit, 36) < base);
}

/** The points of an angle as one name: ABC is CBA, but not BAC. */
function vertices(node: Node): Node {
  if (node.kind !== 'product' || !node.items.every(({ kind }) => kind === 'symbol')) return node;
  const names = node.items.map((item) => (item.kind === 'symbol' ? item.name : ''));
  const [one, other] = [names.join(' '), names.reverse().join(' ')];
  return symbol(one < other ? one : other);
}

/** C_{10}^3 and A_5^2: combinations and permutations, in the notation of many countries. */
function selection(node: Node, above: Node): Node | null {
  const below = node.kind === 'symbol' ? /^([CAP])_(\d{1,4})$/.exec(node.name) : null;
  if (below === null || above.kind !== 'number' || !isInteger(above.value)) return null;
  const from = whole(Number(below[2]));
  const chosen = call('binomial', [from, above]);
  return below[1] === 'C' ? chosen : product([chosen, call('factorial', [above])]);
}

/** Words alone: a number spelt out, a set, or a text. */
function meaningOf(text: string, alone: boolean): Node {
  if (/^(?:all )?reals?(?: numbers?)?$/i.test(text)) return symbol('setR');
  if (/^(?:there (?:is|are) )?no (?:real |integer |such )?solutions?$|^empty set$/i.test(text))
    return symbol('empty');
  if (/^(?:it |the limit |limit )?does not exist$/i.test(text)) return { kind: 'text', text: 'DNE' };
  const value = alone ? NUMBER_WORDS.indexOf(text.toLowerCase()) : -1;
  return value === -1 ? { kind: 'text', text } : whole(value);
}
