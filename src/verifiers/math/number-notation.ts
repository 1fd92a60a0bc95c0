// How numbers are written: thousands separators (1,234 · 1{,}234 · 1\,234 · 1 234), decimal points and commas,
// repeating decimals (0.\overline{3}, 0.333...), powers of ten (1.5e3). Reads one number at a position of a
// text and says where it ends; knows nothing of what surrounds it.
//
// A comma between digits is ambiguous: 1,234 is a number or two, 1,5 is 1.5 or two. The reader is told which
// way to take it (`Commas`) and says whether it met one.
import { add, divide, fromDecimal, multiply, power, rational, type Rational } from './rational.ts';

export type Commas = 'thousands' | 'list' | 'decimal';

export interface WrittenNumber {
  readonly value: Rational;
  /** Whether it has a decimal part: such a number may be a rounded one. */
  readonly decimal: boolean;
  readonly end: number;
  /** Whether a comma between digits decided the reading. */
  readonly comma: boolean;
}

const SEPARATORS = [
  '{,}',
  '{, }',
  '{ ,}',
  '{ , }',
  ',\\!',
  ',\\,',
  '\\!,',
  '\\,',
  '\\ ',
  '\\;',
  '\\:',
  '~',
  ',',
  ' ',
];
/** Longest number that is read, in digits. */
const MAX_DIGITS = 2000;

export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function digitsFrom(text: string, start: number): number {
  let end = start;
  while (isDigit(text[end]) && end - start < MAX_DIGITS) end++;
  return end;
}

/** The end of a separator at `at` that three digits (and no fourth) follow, or -1. */
function groupSeparator(
  text: string,
  at: number,
  commas: Commas,
): { end: number; plainComma: boolean } | null {
  const spaced = text[at] === ' ' && text[at + 1] === '{' ? at + 1 : at;
  for (const separator of SEPARATORS) {
    if (!text.startsWith(separator, spaced)) continue;
    let end = spaced + separator.length;
    if (separator.includes(',') && separator !== ',') {
      while (text[end] === ' ' || text.startsWith('\\!', end)) end += text[end] === ' ' ? 1 : 2;
    }
    const plainComma = separator === ',';
    if (plainComma && commas === 'list') return null;
    return digitsFrom(text, end) === end + 3 ? { end, plainComma } : null;
  }
  return null;
}

/** The number that starts at `start`, where a digit or a point with a digit after it stands. */
export function readNumber(text: string, start: number, commas: Commas): WrittenNumber {
  let end = digitsFrom(text, start);
  let digits = text.slice(start, end);
  let comma = false;
  if (digits.length > 0 && digits.length <= 3 && digits !== '0' && digits[0] !== '0') {
    for (
      let group = groupSeparator(text, end, commas);
      group !== null;
      group = groupSeparator(text, end, commas)
    ) {
      comma ||= group.plainComma;
      digits += text.slice(group.end, group.end + 3);
      end = group.end + 3;
    }
  }
  const points = /^\d{1,3}(?:\.\d{3}){2,8}(?![\d.,])/.exec(text.slice(start, start + 40))?.[0];
  if (points !== undefined) {
    end = start + points.length; // 1.000.000: no decimal has two points
    digits = points.replaceAll('.', '');
  } else if (commas === 'decimal') {
    const pointGroups = europeanGroups(text, start);
    if (pointGroups !== null) [digits, end] = pointGroups;
  }
  const mark = decimalMark(text, end, commas);
  comma ||= text[end] === ',' && isDigit(text[end + 1]);
  if (mark === 0)
    return withExponent(text, end, { value: fromDecimal(digits || '0'), decimal: false, comma });
  const fractionStart = end + mark;
  const fractionEnd = digitsFrom(text, fractionStart);
  const fraction = text.slice(fractionStart, fractionEnd);
  comma ||= text[fractionEnd] === ',' && isDigit(text[fractionEnd + 1]);
  const repeated = repetition(text, fractionEnd, fraction);
  const finite = fromDecimal(`${digits || '0'}.${repeated === null ? fraction : repeated.fixed || '0'}`);
  if (repeated === null) return withExponent(text, fractionEnd, { value: finite, decimal: true, comma });
  const length = BigInt(repeated.fixed.length);
  const tail = rational(
    BigInt(repeated.period),
    10n ** length * (10n ** BigInt(repeated.period.length) - 1n),
  );
  return { value: add(finite, tail), decimal: false, end: repeated.end, comma };
}

/** 1.234.567,89 up to the comma: the digits and where they end; null if it is not written so. */
function europeanGroups(text: string, start: number): [digits: string, end: number] | null {
  let end = digitsFrom(text, start);
  let digits = text.slice(start, end);
  if (digits.length > 3 || text[end] !== '.') return null;
  while (text[end] === '.' && digitsFrom(text, end + 1) === end + 4) {
    digits += text.slice(end + 1, end + 4);
    end += 4;
  }
  return text[end] === ',' && isDigit(text[end + 1]) ? [digits, end] : null;
}

/** The length of the decimal mark at `at`; 0 if none stands there. */
function decimalMark(text: string, at: number, commas: Commas): number {
  if (text[at] === '.') return isDigit(text[at + 1]) || startsRepetition(text, at + 1) ? 1 : 0;
  if (text[at] === ',' && commas === 'decimal') return isDigit(text[at + 1]) ? 1 : 0;
  return text.startsWith('{,}', at) && isDigit(text[at + 3]) ? 3 : 0;
}

const REPEAT_COMMANDS = ['\\overline{', '\\bar{', '\\dot{', '\\overline '];
/** 0.(3), only right after the point: 2.5(3) is a product. */
const REPEAT_BRACKET = /^\((\d{1,12})\)(?!\d)/;

function startsRepetition(text: string, at: number): boolean {
  return (
    REPEAT_BRACKET.test(text.slice(at, at + 16)) ||
    REPEAT_COMMANDS.some((command) => text.startsWith(command, at) && isDigit(text[at + command.length]))
  );
}

/** The repeating part that follows the decimals, or that three dots after the decimals imply. */
function repetition(
  text: string,
  at: number,
  fraction: string,
): { fixed: string; period: string; end: number } | null {
  for (const command of REPEAT_COMMANDS) {
    if (!text.startsWith(command, at)) continue;
    const start = at + command.length;
    const end = digitsFrom(text, start);
    if (end === start) return null;
    return { fixed: fraction, period: text.slice(start, end), end: text[end] === '}' ? end + 1 : end };
  }
  const bracket = fraction === '' ? REPEAT_BRACKET.exec(text.slice(at, at + 16)) : null;
  if (bracket !== null) return { fixed: '', period: bracket[1]!, end: at + bracket[0].length };
  const dots = ['...', '\\ldots', '\\dots', '\\cdots'].find((mark) => text.startsWith(mark, at));
  if (dots === undefined) return null;
  for (let length = 1; length * 2 <= fraction.length && length <= 12; length++) {
    const period = fraction.slice(-length);
    const times = length === 1 ? 3 : 2;
    if (!fraction.endsWith(period.repeat(times))) continue;
    return { fixed: fraction.slice(0, -length), period, end: at + dots.length };
  }
  return null;
}

function withExponent(
  text: string,
  at: number,
  number: { value: Rational; decimal: boolean; comma: boolean },
): WrittenNumber {
  const mark = /^(?:[eE]|\\(?:mathrm|text)\{[eE]\})/.exec(text.slice(at, at + 11))?.[0].length ?? 0;
  if (mark === 0) return { ...number, end: at };
  const sign = /^[-+]/.exec(text[at + mark] ?? '')?.[0] ?? '';
  const signed = at + mark + sign.length;
  const end = digitsFrom(text, signed);
  const exponent = text.slice(signed, end);
  const next = text[end];
  if (exponent === '' || exponent.length > 6 || (next !== undefined && /[A-Za-z]/.test(next))) {
    return { ...number, end: at };
  }
  const scale = power({ n: 10n, d: 1n }, BigInt(exponent));
  const value = sign === '-' ? divide(number.value, scale) : multiply(number.value, scale);
  return { ...number, value, end };
}
