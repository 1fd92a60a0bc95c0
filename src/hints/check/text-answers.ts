// Answers in words: whether a hint says them, in any case and inflection, and whether saying them is stating the answer.
// It compares words and asks no verifier, since verifiers of words want the very spelling. A word that the problem
// itself uses, or that any sentence may have ("yes", "even"), is a leak only where it is stated as the answer.
import { quote, type Leak } from './answer-leak.ts';
import { claimed } from './claims.ts';
import { surroundings } from './context.ts';
import type { Given } from './given.ts';

interface Token {
  readonly stem: string;
  readonly start: number;
  readonly end: number;
  readonly source: string;
}

const ARTICLES = new Set(['the', 'an', 'a']);
const COMMON = new Set(
  (
    'yes no true false none all both never always even odd same more less up down left right zero one two three four five ' +
    'six seven eight nine ten increase decrease positive negative not neither it they yes first second third last above ' +
    'below high low hot cold big small equal other this that he she him her on off in out'
  ).split(' '),
);
const LETTERS = /[\p{L}\p{M}\d]+(?:'(?!s\b)[\p{L}]+)*/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

export function tokensOf(text: string): Token[] {
  return [...text.matchAll(LETTERS)].map((match) => ({
    stem: stemOf(match[0]),
    start: match.index,
    end: match.index + match[0].length,
    source: match[0],
  }));
}

const SUFFIXES =
  /(?:ations?|ational|atively|ative|ated?s?|ating|osis|oses|otic|[sz]ations?|(?:(?<=[a-z]{5})s)?[iy][sz](?:ed?|es|ing|er|ers)|(?<=[a-z]{4})(?:sis|ses|tic|tically)|ings?|edly|ed|ers?|ion(?:s|al)?|ium|ia|ial|ous|ously|ness|ments?|ities|ity|ly|ally|ists?|ish|y|e)$/;

/**
 * A word without inflection and ending, so that "evaporates" and "evaporation", "mitotic" and "mitosis" are one. Coarse:
 * what is left of short words is the word.
 */
export function stemOf(word: string): string {
  const bare = word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  if (bare.length < 4 || /\d/.test(bare)) return bare;
  const singular = /ies$/.test(bare)
    ? bare.replace(/ies$/, 'y')
    : bare.replace(/(?<=ss|x|zz|ch|sh)es$|(?<=[a-rt-z])(?<!i)s$/, '');
  if (singular.length < 6) return singular;
  const stem = singular.replace(SUFFIXES, '');
  return stem.length < 3 ? singular : stem;
}

/** The words of an answer that is words; null for numbers, formulas and single letters. */
export function wordsOfAnswer(gold: string): Token[] | null {
  const text = gold.replace(/\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}/g, ' $1 ').replace(/[$]/g, ' ');
  if (/\\[A-Za-z]|[=^_√]/.test(text)) return null;
  const bare = text.replace(/^\s*(?:it|they|he|she|this)\s+(?=[a-z]{4})/i, (match) =>
    ' '.repeat(match.length),
  );
  const letters = tokensOf(bare).some(({ source }) => source.length === 1);
  const tokens = tokensOf(bare).filter(({ source }) => letters || !ARTICLES.has(source.toLowerCase()));
  const words = tokens.filter(({ source }) => /\p{L}/u.test(source));
  if (words.length === 0 || tokens.length > 40) return null;
  if (/^\s*[-+]?[\d.,]/.test(text) && words.length < 2) return null; // a quantity
  return tokens.map(({ source }) => source).join('').length < 2 ? null : tokens;
}

/** Places where the words of an answer stand, in order, or (two to six of them) in any order close together. */
export function placesOf(
  answer: readonly Token[],
  tokens: readonly Token[],
): { start: number; end: number }[] {
  const single = answer.some(({ source }) => source.length === 1);
  const hint = tokens.filter(({ source }) => single || !ARTICLES.has(source.toLowerCase()));
  const wanted = answer.map(({ stem }) => stem);
  const places: { start: number; end: number }[] = [];
  for (let at = 0; at + wanted.length <= hint.length; at++) {
    if (wanted.every((stem, index) => hint[at + index]!.stem === stem)) {
      places.push({ start: hint[at]!.start, end: hint[at + wanted.length - 1]!.end });
    }
  }
  places.push(...joinedPlaces(answer, tokens));
  if (places.length > 0 || single || wanted.length < 2 || wanted.length > 6) return places;
  for (let at = 0; at < hint.length; at++) {
    const window = hint.slice(at, at + wanted.length + 2);
    if (!wanted.includes(hint[at]!.stem)) continue;
    const stems = window.map(({ stem }) => stem);
    if (!wanted.every((stem) => stems.includes(stem))) continue;
    const last = Math.max(...wanted.map((stem) => stems.indexOf(stem)));
    places.push({ start: hint[at]!.start, end: window[last]!.end });
    at += last;
  }
  return places;
}

/** "photo-synthesis" and "c-a-t" are the word in pieces. */
function joinedPlaces(answer: readonly Token[], hint: readonly Token[]): { start: number; end: number }[] {
  const whole = answer.map(({ source }) => source.toLowerCase()).join('');
  const places: { start: number; end: number }[] = [];
  if (whole.length < 3) return places;
  for (let at = 0; at < hint.length; at++) {
    let text = hint[at]!.source.toLowerCase();
    for (let last = at + 1; last < hint.length && whole.startsWith(text) && text !== whole; last++) {
      text += hint[last]!.source.toLowerCase();
      const gap = hint[last]!.start - hint[last - 1]!.end;
      if (gap > 3) break;
      if (text === whole) places.push({ start: hint[at]!.start, end: hint[last]!.end });
    }
  }
  return places;
}

export interface TextSearch {
  readonly text: string;
  readonly gold: string;
  readonly given: Given;
  /** Mentions need to be stated as the answer whatever the problem says. */
  readonly onlyStated?: boolean;
}

export function statedWords({ text, gold, given, onlyStated = false }: TextSearch): Leak[] {
  const excluded = excludedOthers(text, gold, given);
  if (excluded.length > 0) return excluded;
  if (UNSPACED.test(gold)) return unspaced(text, gold, given);
  const answer = wordsOfAnswer(gold);
  if (answer === null) return [];
  const places = placesOf(answer, tokensOf(text));
  if (places.length === 0) return [];
  const common = answer.every(({ stem, source }) => COMMON.has(stem) || COMMON.has(source.toLowerCase()));
  const spoken = answer.every(({ source }) => source.length > 1);
  const needsCue = onlyStated || common || placesOf(answer, tokensOf(given.text)).length > 0;
  const tokens = tokensOf(text);
  const bare = tokens.length <= answer.length && !onlyStated;
  return places
    .filter(({ start, end }) => !needsCue || bare || claimed(text, start, end, given.compact))
    .map(({ start, end }) => {
      const quoted = quote(text.slice(start, end));
      const reason = needsCue
        ? `${quoted} is stated as the answer.`
        : `${quoted} ${spoken ? 'is' : 'spells'} the answer, and the problem does not give it.`;
      return { start, end, reason };
    });
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/**
 * Of words that the problem lists, or names that it has: every one but the answer is denied, or they are said to belong
 * together; or the answer is pointed at by its place in the list.
 */
function excludedOthers(text: string, gold: string, given: Given): Leak[] {
  const answer = gold.trim().toLowerCase();
  if (!/^[\p{L}'-]+$/u.test(answer)) return [];
  const listed = [
    ...given.text.matchAll(
      /(?<![\p{L}'-])(?:[\p{L}'-]{1,40},\s*){1,}[\p{L}'-]+(?:,?\s*(?:and|or)\s+[\p{L}'-]+)?/gu,
    ),
  ]
    .map((match) => match[0].toLowerCase().split(/\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+/))
    .find((items) => items.length >= 3 && items.includes(answer));
  const names = [...new Set(given.text.match(/\b[A-Z][a-z]+\b/g) ?? [])]
    .filter(
      (name) =>
        /[a-z] $/.test(given.text.slice(0, given.text.lastIndexOf(name)).slice(-2)) ||
        given.text.split(name).length > 2,
    )
    .map((name) => name.toLowerCase());
  const options = listed ?? (names.includes(answer) && names.length >= 2 ? names : []);
  if (options.length < 2) return [];
  const place = ORDINALS[options.indexOf(answer)];
  const pointed =
    place !== undefined &&
    new RegExp(
      `\\b(?:but|except|not)\\s+(?:for\\s+)?the\\s+${place}\\b|\\b(?:it|answer)\\s+is\\s+the\\s+${place}\\b|\\bthe\\s+${place}\\s+(?:word|name|one|person)\\s+is\\b`,
      'i',
    ).exec(text);
  if (pointed)
    return [
      leakAt(
        pointed.index,
        pointed[0].length,
        `${quote(pointed[0])} points at the answer among what the problem lists.`,
      ),
    ];
  const others = options.filter((option) => option !== answer);
  const tokens = tokensOf(text);
  if (tokens.some(({ source }) => source.toLowerCase() === answer)) return [];
  const places = others.map((other) => tokens.find(({ source }) => source.toLowerCase() === other));
  if (places.some((found) => found === undefined)) return [];
  const start = Math.min(...places.map((found) => found!.start));
  const end = Math.max(...places.map((found) => found!.end));
  const around = surroundings(text, start, end);
  const denied = /\b(?:not|neither|nor|cannot|n't|rule\s+out|eliminate|exclude|all\s+but)\b/.test(
    `${around.before} ${text.slice(start, end).toLowerCase()} ${around.after}`,
  );
  const together =
    others.length >= 3 &&
    end - start < 20 * others.length &&
    !around.question &&
    /^\s*(?:are|have|share|belong|all|fit|can)\b/.test(around.after);
  if (!denied && !together) return [];
  return [leakAt(start, end - start, `It leaves nothing but the answer of what the problem lists.`)];
}

function leakAt(start: number, length: number, reason: string): Leak {
  return { start, end: start + length, reason };
}

function unspaced(text: string, gold: string, given: Given): Leak[] {
  const bare = gold.replace(/\s/g, '');
  const start = text.indexOf(bare);
  if (start === -1 || given.text.includes(bare)) return [];
  const reason = `${quote(bare)} is the answer, and the problem does not give it.`;
  return [{ start, end: start + bare.length, reason }];
}
