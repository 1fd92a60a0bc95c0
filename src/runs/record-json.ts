// One record as one line of JSON, and back. JSON has no NaN and no infinities, yet a log must say when a number
// was one. So:
// - NaN, Infinity and -Infinity are written as the strings "NaN", "Infinity" and "-Infinity";
// - a genuine string that reads so (a model may well answer "Infinity") is written with an apostrophe before
//   it, and one that has such apostrophes gets one more, so that reading back is exact;
// - typed arrays are written as arrays of numbers;
// - keys keep the order they were given in.
import { RunError } from '../errors.ts';

const LOOKS_NON_FINITE = /^'*(?:NaN|-?Infinity)$/;

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') return LOOKS_NON_FINITE.test(value) ? `'${value}` : value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<unknown>);
  }
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !LOOKS_NON_FINITE.test(value)) return value;
  return value.startsWith("'") ? value.slice(1) : Number(value);
}

/** The JSON text of a record, without a newline in it unless `indent` is given. */
export function recordToJson(record: unknown, indent?: number): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(record, replace, indent);
  } catch (error) {
    throw new RunError(`Expected a record made of JSON values: ${(error as Error).message}.`);
  }
  if (text === undefined) throw new RunError(`Expected a record made of JSON values, got ${typeof record}.`);
  return text;
}

/** The inverse of recordToJson, apart from typed arrays, which come back as arrays. Throws SyntaxError. */
export function recordFromJson(text: string): unknown {
  return JSON.parse(text, revive) as unknown;
}
