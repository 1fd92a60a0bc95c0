// Numbers and quantities as text: where the number ends and the unit begins, and how exactly it was written. It knows
// no units. Reads what latex.ts leaves; lengths are limited, since a model wrote it.

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

export interface WrittenNumber {
  readonly value: number;
  /** The size of a unit in the last decimal place; 0 for whole numbers, which count as exact. */
  readonly lastPlace: number;
}

export interface WrittenQuantity extends WrittenNumber {
  /** As written; '' where there is none. */
  readonly unit: string;
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
  const bare = text
    .replace(/^.*[=~]/, '')
    .trim()
    .replace(/^(?:approximately|approx\.?|about|around|roughly)\s+/i, '')
    .replace(/(?<=[^.])\.$/, '')
    .trim();
  const number = readFraction(bare) ?? readDecimal(bare);
  if (number === null || !Number.isFinite(number.value)) return null;
  const unit = bare.slice(number.length).trim();
  if (unit !== '' && (!UNIT.test(unit) || PROSE.test(unit))) return null;
  return { value: number.value, lastPlace: number.lastPlace, unit };
}

type Read = WrittenNumber & { readonly length: number };

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
