// Checks the hints of a problem: whether they leak the answer, the right option, a program or the solution, and whether
// they are in the right language and of a length that helps. Its one idea: a leak is judged by what it means, so the
// verifiers of the problem do the judging; a hint that could not be judged is said to be so and never passed.
import { messageOf } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { leakFinding, STATED, quote, statedValues, type Leak } from './answer-leak.ts';
import { statedCalendar } from './calendar.ts';
import { choicesOf, mentionedOptions, pointedOptions, quotedOptions, type Choices } from './choices.ts';
import { codeLeaks } from './code-leak.ts';
import { codePieces } from './code-pieces.ts';
import { givenBy, type Given } from './given.ts';
import { judgeOf, type Judge, type VerifierFor } from './judge.ts';
import { otherLanguage } from './language.ts';
import { mentionsIn } from './mentions.ts';
import { overlapOf } from './overlap.ts';
import { statedParts } from './parts.ts';
import { readText, type Reading } from './reading.ts';
import { statedWords, wordsOfAnswer } from './text-answers.ts';
import type { Finding, HintVerdict } from './verdict.ts';

export interface HintCheckOptions {
  /** Words a hint must have; default 3. */
  readonly minWords?: number;
  /** Words a hint may have; default 400. */
  readonly maxWords?: number;
  /** Words that a hint may have in a row with the reference solution; default 15. */
  readonly maxOverlapWords?: number;
  /** Share of the reference solution that a hint may have word for word; default 0.6. */
  readonly maxOverlapShare?: number;
  /** ISO 639-3 code of the language of hints; null, the default, for that of the problem. */
  readonly language?: string | null;
}

export const DEFAULT_HINT_CHECK: Required<HintCheckOptions> = {
  minWords: 3,
  maxWords: 400,
  maxOverlapWords: 15,
  maxOverlapShare: 0.6,
  language: null,
};

/** Longer hints are refused unread, and so are hints with more stretches that could be an answer. */
export const LONGEST_HINT = 20_000;
const MOST_MENTIONS = 600;
/** How much of a problem is read for what it gives. */
const LONGEST_PROBLEM = 40_000;

/** Checks hints; verifiers come from `verifierFor`, which a VerifierPool has. */
export class HintChecker {
  readonly #verifierFor: VerifierFor;
  readonly #options: Required<HintCheckOptions>;

  constructor(verifierFor: VerifierFor, options: HintCheckOptions = {}) {
    this.#verifierFor = verifierFor;
    this.#options = { ...DEFAULT_HINT_CHECK, ...options };
  }

  /** A verdict for each level of a problem that has a hint, in order. */
  async checkProblem(problem: Problem): Promise<HintVerdict[]> {
    const verdicts: HintVerdict[] = [];
    for (const [index, hint] of problem.hints.entries())
      if (hint !== '') verdicts.push(await this.checkHint(problem, index + 1));
    return verdicts;
  }

  /** Whether a hint that is not among those of its problem may be used, for whoever makes one. */
  async accepts(problem: Problem, hint: string): Promise<{ ok: boolean; reason: string }> {
    const { kind, reason } = await this.checkHint({ ...problem, hints: [hint] }, 1);
    return { ok: kind === 'ok', reason };
  }

  /** The verdict on the hint of a level, from 1. Never throws for what problem and hint say. */
  async checkHint(problem: Problem, level: number): Promise<HintVerdict> {
    const hint = problem.hints[level - 1] ?? '';
    const shape = this.#shape(problem, hint, level);
    if (hint.trim() === '' || hint.length > LONGEST_HINT) return verdictOf(level, hint, shape);
    let leaks: Finding[];
    try {
      leaks = await this.#leaks(problem, hint);
    } catch (error) {
      leaks = [unchecked(messageOf(error))];
    }
    return verdictOf(level, hint, [...leaks, ...shape]);
  }

  #shape(problem: Problem, hint: string, level: number): Finding[] {
    const { minWords, maxWords, language } = this.#options;
    const about = (
      kind: Finding['kind'],
      reason: string,
      action: Finding['action'] = 'regenerate',
    ): Finding => ({
      kind,
      span: null,
      reason,
      action,
    });
    if (hint.trim() === '') return [about('empty', 'It is empty.')];
    if (hint.length > LONGEST_HINT) {
      const reason = `It has ${hint.length} characters, more than the ${LONGEST_HINT} that are read, so nobody knows whether it leaks.`;
      return [about('tooLong', reason)];
    }
    const findings: Finding[] = [];
    const words = hint.match(/[\p{L}\p{M}\d]+/gu)?.length ?? 0;
    const unspaced = hint.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
    const count = Math.max(words, Math.round(unspaced / 2));
    if (count < minWords)
      findings.push(
        about('tooShort', `It has ${count} ${count === 1 ? 'word' : 'words'}, fewer than ${minWords}.`),
      );
    if (count > maxWords) findings.push(about('tooLong', `It has ${count} words, more than ${maxWords}.`));
    const plain = sameness(hint);
    const twin = problem.hints.slice(0, level - 1).findIndex((other) => sameness(other) === plain);
    if (twin !== -1) findings.push(about('duplicate', `It is the hint of level ${twin + 1} again.`, 'drop'));
    if (sameness(textOf(problem)) === plain)
      findings.push(about('duplicate', 'It is the problem itself again.'));
    const stranger = otherLanguage(hint, textOf(problem), language);
    if (stranger !== null) findings.push(about('language', stranger));
    return findings;
  }

  async #leaks(problem: Problem, hint: string): Promise<Finding[]> {
    const findings: Finding[] = [];
    if (problem.verifier === 'code') {
      const { findings: code, fault } = await codeLeaks(problem, hint, this.#verifierFor);
      findings.push(...code);
      if (code.length === 0 && fault !== null) findings.push(unchecked(fault));
    } else {
      findings.push(...(await this.#answerLeaks(problem, hint)));
    }
    const overlap = this.#overlap(problem, hint);
    if (overlap !== null) findings.push(overlap);
    return findings;
  }

  async #answerLeaks(problem: Problem, hint: string): Promise<Finding[]> {
    const units = problem.verifier === 'science';
    const reading = readText(hint);
    const numbers = reading.text.match(/\d+/g)?.length ?? 0;
    if (numbers > MOST_MENTIONS) return [tooMany(numbers)];
    const source = textOf(problem).slice(0, LONGEST_PROBLEM);
    const choices = choicesOf(problem, source);
    const search: Search = {
      reading,
      mentions: mentionsIn(reading.text, { units }),
      given: givenBy(choices === null ? source : choices.stem, units),
    };
    if (search.mentions.length > MOST_MENTIONS) return [tooMany(search.mentions.length)];
    const judge = judgeOf(problem, this.#verifierFor);
    if (choices !== null) {
      const { leaks, fault } = await this.#optionLeaks(problem, search, choices);
      if (leaks.length === 0 && fault !== null) return [unchecked(fault)];
      return leaks.map((leak) => leakFinding('optionLeak', leak, reading.original));
    }
    const leaks = await this.#statedAnswers(problem, search, judge);
    const findings = leaks.map((leak) => leakFinding('answerLeak', leak, reading.original));
    const fault = judge.fault();
    if (fault !== null && findings.length === 0) findings.push(unchecked(fault));
    return findings;
  }

  async #statedAnswers(
    problem: Problem,
    { reading, mentions, given }: Search,
    judge: Judge,
  ): Promise<Leak[]> {
    const { text } = reading;
    const search = { text, mentions, given, gold: problem.answer, judge };
    const leaks = [...(await statedValues(search)), ...statedWords({ text, gold: problem.answer, given })];
    leaks.push(...statedCalendar(text, problem.answer, given.text));
    leaks.push(...(await spelledAnswers(problem, search)));
    if (leaks.length === 0)
      leaks.push(...(await statedParts(search, problem, (part) => judgeOf(part, this.#verifierFor))));
    return leaks;
  }

  /** The letter or place of the right option; its text, where the hint has that of no other; what equals it. */
  async #optionLeaks(problem: Problem, search: Search, choices: Choices) {
    const { reading, given } = search;
    const { text } = reading;
    const leaks: Leak[] = [...pointedOptions(text, choices), ...quotedOptions(text, choices)];
    let fault: string | null = null;
    const named = mentionedOptions(text, choices);
    const several = named.filter((letter) => !choices.right.includes(letter)).length > 0;
    for (const letter of choices.right) {
      const option = choices.options.get(letter);
      if (option === undefined) continue;
      leaks.push(...statedWords({ text, gold: option, given, onlyStated: several }));
      if (wordsOfAnswer(option) !== null && !/\d/.test(option)) continue;
      const verifier = problem.verifier === 'science' ? 'science' : 'math';
      const judge = judgeOf({ ...problem, answer: option, verifier }, this.#verifierFor);
      const values = await statedValues({ text, mentions: search.mentions, given, gold: option, judge });
      leaks.push(...(several ? values.filter(({ reason }) => reason.endsWith(STATED)) : values));
      fault ??= judge.fault();
    }
    return { leaks, fault };
  }

  #overlap(problem: Problem, hint: string): Finding | null {
    if (problem.solution === undefined) return null;
    const { maxOverlapWords, maxOverlapShare } = this.#options;
    // Code is compared as code; what is left of its hint is words.
    const prose = problem.verifier === 'code' ? withoutCode(hint) : hint;
    const { longest, span, share, solutionWords } = overlapOf(
      prose,
      problem.solution.slice(0, LONGEST_HINT * 2),
      textOf(problem).slice(0, LONGEST_PROBLEM),
    );
    const all = solutionWords >= 5 && longest >= solutionWords;
    if (longest <= maxOverlapWords && share <= maxOverlapShare && !all) return null;
    const reason = `It has ${longest} words in a row and ${Math.round(share * 100)} % of the reference solution word for word.`;
    return { kind: 'solutionOverlap', span, reason, action: 'regenerate' };
  }
}

function withoutCode(hint: string): string {
  let prose = hint;
  for (const { start, end, marked } of codePieces(hint))
    if (marked) prose = `${prose.slice(0, start)}${' '.repeat(end - start)}${prose.slice(end)}`;
  return prose;
}

interface Search {
  readonly reading: Reading;
  readonly mentions: ReturnType<typeof mentionsIn>;
  readonly given: Given;
}

const BUILT_IN = new Set(['exact', 'math', 'science', 'code']);

/**
 * Answers that are neither numbers nor words: chemical formulae and equations, and whatever a verifier of the user
 * takes. Every word and every quotation is put to the verifier.
 */
async function spelledAnswers(
  problem: Problem,
  search: { text: string; given: Given; judge: Judge },
): Promise<Leak[]> {
  const own = !BUILT_IN.has(problem.verifier);
  if (!own && problem.verifier !== 'science') return [];
  const pattern = own
    ? /[^\s"'.,;:!?()]+|"[^"\n]{1,200}"/g
    : /[^\n]{0,120}(?:→|->|⇌|<->|\\rightarrow|\\to)[^\n.]{1,120}|[[(A-Z][\w[\]()^_{}+·.\\-]*[\w)}\]+-]/g;
  const leaks: Leak[] = own ? [] : saidCoefficients(problem.answer, search.text);
  for (const match of [...search.text.matchAll(pattern)].slice(0, MOST_MENTIONS)) {
    const bare = match[0].replace(/^"|"$/g, '').trim();
    const texts = own ? [bare] : equationReadings(bare);
    if (!/[A-Z0-9]/.test(bare) && !own) continue;
    if (search.given.text.includes(bare) || !(await search.judge.acceptsOne(texts))) continue;
    const reason = `The verifier takes ${quote(bare)} for the answer, and the problem does not give it.`;
    leaks.push({ start: match.index, end: match.index + match[0].length, reason });
  }
  return leaks;
}

/** "one methane and two oxygen give one carbon dioxide and two water": the numbers of a reaction equation in order. */
function saidCoefficients(gold: string, text: string): Leak[] {
  const sides = gold.split(/<?-+>|→|⇌|\\to\b|\\rightarrow/);
  if (sides.length !== 2) return [];
  const terms = sides.flatMap((side) => side.split(/\s+\+\s+/));
  const wanted = terms.map((term) => /^\s*(\d+)/.exec(term)?.[1] ?? '1');
  if (wanted.length < 3) return [];
  for (const match of text.matchAll(/[^.?!\n]+/g)) {
    const said = mentionsIn(match[0], { units: false }).filter(
      ({ form }) => form === 'number' || form === 'words',
    );
    const numbers = said.map(({ values }) => values.at(-1));
    if (numbers.length < wanted.length || !wanted.every((number, index) => numbers[index] === number))
      continue;
    const [first, last] = [said[0]!, said[wanted.length - 1]!];
    const [start, end] = [match.index + first.start, match.index + last.end];
    return [
      { start, end, reason: `${quote(text.slice(start, end))} says the numbers of the equation in order.` },
    ];
  }
  return [];
}

/** A reaction equation may follow words: "the balanced form is 2H2 + O2 -> 2H2O". */
function equationReadings(text: string): string[] {
  const words = text.split(/\s+/);
  const first = words.findIndex((word) => /^\d*\(?\[?[A-Z]/.test(word) && !/^[A-Z][a-z]{2,}/.test(word));
  const readings = [text, words.slice(Math.max(0, first)).join(' ')];
  const arrow = words.findIndex((word) => /→|->|⇌|\\rightarrow|\\to/.test(word));
  if (arrow > 0) {
    let from = arrow - 1;
    while (from >= 2 && words[from - 1] === '+') from -= 2;
    let to = arrow + 1;
    while (words[to + 1] === '+' && to + 2 < words.length) to += 2;
    readings.push(
      words
        .slice(from, to + 1)
        .join(' ')
        .replace(/[,;:.!]+$/, ''),
    );
  }
  return readings;
}

/** What the policy sees of a problem. */
function textOf({ messages }: Problem): string {
  return messages.map(({ content }) => content).join('\n\n');
}

/** Letters and digits alone, so that punctuation, case and numbering make no difference. */
function sameness(text: string): string {
  return (
    text
      .replace(/^\s*\(?\d{1,2}[.):]\s/gm, ' ')
      .toLowerCase()
      .match(/[\p{L}\p{M}\d]+/gu) ?? []
  ).join(' ');
}

function tooMany(count: number): Finding {
  const reason = `It has ${count} numbers and formulas, more than the ${MOST_MENTIONS} that are checked.`;
  return { kind: 'tooLong', span: null, reason, action: 'regenerate' };
}

function unchecked(why: string): Finding {
  return { kind: 'unchecked', span: null, reason: `It could not be checked: ${why}`, action: 'look' };
}

function verdictOf(level: number, hint: string, findings: readonly Finding[]): HintVerdict {
  const [first] = findings;
  if (first === undefined) {
    return { level, kind: 'ok', action: 'keep', reason: 'Nothing was found.', evidence: null, findings };
  }
  const { kind, action, reason, span } = first;
  const evidence = span === null ? null : { ...span, text: hint.slice(span.start, span.end) };
  return { level, kind, action, reason, evidence, findings };
}
