// The tight end of the grammar: numbers, symbols, words, functions, fractions, roots, brackets, sets and
// matrices, with their powers, factorials and percent signs. What stands between brackets is read by the
// loose end (parse.ts), which this class leaves abstract.
import { MAX_ITEMS, Unreadable } from './limits.ts';
import { conjugated, fromDeterminant, numeral, selection, vertices } from './expand.ts';
import {
  call,
  list,
  negated,
  number,
  power,
  quotient,
  symbol,
  whole,
  type Bracket,
  type Node,
} from './node.ts';
import { FunctionParser } from './parse-functions.ts';

const CLOSERS: Readonly<Record<string, Bracket>> = { ')': ')', ']': ']', '[': '[' };
const MATRICES = new Set(['matrix', 'pmatrix', 'bmatrix', 'Bmatrix', 'smallmatrix', 'array']);
const FUNCTION_LETTERS = new Set(['f', 'g', 'h', "f'", "g'", "h'", "f''", "g''"]);

export abstract class AtomParser extends FunctionParser {
  protected insideBars = 0;

  protected abstract sum(): Node;
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
    return numeral(digits, base);
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
    const operator = this.bigOperator(name);
    if (operator !== null) return operator;
    if (name === 'angle' || name === 'triangle' || name === 'overline' || name === 'bar') {
      const under = name === 'overline' || name === 'bar' ? this.atom() : this.product();
      if (name === 'angle') return call(name, [vertices(under)]);
      return conjugated(under) ?? call(name === 'bar' ? 'overline' : name, [under]);
    }
    if (name.startsWith('begin ')) return this.environment(name.slice('begin '.length));
    throw new Unreadable(`\\${name}`);
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
