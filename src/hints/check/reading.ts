// A text as the search for answers reads it: invisible characters gone, dashes and digits in one spelling, the marks of
// Markdown and the numbers of list items blanked. Its one idea: every place in it leads back to a place in the
// original, so that evidence can be shown.
import type { Span } from './verdict.ts';

export interface Reading {
  readonly text: string;
  /** The stretch of the original that a stretch of `text` was read from. */
  readonly original: (start: number, end: number) => Span;
}

const INVISIBLE = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\u20E3\uFE00-\uFE0F\uFEFF]/;

export function readText(source: string): Reading {
  const characters: string[] = [];
  const places: number[] = [];
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (INVISIBLE.test(character)) continue;
    characters.push(plain(character));
    places.push(at);
  }
  places.push(source.length);
  const text = withoutNumbering(withoutMarkdown(characters.join('')));
  return {
    text,
    original: (start, end) => ({
      start: places[start] ?? source.length,
      end: end > start ? (places[end - 1] ?? source.length - 1) + 1 : (places[start] ?? source.length),
    }),
  };
}

/** One character for one, so that places stay. */
function plain(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x80) return character;
  if (code >= 0x2080 && code <= 0x2089) return String(code - 0x2080); // subscripts
  if (code >= 0xff10 && code <= 0xff19) return String(code - 0xff10); // full-width digits
  if (code >= 0x660 && code <= 0x669) return String(code - 0x660); // Arabic-Indic digits
  if ('\u2212\u2010\u2011\u2012\u2013\u2014\uFE63\uFF0D'.includes(character)) return '-';
  if ('\u00A0\u2002\u2003\u2007\u2008\u2009\u200A\u202F\u3000'.includes(character)) return ' ';
  if ('\u2018\u2019\u02BC\uFF07'.includes(character)) return "'";
  if ('\u201C\u201D'.includes(character)) return '"';
  if (character === '\uFF1D') return '=';
  return character;
}

const blank = (match: string) => match.replace(/[^\n]/g, ' ');

/** Stars, underscores and backticks around words; a star between two values is a product and stays. */
function withoutMarkdown(text: string): string {
  return text
    .replace(/`+(?:[a-z]+(?=\n))?/g, blank)
    .replace(/^[ \t]*#{1,3}[ \t]+/gm, blank)
    .replace(/\*+|__+/g, (match: string, at: number) => {
      const before = text.slice(0, at).match(/\S(?=\s*$)/)?.[0] ?? '';
      const after = text.slice(at + match.length, at + match.length + 40).match(/\S/)?.[0] ?? '';
      const tight = /\S/.test(text[at - 1] ?? ' ') === /\S/.test(text[at + match.length] ?? ' ');
      return match[0] === '*' && tight && /[\w)}\]]/.test(before) && /[\w({[\\.$-]/.test(after)
        ? match
        : blank(match);
    });
}

/** An item inside a line or at its start, with words behind: "(1) Add", "2) then", "3. Check". */
const COUNTED = /(^|[\s:;,.])(\(?)(\d{1,2})(\)(?=\s+[A-Za-z])|[.:](?=\s+[A-Z(]))/g;
const ITEM = /(^|\n)([ \t]*(?:[-*•+][ \t]+)?\(?)(\d{1,2})([.):](?=\s)|[ \t]+-(?=\s))/g;

/** Numbers of items: those that count up from 1, and single ones below 10 at the start of a line with words behind. */
function withoutNumbering(text: string): string {
  let expected = 1;
  const counted = text.replace(
    COUNTED,
    (match: string, before: string, open: string, digits: string, close: string, at: number) => {
      const starts =
        close.startsWith(')') || /(?:^|[.!?:;\n])\s*$/.test(text.slice(Math.max(0, at - 3), at) + before);
      if (Number(digits) !== expected || !starts) return match;
      expected++;
      return `${before}${blank(open + digits + close)}`;
    },
  );
  return counted.replace(
    ITEM,
    (match: string, line: string, lead: string, digits: string, mark: string, at: number) => {
      const words = /^\s*[A-Za-z("'$\\]/.test(counted.slice(at + match.length, at + match.length + 20));
      const value = Number(digits);
      if (!(value < 10 && words) && (value !== expected || mark.includes('-'))) return match;
      if (value === expected) expected++;
      return `${line}${blank(lead + digits + mark)}`;
    },
  );
}

/** The sentence around a place: from the end of the one before to its own end. */
export function sentenceAround(text: string, start: number, end: number): Span {
  const left = text.slice(Math.max(0, start - 300), start);
  const breaks = [...left.matchAll(/(?<!\b(?:i\.e|e\.g|approx|no|eq|fig|vs|dr|mr|mrs|st))[.?!;](?=\s)|\n/gi)];
  const from = breaks.length === 0 ? start - left.length : start - left.length + breaks.at(-1)!.index + 1;
  const right = text.slice(end, end + 300);
  const stop = /[.?!;](?=\s|$)|\n/.exec(right);
  return { start: from, end: stop === null ? end + right.length : end + stop.index + 1 };
}
