// The formulas of a text: stretches of numbers, letters, operators and LaTeX without words between them, cut at
// relation signs into sides and at commas into items. It says how each stands there (alone, on a side of an equation,
// as an operand) and knows nothing of answers. One pass over the tokens; lengths are bounded.

export interface Formula {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** number: one number, with its sign, currency or percent sign; operation: numbers and operators; group: in brackets, with commas. */
  readonly form: 'number' | 'operation' | 'expression' | 'group' | 'relation';
  /** What stands on the other side of an equality sign next to it, nearest first; empty where there is none. */
  readonly equals: readonly string[];
  /** It is a part of something larger: a factor, a term, an exponent. */
  readonly operand: boolean;
  /** It stands behind a sign that denies: x ≠ 5. */
  readonly denied: boolean;
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly kind: 'number' | 'letter' | 'command' | 'mark' | 'relation' | 'word' | 'unit';
}

const LONGEST_FORMULA = 400;
const NUMBER = String.raw`\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:(?:\{,\}|,\\!|\\,|,|'|_| )\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3}(?!\w))?|\.\d+`;
const UNIT = String.raw`\\(?:text|mathrm|textbf|mathbf|textit|mbox|operatorname|rm)\s*\{[^{}]{0,80}\}`;
const RELATION = String.raw`<=>|=>|<=|>=|!=|:=|==|->|[=<>≤≥≈≠→⇒≡~]|\\(?:leq?|geq?|neq?|approx|equiv|to|rightarrow|Rightarrow|implies|iff|simeq|sim|lt|gt)(?![A-Za-z])`;
const TOKEN = new RegExp(
  `(?<number>${NUMBER})|(?<unit>${UNIT})|(?<relation>${RELATION})|(?<command>\\\\(?:[A-Za-z]+|.))|(?<word>\\p{L}[\\p{L}']*)|(?<mark>[^\\s])`,
  'gsu',
);
const NAMES =
  /^(?:sqrt|cbrt|pi|sin|cos|tan|cot|sec|csc|log|ln|exp|arcsin|arccos|arctan|infinity|infty|theta|alpha|beta|phi|sigma|omega|lambda|oo)$/i;
const MARKS = '+-*/^_()[]{}!|%°²³⁰¹⁴⁵⁶⁷⁸⁹½⅓⅔¼¾⅕⅙⅛×·÷±√∛π∞∪∩∈∅$€£¥¢&,;:';
const EQUALITY =
  /^(?:=|==|:=|≈|≡|~|→|⇒|->|=>|\\approx|\\equiv|\\to|\\[rR]ightarrow|\\implies|\\simeq|\\sim)$/;
const DENIAL = /^(?:≠|!=|\\neq?)$/;
const OPENING = '([{';
const CLOSING = ')]}';

export function formulasIn(text: string): Formula[] {
  const found: Formula[] = [];
  for (const run of runs(text)) addRun(run, text, found);
  return found;
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map((match) => {
    const groups = match.groups as Record<string, string | undefined>;
    const kind =
      groups['number'] !== undefined
        ? 'number'
        : groups['unit'] !== undefined
          ? 'unit'
          : groups['relation'] !== undefined
            ? 'relation'
            : groups['command'] !== undefined
              ? 'command'
              : groups['word'] === undefined
                ? 'mark'
                : match[0].length === 1 || NAMES.test(match[0])
                  ? 'letter'
                  : 'word';
    return { start: match.index, end: match.index + match[0].length, text: match[0], kind };
  });
}

/** Tokens between words, line ends and the marks of sentences. */
function runs(text: string): Token[][] {
  const tokens = tokensOf(text);
  const all: Token[][] = [];
  let run: Token[] = [];
  const close = () => {
    const trimmed = trim(run);
    if (trimmed.length > 0) all.push(trimmed);
    run = [];
  };
  for (const [index, token] of tokens.entries()) {
    const [before, after] = [tokens[index - 1], tokens[index + 1]];
    const gap = before === undefined ? '' : text.slice(before.end, token.start);
    const long = run.length > 0 && token.end - run[0]!.start > LONGEST_FORMULA;
    if (gap.includes('\n') || long) close();
    // Two numbers side by side are two numbers, except a mixed one: 1 3/4.
    if (token.kind === 'number' && before?.kind === 'number' && text[token.end] !== '/') close();
    if (belongs(token, before, after, text)) run.push(token);
    else close();
  }
  close();
  return all;
}

function belongs(token: Token, before: Token | undefined, after: Token | undefined, text: string): boolean {
  if (
    token.kind === 'number' ||
    token.kind === 'command' ||
    token.kind === 'unit' ||
    token.kind === 'relation'
  )
    return true;
  if (token.kind === 'mark') {
    if (!MARKS.includes(token.text)) return false;
    // The hyphen of "5-pound" and "two-step" joins words.
    if (
      token.text === '-' &&
      after?.kind === 'word' &&
      after.start === token.end &&
      before?.end === token.start
    )
      return false;
    if ((token.text === ':' || token.text === ';') && !/\d/.test(text[token.end] ?? '')) return false;
    return true;
  }
  if (token.kind !== 'letter') return false;
  if (token.text.length > 1) return true;
  const near = (other: Token | undefined, gap: string) =>
    other !== undefined &&
    !/\n/.test(gap) &&
    (gap === ''
      ? other.kind !== 'word' && !/^[,;:'"!?.]$/.test(other.text)
      : other.kind === 'relation' || /^[+*/^×·÷-]$/.test(other.text));
  const left = before === undefined ? '' : text.slice(before.end, token.start);
  const right = after === undefined ? '' : text.slice(token.end, after.start);
  const product =
    /^[xX]$/.test(token.text) &&
    /[\d)]\s*$/.test(text.slice(0, token.start)) &&
    /^\s*[$(\d]/.test(text.slice(token.end));
  const article =
    /^[aAI]$/.test(token.text) &&
    left !== '' &&
    !(after?.kind === 'relation' || /^[+*/^]$/.test(after?.text ?? ''));
  return product || (!article && (near(before, left) || near(after, right)));
}

/** Without commas, colons and signs of currency at the ends, and without brackets that have no partner. */
function trim(run: readonly Token[]): Token[] {
  let tokens = [...run];
  for (;;) {
    const first = tokens[0];
    const last = tokens.at(-1);
    if (first === undefined || last === undefined) return [];
    if (/^[,;:!*/^)\]}&%·×÷]$|^\\[)\]\\,;]$|^\\quad$|^\\right$|^\$$/.test(first.text))
      tokens = tokens.slice(1);
    else if (/^[,;:+*/^_([{&·×÷-]$|^\\[([\\,;]$|^\\left$|^\$$|^\\(?:times|cdot|div)$/.test(last.text))
      tokens = tokens.slice(0, -1);
    else {
      const lonely = unpartnered(tokens);
      if (lonely === null) return tokens;
      // Whatever is longer, before it or behind it.
      tokens = lonely >= tokens.length / 2 ? tokens.slice(0, lonely) : tokens.slice(lonely + 1);
    }
  }
}

function unpartnered(tokens: readonly Token[]): number | null {
  const open: number[] = [];
  for (const [index, { text }] of tokens.entries()) {
    const bracket = text.startsWith('\\') ? (text[1] ?? '') : text;
    if (/^\\[()[\]]$/.test(text)) continue; // delimiters of a formula
    if (bracket.length === 1 && OPENING.includes(bracket)) open.push(index);
    else if (bracket.length === 1 && CLOSING.includes(bracket) && open.pop() === undefined) return index;
  }
  return open[0] ?? null;
}

/** Sides of a run at its top level, with the sign before each. */
function addRun(run: readonly Token[], text: string, found: Formula[]): void {
  const isRelation = ({ kind }: Token) => kind === 'relation';
  const items = split(run, ({ text: mark }) => mark === ',' || mark === ';');
  if (items.filter(({ tokens }) => tokens.some(isRelation)).length > 1) {
    add(run, 'relation', [], false, false, text, found);
    for (const { tokens } of items) if (trim(tokens).length > 0) addRun(trim(tokens), text, found);
    return;
  }
  const sides = split(run, isRelation);
  const sideText = (index: number) => {
    const tokens = trim(sides[index]?.tokens ?? []);
    return tokens.length === 0 ? null : text.slice(tokens[0]!.start, tokens.at(-1)!.end);
  };
  if (sides.length > 1) add(run, 'relation', [], false, false, text, found);
  for (const [index, { tokens, sign }] of sides.entries()) {
    const equals: string[] = [];
    const next = sides[index + 1]?.sign;
    if (sign !== null && EQUALITY.test(sign)) equals.push(...present(sideText(index - 1)));
    if (next !== undefined && next !== null && EQUALITY.test(next))
      equals.push(...present(sideText(index + 1)));
    if (sign !== null && EQUALITY.test(sign) && index === 0) equals.push('');
    addSide(trim(tokens), equals, sign !== null && DENIAL.test(sign), text, found);
  }
}

function present(side: string | null): string[] {
  return [side ?? ''];
}

function addSide(
  tokens: readonly Token[],
  equals: readonly string[],
  denied: boolean,
  text: string,
  found: Formula[],
): void {
  if (tokens.length === 0) return;
  const items = split(tokens, ({ text: mark }) => mark === ',' || mark === ';');
  if (items.length > 1) add(tokens, 'group', equals, false, denied, text, found);
  for (const item of items) {
    const inner = trim(item.tokens);
    if (inner.length === 0) continue;
    const form = formOf(inner, text);
    add(inner, form, equals, false, denied, text, found);
    if (form !== 'number') addParts(inner, denied, text, found);
  }
}

/** Numbers inside something larger, simple fractions and roots, and groups in brackets. */
function addParts(tokens: readonly Token[], denied: boolean, text: string, found: Formula[]): void {
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'number') add([token], 'number', [], true, denied, text, found);
    if (/^\\[dt]?frac$|^\\sqrt$/.test(token.text)) {
      const end = endOfArguments(tokens, index + 1, token.text === '\\sqrt' ? 1 : 2);
      if (end !== null && (index > 0 || end < tokens.length))
        add(tokens.slice(index, end), formOf(tokens.slice(index, end), text), [], true, denied, text, found);
    }
    const bracket = token.text.startsWith('\\') ? (token.text[1] ?? '') : token.text;
    if (/^\\[()[\]]$/.test(token.text) || bracket.length !== 1) continue;
    if (OPENING.includes(bracket)) open.push(index);
    else if (CLOSING.includes(bracket)) {
      const start = open.pop();
      if (start === undefined || index - start > 60) continue;
      const group = tokens.slice(start, index + 1);
      if (group.some(({ text: mark }) => mark === ',')) add(group, 'group', [], false, denied, text, found);
    }
  }
}

function endOfArguments(tokens: readonly Token[], from: number, count: number): number | null {
  let at = from;
  for (let argument = 0; argument < count; argument++) {
    if (tokens[at]?.text !== '{') return null;
    let depth = 0;
    do {
      if (tokens[at]!.text === '{') depth++;
      if (tokens[at]!.text === '}') depth--;
      at++;
    } while (depth > 0 && at < tokens.length);
    if (depth > 0) return null;
  }
  return at;
}

interface Side {
  readonly tokens: Token[];
  /** The relation sign before it. */
  readonly sign: string | null;
}

/** At separators outside of brackets. */
function split(tokens: readonly Token[], isSeparator: (token: Token) => boolean): Side[] {
  const sides: { tokens: Token[]; sign: string | null }[] = [{ tokens: [], sign: null }];
  let depth = 0;
  for (const token of tokens) {
    if (/^\\?[([{]$/.test(token.text) && !/^\\[([]$/.test(token.text)) depth++;
    if (/^\\?[)\]}]$/.test(token.text) && !/^\\[)\]]$/.test(token.text)) depth--;
    if (depth <= 0 && isSeparator(token)) sides.push({ tokens: [], sign: token.text });
    else sides.at(-1)!.tokens.push(token);
  }
  return sides;
}

const ONLY_NUMBER =
  /^(?:[-+±]\s*)?[$€£¥(]*\s*(?:[-+]\s*)?[\d.,' _{}\\]*\d[\d.,' _{}\\eE+-]*\s*(?:\\?%|°|!|\)|[¢€£¥$kKM])*$/;

function formOf(tokens: readonly Token[], text: string): Formula['form'] {
  const numbers = tokens.filter(({ kind }) => kind === 'number').length;
  const source = text.slice(tokens[0]!.start, tokens.at(-1)!.end);
  const unitless = tokens.filter(({ kind }) => kind !== 'unit');
  const plain = unitless.filter(({ text: mark }) => !/^(?:\\[()[\]$%,;! ]|[$()%°€£¥¢!{}]|[+-])$/.test(mark));
  if (
    numbers === 1 &&
    plain.length === 1 &&
    (tokens[0]!.kind === 'number' || ONLY_NUMBER.test(source) || !/[-+].*\d|\d.*[-+]/.test(source))
  )
    return 'number';
  const isTimes = (index: number) =>
    /^[xX]$/.test(tokens[index]!.text) &&
    /[\d)}]$/.test(tokens[index - 1]?.text ?? '') &&
    /^[\d($]/.test(tokens[index + 1]?.text ?? '');
  const letters = tokens.some(
    ({ kind, text: name }, index) =>
      (kind === 'letter' && name !== 'sqrt' && !isTimes(index)) ||
      (kind === 'command' &&
        !/^\\(?:[dt]?frac|times|cdot|div|left|right|sqrt|%|\$|,|;|!|quad|:|[()[\]])$/.test(name)),
  );
  return letters || numbers === 0 || /[π∞∪∩∈∅]/.test(source) ? 'expression' : 'operation';
}

function add(
  tokens: readonly Token[],
  form: Formula['form'],
  equals: readonly string[],
  operand: boolean,
  denied: boolean,
  text: string,
  found: Formula[],
): void {
  const [start, end] = [tokens[0]!.start, tokens.at(-1)!.end];
  const source = text.slice(start, end);
  if (!/[\d\\πe√∞∅½¼¾⅓⅔⅕⅙⅛]/.test(source) && !/[A-Za-z].*[-+*/^=<>(,]|[-+*/^=<>(,].*[A-Za-z]/.test(source))
    return;
  found.push({ start, end, text: source, form, equals, operand, denied });
}
