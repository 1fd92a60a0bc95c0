// Whether what a program gave is what was expected, decided on the host. What the suites do, and where this departs:
//
// - Standard output, APPS (hendrycks/apps, eval/testing_util.py at 5dcfdf2): the trimmed texts are equal, or their lines
//   as numbers by numpy.allclose. Here: tokens between white space, numbers as numbers. APPS goes on to compare
//   lines, and the tokens of a line, as sets, so that an output in any order passes, and its tolerance joins
//   large integers (10000000 and 10000001); neither is done here.
// - Standard output, LiveCodeBench (lcb_runner/evaluation/testing_util.py at 15808c7): as many lines, each trimmed and
//   equal, or equal token by token as decimal.Decimal, without tolerance: `comparison: 'lines'`.
// - Returned values, LiveCodeBench: Python's ==, a tuple at the top taken as a list. Here a tuple is a list at any depth.
// - Returned values, APPS: the same; also the first item of an expected list, because its rows wrap their values into
//   lists: `comparison: 'wrapped'`, here only for a list of one item (in APPS, 1 passes for [1, 2]).
// - HumanEval and MBPP compare nothing: their asserts run as they are written.
import type { FunctionTask, StdioTask } from './task.ts';
import type { Wire } from './sandbox/protocol.ts';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** The defaults of numpy.allclose, and none. */
const CLOSE: Tolerance = { relative: 1e-5, absolute: 1e-8 };
const NONE: Tolerance = { relative: 0, absolute: 0 };

/** Whether two texts of standard output are equal by the rule of a task. */
export function sameOutput(
  expected: string,
  got: string,
  { comparison, tolerance }: Pick<StdioTask, 'comparison' | 'tolerance'>,
): boolean {
  const [wanted, lines] = [trimmedLines(expected), trimmedLines(got)];
  if (comparison === 'tokens') return sameTokens(expected, got, tolerance ?? CLOSE);
  return (
    wanted.length === lines.length &&
    wanted.every(
      (line, index) => line === lines[index] || sameNumbers(line, lines[index]!, tolerance ?? NONE),
    )
  );
}

/** Lines without the white space around them, and without blank lines at either end. */
function trimmedLines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

function sameTokens(expected: string, got: string, tolerance: Tolerance): boolean {
  const [wanted, tokens] = [tokensOf(expected), tokensOf(got)];
  return (
    wanted.length === tokens.length &&
    wanted.every((token, index) => sameToken(token, tokens[index]!, tolerance))
  );
}

/** Whether two lines hold nothing but numbers, and the same. */
function sameNumbers(expected: string, got: string, tolerance: Tolerance): boolean {
  return tokensOf(expected).every((token) => DECIMAL.test(token)) && sameTokens(expected, got, tolerance);
}

function tokensOf(text: string): string[] {
  return text.split(/\s+/).filter((token) => token !== '');
}

// A program writes what these are matched against, so none may try the same text in two ways.
const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d{1,15}))?$/i;

function sameToken(expected: string, got: string, tolerance: Tolerance): boolean {
  if (expected === got) return true;
  const [a, b] = [canonicalDecimal(expected), canonicalDecimal(got)];
  if (a === null || b === null) return false;
  if (a === b) return true;
  if (INTEGER.test(expected) && INTEGER.test(got)) return false;
  return near(Number(expected), Number(got), tolerance);
}

/** One text for each decimal number, whatever its zeros and its exponent: digits without zeros around them, and a power. */
function canonicalDecimal(token: string): string | null {
  const match = DECIMAL.exec(token);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = match[4] ?? '', , exponent = '0'] = match;
  const digits = whole + fraction;
  let [from, to] = [0, digits.length];
  while (from < to && digits[from] === '0') from++;
  while (to > from && digits[to - 1] === '0') to--;
  if (from === to) return '0';
  const power = Number(exponent) - fraction.length + (digits.length - to);
  return `${sign === '-' ? '-' : ''}${digits.slice(from, to)}e${power}`;
}

function near(expected: number, got: number, { relative, absolute }: Tolerance): boolean {
  if (relative === 0 && absolute === 0) return false; // two decimals can be different and the same double
  return Math.abs(expected - got) <= absolute + relative * Math.abs(expected);
}

/** A JSON value in which integers beyond 2^53 are bigints. */
export type Json =
  null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON.parse that keeps long integers. A SyntaxError where it is not JSON. */
export function parseJson(text: string): Json {
  JSON.parse(text); // refuses first what the marking below could turn into JSON
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `{"${LONG}":"${token}"}` : token,
  );
  return JSON.parse(marked, (_, value: unknown) => {
    const long =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[LONG] : undefined;
    return typeof long === 'string' ? BigInt(long) : value;
  }) as Json;
}

const LONG = 'integer beyond 2^53';

/** Whether a value that a function returned is the expected JSON value by the rule of a task. */
export function sameReturn(
  expected: Json,
  got: Wire,
  { comparison, tolerance, language }: Pick<FunctionTask, 'comparison' | 'tolerance' | 'language'>,
): boolean {
  const same = (wanted: Json) => sameValue(wanted, got, tolerance, language === 'python');
  if (same(expected)) return true;
  const [only, ...others] = Array.isArray(expected) ? (expected as readonly Json[]) : [];
  return comparison === 'wrapped' && only !== undefined && others.length === 0 && same(only);
}

/** `truthIsOne`: True equals 1, as in Python. The depth is that of `expected`, whatever a program nests. */
function sameValue(expected: Json, got: Wire, tolerance: Tolerance, truthIsOne: boolean): boolean {
  const same = (item: Json, value: Wire) => sameValue(item, value, tolerance, truthIsOne);
  if (Array.isArray(expected)) {
    const items = tagged(got, ['l', 't']);
    return (
      items !== null &&
      items.length === expected.length &&
      (expected as readonly Json[]).every((item, index) => same(item, items[index]!))
    );
  }
  if (typeof expected === 'object' && expected !== null)
    return sameObject(expected as { [key: string]: Json }, got, same);
  const [wanted, number] = truthIsOne ? [truthAsNumber(expected), truthAsNumber(got)] : [expected, got];
  return typeof wanted === 'number' || typeof wanted === 'bigint'
    ? sameNumber(wanted, numberOf(number), tolerance)
    : wanted === number;
}

const truthAsNumber = <T>(value: T) => (typeof value === 'boolean' ? Number(value) : value);

function sameNumber(expected: number | bigint, got: number | bigint | null, tolerance: Tolerance): boolean {
  if (got === null) return false;
  if (typeof got === 'bigint' || typeof expected === 'bigint') {
    // A double equals a long integer only where it is that very integer, as in Python.
    return isInteger(got) && isInteger(expected) && BigInt(got) === BigInt(expected);
  }
  if (expected === got) return true;
  return !(isInteger(expected) && isInteger(got)) && near(expected, got, tolerance);
}

/** Keys are compared as text: JSON has no others. */
function sameObject(
  expected: { readonly [key: string]: Json },
  got: Wire,
  same: (item: Json, value: Wire) => boolean,
): boolean {
  const pairs = tagged(got, ['d', 'o', 'm', 'C', 'O']);
  const missing = new Set(Object.keys(expected));
  if (pairs === null || pairs.length !== missing.size) return false;
  return pairs.every((pair) => {
    if (!Array.isArray(pair)) return false;
    const [key = null, value = null] = pair as readonly Wire[];
    const name = typeof key === 'string' ? key : showWire(key);
    // 1 and "1" are two keys of a program and one of JSON.
    return missing.delete(name) && same(expected[name]!, value);
  });
}

const isInteger = (value: number | bigint) => typeof value === 'bigint' || Number.isInteger(value);

function tagged(value: Wire, tags: readonly string[]): readonly Wire[] | null {
  if (!Array.isArray(value)) return null;
  const [tag, content] = value as readonly Wire[];
  return tags.includes(tag as string) && Array.isArray(content) ? (content as readonly Wire[]) : null;
}

function numberOf(value: Wire): number | bigint | null {
  if (typeof value === 'number') return value;
  if (!Array.isArray(value)) return null;
  const [tag, text] = value as readonly Wire[];
  if (tag === 'f' && typeof text === 'string') return Number(text.replace('inf', 'Infinity'));
  if (tag !== 'i' || typeof text !== 'string' || !/^-?0x[0-9a-f]+$/.test(text)) return null;
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** How deep a shown value goes; a program can nest its value as it likes. */
const SHOWN_DEPTH = 12;

/** A returned value as a person reads it. */
export function showWire(value: Wire | undefined, depth = 0): string {
  if (value === undefined) return 'nothing';
  if (!Array.isArray(value)) return JSON.stringify(value);
  if (depth > SHOWN_DEPTH) return '…';
  const [tag, content, more] = value as readonly Wire[];
  // The decimal digits of a long integer take long to find, and a program can make one of millions.
  if (value[0] === 'i' && String(value[1]).length > 1000)
    return `an integer of ${String(value[1]).length - 2} hex digits`;
  const number = numberOf(value);
  if (number !== null) return String(number);
  if (tag === 'h')
    return `an object of type ${typeof more === 'string' ? more : JSON.stringify(content ?? null)}`;
  if (tag === 'u') return 'undefined';
  if (!Array.isArray(content)) return JSON.stringify(content ?? null);
  const items = content as readonly Wire[];
  const show = (item: Wire | undefined) => showWire(item, depth + 1);
  if (['d', 'o', 'm', 'C', 'O'].includes(tag as string)) {
    const pairs = items.filter((item): item is readonly Wire[] => Array.isArray(item));
    return `{${pairs.map(([key, item]) => `${show(key)}: ${show(item)}`).join(', ')}}`;
  }
  const inside = items.map(show).join(', ');
  return tag === 't' ? `(${inside})` : tag === 's' || tag === 'z' ? `{${inside}}` : `[${inside}]`;
}

export function showJson(value: Json): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}` : item)) ?? '';
}
