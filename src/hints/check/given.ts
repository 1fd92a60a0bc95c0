// What a problem gives: its numbers, what its words imply ("twice", "a week"), and its text without spaces. A number that
// the problem itself gives is no leak, and arithmetic on nothing but such numbers is the approach and not the result.
import { unitsOf } from './conversions.ts';
import { mentionsIn, type Mention } from './mentions.ts';
import { readText } from './reading.ts';

export interface Given {
  readonly text: string;
  /** The text without spaces, in lower case, formulas in one spelling. */
  readonly compact: string;
  readonly mentions: readonly Mention[];
  /** Units that its question names. */
  readonly units: readonly string[];
  /** What it asks for: the nouns of "how many bags" and "in metres", in lower case without a plural s. */
  readonly asked: readonly string[];
  /** Whether arithmetic may take this number from the problem; 'constant' where anybody knows it. */
  operand(value: string): 'given' | 'constant' | null;
}

const IMPLIED: readonly (readonly [word: RegExp, values: readonly number[]])[] = [
  [/\b(?:twice|double[ds]?|pair|couple|both|two-|bi|half|halves|halved?)\b/i, [2, 0.5]],
  [/\b(?:thrice|triple[ds]?|thirds?)\b/i, [3, 1 / 3, 2 / 3]],
  [/\b(?:quarters?|fourths?|quadruple[ds]?)\b/i, [4, 0.25, 0.75]],
  [/\bdozens?\b/i, [12]],
  [/\b(?:weeks?|weekly|daily|days?)\b/i, [7, 5, 24]],
  [/\b(?:years?|months?|monthly|yearly|annual(?:ly)?)\b/i, [12, 52, 365, 30, 31, 4]],
  [/\b(?:hours?|minutes?|seconds?)\b/i, [60, 3600, 24]],
  [/\b(?:feet|foot|inch(?:es)?|yards?|miles?)\b/i, [12, 3, 36, 5280]],
  [/\b(?:pounds?|ounces?)\b/i, [16]],
  [/\b(?:dollars?|cents?|pennies|nickels?|dimes?|percent)\b|%/i, [100, 5, 10, 25]],
];
const CONSTANTS = new Set([0, 1, 2, 10, 100, 1000, 0.5, 0.25, 0.01, 180, 360, 90]);

export function givenBy(source: string, units: boolean): Given {
  const { text } = readText(source);
  const mentions = mentionsIn(text, { units });
  const numbers = new Set<number>();
  for (const { form, size, operands } of mentions) {
    if (form === 'number' || form === 'words') numbers.add(size);
    else for (const operand of operands) numbers.add(Number(operand));
  }
  for (const match of text.matchAll(/(\d+(?:\.\d+)?)\s*(?:\\?%|percent)/g)) {
    const share = Number(match[1]);
    for (const value of [
      share / 100,
      1 - share / 100,
      1 + share / 100,
      100 - share,
      100 + share,
      100 / share,
    ])
      numbers.add(Number(value.toFixed(6)));
  }
  for (const [word, values] of IMPLIED) if (word.test(text)) for (const value of values) numbers.add(value);
  return {
    text,
    compact: compact(text),
    mentions,
    units: unitsOf(questionsOf(text)),
    asked: askedIn(text),
    operand: (value) => {
      const number = Math.abs(sizeOf(value));
      if (numbers.has(number) || numbers.has(-number)) return 'given';
      return CONSTANTS.has(number) ? 'constant' : null;
    },
  };
}

const AFTER_NOUN =
  'do|does|did|are|is|was|were|will|would|can|could|has|have|had|in|on|of|to|left|must|should|need|needs|for|per|at|each|with|from|if|when|after';

/** The sentences that ask for something. */
function questionsOf(text: string): string {
  const sentences = text.split(/(?<=[.?!])\s+|\n/);
  const asking = sentences.filter((sentence) =>
    /\?\s*$|\b(?:find|compute|calculate|determine|give|express|answer|how|what)\b/i.test(sentence),
  );
  return asking.join(' ');
}

function askedIn(text: string): string[] {
  const nouns: string[] = [];
  const add = (phrase: string) => {
    const noun = phrase.trim().split(/\s+/).at(-1)!.toLowerCase().replace(/s$/, '');
    if (noun.length > 2) nouns.push(noun);
  };
  const many = new RegExp(`\\bhow\\s+many\\s+((?:(?!(?:${AFTER_NOUN})\\b)[a-z]+[\\s?.]*){1,3})`, 'gi');
  for (const match of text.matchAll(many)) add(match[1]!.replace(/[?.].*/s, ''));
  for (const match of text.matchAll(/\b(?:left|remain)\b(?=[^.!]*\?)/gi)) nouns.push(match[0].toLowerCase());
  for (const match of text.matchAll(/[?,]?\s+in\s+(?:terms\s+of\s+)?([a-z]+)\s*[?.,]/gi)) add(match[1]!);
  return nouns;
}

function sizeOf(value: string): number {
  const fraction = /^(-?\d+)\/(\d+)$/.exec(value);
  return fraction === null ? Number(value.replaceAll(',', '')) : Number(fraction[1]) / Number(fraction[2]);
}

/** One spelling for texts that differ in spaces, brackets around single things, and LaTeX or not. */
export function compact(text: string): string {
  return text
    .replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, '($1)/($2)')
    .replace(/\\(?:left|right|displaystyle|quad|[,;:! ])/g, '')
    .replace(/\\(?:text|mathrm|textbf|mathbf|mbox|boxed)\s*/g, '')
    .replace(/\\sqrt\s*/g, '√')
    .replace(/\bsqrt\s*/g, '√')
    .replace(/\\(?:cdot|times)|[×·]/g, '*')
    .replace(/\\?\bpi\b|\\pi/g, 'π')
    .replace(/\\(?:infty)/g, '∞')
    .replace(/\\le(?:q)?(?![a-z])/g, '≤')
    .replace(/\\ge(?:q)?(?![a-z])/g, '≥')
    .replace(/[{}]/g, (brace) => (brace === '{' ? '(' : ')'))
    .replace(/[\s$\\]/g, '')
    .replace(/\(([\w.π√]+)\)/g, '$1')
    .toLowerCase();
}
