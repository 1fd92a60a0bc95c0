// Whether a hint says the gold answer. Its one idea: every stretch of the hint that could be an answer is put to the
// verifier, and where the verifier takes it, the words around it decide: what the problem gives is no leak unless it
// is stated as the answer; small numbers that count the hint's own parts or are worked with are none; arithmetic on
// the problem's own numbers is the approach; all else is a leak.
import type { Problem } from '../../types.ts';
import { isLabel, statedAsAnswer, structural, surroundings } from './context.ts';
import { compact, type Given } from './given.ts';
import type { Judge } from './judge.ts';
import type { Mention } from './mentions.ts';
import type { Finding, LeakKind } from './verdict.ts';

/** A place in the text that was read, not in the original. */
export interface Leak {
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

export interface LeakSearch {
  /** The hint as reading.ts gives it. */
  readonly text: string;
  readonly mentions: readonly Mention[];
  readonly given: Given;
  readonly gold: string;
  readonly judge: Judge;
}

export async function statedValues(search: LeakSearch): Promise<Leak[]> {
  const { mentions, judge } = search;
  const accepted: Mention[] = [];
  for (const mention of mentions)
    if (!mention.denied && (await judge.acceptsOne(mention.values))) accepted.push(mention);
  if (accepted.length === 0) return [];
  const givenOnes: Mention[] = [];
  for (const mention of search.given.mentions)
    if (await judge.acceptsOne(mention.values)) givenOnes.push(mention);
  const leaks: Leak[] = [];
  for (const mention of accepted) {
    const reason = leakOf(mention, search, givenOnes);
    if (reason !== null) leaks.push({ start: mention.start, end: mention.end, reason });
  }
  return leaks;
}

function leakOf(mention: Mention, search: LeakSearch, givenOnes: readonly Mention[]): string | null {
  switch (mention.form) {
    case 'number':
    case 'words':
      return ofNumber(mention, search, givenOnes);
    case 'operation':
    case 'spoken':
      return ofOperation(mention, search, givenOnes);
    default:
      return ofExpression(mention, search, givenOnes);
  }
}

const isNumber = ({ form }: Mention) => form === 'number' || form === 'words';
/** Numbers that turn up in any hint: counts, conversions, percents. */
const COMMON = new Set([
  24, 30, 31, 50, 52, 60, 90, 100, 180, 360, 365, 1000, 3600, 0.5, 0.25, 0.75, 0.1, 0.01,
]);

function isCommon(size: number): boolean {
  return (
    (Number.isInteger(size) && Math.abs(size) <= 12) ||
    COMMON.has(size) ||
    (size > 0 && size < 1 && isSimpleShare(size))
  );
}

/** 1/2, 1/3, 2/3, 1/4, …: of something. */
function isSimpleShare(size: number): boolean {
  return [2, 3, 4, 5].some((below) => Math.abs(size * below - Math.round(size * below)) < 1e-9);
}

function ofNumber(mention: Mention, search: LeakSearch, givenOnes: readonly Mention[]): string | null {
  const { text } = search;
  const around = surroundings(text, mention.start, mention.end);
  const quoted = quote(text.slice(mention.start, mention.end));
  if (!mention.operand && isWorkedOut(mention) && !restatesEquation(mention, search))
    return `${quoted} is given as the result of a calculation, and the verifier takes it for the answer.`;
  const unnamed = {
    ...around,
    before: around.before.replace(/(?:\$|\\\()?[a-z](?:_\{?\w\}?)?\s*=\s*(?:\$|\\\()?$/, ''),
  };
  const stated =
    !mention.operand && (statedAsAnswer(around) || (mention.equals.length > 0 && statedAsAnswer(unnamed)));
  if (stated && !(givenOnes.some(isNumber) && restates(mention, search)))
    return `${quoted} is stated as the answer.`;
  if (givenOnes.some(isNumber)) return null;
  if (mention.weak) return null;
  if (isCommon(mention.size) && (mention.operand || isLabel(around) || structural(around))) return null;
  const named = mention.equals.some((side) => /^\\?[A-Za-z]/.test(side.trim()));
  return named
    ? `${quoted} is given as the value of an unknown, and the verifier takes it for the answer.`
    : `The verifier takes ${quoted} for the answer, and the problem does not give it.`;
}

/** On the other side of the equality sign stands arithmetic. */
function isWorkedOut({ equals }: Mention): boolean {
  return equals.some((side) => /\d\D*[-+*/×·÷^xX]\s*[$(\\]*\s*\d|\\(?:frac|times|cdot|sqrt|div)/.test(side));
}

function restatesEquation({ equals, start, end }: Mention, { text, given }: LeakSearch): boolean {
  const value = compact(text.slice(start, end));
  return equals.some((side) => {
    const other = compact(side);
    return given.compact.includes(`${other}=${value}`) || given.compact.includes(`${value}=${other}`);
  });
}

/** The two words before it stand before it in the problem too. */
function restates({ start, end }: Mention, { text, given }: LeakSearch): boolean {
  const words =
    text
      .slice(Math.max(0, start - 60), start)
      .match(/[A-Za-z']+/g)
      ?.slice(-2) ?? [];
  return words.length === 2 && given.compact.includes(compact(words.join('') + text.slice(start, end)));
}

function ofOperation(mention: Mention, search: LeakSearch, givenOnes: readonly Mention[]): string | null {
  const { text, given, gold } = search;
  const around = surroundings(text, mention.start, mention.end);
  const source = text.slice(mention.start, mention.end);
  if (mention.form === 'operation' && !isPlainNumber(gold) && compact(source) === compact(gold)) {
    if (statedAsAnswer(around)) return `${quote(source)} is stated as the answer.`;
    if (givenOnes.length > 0 || mention.operand) return null;
    if (/^\d\/\d$/.test(compact(source)) && /^\s*(?:of|as|the)\b/.test(around.after)) return null;
    return `The verifier takes ${quote(source)} for the answer, and the problem does not give it.`;
  }
  if (mention.operand) return null;
  if (statedAsAnswer(around)) return `${quote(source)} is stated as the answer.`;
  if (givenOnes.some(({ start, end }) => compact(given.text.slice(start, end)) === compact(source)))
    return null;
  const origins = mention.operands.map((operand) => given.operand(operand));
  const approach = origins.every((origin) => origin !== null) && origins.includes('given');
  if (approach) return null;
  return `${quote(source)} leaves nothing but arithmetic: it comes out at the answer, and not all of its numbers are from the problem.`;
}

function ofExpression(mention: Mention, search: LeakSearch, givenOnes: readonly Mention[]): string | null {
  const { text, given, gold } = search;
  if (mention.operand && mention.form !== 'expression') return null;
  const source = text.slice(mention.start, mention.end);
  if (/\\boxed/.test(source)) return `${quote(source)} is stated as the answer.`;
  if (mention.form === 'relation' && isPlainNumber(gold)) return null;
  const around = surroundings(text, mention.start, mention.end);
  const sameSpelling = compact(source) === compact(gold);
  if (statedAsAnswer(around)) return `${quote(source)} is stated as the answer.`;
  if (given.compact.includes(compact(source))) return null;
  // Where the problem has an expression equal to the answer, equality says nothing; the spelling does.
  if (givenOnes.some((one) => !isNumber(one)) && !sameSpelling) return null;
  if (mention.form === 'list' && mention.operands.every((operand) => given.operand(operand) === 'given'))
    return null;
  if (
    mention.form === 'list' &&
    mention.operands.every((operand) => isCommon(Number(operand))) &&
    structural(around)
  )
    return null;
  return `The verifier takes ${quote(source)} for the answer, and the problem does not give it.`;
}

export function isPlainNumber(gold: string): boolean {
  return (
    /^\s*[-+]?\\?[$€£]?\s*[-+]?\d[\d,]*(?:\.\d+)?\s*(?:\\?%|[A-Za-z° ]*)\s*$/.test(gold) &&
    !/[xyzπ]$/.test(gold)
  );
}

export function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return `"${line.length > 80 ? `${line.slice(0, 80)}…` : line}"`;
}

/** The parts of an answer that has several: "2, 3", "{1, 2}", "(1, 2)", "x = 1, y = 2"; empty for one part. */
export function partsOf(gold: string): string[] {
  const bare = gold
    .replace(/\\(?:left|right)/g, '')
    .replace(/^[\s$]+|[\s$]+$/g, '')
    .replace(/^(?:\\\{|[({[])(.*)(?:\\\}|[)}\]])$/s, '$1');
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < bare.length; at++) {
    if ('([{'.includes(bare[at]!)) depth++;
    else if (')]}'.includes(bare[at]!)) depth--;
    else if (
      depth === 0 &&
      (bare[at] === ',' || bare[at] === ';') &&
      !/^,\d{3}(?!\d)/.test(bare.slice(at, at + 5))
    ) {
      parts.push(bare.slice(from, at));
      from = at + 1;
    } else if (depth === 0 && /^(?:\s(?:and|or)\s)/.test(bare.slice(at, at + 5))) {
      parts.push(bare.slice(from, at));
      from = at + 4;
    }
  }
  parts.push(bare.slice(from));
  const texts = parts.map((part) => part.trim()).filter((part) => part !== '');
  return texts.length >= 2 && texts.length <= 8 ? texts : [];
}

/** How far apart the parts of an answer may stand and still be read as one. */
const SPREAD = 240;

/** All parts of an answer that has several, each said by itself. */
export async function statedParts(
  search: LeakSearch,
  problem: Problem,
  judgeFor: (problem: Problem) => Judge,
): Promise<Leak[]> {
  const parts = partsOf(search.gold);
  if (parts.length === 0) return [];
  const verifier = problem.verifier === 'science' ? 'science' : 'math';
  const places: Leak[] = [];
  const taken = new Set<number>();
  for (const part of parts) {
    const judge = judgeFor({ ...problem, answer: part, verifier });
    const leaks = await statedValues({ ...search, gold: part, judge });
    const leak = leaks.find(({ start }) => !taken.has(start));
    if (leak === undefined) return [];
    taken.add(leak.start);
    places.push(leak);
  }
  const start = Math.min(...places.map((place) => place.start));
  const end = Math.max(...places.map((place) => place.end));
  if (end - start > SPREAD) return [];
  return [{ start, end, reason: `${quote(search.text.slice(start, end))} says every part of the answer.` }];
}

export function leakFinding(
  kind: LeakKind,
  { start, end, reason }: Leak,
  original: (start: number, end: number) => { start: number; end: number },
): Finding {
  return { kind, span: original(start, end), reason, action: 'regenerate' };
}
