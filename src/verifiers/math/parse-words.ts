// Words in an answer: those that open a formula and are dropped, those that stand for a number or a set, and
// those that are the answer.
import { Unreadable } from './limits.ts';
import { symbol, whole, type Node } from './node.ts';
import { TokenReader } from './token-reader.ts';

/** Words that may stand before a formula without changing what it says. */
const LEADING_WORDS = new Set(
  (
    'all so thus hence therefore then about approximately is we get have any every for integer integers real reals ' +
    'natural number numbers value values of the'
  ).split(' '),
);
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
/** Words after which a value is the answer: "the total is 10". */
const LAST_WORDS = new Set(['is', 'are', 'equals', 'was', 'Rs', 'approximately', 'about', 'exactly']);

export abstract class WordParser extends TokenReader {
  /** Whether words that are no units were set aside. */
  droppedWords = false;

  abstract list(): Node;
  protected abstract postfix(): Node;

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
