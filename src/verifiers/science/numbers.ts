// Numbers and quantities as text: where the number ends and the unit begins, and how exactly it was written. It knows
// no units. Reads what latex.ts leaves; lengths are limited, since a model wrote it.

import { parseFormula } from './formulae.ts';

const LONGEST = 200;
const MANTISSA = String.raw`(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?![\d.])|\d+(?:\.\d*)?|\.\d+)`;
const POWER_OF_TEN = String.raw`10\s*\^\s*[{(]?\s*([-+]?\d{1,3})\s*[})]?`;
const NUMBER = new RegExp(
  String.raw`^([-+]?)\s*(?:${POWER_OF_TEN}|(${MANTISSA})(?:[eE]([-+]?\d{1,3})(?![\d])|\s*[*xX]\s*${POWER_OF_TEN})?)`,
);
const FRACTION =
  /^([-+]?)\s*(?:\((\d+(?:\.\d+)?)\)|(\d+(?:\.\d+)?))\s*\/\s*(?:\((\d+(?:\.\d+)?)\)|(\d+(?:\.\d+)?))/;
/** Up to six units, each with an exponent, such as `kg m^2/s^2` or `J/(mol K)`. */
const UNIT =
  /^(?:1?\s*\/\s*)?(?:[ */.(]*[A-Za-z°%]+(?![A-Za-z°%])(?:\s*\^\s*[{(]*[-+]?\d+(?:[./]\d+)?[})]*|-?\d+)?[).}]*){1,6}$/;
const PROSE = /\b(?:or|and|to|not|is|are|than)\b/i;
/** What a direction or a place adds is not compared: a gold that needs one says so in words. */
const DIRECTION = new RegExp(
  String.raw`,?\s+(?:\((?:approximately|approx\.?|about)\)|\(?(?:due\s+)?(?:(?:to|towards?) the (?:right|left|east|west|north|south)(?: of the [a-z ]{1,40})?|(?:north|south)?(?:east|west)|north|south|(?:up|down|left|right|back|for)wards?|up|down|(?:anti|counter)?-?clockwise|away|long|wide|high|tall|deep|(?:above|below|from|along|behind) the [a-z ]{1,40})\)?)$`,
  'i',
);
/** `of water`, `of NaOH`: what there is so much of. */
const OF_SUBSTANCE = /(?<=[A-Za-z})])\s+of(?:\s+[A-Za-z][\w(){}^+]*){1,4}$/;
/** `g H2O`, `mol NaOH`: the formula behind a unit, where it cannot be read as one. */
const SUBSTANCE = /(?<=[A-Za-z])\s+((?:[A-Z][a-z]?|[_{}()\d])+)$/;
/** Symbols of units that look like two elements: TeV, TW, PV. */
const PREFIXED = /^(?:[TP][A-Z]|TeV|PSi)$/;
const UNCERTAINTY = String.raw`\s*±\s*(\d+(?:\.\d+)?)`;
const UNCERTAIN = new RegExp(
  String.raw`^(?:\(\s*([-+]?${MANTISSA})${UNCERTAINTY}\s*\)|([-+]?${MANTISSA})${UNCERTAINTY})`,
);
const IRRATIONAL =
  /^([-+]?)\s*\(?\s*(\d+(?:\.\d+)?)?\s*\*?\s*(?:(pi)\b|sqrt\((\d+(?:\.\d+)?)\))\s*\)?(?:\s*\/\s*\(?\s*(\d+(?:\.\d+)?)\s*\)?)?/;
/** π and roots have no last place; a rounding of them may be off by as much as this share over two. */
const IRRATIONAL_PLACE = 0.01;

export interface WrittenNumber {
  readonly value: number;
  /** The size of a unit in the last decimal place; 0 for whole numbers, which count as exact. */
  readonly lastPlace: number;
}

export interface WrittenQuantity extends WrittenNumber {
  /** As written; '' where there is none. */
  readonly unit: string;
  /** What is written behind ±, if anything is. */
  readonly uncertainty?: number;
}

/** A number that is the whole text; null if it is not one. */
export function readNumber(text: string): WrittenNumber | null {
  const quantity = splitQuantity(text);
  return quantity === null || quantity.unit !== '' ? null : quantity;
}

/**
 * A number with what stands behind it as its unit, from plain text. `v = 3 m/s` and `~ 3 m/s` are 3 m/s. Null where it does
 * not begin with a number, or what follows cannot be a unit.
 */
export function splitQuantity(text: string): WrittenQuantity | null {
  if (text.length > LONGEST) return null;
  const written = text
    .replace(/^.*[=~]/, '')
    .trim()
    .replace(/^(?:approximately|approx\.?|about|around|roughly)\s+/i, '')
    .replace(/(?<=[^.])\.$/, '')
    .replace(DIRECTION, '')
    .trim();
  const bare = written.replace(UNCERTAIN, '$1$3');
  const number = readIrrational(bare) ?? readFraction(bare) ?? readDecimal(bare);
  if (number === null || !Number.isFinite(number.value)) return null;
  const rest = bare.slice(number.length).trim();
  if (PROSE.test(rest)) return null;
  const unit = withoutSubstance(rest).replace(/(?<=[A-Za-z])-(?=[A-Za-z])/g, ' ');
  if (unit !== '' && !UNIT.test(unit)) return null;
  return { value: number.value, lastPlace: number.lastPlace, unit, ...uncertaintyOf(written, number.value) };
}

/** Of `(1.60 ± 0.05) × 10^-19`, scaled as the number is. */
function uncertaintyOf(written: string, value: number): { readonly uncertainty?: number } {
  const parts = UNCERTAIN.exec(written);
  if (parts === null) return {};
  const mantissa = Number((parts[1] ?? parts[3])!.replace(/[, ]/g, ''));
  const size = Number(parts[2] ?? parts[4]);
  return { uncertainty: mantissa === 0 ? size : size * Math.abs(value / mantissa) };
}

function withoutSubstance(unit: string): string {
  const bare = unit.replace(OF_SUBSTANCE, '');
  const formula = SUBSTANCE.exec(bare)?.[1];
  const isOne = formula !== undefined && /[A-Z].*[A-Z\d]/.test(formula) && !PREFIXED.test(formula);
  return isOne && parseFormula(formula) !== null ? bare.replace(SUBSTANCE, '') : bare;
}

const PART = new RegExp(String.raw`(${MANTISSA})\s*([a-z°'"]+)`, 'giy');

/** The parts of a quantity in mixed units, such as `1 h 30 min`; null if it is not two or three of them. */
export function splitSum(text: string): WrittenQuantity[] | null {
  const bare = text
    .replace(/^.*[=~]/, '')
    .replace(/\.$/, '')
    .replace(/\s+and\s+/g, ' ')
    .trim();
  if (bare.length > LONGEST) return null;
  const parts: WrittenQuantity[] = [];
  for (let position = 0; position < bare.length;) {
    PART.lastIndex = position;
    const found = PART.exec(bare);
    if (found === null) return null;
    parts.push({ value: Number(found[1]!.replace(/[, ]/g, '')), lastPlace: 0, unit: found[2]! });
    position = PART.lastIndex + (/^\s*/.exec(bare.slice(PART.lastIndex))?.[0].length ?? 0);
  }
  return parts.length === 2 || parts.length === 3 ? parts : null;
}

type Read = WrittenNumber & { readonly length: number };

function readIrrational(text: string): Read | null {
  const parts = IRRATIONAL.exec(text);
  if (parts === null) return null;
  const root = parts[3] === undefined ? Math.sqrt(Number(parts[4])) : Math.PI;
  const size = (Number(parts[2] ?? 1) * root) / Number(parts[5] ?? 1);
  const value = parts[1] === '-' ? -size : size;
  return { value, lastPlace: size * IRRATIONAL_PLACE, length: parts[0].length };
}

function readFraction(text: string): Read | null {
  const parts = FRACTION.exec(text);
  if (parts === null) return null;
  const value = Number(parts[2] ?? parts[3]) / Number(parts[4] ?? parts[5]);
  return { value: parts[1] === '-' ? -value : value, lastPlace: 0, length: parts[0].length };
}

function readDecimal(text: string): Read | null {
  const inParentheses = /^\(([^()]*)\)/.exec(text);
  if (inParentheses !== null) {
    const inner = readDecimal(inParentheses[1]!.trim());
    const whole = inner !== null && inner.length === inParentheses[1]!.trim().length;
    return whole ? { ...inner, length: inParentheses[0].length } : null;
  }
  const parts = NUMBER.exec(text);
  if (parts === null) return null;
  const mantissa = (parts[3] ?? '1').replace(/[, ]/g, '');
  const exponent = Number(parts[2] ?? parts[4] ?? parts[5] ?? 0);
  const decimals = /\.(\d*)$/.exec(mantissa)?.[1]!.length ?? 0;
  return {
    // By text, so that 3.1 × 10^2 is the double nearest to 310.
    value: Number(`${parts[1] === '-' ? '-' : ''}${mantissa}e${exponent}`),
    lastPlace: decimals === 0 ? 0 : 10 ** (exponent - decimals),
    length: parts[0].length,
  };
}
