// The tokens found so far, and the reading of digits: numbers, digits with a base below them, what stands below a
// letter, degree signs. Letters and commands are read by tokenise.ts.
import { isDigit, readNumber, type Commas } from './number-notation.ts';
import type { Rational } from './rational.ts';
import { BASE_WORDS } from './symbols.ts';

export interface Token {
  readonly type: 'number' | 'based' | 'symbol' | 'word' | 'function' | 'command' | 'mark' | 'end';
  /** The name, the mark, the digits of a based number. */
  readonly text: string;
  readonly value?: Rational;
  readonly decimal?: boolean;
  readonly base?: number;
  /** Whether a space stands before it. */
  readonly space: boolean;
}

/** How ambiguous spellings are taken. */
export interface Spelling {
  readonly commas: Commas;
  /** Whether a letter after a number and a space (5 m) is a unit, and three letters (cab) a word. */
  readonly letterUnits: boolean;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** Which choices of `Spelling` this text makes a difference to. */
  readonly ambiguous: { readonly commas: boolean; readonly letterUnits: boolean };
}

export const END: Token = { type: 'end', text: '', space: false };

export abstract class NumberLexer {
  readonly tokens: Token[] = [];
  readonly ambiguous = { commas: false, letterUnits: false };
  protected at = 0;
  protected readonly text: string;
  protected readonly spelling: Spelling;

  constructor(text: string, spelling: Spelling) {
    this.text = text;
    this.spelling = spelling;
  }

  protected push(type: Token['type'], text: string, space: boolean, more: Partial<Token> = {}): void {
    this.tokens.push({ type, text, space, ...more });
  }

  protected last(): Token {
    return this.tokens.at(-1) ?? END;
  }

  protected renameLast(suffix: string): void {
    const token = this.tokens.pop()!;
    this.tokens.push({ ...token, text: token.text + suffix });
  }

  protected readDigits(space: boolean): void {
    const last = this.last();
    if (last.type === 'command' && last.text === 'frac' && isDigit(this.text[this.at])) {
      // \frac12 is one half: each argument without braces is one character
      for (let count = 0; count < 2 && isDigit(this.text[this.at]); count++) {
        this.push('number', this.text[this.at]!, space, { value: { n: BigInt(this.text[this.at]!), d: 1n } });
        this.at++;
      }
      return;
    }
    const number = readNumber(this.text, this.at, this.spelling.commas);
    if (number.comma) this.ambiguous.commas = true;
    this.push('number', this.text.slice(this.at, number.end), space, {
      value: number.value,
      decimal: number.decimal,
    });
    this.at = number.end;
  }

  /** 1011_2, 1A3_{16}, 52_{\text{eight}}: digits with a base below them. */
  protected readBased(space: boolean): boolean {
    const start = this.at;
    if (/[A-Za-z0-9_]/.test(this.text[start - 1] ?? ' ')) return false;
    let end = start;
    while (/[0-9A-F]/.test(this.text[end] ?? '') && end - start < 200) end++;
    if (end === start || this.text[end] !== '_') return false;
    const digits = this.text.slice(start, end);
    const [subscript, after] = this.subscriptAt(end);
    const base = BASE_WORDS[subscript.toLowerCase()] ?? (/^\d{1,2}$/.test(subscript) ? Number(subscript) : 0);
    if (
      base < 2 ||
      base > 36 ||
      !/\d/.test(digits) ||
      [...digits].some((digit) => parseInt(digit, 36) >= base)
    ) {
      return false;
    }
    this.push('based', digits, space, { base });
    this.at = after;
    return true;
  }

  /** The name below the line that the underscore at `at` opens, without braces and commands, and where it ends. */
  private subscriptAt(at: number): [name: string, end: number] {
    let end = at + 1;
    while (this.text[end] === ' ') end++;
    if (this.text[end] === '{') {
      const start = end;
      for (let depth = 0; end < this.text.length; end++) {
        if (this.text[end] === '{') depth++;
        if (this.text[end] === '}' && --depth === 0) break;
      }
      return [subscriptName(this.text.slice(start, end)), end + 1];
    }
    const command = /^\\[a-zA-Z]+(?:\{[^{}]{0,40}\})?/.exec(this.text.slice(end, end + 80));
    if (command !== null) return [subscriptName(command[0]), end + command[0].length];
    const digits = /^\d+/.exec(this.text.slice(end, end + 20));
    const length = digits?.[0].length ?? 1;
    return [this.text.slice(end, end + length), end + length];
  }

  protected readSubscript(): boolean {
    if (this.last().type !== 'symbol') return false;
    const [name, end] = this.subscriptAt(this.at);
    this.renameLast(`_${name}`);
    this.at = end;
    return true;
  }

  protected skipDegree(): boolean {
    const degree = /^\^\s{0,3}\{?\s{0,3}\\(?:circ|degree)(?![a-zA-Z])\s{0,3}\}?/.exec(
      this.text.slice(this.at, this.at + 30),
    );
    if (degree === null) return false;
    this.at += degree[0].length;
    this.push('mark', 'degree', false);
    return true;
  }
}

function subscriptName(raw: string): string {
  return raw.replace(/\\(?:text|mathrm|mathbf|operatorname)(?![a-zA-Z])/g, '').replace(/[{}\\\s]/g, '');
}
