// Problems from a file, whole or one by one. Bad rows are listed with their line and field and left out, so that one bad
// row in a million costs one row. It knows nothing of prompts or verifiers; src/data/sources/ reads.
import type { RejectedRow } from './problem-row.ts';
import { collectProblems, problemsOf, type NumberedProblem, type ProblemsRead } from './sources/source.ts';

export { problemId, problemOf, type RejectedRow } from './problem-row.ts';
export { whyUnreadable } from './sources/rows.ts';
export type { NumberedProblem as ProblemRow, ProblemsRead } from './sources/source.ts';

export interface ReadProblemsOptions {
  /** Verifier of rows that name none; default 'exact'. */
  readonly verifier?: string;
  /** Source of rows that name none; default <format>/<name of the file>. */
  readonly source?: string;
}

/**
 * Reads problems from a file of any format that readRows knows, with the fields of problemOf or of the Guide schema;
 * other fields are ignored. Blank lines, CRLF and a byte-order mark are fine. Malformed rows and repetitions of an
 * earlier problem are listed in `rejected`. DataError if the file cannot be read or no row is left.
 */
export function readProblems(file: string, options: ReadProblemsOptions = {}): Promise<ProblemsRead> {
  return collectProblems({ file }, options);
}

/** The rows of such a file one by one, repetitions included, in bounded memory. DataError if it cannot be read. */
export function problemRows(
  file: string,
  options: ReadProblemsOptions = {},
): AsyncGenerator<NumberedProblem | RejectedRow> {
  return problemsOf({ file }, options);
}
