// Formulas and numbers in prose: where mathematics stands in a text ($…$, \(…\), \[…\], $$…$$), which
// neighbouring formulas form one answer ("$21,16$ or $11$"), and the numbers and tuples outside them.
// Every scan is one pass.
import { isDigit, readNumber } from './number-notation.ts';
import { LETTER_UNITS, SHORT_UNITS } from './symbols.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

const OPENERS: readonly (readonly [open: string, close: string])[] = [
  ['$$', '$$'],
  ['\\[', '\\]'],
  ['\\(', '\\)'],
  ['$', '$'],
];

/** Formulas in order. A $ before a digit that no $ closes on its line is a currency sign. */
export function mathSpans(text: string): Span[] {
  const spans: Span[] = [];
  const missing = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '$' && text[at] !== '\\') continue;
    const pair = OPENERS.find(([open]) => text.startsWith(open, at));
    if (pair === undefined) {
      at++;
      continue;
    }
    const [open, close] = pair;
    if (missing.has(close)) continue;
    const start = at + open.length;
    const end = closing(text, start, close);
    if (end === -1) {
      missing.add(close);
      continue;
    }
    const content = text.slice(start, end);
    const sums = /[-+*/=(]\s?$/.test(content.slice(-3)) && isDigit(text[end + 1]); // $30 + $12 = $42
    const prose = close === '$' && (sums || content.includes('\n\n') || isProse(content));
    if (prose || content.trim() === '') continue;
    // brackets of lengths in prose, as in [\\[1em]
    spans.push({ start: at, end: end + close.length, content });
    at = end + close.length - 1;
  }
  return spans;
}

/** Text between two currency signs rather than a formula: two words of three letters or more in a row. */
function isProse(content: string): boolean {
  return /(?<![\\A-Za-z])[A-Za-z]{3,20}[,.;:]?\s{1,3}[A-Za-z]{3,20}(?![A-Za-z])/.test(
    content.slice(0, 400).replace(/\\(?:text|textbf|mathrm|mbox|operatorname)\s?\{[^{}]{0,200}\}/g, ''),
  );
}

function closing(text: string, start: number, close: string): number {
  let at = text.indexOf(close, start);
  while (at > 0 && close === '$' && text[at - 1] === '\\') at = text.indexOf(close, at + 1);
  return at;
}

const BETWEEN_FORMULAS = /^\s*(,|;|and|or|, and|, or)\s*$/;
/** A comma between numbers in prose separates clauses as often as items. */
export const BETWEEN_NUMBERS =
  /^\s{0,2}[,(]?\s{0,2}(and|or)(?: (?:maybe|possibly|perhaps|else|even))?\s{1,2}$/;

/** Neighbouring formulas with only separators between them, as one text. */
export function joinNeighbours(text: string, spans: readonly Span[], between = BETWEEN_FORMULAS): Span[] {
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    const gap = last === undefined ? null : text.slice(last.end, span.start);
    const separator = gap === null || gap.length > 20 ? null : between.exec(gap);
    if (last === undefined || separator === null) joined.push(span);
    else {
      const word = separator[1]!.replace(', ', '');
      const content = `${last.content} ${word === ',' ? ', ' : word} ${span.content}`;
      joined[joined.length - 1] = { start: last.start, end: span.end, content };
    }
  }
  return joined;
}

/** Tuples and intervals of numbers in prose: "(7, 6)". */
export function plainTuples(text: string): Span[] {
  const spans: Span[] = [];
  let open = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '(' || character === '[') open = at;
    else if (character === ')' || character === ']') {
      const content = text.slice(open, at + 1);
      if (open !== -1 && content.includes(',') && isDigitIn(content))
        spans.push({ start: open, end: at + 1, content });
      open = -1;
    } else if (open !== -1 && !/[-0-9.,/ +a-z\\{}]/.test(character)) open = -1;
    else if (
      open !== -1 &&
      /[a-z]/.test(character) &&
      /[a-z]/.test(text[at - 1] ?? '') &&
      text[open + 1] !== '\\'
    )
      open = -1;
  }
  return spans;
}

function isDigitIn(text: string): boolean {
  return /\d/.test(text);
}

/** Numbers in prose with their sign, fraction and percent sign: "-3/4", "28 %", "1,000.99". */
export function plainNumbers(text: string): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at < text.length;) {
    const startsNumber = isDigit(text[at]) || (text[at] === '.' && isDigit(text[at + 1]));
    if (!startsNumber) {
      at++;
      continue;
    }
    const before = text[at - 1] ?? ' ';
    if (/[A-Za-z0-9_^\\]/.test(before) || before === '{') {
      at++;
      while (/[A-Za-z0-9_]/.test(text[at] ?? '')) at++;
      continue;
    }
    const start = isSign(text, at - 1) ? at - 1 : at;
    const end = numberEnd(text, at);
    if (mayFollowNumber(text, end)) spans.push({ start, end, content: text.slice(start, end) });
    at = Math.max(end, at + 1);
  }
  return spans;
}

/** Whether what touches the end of a number is no part of a formula: a unit or a word, not the x of 5x. */
function mayFollowNumber(text: string, end: number): boolean {
  const run = /^[A-Za-z]{1,4}/.exec(text.slice(end, end + 4))?.[0] ?? '';
  return (
    run === '' ||
    run.length > 3 ||
    SHORT_UNITS.has(run) ||
    LETTER_UNITS.has(run) ||
    /^(?:st|nd|rd|th)$/.test(run)
  );
}

function isSign(text: string, at: number): boolean {
  return text[at] === '-' && !/[A-Za-z0-9)]/.test(text[at - 1] ?? ' ');
}

function plainEnd(text: string, at: number): number {
  const thousands = readNumber(text, at, 'thousands');
  const end = thousands.end;
  // a decimal comma: digits on both sides, no space
  const comma = text[end] === ',' && isDigit(text[end + 1]) && !text.slice(at, end).includes(',');
  if (!comma) return end;
  let after = end + 1;
  while (isDigit(text[after])) after++;
  return text[after] === ',' && isDigit(text[after + 1]) ? end : after;
}

function numberEnd(text: string, at: number): number {
  let end = plainEnd(text, at);
  if (text[end] === '/' && isDigit(text[end + 1])) end = readNumber(text, end + 1, 'list').end;
  const times = /^(?::\d{1,4}){1,5}(?![\d:])/.exec(text.slice(end, end + 30));
  if (times !== null) {
    end += times[0].length; // 4:30 pm, 2:3:5
    return end + (/^\s?[ap]\.?m\b\.?/i.exec(text.slice(end, end + 6))?.[0].length ?? 0);
  }
  const mixed = /^ \d{1,4}\/\d{1,4}(?![\d/])/.exec(text.slice(end, end + 12));
  if (mixed !== null && !text.slice(at, end).includes('.')) end += mixed[0].length;
  return end + (/^\s?(?:\\?%|percent|pct)/.exec(text.slice(end, end + 9))?.[0].length ?? 0);
}
