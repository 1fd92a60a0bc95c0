// Whether a hint says the gold answer. Its one idea: every stretch of the hint that could be an answer is put to the
// verifier, and where the verifier takes it, the words around it decide: what the problem gives is no leak unless it
// is stated as the answer; small numbers that count the hint's own parts or are worked with are none; arithmetic on
// the problem's own numbers is the approach; all else is a leak.
import {
  endsClause,
  isLabel,
  isWorkedBefore,
  periodLabel,
  statedAsAnswer,
  statedAsValue,
  structural,
  surroundings,
} from './context.ts';
import { converted, inUnit } from './conversions.ts';
import { claimed } from './claims.ts';
import { compact, type Given } from './given.ts';
import type { Judge } from './judge.ts';
import type { Mention } from './mentions.ts';
import { inFormOf, isLowestTerms, orderless } from './same-form.ts';
import type { Finding, LeakKind } from './verdict.ts';

/** A place in the text that was read, not in the original. */
export interface Leak {
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

/** How reasons end that say the hint names something as the answer, rather than mentions it. */
export const STATED = 'is stated as the answer.';

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
  for (const mention of mentions) {
    if (mention.denied) continue;
    if ((await judge.acceptsOne(mention.values)) || (await acceptedInOtherUnit(mention, search)))
      accepted.push(mention);
  }
  if (accepted.length === 0) return [];
  const givenOnes: Mention[] = [];
  for (const mention of search.given.mentions)
    if ((await judge.acceptsOne(mention.values)) || (await acceptedInOtherUnit(mention, search)))
      givenOnes.push(mention);
  const leaks: Leak[] = [];
  for (const mention of accepted) {
    if (await isGivenInOtherUnit(mention, search)) continue;
    const reason = leakOf(mention, search, givenOnes);
    if (reason !== null) leaks.push({ start: mention.start, end: mention.end, reason });
  }
  return leaks;
}

/** 750 minutes where the problem speaks of hours and the answer is 12.5. */
async function acceptedInOtherUnit(
  { size, unit, plus, operand }: Mention,
  { given, judge }: LeakSearch,
): Promise<boolean> {
  if (unit === null || operand || !Number.isFinite(size)) return false;
  if (plus === undefined) return judge.acceptsOne(await converted(size, unit, given.units));
  for (const target of new Set([...given.units, unit])) {
    const [first, second] = [await inUnit(size, unit, target), await inUnit(plus.size, plus.unit, target)];
    if (first === null || second === null) continue;
    if (await judge.acceptsOne([String(Number((first + second).toPrecision(10)))])) return true;
  }
  return false;
}

/** 14 days where the problem says two weeks, and does not ask for days. */
async function isGivenInOtherUnit({ size, unit }: Mention, { given }: LeakSearch): Promise<boolean> {
  if (unit === null) return false;
  const singular = (name: string) => name.replace(/s$/, '');
  if ([...given.units, ...given.asked].some((asked) => singular(asked) === singular(unit))) return false;
  for (const one of given.mentions) {
    if (one.unit === null || one.unit === unit) continue;
    const value = await inUnit(one.size, one.unit, unit);
    if (value !== null && Math.abs(value - size) <= 1e-9 * Math.abs(size)) return true;
  }
  return false;
}

function leakOf(mention: Mention, search: LeakSearch, givenOnes: readonly Mention[]): string | null {
  const said = isBare(mention, search) || asksFor(mention, search);
  switch (mention.form) {
    case 'number':
    case 'words':
      return ofNumber(mention, search, givenOnes, said);
    case 'operation':
    case 'spoken':
      return ofOperation(mention, search, givenOnes, said);
    case 'expression':
    case 'group':
    case 'relation':
    case 'list':
    case 'whole':
      return ofExpression(mention, search, givenOnes, said);
  }
}

/** The hint is this and nothing else. */
function isBare({ start, end, operand }: Mention, { text }: LeakSearch): boolean {
  const rest = (text.slice(0, start) + text.slice(end)).match(/[\p{L}\d]/gu)?.length ?? 0;
  const own = text.slice(start, end).match(/[\p{L}\d]/gu)?.length ?? 0;
  const told = /^(?:multiply|divid|add|subtract|tak|combin|split|shar|halv|doubl|tripl)/i.test(
    text.slice(start, end),
  );
  return !operand && !told && rest <= Math.max(2, own / 4);
}

/** What the problem asks for stands behind it, as it does not in the problem: "six full bags" where bags are asked for. */
function asksFor({ start, end, operand, size }: Mention, { text, given }: LeakSearch): boolean {
  if (operand) return false;
  const behind = /^[\s-]*(?:[a-z]+[\s-]+){0,2}([a-z]+)/i.exec(
    text.slice(end, end + 40).replace(/^\s*(?:\$|\\\))/, ' '),
  );
  if (behind === null || surroundings(text, start, end).question) return false;
  const words = behind[0].toLowerCase().match(/[a-z]+/g)!;
  if (/^(?:and|or|by|of|from|to|in|for|per|times|plus|minus|each|every|more|less|fewer)$/.test(words[0]))
    return false;
  const noun = words.find((word) => given.asked.includes(word.replace(/s$/, '')));
  if (noun === undefined) return false;
  // "5 trips" of the problem, in digits or words.
  const stem = noun.replace(/s$/, '');
  return !given.mentions.some(
    (one) =>
      isNumber(one) &&
      one.size === size &&
      new RegExp(`^[\\s-]*(?:[a-z]+[\\s-]+){0,2}${stem}`, 'i').test(given.text.slice(one.end, one.end + 40)),
  );
}

const isNumber = ({ form }: Mention) => form === 'number' || form === 'words';
/** Numbers that turn up in any hint: counts, conversions, percents. */
const COMMON = new Set([
  24, 30, 31, 50, 52, 60, 90, 100, 180, 360, 365, 1000, 3600, 0.5, 0.25, 0.75, 0.1, 0.01,
]);

function isCommon(size: number): boolean {
  return (Number.isInteger(size) && Math.abs(size) <= 12) || COMMON.has(size) || isSimpleShare(size);
}

/** 1/2, 1/3, 2/3, 1/4, …: of something. */
function isSimpleShare(size: number): boolean {
  return (
    size > 0 &&
    size < 1 &&
    [2, 3, 4, 5].some((below) => Math.abs(size * below - Math.round(size * below)) < 1e-9)
  );
}

/** A number of the problem is the same as one of the hint, perhaps as percent. */
function sameNumber(one: Mention, other: Mention): boolean {
  return [1, 100, 0.01].some(
    (factor) => Math.abs(one.size * factor - other.size) <= 1e-9 * Math.abs(other.size),
  );
}

const FRACTION_USED =
  /\b(?:take|taking|find|finding|use|using|multiply|multiplying|compute|computing|calculate|consider|by|with|times|the|to|at|over|other|remaining|first|last|each|every|and|or|than|of)\s*$/;

function ofNumber(
  mention: Mention,
  search: LeakSearch,
  givenOnes: readonly Mention[],
  said: boolean,
): string | null {
  const { text, given } = search;
  const around = surroundings(text, mention.start, mention.end);
  const quoted = quote(text.slice(mention.start, mention.end));
  const worked = isWorkedOut(mention) || isWorkedBefore(around);
  if (!mention.operand && worked && !restatesEquation(mention, search))
    return `${quoted} is given as the result of a calculation, and the verifier takes it for the answer.`;
  const unnamed = {
    ...around,
    before: around.before.replace(/(?:\$|\\\()?[a-z](?:_\{?\w\}?)?\s*=\s*(?:\$|\\\()?$/, ''),
  };
  const stated =
    !mention.operand &&
    (statedAsAnswer(around) ||
      (mention.equals.length > 0 && (statedAsAnswer(unnamed) || statedAsValue(unnamed))));
  const alike = givenOnes.filter(
    (one) => isNumber(one) && (sameNumber(one, mention) || Number.isNaN(mention.size)),
  );
  if ((stated || said) && !(alike.length > 0 && restates(mention, search))) return `${quoted} ${STATED}`;
  if (alike.some((one) => !one.operand)) return null;
  const claimed = !mention.operand && statedAsValue(around);
  if (mention.weak) {
    const one = mention.size === 1;
    if (one && !(claimed && endsClause(around))) return null;
    const opens = around.before.trim() === '';
    if (opens && !/\b(?:was|were|is|are|has|have|had)\b|^\W*$/.test(around.after)) return null;
    if (!one && !opens && FRACTION_USED.test(around.before)) return null;
    if (!one && /^\s*(?:way|an?\b|as\b|hour|\d)/.test(around.after)) return null;
    return `The verifier takes ${quoted} for the answer, and the problem does not give it.`;
  }
  if (alike.length > 0 && !claimed) return null;
  const period = periodLabel(around);
  if (isCommon(mention.size) && period !== null && !given.asked.includes(period)) return null;
  if (isCommon(mention.size) && !claimed && countsOther(mention, search)) return null;
  const share = mention.form === 'words' && !Number.isInteger(mention.size);
  if (isCommon(mention.size) && (mention.operand || isLabel(around) || (!share && structural(around))))
    return null;
  const named = mention.equals.some((side) => /^\\?[A-Za-z]/.test(side.trim()));
  return named
    ? `${quoted} is given as the value of an unknown, and the verifier takes it for the answer.`
    : `The verifier takes ${quoted} for the answer, and the problem does not give it.`;
}

/** A bare number counts atoms, where the answer is a number of mol: the word behind it begins unlike the unit's symbol. */
function countsOther({ end, unit }: Mention, { text, gold }: LeakSearch): boolean {
  const symbol = /^\s*-?[\d.,]+\s*([A-Za-z]{1,3})\s*$/.exec(gold)?.[1];
  const counted = /^\s+([a-z])[a-z]{2,}/.exec(text.slice(end, end + 40))?.[1];
  return (
    symbol !== undefined && unit === null && counted !== undefined && counted !== symbol[0]!.toLowerCase()
  );
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

function ofOperation(
  mention: Mention,
  search: LeakSearch,
  givenOnes: readonly Mention[],
  said: boolean,
): string | null {
  const { text, given, gold } = search;
  const around = surroundings(text, mention.start, mention.end);
  const source = text.slice(mention.start, mention.end);
  const written = mention.form === 'spoken' ? mention.values[0]! : source;
  const writtenIn = (one: Mention) =>
    one.form === 'spoken' ? one.values[0]! : given.text.slice(one.start, one.end);
  const same = (one: Mention) => orderless(writtenIn(one)) === orderless(written);
  const isValue = !isPlainNumber(gold) && orderless(written) === orderless(gold);
  if (isValue || isLowestTerms(written)) {
    if (statedAsAnswer(around) || said || isClaimed(mention, search)) return `${quote(source)} ${STATED}`;
    if (givenOnes.some((one) => same(one) || (isNumber(one) && !one.operand)) || mention.operand) return null;
    const used = /^\d\/\d$/.test(compact(source)) && /^\s*(?:of|as|the)\b/.test(around.after);
    if (used && !/\b(?:is|are|was|were|be|equals?)\s*[$(]*$/.test(around.before)) return null;
    return `The verifier takes ${quote(source)} for the answer, and the problem does not give it.`;
  }
  if (mention.operand) return null;
  if (statedAsAnswer(around) || said) return `${quote(source)} ${STATED}`;
  // Another form of an expression that the problem has is a step.
  if (givenOnes.some(same)) return null;
  const rewritten = givenOnes.some((one) => one.form === 'operation') && !isPlainNumber(gold);
  if (rewritten && !statedAsValue(around)) return null;
  const derived = mention.equals.some((side) => /\d/.test(side) && /[a-z(\[]/i.test(side));
  const origins = mention.operands.map((operand) => given.operand(operand));
  const approach = origins.every((origin) => origin !== null) && origins.includes('given');
  if (approach && !derived && !(statedAsValue(around) && mention.form === 'spoken')) return null;
  return `${quote(source)} leaves nothing but arithmetic: it comes out at the answer.`;
}

/** "3^20 is larger", of two powers that the problem has. */
function isClaimed({ start, end, operand }: Mention, { text, given }: LeakSearch): boolean {
  return !operand && !isBareFormula(text, start, end) && claimed(text, start, end, given.compact);
}

/** Nothing is said of it before or behind. */
function isBareFormula(text: string, start: number, end: number): boolean {
  const { before, after } = surroundings(text, start, end);
  return !/[a-z]/.test(before) && !/[a-z]/.test(after);
}

function ofExpression(
  mention: Mention,
  search: LeakSearch,
  givenOnes: readonly Mention[],
  said: boolean,
): string | null {
  const { text, given, gold } = search;
  if (mention.operand && mention.form !== 'expression') return null;
  const source = text.slice(mention.start, mention.end);
  const written = /[\d\\=]/.test(source) ? source : (mention.values[0] ?? source);
  if (/\\boxed/.test(source)) return `${quote(source)} ${STATED}`;
  if (mention.form === 'relation' && isPlainNumber(gold)) return null;
  // What can be told more exactly by its parts.
  if (mention.form === 'whole' && isPlainNumber(gold) && !/[A-Za-z]{2}|\[/.test(source)) return null;
  const around = surroundings(text, mention.start, mention.end);
  if (statedAsAnswer(around) || isClaimed(mention, search)) return `${quote(source)} ${STATED}`;
  const spellings = [source, ...mention.values].map(orderless);
  const sameSpelling = spellings.includes(orderless(gold));
  if (
    !sameSpelling &&
    (given.compact.includes(compact(source)) || spellings.some((one) => given.compact.includes(one)))
  )
    return null;
  if (sameSpelling && given.compact.includes(compact(gold)) && !said) return null;
  const equals = givenOnes.filter((one) => !isNumber(one)).map((one) => given.text.slice(one.start, one.end));
  // Where the problem has an expression equal to the answer, equality says nothing; the form does.
  if (equals.length > 0 && !sameSpelling && !inFormOf(gold, written, equals)) return null;
  if (mention.form === 'list' && mention.operands.length > 0 && isPlainNumber(gold)) return null;
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

export function leakFinding(
  kind: LeakKind,
  { start, end, reason }: Leak,
  original: (start: number, end: number) => { start: number; end: number },
): Finding {
  return { kind, span: original(start, end), reason, action: 'regenerate' };
}
