// GSM8K (Cobbe et al. 2021) in its socratic form as problems with hints: the sub-questions of a solution say how to go
// about it without saying what comes out. Only the test file has them here, so it is split by content hash into 1,000
// problems to train on and 319 held out; no figure on either is ever a GSM8K test score.
import { DataError, messageOf } from '../errors.ts';
import type { Problem } from '../types.ts';
import { holdOut } from './hold-out.ts';
import { problemOf, type RejectedRow, type RowFault } from './problem-row.ts';
import { findDataset } from './registry/registry.ts';

const ROWS = 1319;
const HELD_OUT = 319;

export interface Gsm8kSplit {
  readonly train: Problem[];
  readonly heldOut: Problem[];
  /** Problems whose hint names the answer as a number of its own; they keep their hint, and are counted. */
  readonly leaking: number;
}

/**
 * From the text of test_socratic.jsonl: {question, answer} whose answer has lines `sub-question ** worked step` and
 * ends with `#### number`. The problems are ordered by id (a content hash) and the first 319 are held out. DataError
 * unless all 1,319 rows are there, usable and different: on other rows this split means nothing.
 */
export function splitSocraticGsm8k(text: string, file: string): Gsm8kSplit {
  const problems = new Map<string, Problem>();
  const rejected: RejectedRow[] = [];
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    const problem = socraticProblem(content);
    if ('field' in problem) rejected.push({ line, ...problem });
    else if (problems.has(problem.id)) {
      rejected.push({ line, field: 'row', reason: 'the same question and answer as an earlier row' });
    } else problems.set(problem.id, problem);
  }
  if (problems.size !== ROWS || rejected.length > 0) {
    throw new DataError(
      `Expected the ${ROWS} usable rows of GSM8K's test_socratic.jsonl in ${file}, got ${problems.size} and ` +
        `${rejected.length} that cannot be used; this split is defined on that file alone, download it again.` +
        listed(rejected, file),
    );
  }
  const all = [...problems.values()];
  return { ...holdOut(all, HELD_OUT), leaking: all.filter(hintNamesAnswer).length };
}

/** The first few, each on a line of its own, and how many more. */
function listed(rejected: readonly RejectedRow[], file: string): string {
  const first = rejected
    .slice(0, 5)
    .map(({ line, field, reason }) => `\n${file}:${line} (${field}): ${reason}`);
  const more = rejected.length > first.length ? `\n… and ${rejected.length - first.length} more` : '';
  return `${first.join('')}${more}`;
}

/** A problem, or why the line is none, and which of its fields is at fault. */
export function socraticProblem(line: string): Problem | RowFault {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { field: 'row', reason: `not JSON: ${messageOf(error)}` };
  }
  const row = findDataset('gsm8k-socratic').toRow(value as Record<string, unknown>);
  if ('reason' in row) return row;
  const source = 'math/gsm8k/socratic-test';
  return problemOf({ ...row, source }, { verifier: 'exact', source });
}

function hintNamesAnswer({ hints, answer }: Problem): boolean {
  const withoutNumbering = hints[0]!.replaceAll(/^\d+\. /gm, '');
  return (withoutNumbering.match(/-?\d[\d,]*(\.\d+)?/g) ?? []).some((n) => n.replaceAll(',', '') === answer);
}
