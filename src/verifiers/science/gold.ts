// What a problem of kind 'science' may have for an answer: plain text, or JSON that says how to compare. It knows
// nothing of responses. Its one idea: the gold says once what it is (choice, quantity, range, formula, equation
// or words), and the response is read as that.
import { z } from 'zod';
import { DataError } from '../../errors.ts';
import { parseEquation, parseFormula, type Equation } from './formulae.ts';
import { plainText } from './latex.ts';
import { readNumber, splitQuantity } from './numbers.ts';

const letter = /^[A-Z]$/;
/** A decimal answer without a tolerance may be rounded as it is written, but not by more than this share. */
const MOST_ROUNDING = 0.01;

/** The answer of a problem as JSON. Unknown keys are refused. */
export const scienceAnswerSchema = z
  .strictObject({
    value: z
      .union([z.string().trim().min(1), z.number(), z.array(z.string().regex(letter)).min(1)])
      .optional()
      .describe(
        'The answer: a number, a number with its unit, a formula, an equation, words, or with choices a letter, several letters or the text of a choice.',
      ),
    unit: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe('Unit of value or range; any unit of its dimension is read.'),
    tolerance: z
      .union([
        z.number().nonnegative().lt(1),
        z.strictObject({ absolute: z.number().nonnegative().describe('In the unit of the answer.') }),
      ])
      .optional()
      .describe('How far a number may be off: a share of the answer, or an absolute amount.'),
    significantFigures: z
      .int()
      .min(1)
      .max(15)
      .optional()
      .describe('A number may be off by half a unit of this significant figure of the answer.'),
    choices: z
      .union([
        z.record(z.string().regex(letter), z.string().min(1)),
        z.array(z.string().min(1)).min(2).max(26),
      ])
      .optional()
      .describe('Texts of the choices by letter, or in order from A.'),
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low <= high, { error: 'must be [low, high] with low at most high' })
      .optional()
      .describe('A number from low to high, both included, is correct.'),
    strict: z
      .boolean()
      .default(false)
      .describe('The answer must be in \\boxed{…} or after ####, and a quantity must have its unit.'),
  })
  .superRefine((answer, context) => {
    const refuse = (message: string, ...path: string[]) =>
      context.addIssue({ code: 'custom', path, message });
    if ((answer.value === undefined) === (answer.range === undefined))
      refuse('has either value or range', 'value');
    if (answer.tolerance !== undefined && answer.significantFigures !== undefined)
      refuse('a number has either tolerance or significantFigures', 'tolerance');
    if (answer.range !== undefined && (answer.tolerance ?? answer.significantFigures) !== undefined)
      refuse('a range has no tolerance', 'range');
  });

type ScienceAnswer = z.output<typeof scienceAnswerSchema>;

export type Gold = { readonly strict: boolean } & (
  | {
      readonly kind: 'choice';
      /** Sorted. */
      readonly letters: readonly string[];
      readonly choices: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: 'quantity';
      readonly value: number;
      readonly unit: string;
      /** How far the value may be off, in its unit. */
      readonly tolerance: number;
      /** The power of ten in a unit such as `10^-19 J`; a number without a unit may be meant in such units. */
      readonly scale?: number;
    }
  | { readonly kind: 'range'; readonly low: number; readonly high: number; readonly unit: string }
  | { readonly kind: 'formula'; readonly key: string; readonly text: string }
  | { readonly kind: 'equation'; readonly equation: Equation; readonly text: string }
  | { readonly kind: 'words'; readonly text: string }
);

/** @throws DataError where the answer cannot be read; that is a fault of the data and not of a response. */
export function readGold(answer: string): Gold {
  const text = answer.trim();
  if (!text.startsWith('{') || !text.endsWith('}') || !/^\{\s*"/.test(text)) return plainGold(text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return plainGold(text);
  }
  const parsed = scienceAnswerSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new DataError(
      `Expected the answer of a science problem to be text or JSON with value or range, but ${path.join('.') || 'the answer'}: ${message}; got ${text.slice(0, 120)}.`,
    );
  }
  return structuredGold(parsed.data);
}

function structuredGold(answer: ScienceAnswer): Gold {
  const { value, range, strict, unit = '' } = answer;
  if (range !== undefined) return { kind: 'range', low: range[0], high: range[1], unit, strict };
  if (answer.choices !== undefined || Array.isArray(value)) return choiceGold(answer);
  const text = String(value);
  if (unit !== '' || answer.tolerance !== undefined || answer.significantFigures !== undefined) {
    const power = /^(?:\*|x )?\s*10\s*\^\s*[{(]?\s*([-+]?\d{1,3})/.exec(plainText(unit));
    const joint = power === null ? ' ' : ' * ';
    const whole = unit === '' ? text : `${text}${joint}${unit.replace(/^\s*(?:x|×|\*|\\times)\s*/, '')}`;
    const scale = power === null ? undefined : 10 ** Number(power[1]);
    const gold = quantityGold(whole, strict, answer, scale);
    if (gold !== null) return scale === undefined ? gold : { ...gold, scale };
    throw new DataError(`Expected value to be a number, since it has a unit or a tolerance, got "${text}".`);
  }
  return { ...plainGold(text), strict };
}

function choiceGold({ value, choices: given = {}, strict }: ScienceAnswer): Gold {
  const entries = Array.isArray(given)
    ? given.map((text, index): [string, string] => [String.fromCharCode(65 + index), text])
    : Object.entries(given);
  const choices = new Map(entries);
  const letters = Array.isArray(value) ? [...value] : choiceLetters(String(value), choices);
  const unknown = choices.size === 0 ? undefined : letters.find((one) => !choices.has(one));
  if (unknown !== undefined)
    throw new DataError(
      `Expected value to be among the choices ${[...choices.keys()].join(', ')}, got "${unknown}".`,
    );
  return { kind: 'choice', letters: [...new Set(letters)].sort(), choices, strict };
}

function choiceLetters(value: string, choices: ReadonlyMap<string, string>): string[] {
  const byText = [...choices].filter(([, text]) => text.trim() === value).map(([one]) => one);
  if (byText.length === 1) return byText;
  const letters = value.split(/[\s,;&]+|\band\b/).filter((one) => one !== '');
  if (letters.length > 0 && letters.every((one) => letter.test(one))) return letters;
  throw new DataError(
    `Expected value to be a letter, letters or the text of one choice, got "${value.slice(0, 60)}".`,
  );
}

/** 4f and 3d are no quantities; 1s may be one second. */
const ORBITAL = /^\d[pdf]$/;

/** Plain text says what it is by how it looks. */
function plainGold(answer: string): Gold {
  const strict = false;
  const text = plainText(answer);
  const choice = /^\(?([A-Z])\)?[.):]?$/.exec(text);
  if (choice !== null) return { kind: 'choice', letters: [choice[1]!], choices: new Map(), strict };
  const several = /^[A-Z](?:(?:\s*,\s*|\s*,?\s+and\s+)[A-Z])+$/.exec(text);
  if (several !== null) {
    const letters = [...new Set(text.match(/[A-Z]/g))].sort();
    return { kind: 'choice', letters, choices: new Map(), strict };
  }
  const labelled = /^(?:\(([A-Z])\)|([A-Z])[.):])\s+(.+)$/.exec(text);
  if (labelled !== null) {
    const one = (labelled[1] ?? labelled[2])!;
    return { kind: 'choice', letters: [one], choices: new Map([[one, labelled[3]!]]), strict };
  }
  if (ORBITAL.test(text)) return { kind: 'words', text, strict };
  const equation = parseEquation(text);
  if (equation !== null) return { kind: 'equation', equation, text, strict };
  return (
    rangeGold(text) ?? quantityGold(text, strict, {}) ?? formulaGold(text) ?? { kind: 'words', text, strict }
  );
}

function rangeGold(text: string): Gold | null {
  const parts = splitRange(text);
  if (parts === null) return null;
  return parts.low <= parts.high ? { kind: 'range', ...parts, strict: false } : null;
}

const BOUND = String.raw`([-+]?[\d.,]+(?:e[-+]?\d+)?)`;
const LOW = String.raw`${BOUND}\s*([a-zµ°%][^\s\d]{0,20})?`;
const BETWEEN = new RegExp(String.raw`^between ${LOW}\s*and\s*(${BOUND}.*)$`, 'i');
const FROM_TO = new RegExp(String.raw`^(?:from )?${LOW}\s*(?:-|to)\s*(${BOUND}.*)$`, 'i');

/** `2-3 m`, `2 to 3 m`, `between 2 and 3 m`, `2 m to 3 m`. */
export function splitRange(text: string): { low: number; high: number; unit: string } | null {
  const parts = BETWEEN.exec(text) ?? FROM_TO.exec(text);
  if (parts === null) return null;
  const low = readNumber(parts[1]!);
  const high = splitQuantity(parts[3]!);
  if (low === null || high === null) return null;
  if (parts[2] !== undefined && parts[2] !== high.unit) return null;
  return { low: low.value, high: high.value, unit: high.unit };
}

function quantityGold(
  text: string,
  strict: boolean,
  { tolerance, significantFigures }: Partial<Pick<ScienceAnswer, 'tolerance' | 'significantFigures'>>,
  scale = 1,
): (Gold & { kind: 'quantity' }) | null {
  const quantity = splitQuantity(plainText(text));
  if (quantity === null) return null;
  const { value, unit, lastPlace, uncertainty } = quantity;
  const allowed =
    typeof tolerance === 'number'
      ? Math.abs(value) * tolerance
      : tolerance !== undefined
        ? tolerance.absolute * scale
        : significantFigures !== undefined
          ? halfPlace(value, significantFigures)
          : (uncertainty ?? Math.min(lastPlace / 2, Math.abs(value) * MOST_ROUNDING));
  return { kind: 'quantity', value, unit, tolerance: allowed, strict };
}

/** Half a unit of the n-th significant figure. */
function halfPlace(value: number, figures: number): number {
  return value === 0 ? 0 : 0.5 * 10 ** (Math.floor(Math.log10(Math.abs(value))) - figures + 1);
}

function formulaGold(text: string): Gold | null {
  // "No" and "He" are words, unless something says that they are formulae.
  const key = /[\d^_+]|[A-Z].*[A-Z]/.test(text) ? parseFormula(text) : null;
  return key === null ? null : { kind: 'formula', key, text, strict: false };
}
