// Quantities in other units: 750 minutes where the problem asks for hours, 5400 cents for dollars, 12 h 30 min. From a
// number and the words behind it to its value in each unit that the problem speaks of. mathjs knows the units, through
// the verifier of science.
import { valueIn } from '../../verifiers/science/units.ts';

/** Words that are units wherever they stand behind a number. */
const UNIT =
  /^(?:(?:milli|centi|deci|kilo|micro|nano)?(?:met(?:er|re)s?|gram(?:me)?s?|lit(?:er|re)s?|volts?|amperes?|amps?|ohms?|watts?|joules?|newtons?|pascals?|seconds?)|minutes?|hours?|days?|weeks?|months?|years?|inch(?:es)?|feet|foot|yards?|miles?|ounces?|pounds?|tons?|quarts?|gallons?|cups?|pints?|cents?|pence|pennies|dollars?|euros?|pounds?|mm|cm|m|km|mg|g|kg|ml|l|cl|dl|s|sec|min|h|hr|hrs|mins?|secs?|lbs?|oz|ft|mi|km\/h|m\/s|mph|kelvins?|celsius)$/i;

/** Cents of a unit of money; mathjs has none. */
const MONEY: Readonly<Record<string, number>> = { cent: 1, dollar: 100, euro: 100, pence: 1, pennie: 1 };

/** Units of a text: words behind numbers and words on their own. */
export function unitsOf(text: string): string[] {
  const words = text.match(/[A-Za-z]+(?:\/[A-Za-z]+)?|\$(?=\d)|%/g) ?? [];
  const units = new Set<string>();
  for (const word of words) {
    if (word === '$') units.add('dollar');
    // A single letter is a unit behind a number only.
    else if (UNIT.test(word) && (word.length > 1 || new RegExp(`\\d\\s*${word}\\b`).test(text)))
      units.add(plain(word));
  }
  for (const match of text.matchAll(/\b([A-Za-z]+)\s+(?:per|a|an|each|every)\s+([A-Za-z]+)/g))
    if (UNIT.test(match[1]!) && UNIT.test(match[2]!)) units.add(`${plain(match[1]!)}/${plain(match[2]!)}`);
  return [...units];
}

function plain(word: string): string {
  return word
    .replace(/metre/i, 'meter')
    .replace(/litre/i, 'liter')
    .replace(/gramme/i, 'gram')
    .replace(/^(?:hrs?)$/i, 'h')
    .replace(/^mins?$/i, 'min')
    .replace(/^secs?$/i, 's');
}

/** The unit at the start of a text; null where there is none. */
export function unitAt(text: string): { readonly unit: string; readonly length: number } | null {
  const match = /^\s*-?\s*([A-Za-z]+)(?:\s*(?:\/|\bper\b|\beach\b|\bevery\b|\ba\b)\s*([A-Za-z]+))?/.exec(
    text,
  );
  if (match === null || !UNIT.test(match[1]!)) return null;
  const below = match[2] !== undefined && UNIT.test(match[2]) ? `/${plain(match[2])}` : '';
  const length = below === '' ? match[0].indexOf(match[1]!) + match[1]!.length : match[0].length;
  return { unit: `${plain(match[1]!)}${below}`, length };
}

/** A value in each of the units, as texts; those that have another dimension, or are the unit itself, give none. */
export async function converted(value: number, unit: string, targets: readonly string[]): Promise<string[]> {
  const values: string[] = [];
  for (const target of targets) {
    const other = await inUnit(value, unit, target);
    if (other === null || other === value) continue;
    const rounded = Number(other.toPrecision(10));
    values.push(/e/.test(String(rounded)) ? rounded.toFixed(12) : String(rounded));
  }
  return values;
}

export async function inUnit(value: number, unit: string, target: string): Promise<number | null> {
  const [from, to] = [unit, target].map((name) => MONEY[name.toLowerCase().replace(/s$/, '')]);
  if (from !== undefined || to !== undefined)
    return from === undefined || to === undefined ? null : (value * from) / to;
  const result = await valueIn(target, { value, unit, lastPlace: 0 }, false);
  return typeof result === 'number' && Number.isFinite(result) ? result : null;
}
