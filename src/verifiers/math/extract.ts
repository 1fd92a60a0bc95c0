// Finds the final answer of a response: boxed, after ####, after "the answer is" and the like, else the last
// formula or number. Says where it was found; what it means is not its concern. Looks at the end of a long
// response only, where searching costs more than one pass.
import { afterThoughts } from '../exact-answer.ts';
import { findBoxes, joinBoxes, lastGroup, unclosedBox, type Box } from './boxes.ts';
import { withoutChoice } from './choices.ts';
import { BETWEEN_NUMBERS, joinNeighbours, mathSpans, plainNumbers, plainTuples, type Span } from './spans.ts';

/** How much form is demanded of a response: a box only; a box or a marker; anything. */
export type Strictness = 'boxed' | 'marked' | 'any';

export interface Extracted {
  /** Readings of the one place the answer stands at, the likeliest first. */
  readonly readings: readonly string[];
  readonly where: 'box' | '####' | 'marker' | 'whole' | 'last';
}

/** How much of the end of a response is searched for the last formula or number. */
const TAIL = 6000;
const CUTS = ['<|im_end|>', '<|im_start|>', '<|endoftext|>', '<|eot_id|>', '</s>'];

/**
 * The answer of a response, or null. `goldParts` is the number of parts of the gold answer: where it has
 * several, the last boxes of the response may be its parts.
 */
export function extractAnswer(response: string, strictness: Strictness, goldParts: number): Extracted | null {
  const text = ownTurn(answerPart(untilCut(response)));
  const boxed = fromBoxes(text, goldParts);
  if (boxed !== null || strictness === 'boxed') return boxed;
  const marked = afterHashes(text) ?? afterMarker(text);
  if (marked !== null || strictness === 'marked') return marked;
  return wholeOrLast(text);
}

function untilCut(response: string): string {
  let end = response.length;
  for (const cut of CUTS) {
    const at = response.indexOf(cut);
    if (at > 0 && at < end) end = at;
  }
  return response.slice(0, end);
}

const NEXT_TURN =
  /\n\s{0,3}(?:\*\*|#{1,4} )?(?:Problem|Question|Q|User|Human|Instruction|Exercise)(?: \d{1,4})?\s?:/;

const ANSWERED = /\\boxed|\\fbox|####|final answer|answer is|(?<=^|\n)\**A(?:nswer)?:/i;

/** The text up to where a base model goes on with another problem, after it has answered this one. */
function ownTurn(text: string): string {
  const answered = text.search(ANSWERED);
  if (answered === -1) return text;
  const next = text.slice(answered).search(NEXT_TURN);
  return next === -1 ? text : text.slice(0, answered + next);
}

/** What follows the end of a chain of thought, and of that what stands in <answer> tags. */
function answerPart(text: string): string {
  const said = afterThoughts(text);
  const open = said.lastIndexOf('<answer>');
  if (open === -1) return said;
  const start = open + '<answer>'.length;
  const end = said.indexOf('</answer>', start);
  return end === -1 ? said.slice(start) : said.slice(start, end);
}

function fromBoxes(text: string, goldParts: number): Extracted | null {
  const boxes = withoutDenied(text, findBoxes(text));
  if (boxes.length === 0) {
    const content = unclosedBox(text);
    return content === null || !/[$\n\]]/.test(text.slice(text.lastIndexOf('boxed{')))
      ? null
      : { readings: [content], where: 'box' };
  }
  const tight = lastGroup(text, boxes, false);
  const readings = [joinBoxes(tight)];
  if (boxes.length === 1) readings.push(...withoutChoice(readings[0]!));
  if (goldParts > 1) {
    const loose = lastGroup(text, boxes, true);
    if (loose.length > tight.length) readings.push(joinBoxes(loose));
    if (boxes.length === goldParts && loose.length < goldParts) readings.push(joinBoxes(boxes));
  }
  // the same answer boxed twice in a row is one answer
  if (new Set(tight.map(({ content }) => content.trim())).size === 1) readings[0] = tight[0]!.content.trim();
  return { readings, where: 'box' };
}

/** Without the boxes that "not" stands before, unless that leaves none. */
function withoutDenied(text: string, boxes: Box[]): Box[] {
  const said = boxes.filter(
    ({ start }) => !/\bnot\s{0,3}[$\\([]{0,3}\s{0,3}$/.test(text.slice(Math.max(0, start - 16), start)),
  );
  return said.length > 0 ? said : boxes;
}

function afterHashes(text: string): Extracted | null {
  const start = text.lastIndexOf('####');
  if (start === -1) return null;
  let from = start + 4;
  while (text[from] === '#') from++;
  const line = text
    .slice(from, from + 4000)
    .trimStart()
    .split('\n', 1)[0]!
    .trim();
  if (line === '' || isHeading(line, text.slice(from).trim().length > line.length)) return null;
  return { readings: readingsOf(line), where: '####' };
}

/** "#### Step 2: Solve" and "#### 2. Solve" are headings in Markdown, where text follows. */
function isHeading(line: string, goesOn: boolean): boolean {
  return goesOn && /^\**(?:[A-Za-z]{3}|\d{1,2}[.)]\s{1,3}[A-Za-z])/.test(line);
}

const MARKER = new RegExp(
  '(?:final answer(?: is)?|(?:answer|option|choice)(?: (?:to|for|of) (?:the|this|our) [a-z]{1,12})? ' +
    '(?:is|would be|must be|should be)|answers are|' +
    'solutions?(?: (?:to|of) (?:the|this) [a-z]{1,12}(?: of [a-z]{1,12})?)? (?:is|are)|roots are|answer(?=\\s{0,2}[:=])|' +
    '(?<=^|\\n)\\s{0,3}\\**(?:A|Ans)(?=\\.?:))[\\s*]{0,3}[:=]?\\**',
  'gi',
);
/** Markers of a step as often as of the answer. */
const WEAK = /^(?:solution|root)/i;
const CONCLUSION = /, (?:and )?(?:so|therefore|hence|thus) /;
const REASON = /, (?:so|therefore|hence|thus|because|since|which|as|not) /;
const CHOSEN =
  /(?:option|choice|answer|statement) (\**\(?[A-J]\)?\**) (?:is|must be) (?:the )?(?:correct|right|true)/gi;

/** What follows the last "the answer is", "Answer:", "Final answer:", "A:" up to the end of its sentence. */
function afterMarker(text: string): Extracted | null {
  const tail = text.slice(-4 * TAIL);
  let start = -1;
  let marker = '';
  for (const match of tail.matchAll(MARKER)) {
    // "Final Answer: The final answer is": the later one is the nearer to the answer
    if (/[^\s*:.$]/.test(tail.slice(match.index + match[0].length, match.index + match[0].length + 40))) {
      start = match.index + match[0].length;
      marker = match[0];
    }
  }
  if (start === -1) {
    const [chosen] = [...tail.matchAll(CHOSEN)].slice(-1);
    return chosen === undefined ? null : { readings: [chosen[1]!], where: 'marker' };
  }
  const said = sentence(tail.slice(start))
    .replace(/^[\s:*]+|\*\*/g, '')
    .trim();
  if (WEAK.test(marker) && CONCLUSION.test(said)) return null;
  const reason = said.search(REASON);
  const segment = reason > 0 ? said.slice(0, reason) : said;
  if (segment === '') return null;
  // "The answer is 8!" ends a sentence; "Answer: 8!" and "The answer is $8!$" are factorials
  const exclaims = /(?:is|be) ?$/.test(marker) && /^[^$\\]*\d!$/.test(segment);
  const answer = exclaims ? segment.slice(0, -1) : segment;
  return { readings: [...readingsOf(answer), ...withoutChoice(answer)], where: 'marker' };
}

/** The text up to the end of its first sentence or line, formulas taken as wholes. */
function sentence(text: string): string {
  const start = text.search(/\S/);
  if (start === -1) return '';
  const spans = mathSpans(text.slice(0, TAIL));
  let next = 0;
  for (let at = start; at < text.length && at < TAIL; at++) {
    while (next < spans.length && spans[next]!.end <= at) next++;
    const span = spans[next];
    if (span !== undefined && span.start <= at && at < span.end) {
      at = span.end - 1;
      continue;
    }
    if (text[at] === '\n') {
      const colon = /:\s{0,3}$/.test(text.slice(Math.max(start, at - 4), at));
      if (!colon) return text.slice(start, at);
    }
    const short = /(?:i\.e|e\.g|approx)$/.test(text.slice(Math.max(start, at - 6), at));
    const ends =
      text[at] === '.' && !short && text[at - 1] !== '.' && /^\.\**(?:\s|$)/.test(text.slice(at, at + 5));
    if (ends) return text.slice(start, at);
  }
  return text.slice(start, TAIL);
}

/** A segment as a whole, then the formula or number in it: the first if it begins with it, else the last. */
function readingsOf(segment: string): string[] {
  const readings = [withoutDelimiters(segment)];
  if (/^(?:not|neither|never)\b/i.test(segment)) return readings;
  const candidates = candidatesIn(segment);
  if (candidates.length === 0) return readings;
  const chosen = candidates[0]!.start <= 2 ? candidates[0]! : candidates.at(-1)!;
  readings.push(chosen.content);
  return readings;
}

/** Formulas, and the tuples and numbers outside them, in order. */
function candidatesIn(text: string): Span[] {
  const formulas = joinNeighbours(text, mathSpans(text)).filter(({ content }) => saysSomething(content));
  const outside = (others: readonly Span[]) => (span: Span) =>
    !others.some(({ start, end }) => span.start < end && start < span.end);
  const tuples = plainTuples(text).filter(outside(formulas));
  const numbers = plainNumbers(text).filter(outside([...formulas, ...tuples]));
  const all = [
    ...formulas.map((span) => ({ ...span, content: withPercent(text, span) })),
    ...tuples,
    ...joinNeighbours(text, numbers, BETWEEN_NUMBERS),
  ];
  return all.sort((a, b) => a.start - b.start);
}

/** Whether a formula has more in it than a sign that a proof is over. */
function saysSomething(formula: string): boolean {
  return /[A-Za-z0-9]/.test(
    formula.replace(/\\(?:blacksquare|square|Box|qed|therefore|checkmark)(?![a-zA-Z])/g, ''),
  );
}

/** "$28$ percent" is 28%. */
function withPercent(text: string, span: Span): string {
  const after = /^\s?(?:\\?%|percent|pct)(?![a-z])/.exec(text.slice(span.end, span.end + 10));
  return after === null || span.content.includes('%') ? span.content : `${span.content}\\%`;
}

/** The content of a text that is one formula (or several with separators), else the text without dollar signs. */
export function withoutDelimiters(text: string): string {
  const trimmed = text.trim();
  const spans = joinNeighbours(trimmed, mathSpans(trimmed));
  const [only] = spans;
  if (spans.length === 1 && only!.start === 0 && /^[\s.,;:]*$/.test(trimmed.slice(only!.end)))
    return only!.content.trim();
  return trimmed.replace(/\\[()[\]]|\$/g, ' ').trim();
}

const SHORT = 80;

/** A response that is nothing but an answer; else the last formula, tuple or number in it. */
function wholeOrLast(response: string): Extracted | null {
  const text = response.trim().replace(/^__(.*)__$/s, '$1');
  if (text === '') return null;
  const tail = text.slice(-TAIL);
  const found = candidatesIn(tail);
  const said = found.filter(
    ({ start }) =>
      !/\b(?:not|than|instead of|or (?:about|approximately|roughly)) {0,2}$/.test(
        tail.slice(Math.max(0, start - 22), start),
      ),
  );
  const candidates = said.length > 0 ? said : found;
  const last =
    emphasised(tail) ??
    calculated(tail) ??
    equationValue(tail, candidates.at(-1)) ??
    candidates.at(-1)?.content;
  const readings = text.length <= SHORT ? [withoutDelimiters(text)] : [];
  if (last !== undefined) readings.push(last);
  return readings.length === 0 ? null : { readings, where: text.length <= SHORT ? 'whole' : 'last' };
}

/** The last number or formula in bold of the last paragraph: "Kylar pays **$64** for 16 glasses." */
function emphasised(text: string): string | null {
  const paragraph = text.slice(text.lastIndexOf('\n\n') + 1);
  let found: string | null = null;
  for (const [, bold] of paragraph.matchAll(/\*\*([^*\n]{1,120})\*\*/g)) {
    const [first] = candidatesIn(bold!);
    const heading = /:\s*$|^\d{1,3}[.)]\s/.test(bold!);
    if (first !== undefined && first.start <= 2 && !heading) found = first.content;
  }
  return found;
}

/** The result of the calculation in the last line: "360/30 = 12 days for its height to be 600 inches". */
function calculated(text: string): string | null {
  const end = text.trimEnd();
  const line = end.slice(end.lastIndexOf('\n') + 1);
  const equals = line.lastIndexOf('=');
  if (equals === -1 || mathSpans(line).length > 0) return null;
  const left = line.slice(Math.max(0, equals - 60), equals);
  if (!/\d[^=]{0,40}[-+*/][^=]{0,40}\d[^=\d]{0,20}$/.test(left)) return null;
  const right = line.slice(equals + 1);
  const [first] = plainNumbers(right);
  return first !== undefined && /^[\s$€£]{0,3}$/.test(right.slice(0, first.start)) ? first.content : null;
}

/** What the last number of a plain text stands in, after an equals sign or "is": y = 2x + 3, the distance is 2√5. */
function equationValue(text: string, last: Span | undefined): string | null {
  if (last === undefined || /[$\\]/.test(text.slice(last.start - 1, last.end))) return null;
  const line = text.lastIndexOf('\n', last.start) + 1;
  const before = text.slice(line, last.start + 1);
  const equals = before.lastIndexOf('=');
  const verb = before.lastIndexOf(' is ') + ' is'.length;
  const stated = verb > Math.max(equals, ' is'.length);
  if (!stated && equals === -1) return null;
  const start = line + (stated ? verb : equals) + 1;
  const value = sentence(text.slice(start)).split(/, |;| \(/, 1)[0]!;
  const within = start + text.slice(start).indexOf(value) + value.length >= last.end;
  const formula =
    (stated ? /\\/ : /[a-z\\]/i).test(value) && !/[a-z]{4} /i.test(value.replace(/\\[a-z]+/gi, ''));
  return within && value.length <= SHORT && formula ? value : null;
}

/** The readings of a gold answer: its boxes, the whole text, or the last formula of a longer text. */
export function goldReadings(gold: string): string[] {
  const boxes = findBoxes(gold);
  if (boxes.length > 0) {
    const content = joinBoxes(lastGroup(gold, boxes, true));
    return [...withoutChoice(content), content];
  }
  const unclosed = unclosedBox(gold);
  if (unclosed !== null) return [unclosed];
  const hashes = afterHashes(gold);
  if (hashes !== null) return [...hashes.readings];
  const readings = [...withoutChoice(withoutDelimiters(gold)), withoutDelimiters(gold)];
  const spans = joinNeighbours(gold, mathSpans(gold));
  const chosen = spans[0] !== undefined && spans[0].start <= 2 ? spans[0] : spans.at(-1);
  if (chosen !== undefined) readings.push(withPercent(gold, chosen));
  return readings;
}
