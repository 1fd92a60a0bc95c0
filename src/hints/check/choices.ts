// Multiple choice: which option is right, and whether a hint points at it: by its letter, by its place ("the second
// one"), by its text, or by denying all the others. It knows the options from the gold answer or from the problem's
// text. A hint that weighs several options points at none, unless it says which is right.
import type { Problem } from '../../types.ts';
import { readGold } from '../../verifiers/science/gold.ts';
import { quote, type Leak } from './answer-leak.ts';
import { statedAsAnswer, surroundings } from './context.ts';
import { compact } from './given.ts';
import { placesOf, tokensOf, wordsOfAnswer } from './text-answers.ts';

export interface Choices {
  /** Texts by letter, in order; empty where the problem does not show them. */
  readonly options: ReadonlyMap<string, string>;
  readonly right: readonly string[];
  /** The problem without its options. */
  readonly stem: string;
}

/** Null where the problem is no multiple choice. */
export function choicesOf(problem: Problem, text: string): Choices | null {
  const { options: shown, stem } = optionsIn(text);
  let options: ReadonlyMap<string, string> = shown;
  let right: readonly string[] = [];
  if (problem.verifier === 'science') {
    const gold = goldChoice(problem.answer);
    if (gold !== null) {
      right = gold.letters;
      if (gold.choices.size > 1) options = gold.choices;
    }
  }
  if (right.length === 0) right = lettersOf(problem.answer, options);
  if (right.length === 0) return null;
  if (options.size === 0 && problem.verifier !== 'science') return null;
  return { options, right, stem };
}

function goldChoice(answer: string) {
  try {
    const gold = readGold(answer);
    return gold.kind === 'choice' ? gold : null;
  } catch {
    return null; // checkHint learns of it from the verifier
  }
}

function lettersOf(answer: string, options: ReadonlyMap<string, string>): string[] {
  const bare = answer.replace(/\\(?:text|textbf|mathrm|mathbf)\s*|[{}$]/g, '').trim();
  const labelled = /^\(?([A-J])(?:\)|\.|:|$)\s*(.*)$/s.exec(bare);
  if (labelled !== null && (options.has(labelled[1]!) || options.size === 0)) return [labelled[1]!];
  const several = /^[A-J](?:\s*(?:,|and)\s*[A-J])+$/.test(bare) ? bare.match(/[A-J]/g)! : [];
  if (several.length > 0) return [...several];
  const same = [...options].filter(([, text]) => compact(text) === compact(bare));
  return same.length === 1 ? [same[0]![0]] : [];
}

const OPTION = /(^|\n|\s)(\(([A-J])\)|\[([A-J])\]|([A-J])[).:](?=\s))\s*/g;
const NUMBERED = /(^|\n|\s)(\((\d)\)|(\d)[).](?=\s))\s*/g;

/** Options that begin with A), (A), A. or A: and count up; or with 1) 2) 3) at line starts. */
function optionsIn(text: string): { options: ReadonlyMap<string, string>; stem: string } {
  const lettered = runOf(text, OPTION, (index) => String.fromCharCode(65 + index));
  if (lettered !== null) return lettered;
  return runOf(text, NUMBERED, (index) => String(index + 1), 3) ?? { options: new Map(), stem: text };
}

function runOf(text: string, pattern: RegExp, label: (index: number) => string, least = 2) {
  const marks = [...text.slice(0, 20_000).matchAll(pattern)];
  // The last run that starts anew: a name such as "A. Smith" before the options starts none that goes on.
  for (let first = marks.length - 1; first >= 0; first--) {
    if (labelOf(marks[first]!) !== label(0)) continue;
    const run = [marks[first]!];
    for (const mark of marks.slice(first + 1)) if (labelOf(mark) === label(run.length)) run.push(mark);
    if (run.length < least) continue;
    const options = new Map<string, string>();
    for (const [index, mark] of run.entries()) {
      const next = run[index + 1]?.index ?? text.length;
      const body = text.slice(mark.index + mark[0].length, next);
      const option = index === run.length - 1 ? body.split(/\n\s*\n/, 1)[0]! : body;
      options.set(String.fromCharCode(65 + index), option.trim().replace(/[,;]$/, ''));
    }
    return { options, stem: text.slice(0, run[0]!.index) };
  }
  return null;
}

function labelOf(mark: RegExpMatchArray): string {
  return mark[3] ?? mark[4] ?? mark[5] ?? '';
}

const ORDINALS = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
];
const CARDINALS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

interface Pointing {
  readonly letter: string;
  readonly start: number;
  readonly end: number;
}

interface Judged extends Pointing {
  readonly denied: boolean;
  readonly stated: boolean;
}

const DENIED_BEFORE =
  /\b(?:not|n't|cannot|never|neither|nor|rule[sd]?\s+out|ruling\s+out|eliminat(?:e[sd]?|ing)|exclud(?:e[sd]?|ing)|discard(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|reject(?:s|ed|ing)?|cross(?:ing)?\s+out|strike|except|all\s+but|other\s+than|unlike|wrong|false|incorrect|drop)\b[^.?!]{0,60}$/;
const DENIED_AFTER =
  /^["')\]]*\s*(?:(?!\b(?:others?|rest|because|why|but|while)\b)[^.?!;,]){0,40}?\b(?:(?:is|are|was|were|can|could|will|would|do|does)\s+(?:all\s+|both\s+|each\s+)?(?:be\s+)?(?:not\b|wrong|false|incorrect|impossible|out\b|ruled\s+out|eliminated|excluded|crossed\s+out|distractors?)|(?:is|are|can|do|does|would|could)n't|cannot|fails?\b|can\s+(?:all\s+)?be\s+(?:ruled\s+out|eliminated|excluded|discarded|dismissed|crossed\s+out)|contradicts?|violates?)/;
const RIGHT_AFTER =
  /^['")\]]*\s*(?:,\s*)?(?:is|must\s+be|has\s+to\s+be|would\s+be|looks|seems|remains|alone|works|fits|matches|holds|stands|satisfies|it\s+is|as\s+(?:your|the)\s+(?:answer|choice))\b/;
const POINTED_BEFORE =
  /\b(?:choose|choosing|pick|picking|select|selecting|go\s+(?:for|with)|take|mark|circle|answer|tick|option|choice|leaves?|leaving|remains?|look\s+(?:closely\s+|again\s+)?at|points?\s+to|favou?rs?|consider|focus\s+on|is|be|letter|stage|statement|left\s+with)\s*[:"'([]*$/;
const NAMED_BEFORE =
  /(?:\b(?:options?|choices?|answers?|letters?|statements?|alternatives?|items?|stage|and|or|nor|neither|not|out|eliminate|exclude|discard|dismiss|reject|both|pick|choose|select|take|with|for)|,)\s*(?:is|are|:|=)?\s*["'([]*$/;

/** Letters, and places in the list, in order. */
function pointings(text: string, { options, right, stem }: Choices): Pointing[] {
  const found: Pointing[] = [];
  const count = Math.max(options.size, ...right.map((letter) => letter.charCodeAt(0) - 64));
  const add = (letter: string, start: number, end: number) => {
    const inside = found.some((one) => one.start <= start && end <= one.end);
    if (letter.charCodeAt(0) - 64 <= count && !inside) found.push({ letter, start, end });
  };
  /** "vitamin C", "point B": letters that mean something else here. */
  const own = new Set([stem, ...options.values()].join('\n').match(/(?<![A-Za-z])[A-J](?![A-Za-z])/g) ?? []);
  for (const match of text.matchAll(/(?<![A-Za-z0-9'\\.])(\(?)([A-Ja-j])(\)?)(?![A-Za-z0-9'])/g)) {
    const [whole, open, written, close] = match as unknown as [string, string, string, string];
    const letter = written.toUpperCase();
    const start = match.index + open.length;
    const { before, after } = surroundings(text, start, start + 1);
    const marked = close !== '' && (open !== '' || before.trim() === '');
    const named = NAMED_BEFORE.test(before);
    const opens = before.replace(/["'(\s]/g, '') === '' && /^\s*(?:[.,:;!)]|-\s|$)/.test(after);
    const small = written !== letter;
    if (
      small &&
      !(marked || opens || /\b(?:option|choice|answer|letter)s?\s*(?:is|:)?\s*["'(]*$/.test(before))
    )
      continue;
    const article =
      /^[AI]$/.test(written) &&
      /^\s+[a-z]/.test(after) &&
      !RIGHT_AFTER.test(after) &&
      !/^\s+(?:and|or|nor)\s+\(?[B-J]\b/i.test(after);
    if (article && !marked && !/\b(?:option|choice|answer|letter)s?\s*$/.test(before)) continue;
    if (written === 'I' && !marked && !named) continue;
    if (own.has(letter) && !marked && !named && !opens) continue;
    add(letter, start, match.index + whole.length - close.length);
  }
  for (const match of text.matchAll(
    /\bbetween\s+(?:options?\s+|letters?\s+)?\(?([A-J])\)?\s+and\s+\(?([A-J])\b/g,
  )) {
    const [low, high] = [match[1]!.charCodeAt(0), match[2]!.charCodeAt(0)];
    if (high - low === 2) {
      const end = match.index + match[0].length;
      const rest = found.filter((one) => one.end <= match.index || one.start >= end);
      found.splice(0, found.length, ...rest);
      add(String.fromCharCode(low + 1), match.index, end);
    }
  }
  const noun = `(?:one|option|choice|answer(?:\\s+choice)?|alternative|item|possibility|statement|entry|line|box|bullet|row|listed|in\\s+the\\s+list|on\\s+the\\s+list)`;
  const alone = `(?=\\s*(?:[.,;:!)]|$|and\\b|or\\b|is\\b|holds?\\b|[io]n\\s+the\\s+list|of\\s+(?:them|these|the\\s+(?:three|four|five))))`;
  const each = (pattern: string, index: number) => {
    for (const match of text.matchAll(new RegExp(pattern, 'gi')))
      add(String.fromCharCode(65 + index), match.index, match.index + match[0].length);
  };
  for (let index = 0; index < Math.min(count, 10); index++) {
    const ordinal = `(?:${ORDINALS[index]}|${index + 1}(?:st|nd|rd|th))`;
    const cardinal = `(?:${CARDINALS[index]}|${index + 1})`;
    each(
      `\\b${ordinal}\\s+(?:of\\s+the\\s+)?(?:\\w+\\s+)?${noun}\\b|\\b(?:listed|given|appears|comes|printed|stands?)\\s+${ordinal}\\b`,
      index,
    );
    each(`\\bthe\\s+${ordinal}\\b${alone}`, index);
    each(
      `\\b${ordinal}\\s+(?:of\\s+the\\s+(?:options|choices|answers|alternatives)|from\\s+the\\s+top)\\b`,
      index,
    );
    if (index < count) each(`\\b${ordinal}\\s+from\\s+the\\s+(?:bottom|end)\\b`, count - 1 - index);
    each(
      `\\b(?:option|choice|answer|alternative|statement)\\s+(?:number\\s+|no\\.?\\s*|#\\s*)?${cardinal}\\b(?!\\s*[-+*/.]?\\d)|\\b(?:number|no\\.)\\s+${cardinal}\\b${alone}`,
      index,
    );
  }
  if (count > 1) {
    each(
      `(?<!\\bto\\s+(?:the\\s+)?)\\b(?:last|final|bottom)\\s+(?:\\w+\\s+)?(?:one|option|choice|answer\\s+choice|alternative|item|possibility)\\b|\\b(?:listed|given|comes|appears)\\s+last\\b`,
      count - 1,
    );
    each(`\\b(?:top|topmost)\\s+(?:one|option|choice|alternative)\\b|\\b(?:listed|given)\\s+first\\b`, 0);
  }
  if (count > 2)
    each(
      '\\b(?:second\\s+to\\s+last|next\\s+to\\s+(?:the\\s+)?last|penultimate|last\\s+but\\s+one)\\b',
      count - 2,
    );
  if (count === 4 && right.length === 2) {
    each(
      '\\b(?:the\\s+)?(?:two|ones|both)\\s+in\\s+the\\s+middle\\b|\\bmiddle\\s+two\\b',
      right[0]!.charCodeAt(0) - 65 === 1 ? 1 : 0,
    );
  }
  return found.sort((a, b) => a.start - b.start);
}

const SEPARATOR =
  /^["')\]]*\s*(?:,|and|or|nor|&|\/|,\s*(?:and|or|nor))?\s*(?:the\s+)?(?:options?\s+|choices?\s+)?["'([]*$/i;

/** Neighbours in a list share what is said before the first and behind the last. */
function judged(text: string, all: readonly Pointing[]): Judged[] {
  const found: Judged[] = [];
  let group: Pointing[] = [];
  const close = () => {
    if (group.length === 0) return;
    const [first, last] = [group[0]!, group.at(-1)!];
    const around = surroundings(text, first.start, last.end);
    const before = around.before.slice(-80);
    const turned =
      /\b(?:but|so|only|leav\w+)\b[^,]{0,25}$/.test(before) && !/\b(?:not|all\s+but)\s*$/.test(before);
    const denied = (DENIED_BEFORE.test(before) && !turned) || DENIED_AFTER.test(around.after);
    const stated =
      !around.question &&
      (statedAsAnswer(around) || RIGHT_AFTER.test(around.after) || POINTED_BEFORE.test(before));
    for (const one of group) found.push({ ...one, denied, stated: stated && group.length === 1 });
    group = [];
  };
  for (const one of all) {
    const last = group.at(-1);
    if (last !== undefined && !(one.start >= last.end && SEPARATOR.test(text.slice(last.end, one.start))))
      close();
    group.push(one);
  }
  close();
  return found;
}

/** Places where the hint points at the right option without its text, and what leaves only that. */
export function pointedOptions(text: string, choices: Choices): Leak[] {
  const { right, options } = choices;
  const byLetter = judged(text, pointings(text, choices));
  const byText = judged(text, optionTexts(text, choices));
  const affirmed = byLetter.filter(({ denied }) => !denied);
  const others = new Set(affirmed.map(({ letter }) => letter).filter((letter) => !right.includes(letter)));
  const leaks: Leak[] = affirmed
    .filter(({ letter, stated }) => right.includes(letter) && (stated || others.size === 0))
    .map(({ start, end }) => {
      const reason = `${quote(text.slice(start, end))} points at the right option, ${right.join(', ')}.`;
      return { start, end, reason };
    });
  const all = [...byLetter, ...byText];
  const wrong = [...options.keys()].filter((letter) => !right.includes(letter));
  const named = new Set(all.map(({ letter }) => letter));
  const denied = new Set(all.filter((one) => one.denied).map(({ letter }) => letter));
  const deniesAll =
    wrong.length > 0 &&
    wrong.every((letter) => denied.has(letter)) &&
    !right.some((letter) => denied.has(letter));
  const namesAll =
    wrong.length > 1 &&
    wrong.every((letter) => named.has(letter)) &&
    !right.some((letter) => named.has(letter));
  if (deniesAll || namesAll) {
    const places = all.filter(({ letter }) => wrong.includes(letter));
    const start = Math.min(...places.map((place) => place.start));
    const end = Math.max(...places.map((place) => place.end));
    const how = deniesAll ? 'denies' : 'names';
    leaks.push({ start, end, reason: `It ${how} every option but the right one, ${right.join(', ')}.` });
  }
  return leaks;
}

/** Where the texts of options stand; a word that only one option has stands for it. */
function optionTexts(text: string, { options, stem }: Choices): Pointing[] {
  const tokens = tokensOf(text);
  const asked = new Set(tokensOf(stem).map(({ stem: word }) => word));
  const all = [...options].map(([letter, option]) => ({ letter, option, words: tokensOf(option) }));
  const found: Pointing[] = [];
  for (const { letter, option, words } of all) {
    const answer = wordsOfAnswer(option);
    const places = answer === null ? numberPlaces(text, option) : placesOf(answer, tokens);
    if (places.length === 0 && answer !== null && answer.length <= 4) {
      const elsewhere = new Set(
        all
          .filter((other) => other.letter !== letter)
          .flatMap((other) => other.words.map(({ stem: word }) => word)),
      );
      const telling = words.filter(
        ({ stem: word, source }) => source.length > 3 && !elsewhere.has(word) && !asked.has(word),
      );
      for (const token of tokens)
        if (telling.some(({ stem: word }) => word === token.stem)) places.push(token);
    }
    for (const { start, end } of places) found.push({ letter, start, end });
  }
  return found.sort((a, b) => a.start - b.start);
}

function numberPlaces(text: string, option: string): { start: number; end: number }[] {
  const bare = option.trim();
  if (bare === '' || bare.length > 40) return [];
  const escaped = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return [...text.matchAll(new RegExp(`(?<![\\w.])${escaped}(?![\\w^]|\\.\\d)`, 'g'))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Letters of the options whose text the hint has, denied or not. */
export function mentionedOptions(text: string, choices: Choices): string[] {
  return [...new Set(optionTexts(text, choices).map(({ letter }) => letter))];
}

const EMPTY = new Set(
  'a an the is are was were be of to in on at and or but it its they their this that with for from by as not have has which'.split(
    ' ',
  ),
);
/** Share of the words of a long option that a sentence must have to be that option. */
const QUOTED = 0.8;

/** A sentence that has nearly all words of the right option, and more of them than of any other. */
export function quotedOptions(text: string, { options, right }: Choices): Leak[] {
  const leaks: Leak[] = [];
  for (const match of text.matchAll(/[^.?!\n]+/g)) {
    const sentence = tokensOf(match[0]).map(({ stem }) => stem);
    if (sentence.length < 4 || text[match.index + match[0].length] === '?') continue;
    const scores = [...options].map(([letter, option]) => {
      const words = tokensOf(option).map(({ stem }) => stem);
      const telling = [...new Set(words.filter((word) => !EMPTY.has(word)))];
      const share = telling.filter((word) => sentence.includes(word)).length / Math.max(1, telling.length);
      return { letter, share: telling.length < 4 ? 0 : share, run: longestRun(sentence, words) };
    });
    const own = scores.filter(({ letter }) => right.includes(letter));
    const rest = scores.filter(({ letter }) => !right.includes(letter));
    const best = own.find(
      ({ share, run }) =>
        share >= QUOTED &&
        rest.every((other) => share > other.share || (share === other.share && run > other.run)),
    );
    if (best === undefined) continue;
    const [start, end] = [match.index + match[0].search(/\S/), match.index + match[0].trimEnd().length];
    leaks.push({
      start,
      end,
      reason: `${quote(text.slice(start, end))} says the right option, ${best.letter}.`,
    });
  }
  return leaks;
}

function longestRun(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++) {
      let length = 0;
      while (a[i + length] !== undefined && a[i + length] === b[j + length]) length++;
      longest = Math.max(longest, length);
    }
  return longest;
}
