// Whether what a program gave is what was expected, decided on the host. Standard output: the rules of APPS and
// LiveCodeBench: trimmed lines, then tokens between white space with numbers compared as numbers. Values: JSON
// equality as Python sees it (a tuple is a list, 1 equals 1.0), with integers of any length exact.
//
// One departure from APPS: its tolerance also joins large integers (10000000 and 10000001). Here two tokens that
// are both written as integers must be the same integer.
import type { Wire } from './sandbox/protocol.ts';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** Whether two texts of standard output are equal. */
export function sameOutput(expected: string, got: string, tolerance: Tolerance): boolean {
  const [wantedLines, gotLines] = [trimmedLines(expected), trimmedLines(got)];
  if (
    wantedLines.length === gotLines.length &&
    wantedLines.every((line, index) => line === gotLines[index])
  ) {
    return true;
  }
  const [wanted, tokens] = [tokensOf(expected), tokensOf(got)];
  return (
    wanted.length === tokens.length &&
    wanted.every((token, index) => sameToken(token, tokens[index]!, tolerance))
  );
}

/** Lines without the white space around them, and without blank lines at either end. */
function trimmedLines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

function tokensOf(text: string): string[] {
  return text.split(/\s+/).filter((token) => token !== '');
}

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function sameToken(expected: string, got: string, tolerance: Tolerance): boolean {
  if (expected === got) return true;
  if (!DECIMAL.test(expected) || !DECIMAL.test(got)) return false;
  if (INTEGER.test(expected) && INTEGER.test(got))
    return BigInt(expected.replace('+', '')) === BigInt(got.replace('+', ''));
  return near(Number(expected), Number(got), tolerance);
}

function near(expected: number, got: number, { relative, absolute }: Tolerance): boolean {
  return expected === got || Math.abs(expected - got) <= absolute + relative * Math.abs(expected);
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

/** Whether a value that a function returned is the expected JSON value. */
export function sameValue(expected: Json, got: Wire, tolerance: Tolerance): boolean {
  if (Array.isArray(expected)) {
    const items = tagged(got, ['l', 't']);
    return (
      items !== null &&
      items.length === expected.length &&
      (expected as readonly Json[]).every((item, index) => sameValue(item, items[index]!, tolerance))
    );
  }
  if (typeof expected === 'object' && expected !== null)
    return sameObject(expected as { [key: string]: Json }, got, tolerance);
  const number = numberOf(got);
  if (typeof expected === 'number' || typeof expected === 'bigint') {
    if (number === null) return false;
    if (typeof number === 'bigint' || typeof expected === 'bigint') {
      // A double equals a long integer only where it is that very integer, as in Python.
      const [a, b] = [number, expected];
      return (
        Number.isFinite(Number(a)) &&
        Number.isFinite(Number(b)) &&
        isInteger(a) &&
        isInteger(b) &&
        BigInt(a) === BigInt(b)
      );
    }
    return Number.isInteger(expected) && Number.isInteger(number)
      ? expected === number
      : near(expected, number, tolerance);
  }
  return expected === got;
}

/** Keys are compared as text: JSON has no others. */
function sameObject(expected: { readonly [key: string]: Json }, got: Wire, tolerance: Tolerance): boolean {
  const pairs = tagged(got, ['d', 'o', 'm']);
  const keys = Object.keys(expected);
  if (pairs === null || pairs.length !== keys.length) return false;
  return pairs.every((pair) => {
    if (!Array.isArray(pair)) return false;
    const [key = null, value = null] = pair as readonly Wire[];
    const name = typeof key === 'string' ? key : String(numberOf(key));
    return Object.hasOwn(expected, name) && sameValue(expected[name]!, value, tolerance);
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
  const number = numberOf(value);
  if (number !== null) return String(number);
  if (tag === 'h')
    return `an object of type ${typeof more === 'string' ? more : JSON.stringify(content ?? null)}`;
  if (tag === 'u') return 'undefined';
  if (!Array.isArray(content)) return JSON.stringify(content ?? null);
  const items = content as readonly Wire[];
  const show = (item: Wire | undefined) => showWire(item, depth + 1);
  if (tag === 'd' || tag === 'o' || tag === 'm') {
    const pairs = items.filter((item): item is readonly Wire[] => Array.isArray(item));
    return `{${pairs.map(([key, item]) => `${show(key)}: ${show(item)}`).join(', ')}}`;
  }
  const inside = items.map(show).join(', ');
  return tag === 't' ? `(${inside})` : tag === 's' || tag === 'z' ? `{${inside}}` : `[${inside}]`;
}

export function showJson(value: Json): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}` : item)) ?? '';
}
