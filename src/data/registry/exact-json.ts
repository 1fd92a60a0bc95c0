// JSON whose numbers keep their spelling from text to text: 12345678901234567890 and 1.0 are other arguments of a Python
// program than what a double would make of them. Knows nothing of what the values are.

/** A number whose text JavaScript would write in another way. */
class SpeltNumber {
  readonly spelling: string;
  constructor(spelling: string) {
    this.spelling = spelling;
  }
}

export type ExactJson =
  | null
  | boolean
  | number
  | string
  | SpeltNumber
  | readonly ExactJson[]
  | { readonly [key: string]: ExactJson };

const MARK = 'number as spelt';
/** Strings are matched so that digits in them are left alone. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** @throws SyntaxError where it is not JSON */
export function parseExactJson(text: string): ExactJson {
  JSON.parse(text); // refuses first what the marking below could turn into JSON
  const marked = text.replace(TOKEN, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `{"${MARK}":"${token}"}`,
  );
  return JSON.parse(marked, (_, value: unknown) => {
    const spelling =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[MARK] : undefined;
    return typeof spelling === 'string' ? new SpeltNumber(spelling) : value;
  }) as ExactJson;
}

export function exactJsonText(value: ExactJson): string {
  if (value instanceof SpeltNumber) return value.spelling;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(exactJsonText).join(', ')}]`;
  const pairs = Object.entries(value);
  return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}: ${exactJsonText(item)}`).join(', ')}}`;
}

export function isList(value: ExactJson | undefined): value is readonly ExactJson[] {
  return Array.isArray(value);
}
