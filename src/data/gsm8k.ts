// GSM8K (Cobbe et al. 2021) in its socratic form as problems with hints: the sub-questions of a solution say how to go
// about it without saying what comes out. Only the test file has them here, so it is split by content hash into 1,000
// problems to train on and 319 held out; no figure on either is ever a GSM8K test score.
import { z } from 'zod';
import { DataError, messageOf } from '../errors.ts';
import type { ChatMessage, Problem } from '../types.ts';
import { problemId, type RejectedRow } from './problems.ts';

const ROWS = 1319;
const HELD_OUT = 319;

const rowSchema = z.object({ question: z.string().min(1), answer: z.string().min(1) });

export interface Gsm8kSplit {
  readonly train: Problem[];
  readonly heldOut: Problem[];
  readonly rejected: RejectedRow[];
  /** Problems whose hint names the answer as a number of its own; they keep their hint, and are counted. */
  readonly leaking: number;
}

/**
 * From the text of test_socratic.jsonl: {question, answer} whose answer has lines `sub-question ** worked step` and
 * ends with `#### number`. The problems are ordered by id (a content hash) and the first 319 are held out. DataError
 * unless all 1,319 rows are there and usable: on other rows this split means nothing.
 */
export function splitSocraticGsm8k(text: string, file: string): Gsm8kSplit {
  const problems: Problem[] = [];
  const rejected: RejectedRow[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const problem = socraticProblem(line);
    if (typeof problem === 'string') rejected.push({ line: index + 1, field: 'answer', reason: problem });
    else problems.push(problem);
  }
  if (problems.length !== ROWS || rejected.length > 0) {
    const first = rejected[0] ? ` (line ${rejected[0].line}: ${rejected[0].reason})` : '';
    throw new DataError(
      `Expected the ${ROWS} usable rows of GSM8K's test_socratic.jsonl in ${file}, got ${problems.length} and ` +
        `${rejected.length} that cannot be used${first}; this split is defined on that file alone.`,
    );
  }
  const ordered = [...problems].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    heldOut: ordered.slice(0, HELD_OUT),
    train: ordered.slice(HELD_OUT),
    rejected,
    leaking: problems.filter(hintNamesAnswer).length,
  };
}

/** A problem, or why the line is none. */
export function socraticProblem(line: string): Problem | string {
  let row: z.output<typeof rowSchema>;
  try {
    row = rowSchema.parse(JSON.parse(line));
  } catch (error) {
    return `expected {"question", "answer"}: ${messageOf(error)}`;
  }
  const [worked, final] = row.answer.split(/\n?####/);
  const answer = final?.trim().replaceAll(',', '');
  if (answer === undefined || !/^-?\d+(\.\d+)?$/.test(answer)) return 'expected a number after ####';
  const questions = worked!
    .split('\n')
    .filter((step) => step.includes('**'))
    .map((step) => step.split('**')[0]!.trim());
  if (questions.length === 0) return 'expected sub-questions before **';
  const messages: ChatMessage[] = [{ role: 'user', content: row.question }];
  return {
    id: problemId(messages, answer),
    messages,
    answer,
    verifier: 'exact',
    hints: [questions.map((question, index) => `${index + 1}. ${question}`).join('\n')],
    source: 'math/gsm8k/socratic-test',
  };
}

function hintNamesAnswer({ hints, answer }: Problem): boolean {
  const withoutNumbering = hints[0]!.replaceAll(/^\d+\. /gm, '');
  return (withoutNumbering.match(/-?\d[\d,]*(\.\d+)?/g) ?? []).some((n) => n.replaceAll(',', '') === answer);
}
