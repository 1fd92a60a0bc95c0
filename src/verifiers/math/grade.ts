// Grades a response against a gold answer: finds the answer, reads both sides in every way their spelling
// allows, compares. The one entrance to this folder; never throws for what the texts say, and what it does is
// bounded by limits.ts.
import { givenLetters, goldLetters } from './choices.ts';
import { compareAnswers } from './compare.ts';
import { extractAnswer, goldReadings, type Strictness } from './extract.ts';
import { TooLarge, Unreadable } from './limits.ts';
import type { Node } from './node.ts';
import type { Commas } from './number-notation.ts';
import { parse, type Parsed } from './parse.ts';
import type { Grounds, Tolerance } from './scalar.ts';
import { bareText, bareWords, repaired, withoutAside } from './source-text.ts';

export interface MathOptions {
  /** What counts as giving an answer: 'boxed', 'marked' (a box, ####, "the answer is") or 'any'; default 'any'. */
  readonly strictness?: Strictness;
  /** How far a number may be from the gold one; by default not at all. */
  readonly tolerance?: Tolerance;
}

export interface MathGrade {
  readonly kind: 'correct' | 'wrong' | 'malformed';
  /** The answer as written in the response. */
  readonly extracted: string | null;
  readonly reason: string;
}

interface Reading {
  /** The ways a text can be read; empty where it is no mathematics this project reads. */
  readonly nodes: readonly Node[];
  /** Whether it is mathematics throughout, without words set aside. */
  readonly clean: boolean;
}

export function readAnswer(source: string): Reading {
  const text = withoutAside(source);
  const first = tryParse(text, 'thousands', true);
  const nodes: Node[] = first === null ? [] : [first.node];
  const commas: Commas[] = first === null || first.ambiguous.commas ? ['thousands', 'list'] : ['thousands'];
  // between brackets commas separate, and so do all where one of them does
  if (commas.length > 1 && !/[([]|\\(?:\{|langle|lbrace|begin)|,(?!\d)|[^\d{},],/.test(text))
    commas.push('decimal');
  for (const choice of commas) {
    for (const letterUnits of first === null || first.ambiguous.letterUnits ? [true, false] : [true]) {
      if (choice === 'thousands' && letterUnits) continue;
      const other = tryParse(text, choice, letterUnits);
      if (other !== null) nodes.push(other.node);
    }
  }
  return { nodes, clean: first !== null && !first.words && !isProse(first.node) };
}

function tryParse(text: string, commas: Commas, letterUnits: boolean): Parsed | null {
  try {
    return parse(text, { commas, letterUnits });
  } catch (error) {
    if (error instanceof Unreadable || error instanceof TooLarge) return null;
    throw error;
  }
}

interface Gold {
  readonly texts: readonly string[];
  readonly nodes: readonly Node[];
  readonly parts: number;
  /** Whether it is mathematics rather than words. */
  readonly clean: boolean;
}

/** The gold answer read last: the rollouts of a group share theirs. */
let lastGold: { source: string; gold: Gold } | null = null;

function readGold(source: string): Gold {
  if (lastGold?.source === source) return lastGold.gold;
  const texts = goldReadings(repaired(source));
  let nodes: readonly Node[] = [];
  let clean = false;
  for (const text of texts) {
    const reading = readAnswer(text);
    nodes = [...nodes, ...reading.nodes];
    clean ||= reading.clean;
    if (reading.clean) break;
  }
  const [node] = nodes;
  const parts = node?.kind === 'sequence' && node.open !== '[' && node.open !== ']' ? node.items.length : 1;
  const gold = { texts, nodes, parts, clean };
  lastGold = { source, gold };
  return gold;
}

/** Words, or a list with words among its items. */
function isProse(node: Node): boolean {
  return node.kind === 'text' || (node.kind === 'sequence' && node.items.some(({ kind }) => kind === 'text'));
}

export function gradeMath(response: string, gold: string, options: MathOptions = {}): MathGrade {
  const { strictness = 'any', tolerance = {} } = options;
  const expected = readGold(gold);
  const extracted = extractAnswer(repaired(response), strictness, expected.parts);
  if (extracted === null) {
    return {
      kind: 'malformed',
      extracted: null,
      reason: `No answer found: expected ${EXPECTED[strictness]}.`,
    };
  }
  const shown = extracted.readings.find((text) => readAnswer(text).clean) ?? extracted.readings.at(-1)!;
  for (const reading of extracted.readings) {
    const { nodes, clean } = readAnswer(reading);
    const grounds = matches(reading, nodes, expected, tolerance);
    if (grounds === null && extracted.where !== 'box' && clean) break;
    if (grounds === null) continue;
    return {
      kind: 'correct',
      extracted: reading,
      reason: `The answer ${quote(reading)} equals the expected ${quote(gold)} (${GROUNDS[grounds]}).`,
    };
  }
  if (
    extracted.where === 'whole' &&
    expected.clean &&
    !extracted.readings.some((text) => /\d|[\\$=]/.test(text)) &&
    extracted.readings[0]!.includes(' ')
  ) {
    return {
      kind: 'malformed',
      extracted: null,
      reason: `No answer found: expected ${EXPECTED[strictness]}.`,
    };
  }
  const unreadable = extracted.readings.every((reading) => readAnswer(reading).nodes.length === 0);
  const reason = unreadable
    ? `The answer ${quote(shown)} cannot be read as mathematics and is not the text of the expected ${quote(gold)}.`
    : `The answer ${quote(shown)} is not the expected ${quote(gold)}.`;
  return { kind: 'wrong', extracted: shown, reason };
}

const EXPECTED: Readonly<Record<Strictness, string>> = {
  boxed: '\\boxed{…}',
  marked: '\\boxed{…}, #### or "the answer is" followed by the answer',
  any: 'a number or a formula',
};
const GROUNDS: Readonly<Record<Grounds, string>> = {
  exact: 'exactly',
  points: 'by its values at fixed points',
  tolerance: 'within the tolerance',
  text: 'as text',
};

function quote(text: string): string {
  return `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`;
}

function matches(reading: string, nodes: readonly Node[], gold: Gold, tolerance: Tolerance): Grounds | null {
  const bare = bareText(reading);
  if (bare !== '' && gold.texts.some((text) => bareText(text) === bare)) return 'text';
  for (const expected of gold.nodes) {
    for (const node of nodes) {
      const result = tryCompare(expected, node, tolerance);
      if (result !== null) return result;
    }
  }
  return wordsMatch(reading, gold) ? 'text' : null;
}

function tryCompare(gold: Node, answer: Node, tolerance: Tolerance): Grounds | null {
  try {
    const { equal, by } = compareAnswers(gold, answer, tolerance);
    return equal ? by : null;
  } catch (error) {
    if (error instanceof TooLarge || error instanceof Unreadable) return null;
    throw error;
  }
}

/** Answers in words, and the letters of choices: "(C) 12 cm" for C. */
function wordsMatch(reading: string, gold: Gold): boolean {
  const text = gold.texts.at(-1) ?? '';
  const words = bareWords(text);
  const prose = !gold.clean && !/\\(?!text|mathrm|mbox|[ ,;])/.test(reading);
  if (prose && words.length >= 2 && /[a-z]{2}/.test(words) && bareWords(reading) === words) return true;
  if (prose && saysSo(reading, words)) return true;
  const letters = gold.texts.map(goldLetters).find((found) => found !== null) ?? null;
  return letters !== null && givenLetters(reading) === letters;
}

/** "The function is odd." for the gold odd: a sentence that ends so, and says it without not, or, if. */
function saysSo(reading: string, words: string): boolean {
  if (words.length < 2 || words.length > 40 || /[?]/.test(reading)) return false;
  const said = bareWords(reading);
  return (
    said.length <= 120 &&
    (said.endsWith(` is ${words}`) || said.endsWith(` is on ${words}`)) &&
    !/\b(?:not|or|if|whether|never|t)\b/.test(said)
  );
}
