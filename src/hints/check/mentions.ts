// Everything in a text that could be an answer: numbers in digits and words, arithmetic, formulas, lists, intervals,
// tuples; each with the texts by which a verifier is asked about it. It does not know the answer, so nothing here can
// favour one spelling of it.
import { formulasIn, type Formula } from './formulas.ts';
import { wordNumbers, type WordNumber } from './number-words.ts';
import { unitAt } from './conversions.ts';
import { spokenBounds, spokenOperations, type WrittenValue } from './operations.ts';
import { spokenFormulas } from './spoken-formulas.ts';

export interface Mention {
  readonly start: number;
  readonly end: number;
  /** number: in digits; words: in words; operation: arithmetic; spoken: arithmetic in words; list: several in a row. */
  readonly form:
    'number' | 'words' | 'operation' | 'spoken' | 'expression' | 'group' | 'relation' | 'list' | 'whole';
  /** Texts for the verifier; one that it takes suffices. */
  readonly values: readonly string[];
  /** Size of a number; NaN for anything else. */
  readonly size: number;
  /** The unit behind a number, in the spelling of conversions.ts; null without. */
  readonly unit: string | null;
  /** Numbers it is made of, where it is arithmetic or a list. */
  readonly operands: readonly string[];
  /** What stands on the other side of an equality sign. */
  readonly equals: readonly string[];
  /** It is a part of something larger. */
  readonly operand: boolean;
  /** A second quantity that belongs to it: the minutes of "12 h 30 min". */
  readonly plus?: { readonly size: number; readonly unit: string };
  /** More often not a number: "one", "half". */
  readonly weak: boolean;
  readonly denied: boolean;
}

const PLAIN = {
  size: NaN,
  unit: null,
  operands: [],
  equals: [],
  operand: false,
  weak: false,
  denied: false,
} as const;

/** @param units whether the words behind a number may be its unit. */
export function mentionsIn(text: string, { units }: { readonly units: boolean }): Mention[] {
  const formulas = formulasIn(text);
  const words = wordNumbers(text);
  const inWords = (start: number, end: number) =>
    words.some((word) => word.start <= start && end <= word.end);
  const found: Mention[] = formulas
    .filter(({ start, end }) => !inWords(start, end))
    .map((formula) => ofFormula(formula, text, units));
  for (const { start, end, value, weak } of words) {
    const values = [
      ...withUnits(value, text, end, units),
      ...percent(value, text, end),
      ...fallen(value, text, start),
      value,
    ];
    const unit = unitAt(text.slice(end, end + 40))?.unit ?? null;
    found.push({ ...PLAIN, start, end, form: 'words', values, size: sizeOf(value), unit, weak });
  }
  const numbers = atoms(found, text, ({ form }) => form === 'number' || form === 'words');
  for (const { start, end, value, operands } of spokenOperations(text, numbers))
    found.push({ ...PLAIN, start, end, form: 'spoken', values: [value], operands });
  for (const { start, end, value } of spokenBounds(text, numbers))
    found.push({ ...PLAIN, start, end, form: 'expression', values: [value] });
  for (const { start, end, values } of spokenFormulas(text, numbers)) {
    const arithmetic = !/[a-zπ]|\\(?!frac)/i.test(values[0]!.replace(/\\(?:frac|sqrt)/g, ''));
    const operands = arithmetic ? (values[0]!.match(/\d+(?:\.\d+)?/g) ?? []) : [];
    found.push({ ...PLAIN, start, end, form: arithmetic ? 'spoken' : 'expression', values, operands });
  }
  for (const match of text.matchAll(/(?<![\w.,])(\d{1,3})!/g)) {
    const [start, end] = [match.index, match.index + match[0].length];
    found.push({ ...PLAIN, start, end, form: 'operation', values: [match[0]], operands: [match[1]!] });
  }
  found.push(...spellings(text, words));
  found.push(...lists(found, text), ...wholes(text), ...spacedDigits(text), ...sums(found, text));
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Numbers as the patterns of spoken arithmetic want them: none inside another. */
function atoms(
  found: readonly Mention[],
  text: string,
  wanted: (mention: Mention) => boolean,
): WrittenValue[] {
  const chosen: WrittenValue[] = [];
  const ordered = found.filter(wanted).sort((a, b) => a.start - b.start || b.end - a.end);
  let end = -1;
  for (const mention of ordered) {
    if (mention.start < end) continue;
    end = mention.end;
    // A percent sign stays outside of its number, where the patterns look for it.
    const bare = text.slice(mention.start, mention.end).replace(/\s*(?:\\?%|percent|per cent)$/, '');
    const value = mention.form === 'words' ? mention.values.at(-1)! : coreOf(bare);
    chosen.push({ start: mention.start, end: mention.start + bare.length, value });
  }
  return chosen;
}

function ofFormula(formula: Formula, text: string, units: boolean): Mention {
  const { start, end, form, equals, operand, denied } = formula;
  const bare = withoutDelimiters(formula.text);
  const base = { ...PLAIN, start, end, form, equals, operand, denied };
  if (form === 'number') {
    const core = coreOf(bare);
    const scaled = /[\d)]\s*([kKM])$/.exec(bare) ?? /^\s?([kKM]|bn)\b/.exec(text.slice(end, end + 4));
    const scale = scaled === null ? '' : scaled[1] === 'k' || scaled[1] === 'K' ? '000' : '000000';
    const values = [
      ...(scale === '' || !/^-?\d+$/.test(core) ? [] : [core + scale]),
      ...(scale === '' || !/\./.test(core) ? [] : [String(Number(core) * Number(`1${scale}`))]),
      ...withUnits(core, text, end, units),
      ...percent(core, text, end),
      ...(/%/.test(bare) ? percent(core, '%', 0) : []),
      ...(operand ? [] : fallen(core, text, start)),
      ...(/[\\{]/.test(bare) ? [bare] : []),
      core,
    ];
    return { ...base, values, size: sizeOf(core), unit: unitAt(text.slice(end, end + 40))?.unit ?? null };
  }
  const written = bare
    .replace(/(?<=[\d)}])\s*[xX]\s*(?=[\d($])/g, ' \\times ')
    .replace(/÷/g, '/')
    .replace(/(?<!\\)[$€£]/g, '')
    .replace(/%/g, (sign, at: number) => (bare[at - 1] === '\\' ? sign : '\\%'))
    .replace(/(?<=\d)\*\*(?=\d)/g, '^');
  const values = [written];
  if (/\\boxed|\\text/.test(written))
    values.push(written.replace(/^\\(?:boxed|text|mathbf)\s*\{(.*)\}$/s, '$1'));
  const outer = /^\(([^()]*)\)$|^\[([^[\]]*)\]$/.exec(written);
  if (outer !== null && !written.includes(',')) values.push((outer[1] ?? outer[2])!);
  if (units) values.unshift(...withUnits(written, text, end, true));
  const share =
    /^\(?(\d+)\)?\/\(?(\d+)\)?$/.exec(written) ?? /^\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}$/.exec(written);
  const size = share === null ? NaN : Number(share[1]) / Number(share[2]);
  const unit = share === null ? null : (unitAt(text.slice(end, end + 40))?.unit ?? null);
  const operands = [...written.matchAll(/\d[\d,]*(?:\.\d+)?/g)].map(([number]) => number.replaceAll(',', ''));
  return { ...base, values, operands, size, unit };
}

/** Without dollar signs and the like around it. */
function withoutDelimiters(text: string): string {
  return text
    .replace(/^(?:\s|\\?\$|\\[([]|[€£¥])+/, '')
    .replace(/(?:\s|\\?\$|\\[)\]]|[€¢])+$/, '')
    .trim();
}

/** The number of a text with one number, with its sign. */
function coreOf(text: string): string {
  const number = /\d+(?:\.\d+)?[eE][+-]?\d+|\d[\d.,'_ {}\\!]*(?<=\d)|\.\d+/.exec(text)?.[0] ?? text;
  const at = text.indexOf(number);
  const sign = /-\s*[$€£¥(\\]*\s*$/.test(text.slice(0, at)) ? '-' : '';
  return sign + number.replace(/(?<=\d)(?:\{,\}|,\\!|\\,|['_ ])(?=\d{3})/g, ',');
}

function sizeOf(value: string): number {
  const fraction = /^(-?\d+)\/(\d+)$/.exec(value);
  return fraction === null ? Number(value.replaceAll(',', '')) : Number(fraction[1]) / Number(fraction[2]);
}

/** "falls by 3" is a change of -3. */
function fallen(value: string, text: string, start: number): string[] {
  const before = text.slice(Math.max(0, start - 24), start);
  const down = /\b(?:(?:falls|drops|sinks|declines|decreases|descends)(?:\s+by)?|goes\s+down\s+by)\s+\$?$/i;
  return down.test(before) && !value.startsWith('-') ? [`-${value}`] : [];
}

function percent(value: string, text: string, end: number): string[] {
  return /^\s*(?:\\?%|percent\b|per\s+cent\b|percentage\b)/.test(text.slice(end, end + 14))
    ? [
        `${value}\\%`,
        ...(/^\d*\.\d+$/.test(value) ? [String(Number((Number(value) / 100).toPrecision(10)))] : []),
      ]
    : [];
}

/** The number with one to four words behind it, the most first. */
function withUnits(value: string, text: string, end: number, wanted: boolean): string[] {
  if (!wanted) return [];
  const behind = text
    .slice(end, end + 60)
    .replace(/metre/gi, 'meter')
    .replace(/litre/gi, 'liter')
    .replace(/gramme/gi, 'gram')
    .split(/[.,;:?!](?=\s|$)|\n|\$|\\\)/, 1)[0]!;
  const tokens = /^\s*(?:\\text|\\mathrm|\\[,; ])/.test(behind)
    ? [behind.replace(/^\s*/, '')]
    : behind
        .trim()
        .split(/\s+/)
        .filter((token) => token !== '');
  return [4, 3, 2, 1]
    .filter((count) => count <= tokens.length)
    .map((count) => `${value} ${tokens.slice(0, count).join(' ')}`);
}

const WHOLE =
  /\$\$([^$]{1,400})\$\$|\$([^$\n]{1,400})\$|\\\[([^]{1,400}?)\\\]|\\\((.{1,400}?)\\\)|\\begin\{\w+\}[^]{1,400}?\\end\{\w+\}|\[\[[\d\s,.[\]/-]{1,200}\]\]/g;

/** Formulas as they are delimited, and sides of them; matrices, those of programs too. */
function wholes(text: string): Mention[] {
  const made: Mention[] = [];
  for (const match of text.matchAll(WHOLE)) {
    const body = (match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[0]).trim();
    if (/^\w+$/.test(body)) continue;
    const values = [body];
    const side = /[^=<>]=([^=<>]+)$/.exec(body)?.[1]?.trim();
    if (side !== undefined && side !== '') values.push(side);
    if (body.startsWith('[[')) values.unshift(matrixOf(body));
    made.push({ ...PLAIN, start: match.index, end: match.index + match[0].length, form: 'whole', values });
  }
  return made;
}

function matrixOf(rows: string): string {
  const body = rows
    .replace(/^\[\s*\[|\]\s*\]$/g, '')
    .split(/\]\s*,\s*\[/)
    .map((row) => row.replaceAll(',', ' & '))
    .join(' \\\\ ');
  return `\\begin{pmatrix}${body}\\end{pmatrix}`;
}

const VULGAR = /(?:(\d+)\s?)?[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒]/g;
const REPEATING =
  /\d*\.\d+(?:\.{3}|…)|(\d*\.\d*?)\((\d+)\)|(\d*\.\d*?)(\d)\s+(?:repeating|recurring|repeated|periodic)\b/g;
const ROMAN =
  /(?<![A-Za-z.])(?=[IVXLCDM]{2})M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-z])/g;
const ROMAN_VALUES: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 };

/** Rarer spellings of numbers: ⅜, 0.666…, XLII, and digits one by one in words. */
function spellings(text: string, words: readonly WordNumber[]): Mention[] {
  const made: Mention[] = [];
  const add = (start: number, end: number, values: string[], size: number) =>
    made.push({ ...PLAIN, start, end, form: 'words', values, size });
  for (const match of text.matchAll(VULGAR)) {
    const share = match[0].at(-1)!.normalize('NFKC').replace('\u2044', '/');
    const size = Number(match[1] ?? 0) + sizeOf(share);
    add(
      match.index,
      match.index + match[0].length,
      [match[1] === undefined ? share : `${match[1]} ${share}`],
      size,
    );
  }
  for (const match of text.matchAll(REPEATING)) {
    const [fixed, period] = match[1] === undefined ? [match[3], match[4]] : [match[1], match[2]];
    const value = period === undefined ? match[0].replace('…', '...') : `${fixed}\\overline{${period}}`;
    add(match.index, match.index + match[0].length, [value], Number.parseFloat(match[0]));
  }
  for (const match of text.matchAll(ROMAN)) {
    const digits = [...match[0]].map((letter) => ROMAN_VALUES[letter]!);
    const value = digits.reduce(
      (sum, digit, index) => sum + (digit < (digits[index + 1] ?? 0) ? -digit : digit),
      0,
    );
    add(match.index, match.index + match[0].length, [String(value)], value);
  }
  for (let first = 0; first < words.length; first++) {
    let last = first;
    const digit = (index: number) => /^\d$/.test(words[index]?.value ?? '');
    while (
      digit(last) &&
      digit(last + 1) &&
      /^[ -]$/.test(text.slice(words[last]!.end, words[last + 1]!.start))
    )
      last++;
    if (last === first) continue;
    const value = words
      .slice(first, last + 1)
      .map((word) => word.value)
      .join('');
    add(words[first]!.start, words[last]!.end, [value], Number(value));
    first = last;
  }
  return made;
}

/** "6 3": digits set apart. */
function spacedDigits(text: string): Mention[] {
  return [...text.matchAll(/(?<![\w.,+*/=<>^-] ?)\d(?: \d){1,6}(?![\w.,/]?\d| ?[+*/=<>^-])/g)].map(
    (match) => {
      const value = match[0].replaceAll(' ', '');
      const [start, end] = [match.index, match.index + match[0].length];
      return { ...PLAIN, start, end, form: 'number', values: [value], size: Number(value) };
    },
  );
}

/** "12 h 30 min": neighbours with units, as one quantity in the first unit. */
function sums(found: readonly Mention[], text: string): Mention[] {
  const quantities = found
    .filter(({ form, unit, operand }) => (form === 'number' || form === 'words') && unit !== null && !operand)
    .sort((a, b) => a.start - b.start);
  const made: Mention[] = [];
  for (const [index, first] of quantities.entries()) {
    const second = quantities[index + 1];
    if (second === undefined) continue;
    const unit = unitAt(text.slice(first.end, first.end + 40))!;
    if (!/^\s*(?:,|and|,\s*and)?\s*$/.test(text.slice(first.end + unit.length, second.start))) continue;
    const end = second.end + unitAt(text.slice(second.end, second.end + 40))!.length;
    const plus = { size: second.size, unit: second.unit! };
    made.push({
      ...PLAIN,
      start: first.start,
      end,
      form: 'number',
      values: [],
      size: first.size,
      unit: first.unit,
      plus,
    });
  }
  return made;
}

const JOINT =
  /^\s*(?:,|;|&|\band\b|\bor\b|,\s*and\b|,\s*or\b)\s*(?:also\s+)?(?:\$|\\\()?\s*(?:[A-Za-z](?:_?\{?\d\}?)?\s*=\s*)?(?:\$|\\\()?\s*$/;
const RANGE = /^\s*(?:\$|\\\))?\s*(?:to|and|through|-|:)\s*(?:\$|\\\()?\s*$/;
const LONGEST_LIST = 12;

/** Neighbours joined by commas, "and" or "or"; and pairs that may be an interval or a ratio. */
function lists(found: readonly Mention[], text: string): Mention[] {
  const single = found
    .filter(
      ({ form, operand }) =>
        !operand && (form === 'number' || form === 'words' || form === 'operation' || form === 'expression'),
    )
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const items: Mention[] = [];
  for (const mention of single) if (mention.start >= (items.at(-1)?.end ?? 0)) items.push(mention);
  const made: Mention[] = [];
  let chain: Mention[] = [];
  const close = () => {
    if (chain.length >= 2 && chain.length <= LONGEST_LIST) made.push(listOf(chain));
    chain = [];
  };
  for (const item of items) {
    const last = chain.at(-1);
    if (last !== undefined && !JOINT.test(text.slice(last.end, item.start))) close();
    chain.push(item);
  }
  close();
  made.push(...rowsOfMatrix(found, text));
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    if (next === undefined || !RANGE.test(text.slice(item.end, next.start))) continue;
    const [a, b] = [item.values.at(-1)!, next.values.at(-1)!];
    const unit = withUnits(b, text, next.end, true).at(-1);
    made.push({
      ...PLAIN,
      start: item.start,
      end: next.end,
      form: 'list',
      values: [
        `(${a},${b})`,
        `[${a},${b}]`,
        `[${a},${b})`,
        `(${a},${b}]`,
        ...countedFrom(a, b),
        `${a}:${b}`,
        ...(unit === undefined ? [] : [`${a}-${unit}`]),
        `${a}-${b}`,
      ],
      operands: [a, b],
    });
  }
  return made;
}

/** "rows (3, -1) and (-5, 2)". */
function rowsOfMatrix(found: readonly Mention[], text: string): Mention[] {
  const rows = found.filter(({ form, start }) => form === 'group' && /[([]/.test(text[start]!));
  const made: Mention[] = [];
  for (const [index, first] of rows.entries()) {
    const second = rows[index + 1];
    if (second === undefined || second.start - first.end > 20 || second.start < first.end) continue;
    const body = [first, second].map(({ start, end }) => `[${text.slice(start + 1, end - 1)}]`).join(', ');
    made.push({
      ...PLAIN,
      start: first.start,
      end: second.end,
      form: 'list',
      values: [matrixOf(`[${body}]`)],
      operands: [],
    });
  }
  return made;
}

/** Whole numbers of a range, each; empty for a long one. */
function countedFrom(a: string, b: string): string[] {
  const [from, to] = [Number(a), Number(b)];
  if (!Number.isInteger(from) || !Number.isInteger(to) || to <= from || to - from > 20) return [];
  const all = Array.from({ length: to - from + 1 }, (_, index) => from + index).join(', ');
  return [`\\{${all}\\}`];
}

function listOf(chain: readonly Mention[]): Mention {
  const operands = chain.map(({ values }) => values.at(-1)!);
  const joined = operands.join(', ');
  const product = operands.map((operand) => `(${operand})`).join('');
  return {
    ...PLAIN,
    start: chain[0]!.start,
    end: chain.at(-1)!.end,
    form: 'list',
    values: [joined, `\\{${joined}\\}`, `(${joined})`, ...(/[a-z]/.test(joined) ? [product] : [])],
    operands,
  };
}
