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
  readonly denied: boolean;
  readonly stated: boolean;
}

const DENIED_BEFORE =
  /\b(?:not|n't|cannot|never|neither|nor|rule(?:s|d)?\s+out|ruling\s+out|eliminat(?:e|es|ed|ing)|exclud(?:e|es|ed|ing)|discard(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|reject(?:s|ed|ing)?|cross(?:ing)?\s+out|strike|except|other\s+than|unlike|wrong|false|incorrect|drop)\b[^.?!]{0,60}$/;
const DENIED_AFTER =
  /^[^.?!]{0,60}?\b(?:(?:is|are|was|were|can|could|will|would|do|does)\s+(?:all\s+|both\s+|each\s+)?(?:not\b|wrong|false|incorrect|impossible|out\b|ruled\s+out|eliminated|excluded|distractors?)|(?:is|are|can|do|does|would|could)n't|cannot|fails?\b|can\s+be\s+(?:ruled\s+out|eliminated|excluded|discarded|dismissed)|contradicts?|violates?)/;
const RIGHT_AFTER =
  /^['")\]]*\s*(?:,\s*)?(?:is|must\s+be|has\s+to\s+be|would\s+be|looks|seems|remains|alone|works|fits|matches|holds|stands|satisfies|it\s+is|as\s+(?:your|the)\s+(?:answer|choice))\b/;
const POINTED_BEFORE =
  /\b(?:choose|choosing|pick|picking|select|selecting|go\s+(?:for|with)|mark|circle|answer|tick|option|choice|leaves?|leaving|remains?|look\s+(?:closely\s+|again\s+)?at|points?\s+to|favou?rs?|consider|focus\s+on|is|be|letter|left\s+with)\s*[:"'([]*$/;

function pointings(text: string, { options, right }: Choices): Pointing[] {
  const found: Pointing[] = [];
  const count = Math.max(options.size, ...right.map((letter) => letter.charCodeAt(0) - 64));
  const add = (letter: string, start: number, end: number) => {
    const around = surroundings(text, start, end);
    const before = around.before.slice(-80);
    const denied = DENIED_BEFORE.test(before)
      ? !/\b(?:but|so|only|leav\w+|except|other\s+than)\b[^,]{0,20}$/.test(before) || /\bnot\s*$/.test(before)
      : false;
    found.push({
      letter,
      start,
      end,
      denied:
        denied ||
        (DENIED_AFTER.test(around.after) && !/^[^.?!]{0,20}\b(?:but|while|because)\b/.test(around.after)),
      stated:
        !around.question &&
        (statedAsAnswer(around) || RIGHT_AFTER.test(around.after) || POINTED_BEFORE.test(before)),
    });
  };
  const letters = /(?<![A-Za-z0-9'\\.])(\(?)([A-J])(\)?)(?![A-Za-z0-9'])/g;
  for (const match of text.matchAll(letters)) {
    const [whole, open, letter, close] = match as unknown as [string, string, string, string];
    if (letter.charCodeAt(0) - 64 > count) continue;
    const start = match.index + open.length;
    const around = surroundings(text, start, start + 1);
    const marked = open !== '' && close !== '';
    const named =
      /\b(?:options?|choices?|answers?|letters?|statements?|alternatives?|items?|and|or|nor|neither|not|out|eliminate|exclude|discard|dismiss|reject|both|,|pick|choose|select|with|for)\s*(?:is|are|:|=)?\s*["'(]*$/.test(
        around.before,
      );
    const stated =
      statedAsAnswer(around) ||
      (POINTED_BEFORE.test(around.before) && !/^[AI]$/.test(letter)) ||
      (RIGHT_AFTER.test(around.after) && !/^[AI]$/.test(letter));
    const article =
      letter === 'A' && /^\s+[a-z]/.test(around.after) && !marked && !RIGHT_AFTER.test(around.after);
    if (letter === 'I' && !marked && !named) continue;
    if (article && !named) continue;
    if (marked || named || stated) add(letter, start, match.index + whole.length - close.length);
  }
  const places = ORDINALS.flatMap(
    (word, index) =>
      [
        [word, index],
        [`${index + 1}(?:st|nd|rd|th)`, index],
      ] as const,
  );
  for (const [word, index] of places) {
    if (index >= count) continue;
    const noun = `(?:one|option|choice|answer(?:\\s+choice)?|alternative|item|possibility|statement|listed|in\\s+the\\s+list)`;
    addMatches(
      text,
      new RegExp(
        `\\b${word}\\s+(?:of\\s+the\\s+)?(?:\\w+\\s+)?${noun}\\b|\\b(?:listed|given|appears|comes|printed|stands?)\\s+${word}\\b`,
        'gi',
      ),
      index,
      add,
    );
  }
  for (const [index, word] of CARDINALS.entries()) {
    if (index >= count) continue;
    addMatches(
      text,
      new RegExp(
        `\\b(?:option|choice|answer|alternative)\\s+(?:number\\s+|no\\.?\\s*|#\\s*)?(?:${word}|${index + 1})\\b(?!\\s*[-+*/.]?\\d)`,
        'gi',
      ),
      index,
      add,
    );
  }
  if (count > 1)
    addMatches(
      text,
      /\b(?:last|final|bottom)\s+(?:\w+\s+)?(?:one|option|choice|answer\s+choice|alternative|item|possibility)\b|\b(?:listed|given|comes|appears)\s+last\b/gi,
      count - 1,
      add,
    );
  addMatches(
    text,
    /\b(?:top|topmost)\s+(?:one|option|choice|alternative)\b|\b(?:listed|given)\s+first\b/gi,
    0,
    add,
  );
  return found.sort((a, b) => a.start - b.start);
}

function addMatches(
  text: string,
  pattern: RegExp,
  index: number,
  add: (letter: string, start: number, end: number) => void,
): void {
  for (const match of text.matchAll(pattern))
    add(String.fromCharCode(65 + index), match.index, match.index + match[0].length);
}

/** Places where the hint points at the right option without its text. */
export function pointedOptions(text: string, choices: Choices): Leak[] {
  const { right, options } = choices;
  const all = [...pointings(text, choices), ...deniedTexts(text, choices)];
  const affirmed = all.filter(({ denied }) => !denied);
  const leaks: Leak[] = [];
  const others = new Set(affirmed.map(({ letter }) => letter).filter((letter) => !right.includes(letter)));
  for (const { letter, start, end, stated } of affirmed) {
    if (!right.includes(letter) || !(stated || others.size === 0)) continue;
    // "options B and C": named together with others.
    if (others.size > 0 && /^\s*(?:,|and|or|&)\s*(?:option\s+)?\(?[A-J]\b/.test(text.slice(end))) continue;
    leaks.push({
      start,
      end,
      reason: `${quote(text.slice(start, end))} points at the right option, ${right.join(', ')}.`,
    });
  }
  const denied = new Set(all.filter((one) => one.denied).map(({ letter }) => letter));
  const rest = [...options.keys()].filter((letter) => !denied.has(letter));
  if (denied.size > 0 && rest.length === right.length && rest.every((letter) => right.includes(letter))) {
    const places = all.filter((one) => one.denied);
    const start = Math.min(...places.map((place) => place.start));
    const end = Math.max(...places.map((place) => place.end));
    leaks.push({ start, end, reason: `It denies every option but the right one, ${right.join(', ')}.` });
  }
  return leaks;
}

/** Options that the hint denies by their text. */
function deniedTexts(text: string, { options }: Choices): Pointing[] {
  const tokens = tokensOf(text);
  const found: Pointing[] = [];
  for (const [letter, option] of options) {
    const words = wordsOfAnswer(option);
    for (const { start, end } of words === null ? numberPlaces(text, option) : placesOf(words, tokens)) {
      const { before, after } = surroundings(text, start, end);
      const denied = DENIED_BEFORE.test(before.slice(-80)) || DENIED_AFTER.test(after);
      if (denied) found.push({ letter, start, end, denied, stated: false });
    }
  }
  return found;
}

function numberPlaces(text: string, option: string): { start: number; end: number }[] {
  const bare = option.trim();
  if (bare === '' || bare.length > 40) return [];
  const escaped = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return [...text.matchAll(new RegExp(`(?<![\\w.])${escaped}(?![\\w])`, 'g'))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Letters of the options whose text the hint has, denied or not. */
export function mentionedOptions(text: string, { options }: Choices): string[] {
  const tokens = tokensOf(text);
  return [...options]
    .filter(([, option]) => {
      const words = wordsOfAnswer(option);
      return words === null ? numberPlaces(text, option).length > 0 : placesOf(words, tokens).length > 0;
    })
    .map(([letter]) => letter);
}
