// Compares quantities whose units may differ, by mathjs. Of mathjs it makes units alone: there is no expression
// parser in the instance, so no text can call anything. Units are read by mathjs's own reader of units, after the
// spellings that models use (degrees Celsius, J/mol·K, m s-1) have been brought into its grammar.
import type { MathJsInstance, Unit } from 'mathjs';
import type { WrittenQuantity } from './numbers.ts';

type Units = MathJsInstance['Unit'];

const LONGEST = 100;
/** What doubles leave of a share. */
const SLACK = 1e-9;
/** What the conversion factors of mathjs leave: its torr is off by 3e-6. */
const CONVERSION_SLACK = 1e-5;
/** The same about 0 °C, which is 273.15 K. */
const ZERO_SLACK = 1e-12;

/** Units that mathjs does not have: name, definition, which prefixes it takes. */
const MORE_UNITS: readonly (readonly [string, string, 'none' | 'short' | 'long'])[] = [
  ['M', '1 mol/l', 'short'],
  ['molar', '1 mol/l', 'long'],
  ['cal', '4.184 J', 'short'],
  ['calorie', '4.184 J', 'long'],
  ['Da', '1.66053906660e-27 kg', 'short'],
  ['dalton', '1.66053906660e-27 kg', 'long'],
  ['amu', '1.66053906660e-27 kg', 'none'],
  ['u', '1.66053906660e-27 kg', 'none'],
  ['Bq', '1 s^-1', 'short'],
  ['becquerel', '1 s^-1', 'long'],
  ['Gy', '1 J/kg', 'short'],
  ['Sv', '1 J/kg', 'short'],
  ['kat', '1 mol/s', 'short'],
  ['lx', '1 cd/m^2', 'short'],
  ['gauss', '1e-4 T', 'none'],
  ['G', '1e-4 T', 'none'],
  ['d', '1 day', 'none'],
  ['lightyear', '9460730472580800 m', 'none'],
  ['ly', '9460730472580800 m', 'none'],
  ['pc', '3.0856775814913673e16 m', 'short'],
  ['parsec', '3.0856775814913673e16 m', 'long'],
  ['au', '149597870700 m', 'none'],
  ['AU', '149597870700 m', 'none'],
  ['mph', '0.44704 m/s', 'none'],
  ['kph', '1 km/hour', 'none'],
  ['knot', '1852 m/hour', 'none'],
  ['pascal', '1 Pa', 'long'],
  ['yr', '1 year', 'short'],
  ['y', '1 year', 'none'],
  ['a', '1 year', 'none'],
  ['Ma', '1e6 year', 'none'],
  ['Ga', '1e9 year', 'none'],
  ['debye', '3.33564e-30 C m', 'none'],
  ['D', '3.33564e-30 C m', 'none'],
];

/** Dimensionless shares. */
const SHARES: Readonly<Record<string, number>> = { '%': 0.01, percent: 0.01, ppm: 1e-6, ppb: 1e-9 };

let loading: Promise<Units> | null = null;

/** mathjs takes a second to load, so it is loaded when science is graded and not before. */
export function loadUnits(): Promise<Units> {
  loading ??= import('mathjs').then(({ create, unitDependencies }) => {
    const { Unit } = create({ unitDependencies: unitDependencies! });
    for (const [name, definition, prefixes] of MORE_UNITS)
      Unit.createUnitSingle(name, { definition, prefixes });
    return Unit;
  });
  return loading;
}

/** The value of a quantity in another unit, or why it has none. */
export async function valueIn(
  unit: string,
  quantity: WrittenQuantity,
  strict: boolean,
): Promise<number | string> {
  const wanted = unitText(unit);
  const given = unitText(quantity.unit);
  if (given === wanted) return quantity.value;
  if (given === '') {
    return strict ? `it has no unit, and "${unit}" was expected` : quantity.value;
  }
  const [givenShare, wantedShare] = [SHARES[given], SHARES[wanted]];
  if (givenShare !== undefined && (wantedShare !== undefined || wanted === '')) {
    return (quantity.value * givenShare) / (wantedShare ?? 1);
  }
  if (wanted === '')
    return strict ? `it has the unit "${quantity.unit}", and none was expected` : quantity.value;
  const Unit = await loadUnits();
  const [from, to] = [parseUnit(Unit, given, quantity.value), parseUnit(Unit, wanted, null)];
  if (to === null) return `its unit "${quantity.unit}" is not "${unit}"`;
  if (from === null) return `its unit "${quantity.unit}" is not known`;
  if (!from.equalBase(to)) return `its unit "${quantity.unit}" has another dimension than "${unit}"`;
  return from.toNumber(unitOf(Unit, wanted)!);
}

/** Whether a value is within `tolerance` of another, the bounds included. `converted`: it came from another unit. */
export function within(value: number, expected: number, tolerance: number, converted: boolean): boolean {
  const share = converted ? CONVERSION_SLACK : SLACK;
  const slack = expected === 0 ? ZERO_SLACK : share * Math.abs(expected);
  return Math.abs(value - expected) <= tolerance + slack;
}

/** Whether a value with the one unit has to be converted to have the other. */
export function differ(unit: string, other: string): boolean {
  return unit !== '' && other !== '' && unitText(unit) !== unitText(other);
}

function parseUnit(Unit: Units, text: string, value: number | null): Unit | null {
  const name = unitOf(Unit, text);
  if (name === null) return null;
  try {
    return Unit.parse(`${value ?? 1} ${name}`);
  } catch {
    return null; // such as a number that is no number to mathjs
  }
}

/** The unit as mathjs can read it, or null. */
function unitOf(Unit: Units, text: string): string | null {
  const name = text.replace(/[A-Za-z]+/g, (word) => knownWord(Unit, word) ?? word);
  try {
    Unit.parse(`1 ${name}`);
    return name;
  } catch {
    return null;
  }
}

/** Names written out are read in any case and in the plural; symbols stand as they are, since mW is not MW. */
function knownWord(Unit: Units, word: string): string | null {
  const spellings =
    word.length > 3 ? [word, word.toLowerCase(), word.toLowerCase().replace(/s$/, '')] : [word];
  return spellings.find((spelling) => Unit.isValuelessUnit(spelling)) ?? null;
}

/** From plain text to the grammar of mathjs. Equal units may still have different texts. */
export function unitText(unit: string): string {
  if (unit.length > LONGEST) return unit.slice(0, LONGEST);
  const words = unit
    .replace(/(?<=[A-Za-z)])°/g, ' °')
    .replace(/\bdeg(?:rees?)?\s+(celsius|fahrenheit|C|F)\b/gi, '°$1')
    .replace(/°\s*c(?:elsius)?\b/gi, 'degC')
    .replace(/°\s*f(?:ahrenheit)?\b/gi, 'degF')
    .replace(/\bcelsius\b/gi, 'degC')
    .replace(/\bfahrenheit\b/gi, 'degF')
    .replace(/°\s*K\b|\bkelvins\b/g, 'K')
    .replace(/\bper cent\b/g, '%')
    .replace(/\bmm Hg\b/g, 'mmHg')
    .replace(/\b([kMmµu]?N)m\b/g, '$1 m')
    .replace(/\b(m?A)h\b/g, '$1 hour')
    .replace(/\bcycles?\s*(?:per|\/)\s*(?:second|sec|s)\b/g, 'Hz')
    .replace(/\belectron volts?\b/gi, 'eV')
    .replace(/\batomic mass units?\b/gi, 'amu')
    .replace(/\bmicrons?\b/g, 'um')
    .replace(/metre/g, 'meter')
    .replace(/\b(kil|meg)ohms?\b/g, (_, prefix: string) => (prefix === 'kil' ? 'kiloohm' : 'megaohm'))
    .replace(/\b(kg|hr|lb|sec|min|yr)s\b/g, '$1')
    .replace(/°/g, 'deg')
    .replace(/\bper\b/g, '/')
    .replace(/\bsquare (\w+)/g, '$1^2')
    .replace(/\bcubic (\w+)/g, '$1^3')
    .replace(/ squared\b/g, '^2')
    .replace(/ cubed\b/g, '^3');
  const exponents = words
    .replace(/[{}]/g, '')
    .replace(/\s*\^\s*\(?\s*\+?(-?\d+(?:\.\d+)?)(?:\s*\))?/g, '^$1')
    .replace(/([A-Za-z])(-?\d)/g, '$1^$2')
    .replace(/(\^-?\d+)(?=[A-Za-z])/g, '$1 ');
  const products = exponents
    .replace(/([A-Za-z\d])\.(?=[A-Za-z])/g, '$1 ')
    .replace(/\.$/, '')
    .replace(/\*/g, ' ');
  return denominators(products.replace(/^1\s*\//, '/'))
    .replace(/\s+/g, ' ')
    .trim();
}

/** All factors behind the first slash divide: J/mol K is J/(mol K), where mathjs would take it for (J/mol) K. */
function denominators(text: string): string {
  const slash = text.indexOf('/');
  if (slash === -1) return text;
  const below = text.slice(slash + 1).replace(/[()]/g, ' ');
  const factors = below.split(/[\s/]+/).filter((factor) => factor !== '');
  return `${text.slice(0, slash).replace(/[()]/g, ' ')} / ${factors.join(' / ')}`;
}
