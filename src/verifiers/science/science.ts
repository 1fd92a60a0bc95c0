// The verifier of kind 'science': multiple choice, quantities with units, ranges, chemical formulae and equations,
// and short texts. It knows nothing of how a response was made. Its one idea: the gold says what kind of thing the
// answer is (gold.ts), and the answer found in the response is read as that and compared.
import type { Verdict } from '../../types.ts';
import type { Verifier, VerifierInput } from '../verifier.ts';
import { readChoice, type ChoiceRead } from './choices.ts';
import { finalAnswer } from './extract.ts';
import { parseEquation, parseFormula } from './formulae.ts';
import { goldResponse } from './gold-response.ts';
import { readGold, splitRange, type Gold } from './gold.ts';
import { plainText } from './latex.ts';
import { splitQuantity, splitSum, type WrittenQuantity } from './numbers.ts';
import { differ, loadUnits, unitText, valueIn, within } from './units.ts';
import { predicate, sameWords } from './words.ts';

/** Longer answers are no answers: nothing that is graded here needs as much. */
const LONGEST_ANSWER = 2000;

/** The one choice that is the same quantity: `3.6 m s^-1` for `3.6 m/s`. */
async function readChoiceByQuantity(
  answer: string,
  choices: ReadonlyMap<string, string>,
): Promise<ChoiceRead> {
  const given = splitQuantity(plainText(answer));
  const found: string[] = [];
  for (const [letter, text] of given === null ? [] : choices) {
    const choice = splitQuantity(plainText(text));
    if (choice === null || (choice.unit === '' && given!.unit !== '')) continue;
    const value = await valueIn(choice.unit, given!, false);
    if (typeof value === 'number' && within(value, choice.value, 0, true)) found.push(letter);
  }
  return found.length === 1 ? { kind: 'letters', letters: found } : { kind: 'none' };
}

/** What is said of an answer: whether it is right, and if not, why as a clause. */
type Finding = { readonly kind: 'correct' | 'wrong' | 'malformed'; readonly because?: string };

const CORRECT: Finding = { kind: 'correct' };
const wrong = (because: string): Finding => ({ kind: 'wrong', because });
const malformed = (because: string): Finding => ({ kind: 'malformed', because });

async function judge({ problem, response, finish }: VerifierInput): Promise<Verdict> {
  const gold = readGold(problem.answer);
  const extracted = finalAnswer(response, gold.strict);
  // A response that was cut off has no last line that it meant as one; what it marked counts.
  const usable = finish === 'length' && finalAnswer(response, true) === null ? null : extracted;
  if (usable === null) {
    return finish === 'length'
      ? {
          kind: 'truncated',
          reason: 'The response reached the token limit before it gave an answer.',
          extracted: null,
        }
      : {
          kind: 'malformed',
          reason: `No answer found: expected ${PLACES[gold.strict ? 'strict' : 'any']}.`,
          extracted: null,
        };
  }
  const quoted = `"${shortened(usable)}"`;
  if (usable.length > LONGEST_ANSWER) {
    const reason = `The answer has ${usable.length} characters, more than the ${LONGEST_ANSWER} that are read.`;
    return { kind: 'malformed', reason, extracted: shortened(usable) };
  }
  const { kind, because } = await compare(gold, usable);
  const reason =
    kind === 'correct'
      ? `The answer ${quoted} is the expected ${describe(gold)}.`
      : `The answer ${quoted} is not the expected ${describe(gold)}: ${because}.`;
  return { kind, reason, extracted: usable };
}

const PLACES = {
  strict: '\\boxed{…} or #### followed by the answer',
  any: '\\boxed{…}, #### followed by the answer, "the answer is …" or a short last line',
};

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function compare(gold: Gold, answer: string): Finding | Promise<Finding> {
  switch (gold.kind) {
    case 'choice':
      return compareChoice(gold, answer);
    case 'quantity':
      return compareQuantity(gold, answer);
    case 'range':
      return compareRange(gold, answer);
    case 'formula': {
      const key = formulaIn(plainText(answer));
      if (key === null) return malformed('it is not a chemical formula');
      return key === gold.key ? CORRECT : wrong('it is another formula');
    }
    case 'equation': {
      const text = plainText(answer);
      const equation = parseEquation(text) ?? parseEquation(predicate(text));
      if (equation === null) return malformed('it is not a reaction equation');
      const same = equation.left === gold.equation.left && equation.right === gold.equation.right;
      return same ? CORRECT : wrong(`balanced it reads ${equation.left} -> ${equation.right}`);
    }
    case 'words':
      return sameWords(gold.text, answer) ? CORRECT : wrong('it says something else');
  }
}

async function compareChoice(gold: Gold & { kind: 'choice' }, answer: string): Promise<Finding> {
  const asText = readChoice(answer, gold.choices, gold.letters.length > 1);
  const read = asText.kind === 'none' ? await readChoiceByQuantity(answer, gold.choices) : asText;
  if (read.kind === 'contradiction') return malformed(read.reason);
  if (read.kind === 'none') return malformed('it names none of the choices');
  const stranger =
    gold.choices.size > 1 ? read.letters.find((letter) => !gold.choices.has(letter)) : undefined;
  if (stranger !== undefined) return malformed(`there is no choice ${stranger}`);
  return read.letters.join() === gold.letters.join()
    ? CORRECT
    : wrong(`it chooses ${read.letters.join(', ')}`);
}

async function compareQuantity(gold: Gold & { kind: 'quantity' }, answer: string): Promise<Finding> {
  const text = plainText(answer);
  const written = quantityIn(text) ?? (await sumIn(text, gold.unit));
  // π/6 without a unit is an angle in radians, where the answer is one in degrees.
  const radians = written?.unit === '' && /\bpi\b/.test(text) && unitText(gold.unit) === 'deg';
  const quantity = radians ? { ...written, unit: 'rad' } : written;
  if (quantity === null) return malformed('it is not a number with a unit');
  const value = await valueIn(gold.unit, quantity, gold.strict);
  if (typeof value === 'string') return wrong(value);
  const converted = differ(quantity.unit, gold.unit);
  const meant = quantity.unit === '' && gold.scale !== undefined ? [value, value * gold.scale] : [value];
  if (meant.some((one) => within(one, gold.value, gold.tolerance, converted))) return CORRECT;
  return wrong(`${value} differs from ${gold.value} by more than ${gold.tolerance}`);
}

async function compareRange(gold: Gold & { kind: 'range' }, answer: string): Promise<Finding> {
  const { low, high, unit, strict } = gold;
  const text = plainText(answer);
  const range = splitRange(text) ?? splitRange(predicate(text));
  const quantity = range === null ? quantityIn(text) : null;
  if (range === null && quantity === null) return malformed('it is neither a number nor a range');
  const ends = range === null ? [quantity!.value, quantity!.value] : [range.low, range.high];
  const own = range?.unit ?? quantity!.unit;
  const values: number[] = [];
  for (const end of ends) {
    const value = await valueIn(unit, { value: end, lastPlace: 0, unit: own }, strict);
    if (typeof value === 'string') return wrong(value);
    values.push(value);
  }
  const [from, to] = values as [number, number];
  const at = (value: number, end: number) => within(value, end, 0, differ(own, unit));
  if (range !== null) {
    return at(from, low) && at(to, high) ? CORRECT : wrong(`it is the range from ${from} to ${to}`);
  }
  const inside = (from >= low || at(from, low)) && (from <= high || at(from, high));
  return inside ? CORRECT : wrong(`${from} is outside`);
}

function quantityIn(text: string): WrittenQuantity | null {
  return splitQuantity(text) ?? splitQuantity(predicate(text).replace(/^pH\s+/, ''));
}

/**
 * `1 h 30 min` in `unit`: each unit smaller than the one before it, and less of it than makes one of that. So a list of
 * two answers is no sum.
 */
async function sumIn(text: string, unit: string): Promise<WrittenQuantity | null> {
  const parts = splitSum(text);
  if (parts === null || unit === '') return null;
  let sum = 0;
  let oneBefore = Infinity;
  for (const part of parts) {
    const [value, one] = [await valueIn(unit, part, true), await valueIn(unit, { ...part, value: 1 }, true)];
    if (typeof value === 'string' || typeof one === 'string') return null;
    if (value < 0 || value >= oneBefore) return null;
    sum += value;
    oneBefore = one;
  }
  return { value: sum, lastPlace: 0, unit };
}

/** `X = NaCl` is NaCl, and so are `The formula is NaCl` and `sodium chloride (NaCl)`. */
function formulaIn(text: string): string | null {
  const said = [text.replace(/^.*=\s*/, ''), predicate(text)];
  for (const one of said) {
    const whole = parseFormula(one);
    if (whole !== null) return whole;
  }
  const parts = /^(.+?) \((.+)\)\.?$/.exec(said[1]!);
  if (parts === null) return null;
  const [outer, inner] = [parseFormula(parts[1]!), parseFormula(parts[2]!)];
  return outer !== null && inner !== null && outer !== inner ? null : (outer ?? inner);
}

function describe(gold: Gold): string {
  switch (gold.kind) {
    case 'choice':
      return `choice ${gold.letters.join(', ')}`;
    case 'quantity':
      return `${gold.value}${gold.unit === '' ? '' : ` ${gold.unit}`}`;
    case 'range':
      return `range from ${gold.low} to ${gold.high}${gold.unit === '' ? '' : ` ${gold.unit}`}`;
    case 'formula':
    case 'equation':
    case 'words':
      return `"${shortened(gold.text)}"`;
  }
}

export const science: Verifier = { kind: 'science', prepare: loadUnits, verify: judge, goldResponse };
