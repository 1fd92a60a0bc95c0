// Functions with their arguments, with or without brackets, and the big operators: sums, products, integrals,
// limits.
import { fromDeterminant, indexed } from './expand.ts';
import { MAX_WRITTEN_NODES } from './limits.ts';
import { call, list, number, power, product, quotient, sum, symbol, type Node } from './node.ts';
import { WordParser } from './parse-words.ts';

const BIG_OPERATORS = new Set(['sum', 'prod', 'int', 'iint', 'iiint', 'oint', 'lim']);

export abstract class FunctionParser extends WordParser {
  /** Nodes that sums and products of this answer may still be written out to. */
  private writable = MAX_WRITTEN_NODES;

  protected abstract atom(): Node;
  protected abstract exponent(): Node;
  protected abstract bracketed(open: string): Node;
  protected abstract product(): Node;

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

  /**
   * A sum or product from one integer to another is written out; a sum to n, an integral or a limit stays a name
   * for its value, equal only to itself.
   */
  protected bigOperator(name: string): Node | null {
    if (!BIG_OPERATORS.has(name)) return null;
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
}
