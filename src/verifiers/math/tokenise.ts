// From the text of an answer, LaTeX or plain, to tokens. All spelling is settled here: aliases, spacing
// commands, Unicode, currency and degree signs, subscripts (part of a symbol's name), words against products
// of letters. One pass over the text, no look-back in it.
import { MAX_ANSWER_CHARS, MAX_TOKENS, Unreadable } from './limits.ts';
import { isDigit } from './number-notation.ts';
import {
  COMMAND_MARKS,
  COMMAND_SYMBOLS,
  DROPPED_WITH_ARGUMENT,
  FUNCTIONS,
  FUNCTION_NAMES,
  GREEK,
  IGNORED_COMMANDS,
  LETTER_UNITS,
  PROSE_WORDS,
  SCALES,
  SHORT_UNITS,
  TEXT_COMMANDS,
  TWO_CHARACTER_MARKS,
  WORD_MARKS,
  WORD_SYMBOLS,
} from './symbols.ts';
import { NumberLexer, type Spelling, type Tokens } from './tokenise-numbers.ts';
import { isWord } from './words.ts';

const CURRENCY = new Set(['$', '€', '£', '¥', '₹', '¢']);
class Lexer extends NumberLexer {
  /** Where the argument of the last \text ends: letters up to there are words. */
  private proseEnd = -1;
  /** The closing braces of all \text, which are no group. */
  private readonly proseEnds = new Set<number>();

  run(): void {
    let space = false;
    while (this.at < this.text.length) {
      if (this.tokens.length > MAX_TOKENS) throw new Unreadable('too many tokens');
      const before = this.tokens.length;
      const skipped = this.step(space);
      space = this.tokens.length === before && (skipped || space);
    }
  }

  /** Reads one token or skips something; true where what it skipped was space. */
  private step(space: boolean): boolean {
    const character = this.text[this.at]!;
    if (this.proseEnds.has(this.at)) {
      this.at++;
      return true;
    }
    if (
      character === ' ' ||
      character === '\t' ||
      character === '\n' ||
      character === '\r' ||
      character === '~'
    ) {
      this.at++;
      return true;
    }
    if (this.readBased(space)) return false;
    if (isDigit(character) || (character === '.' && isDigit(this.text[this.at + 1]))) {
      this.readDigits(space);
      return false;
    }
    if (/[A-Za-z]/.test(character)) {
      this.readLetters(space);
      return false;
    }
    const mark = TWO_CHARACTER_MARKS[this.text.slice(this.at, this.at + 2)];
    if (mark !== undefined) {
      this.at += 2;
      this.push('mark', mark, space);
      return false;
    }
    if (character === '\\') return this.readCommand(space);
    if (character === '^' && this.skipDegree()) return false;
    if (character === '_' && this.readSubscript()) return false;
    this.at++;
    if (character === "'" && this.last().type === 'symbol') {
      this.renameLast("'");
    } else if (character === "'" && this.last().type === 'number') {
      // feet and inches: 5'
    } else if (this.at <= this.proseEnd && this.skipsInProse(character)) {
      return true;
    } else if (this.text.startsWith('..', this.at) && character === '.') {
      this.at += 2;
      this.push('mark', 'dots', space);
    } else if (character.charCodeAt(0) > 127 && !CURRENCY.has(character)) {
      this.push('word', character, space);
    } else if (character === '.' && this.tokens.length === 1 && this.last().type === 'word') {
      // an abbreviation opens the answer: Rs. 500
    } else if (!CURRENCY.has(character) && character !== '"' && character !== '`') {
      this.push('mark', character, space);
    }
    return false;
  }

  /** In prose: the points of abbreviations (sq. units), and words in brackets (8 \\text{ (eight)}). */
  private skipsInProse(character: string): boolean {
    if (character === '.') return this.last().type === 'word';
    if (character !== '(' || this.last().type === 'end') return false;
    const aside = /^[A-Za-z ]{2,60}\)/.exec(this.text.slice(this.at, this.at + 64));
    if (aside === null || this.at + aside[0].length > this.proseEnd) return false;
    this.at += aside[0].length;
    return true;
  }

  private readLetters(space: boolean): void {
    let end = this.at;
    while (/[A-Za-z]/.test(this.text[end] ?? '') && end - this.at < 60) end++;
    const run = this.text.slice(this.at, end);
    const prose = this.at < this.proseEnd;
    this.at = end;
    const lower = run.toLowerCase();
    const mark = WORD_MARKS[lower];
    const name = WORD_SYMBOLS[run] ?? (run.length > 3 ? WORD_SYMBOLS[lower] : undefined);
    const meridiem = prose || this.last().type === 'number' ? this.readMeridiem(run) : null;
    if (meridiem !== null) this.push('word', meridiem, space);
    else if (lower === 'cup' && (this.last().text === ')' || this.last().text === ']'))
      this.push('mark', 'cup', space);
    else if (run.length > 1 && mark !== undefined) this.push('mark', mark, space);
    else if (run === 'mod') this.push('command', 'mod', space);
    else if (run.length > 1 && name !== undefined) this.push('symbol', name, space);
    else if (FUNCTIONS.has(run) && run.length > 1 && !(run === 'min' && this.last().type === 'number'))
      this.push('function', FUNCTION_NAMES[run] ?? run, space);
    else if (FUNCTION_NAMES[run] !== undefined) this.push('function', FUNCTION_NAMES[run], space);
    else if (run.length === 1) this.readLetter(run, space, prose);
    else if (SCALES[lower] !== undefined && this.afterValue()) this.readScale(lower, space);
    else if (prose || (isWord(run, this.afterValue()) && !this.isSpeltOut(run)))
      this.push('word', run, space);
    else this.pushProduct(run, space);
  }

  /** am, PM, a.m.: `am` or `pm`, or null. */
  private readMeridiem(run: string): 'am' | 'pm' | null {
    const half = /^[ap]$/i.test(run)
      ? /^\.\s?m\.?(?![a-z])/i.exec(this.text.slice(this.at, this.at + 5))
      : null;
    if (half === null && !/^(?:am|pm|AM|PM)$/.test(run)) return null;
    this.at += half?.[0].length ?? 0;
    return run[0]!.toLowerCase() === 'a' ? 'am' : 'pm';
  }

  /** Whether a short run that could be a word (cab) is taken as a product of letters. */
  private isSpeltOut(run: string): boolean {
    if (run.length !== 3 || PROSE_WORDS.has(run) || SHORT_UNITS.has(run)) return false;
    this.ambiguous.letterUnits = true;
    return !this.spelling.letterUnits;
  }

  /** 1.5 million: a factor. */
  private readScale(word: string, space: boolean): void {
    this.push('mark', '*', space);
    this.push('number', word, space, { value: { n: 10n ** SCALES[word]!, d: 1n } });
  }

  private afterValue(): boolean {
    const { type, text } = this.last();
    const perUnit = type === 'mark' && (text === '/' || text === '*') && this.tokens.at(-2)?.type === 'word';
    return (
      perUnit ||
      type === 'number' ||
      (type === 'mark' && (text === '}' || text === ')' || text === 'degree')) ||
      text === 'pi' ||
      type === 'word'
    );
  }

  /** A single letter: a symbol, or a unit where it follows a number (5 m). */
  private readLetter(letter: string, space: boolean, prose: boolean): void {
    const next = this.text[this.at];
    const between = letter === 'U' && (this.last().text === ')' || this.last().text === ']');
    if (between && /^\s{0,3}(?:\\left\s?)?[([]/.test(this.text.slice(this.at, this.at + 12))) {
      this.push('mark', 'cup', space); // (1, 2) U (3, 4)
      return;
    }
    if (this.last().text === 'degree' && /[CFK]/.test(letter)) {
      this.push('word', letter, space);
      return;
    }
    if (prose && this.last().type === 'word' && LETTER_UNITS.has(letter)) {
      this.push('word', letter, space); // m s^{-2}
      return;
    }
    if (this.last().type === 'number' && LETTER_UNITS.has(letter) && (space || prose) && next !== '_') {
      if (prose) {
        this.push('word', letter, space);
        return;
      }
      this.ambiguous.letterUnits = true;
      if (this.spelling.letterUnits) {
        this.push('word', letter, space);
        return;
      }
    }
    this.push('symbol', letter, space);
  }

  /** A run of letters that is no word: a product of symbols; "1orW" still has a word in it. */
  private pushProduct(run: string, space: boolean): void {
    const inner = /^(or|and)(?=[A-Z]|[a-z]$)/.exec(run);
    if (inner !== null && this.last().type === 'number') {
      this.push('mark', inner[1]!, space);
      this.pushProduct(run.slice(inner[1]!.length), false);
      return;
    }
    [...run].forEach((letter, index) => this.push('symbol', letter, space && index === 0));
  }

  private readCommand(space: boolean): boolean {
    const next = this.text[this.at + 1];
    if (next === undefined || !/[A-Za-z]/.test(next)) {
      if (next !== undefined && CURRENCY.has(next)) this.at++;
      else this.at += next === undefined ? 1 : 2; // \, \; \! and the like are spacing
      return next === ' ' || next === ',' || next === ';' || next === ':';
    }
    let end = this.at + 1;
    while (/[A-Za-z]/.test(this.text[end] ?? '') && end - this.at < 40) end++;
    let name = this.text.slice(this.at + 1, end);
    if (/^q?quad./.test(name)) name = name.startsWith('qquad') ? 'qquad' : 'quad'; // \quadx: a lost space
    this.at += 1 + name.length;
    return this.pushCommand(name, space);
  }

  private pushCommand(name: string, space: boolean): boolean {
    const plain = name.replace(/^[dtc](?=frac$|binom$)/, '');
    const mark = COMMAND_MARKS[plain];
    if (/^q?quad$/.test(plain) && this.separates()) this.push('mark', ',', space);
    if (DROPPED_WITH_ARGUMENT.has(plain)) {
      this.at +=
        /^\s?(?:\[[^\]]{0,20}\])?\{[^{}]{0,60}\}/.exec(this.text.slice(this.at, this.at + 90))?.[0].length ??
        0;
      return true;
    } else if (plain === 'degree') {
      this.push('mark', 'degree', space);
    } else if (TEXT_COMMANDS.has(plain)) {
      this.openProse();
    } else if (mark !== undefined) {
      this.push('mark', mark, space);
    } else if (plain === 'not' && this.text[this.at] === '=') {
      this.at++;
      this.push('mark', '!=', space);
    } else if (plain === 'begin' || plain === 'end') {
      this.readEnvironment(plain, space);
    } else if (plain === 'mathbb') {
      const set = /^\s?\{?\s?([A-Z])\s?\}?/.exec(this.text.slice(this.at, this.at + 6));
      if (set === null) throw new Unreadable('\\mathbb');
      this.at += set[0].length;
      this.push('symbol', `set${set[1]!}`, space);
    } else if (COMMAND_SYMBOLS[plain] !== undefined || GREEK.has(plain)) {
      this.push('symbol', COMMAND_SYMBOLS[plain] ?? plain, space);
    } else if (FUNCTIONS.has(plain) && plain !== 'sqrt') {
      this.push('function', FUNCTION_NAMES[plain] ?? plain, space);
    } else if (IGNORED_COMMANDS.has(plain)) {
      if (plain === 'left' || plain === 'right') this.skipEmptyDelimiter();
      return true;
    } else {
      this.push('command', plain, space);
    }
    return false;
  }

  /** Whether the wide space here stands between two equations: x = 1 \quad y = 2. */
  private separates(): boolean {
    const { type, text } = this.last();
    const open = type === 'end' || (type === 'mark' && !')]}!'.includes(text));
    return (
      !open && /^\s{0,3}[A-Za-z](?:_\{?\w{1,3}\}?)?\s{0,3}&?=/.test(this.text.slice(this.at, this.at + 20))
    );
  }

  /** \begin{name} and \end{name}, with the column letters of an array. */
  private readEnvironment(edge: string, space: boolean): void {
    const name = /^\s?\{([a-zA-Z]{1,20})\*?\}(?:\{[lcr| ]{1,40}\})?/.exec(
      this.text.slice(this.at, this.at + 80),
    );
    if (name === null) throw new Unreadable(`\\${edge}`);
    this.at += name[0].length;
    this.push('command', `${edge} ${name[1]!}`, space);
  }

  /** \left. and \right. show no bracket. */
  private skipEmptyDelimiter(): void {
    if (this.text[this.at] === '.' && !isDigit(this.text[this.at + 1])) this.at++;
  }

  /** \text{…}: what is inside is read as prose, without its braces. */
  private openProse(): void {
    let end = this.at;
    while (this.text[end] === ' ') end++;
    if (this.text[end] !== '{') return;
    this.at = end + 1;
    for (let depth = 0; end < this.text.length; end++) {
      if (this.text[end] === '{') depth++;
      if (this.text[end] === '}' && --depth === 0) break;
    }
    this.proseEnds.add(end);
    this.proseEnd = Math.max(this.proseEnd, end);
  }
}

/** The tokens of an answer; `Unreadable` where it is too long. */
export function tokenise(answer: string, spelling: Spelling): Tokens {
  if (answer.length > MAX_ANSWER_CHARS) throw new Unreadable('too long');
  const lexer = new Lexer(answer, spelling);
  lexer.run();
  return { tokens: lexer.tokens, ambiguous: lexer.ambiguous };
}
