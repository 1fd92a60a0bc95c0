// Answers in words: whether a hint says them, in any case and inflection, and whether saying them is stating the answer.
// It compares words and asks no verifier, since verifiers of words want the very spelling. A word that the problem
// itself uses, or that any sentence may have ("yes", "even"), is a leak only where it is stated as the answer.
import { quote, type Leak } from './answer-leak.ts';
import { statedAsAnswer, surroundings } from './context.ts';
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

/** A word without its inflection, so that "decreases" and "decreasing" are one. Coarse: it only finds candidates. */
export function stemOf(word: string): string {
  const bare = word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  if (bare.length < 4 || /\d/.test(bare)) return bare;
  const singular = /ies$/.test(bare)
    ? bare.replace(/ies$/, 'y')
    : bare.replace(/(?<=ss|x|zz|ch|sh)es$|(?<=[a-rt-z])s$/, '');
  return singular.length < 6 ? singular : singular.replace(/(?:ing|ed|ly)$/, '').replace(/e$/, '');
}

/** The words of an answer that is words; null for numbers, formulas and single letters. */
export function wordsOfAnswer(gold: string): Token[] | null {
  const text = gold.replace(/\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}/g, ' $1 ').replace(/[$]/g, ' ');
  if (/\\[A-Za-z]|[=^_√]/.test(text)) return null;
  const letters = tokensOf(text).some(({ source }) => source.length === 1);
  const tokens = tokensOf(text).filter(({ source }) => letters || !ARTICLES.has(source.toLowerCase()));
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

export interface TextSearch {
  readonly text: string;
  readonly gold: string;
  readonly given: Given;
  /** Mentions need to be stated as the answer whatever the problem says. */
  readonly onlyStated?: boolean;
}

export function statedWords({ text, gold, given, onlyStated = false }: TextSearch): Leak[] {
  if (UNSPACED.test(gold)) return unspaced(text, gold, given);
  const answer = wordsOfAnswer(gold);
  if (answer === null) return [];
  const places = placesOf(answer, tokensOf(text));
  if (places.length === 0) return [];
  const common = answer.every(({ stem, source }) => COMMON.has(stem) || COMMON.has(source.toLowerCase()));
  const spoken = answer.every(({ source }) => source.length > 1);
  const needsCue = onlyStated || common || placesOf(answer, tokensOf(given.text)).length > 0;
  return places
    .filter(({ start, end }) => !needsCue || isStated(text, start, end, given))
    .map(({ start, end }) => {
      const quoted = quote(text.slice(start, end));
      const reason = needsCue
        ? `${quoted} is stated as the answer.`
        : `${quoted} ${spoken ? 'is' : 'spells'} the answer, and the problem does not give it.`;
      return { start, end, reason };
    });
}

function unspaced(text: string, gold: string, given: Given): Leak[] {
  const bare = gold.replace(/\s/g, '');
  const start = text.indexOf(bare);
  if (start === -1 || given.text.includes(bare)) return [];
  const reason = `${quote(bare)} is the answer, and the problem does not give it.`;
  return [{ start, end: start + bare.length, reason }];
}

const CHOSEN_BEFORE =
  /(?:\b(?:choose|pick|select|answer(?:\s+with)?|say|write|conclude(?:s)?(?:\s+that)?|must|should|can\s+only|has\s+to|have\s+to|is\s+(?:obviously|clearly|definitely))(?:\s+be)?|\b(?:it|that|this|he|she|which|they)(?:'s|\s+is|\s+are|\s+was|\s+were)(?:\s+(?:indeed|actually|really|clearly))?|(?:called|named|known\s+as|termed))\s*[:"'(]*(?:the\s+|an?\s+)?$/;
const CONCLUDED_BEFORE = /(?:^|[.!?:;]\s*|\b(?:so|therefore|thus|hence|indeed)\s*,?\s*)["'(]*$/;
/** "is the fastest", "wins": what answers a question of which or who. */
const SUPERLATIVE =
  /^['"]?\s*(?:is|are|was|were|has|have|had|does|did|gets?|got|comes?|will\s+be|must\s+be)?\s*(?:(?:the|by|far|clearly|indeed|therefore|also|definitely|always)\s+)*(?:[a-z]{2,}est\b|most\b|least\b|best\b|worst\b|first\b|last\b|[a-z]{3,}er\b\s+(?:than|of|one)|more\b|less\b|fewer\b|wins?\b|won\b|winner|correct|right|the\s+(?:one|winner|answer|only))/;
const VERDICT_BEFORE =
  /(?:\b(?:answer|statement|claim|conclusion|response|result|hypothesis)\b[^.?!]{0,30}|\b(?:it|this|that|which)\s*)(?:'s|is|are|must\s+be|has\s+to\s+be|should\s+be|turns\s+out)\s*(?:simply|clearly|actually|therefore|thus)?\s*["'(]*$/;

function isStated(text: string, start: number, end: number, given: Given): boolean {
  const around = surroundings(text, start, end);
  const word = text.slice(start, end).toLowerCase();
  if (around.question) return false;
  if (/\b(?:whether|if|not|n't|when|unless|either|or)\b[^.?!,]{0,40}$/.test(around.before)) return false;
  if (/^\s*(?:or|and\s+not)\b/.test(around.after)) return false;
  if (statedAsAnswer(around)) return true;
  if (/^(?:yes|no|true|false)$/.test(word)) {
    const opens = /^\s*["'(]*$/.test(around.before) && /^["')]*\s*(?:[,.!;:]|-\s|$)/.test(around.after);
    return opens || VERDICT_BEFORE.test(around.before);
  }
  if (CHOSEN_BEFORE.test(around.before)) return true;
  const claim = CONCLUDED_BEFORE.test(around.before) && SUPERLATIVE.test(around.after);
  return claim && !given.compact.includes((word + around.after.slice(0, 30)).replace(/\s/g, ''));
}
