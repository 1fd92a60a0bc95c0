// Rows of a problem file for commands that write the file anew with other hints: each problem beside its row as it
// stands, so that fields which guiderail does not know go through unchanged. Reads line by line, as often as it is asked.
import { promptsKept, problemOf, type RejectedRow } from '../data/problem-row.ts';
import { rowOfLine } from '../data/sources/rows.ts';
import type { Problem } from '../types.ts';
import type { CommandIO } from './command-io.ts';
import { linesOf } from './json-lines.ts';

export interface ProblemRow {
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly problem: Problem;
}

/** Problems and rows that are none, in the order of the file. A repetition is a problem like any other. */
export async function* problemRows(io: CommandIO, file: string): AsyncGenerator<ProblemRow | RejectedRow> {
  for await (const line of linesOf(io, file)) {
    const row = rowOfLine(line);
    if ('field' in row) {
      yield row;
      continue;
    }
    const problem = problemOf(row.value, { verifier: 'exact', source: 'hints' });
    yield 'field' in problem ? { line: row.line, ...problem } : { ...row, problem };
  }
}

const REPLACED = new Set(['hint', 'hints', 'hintedPrompts', 'hintGeneration']);

/** A row with other hints (null for a level without one), and a note on where they come from, which readers of problems pass over. */
export function withHints(
  { value, problem }: ProblemRow,
  hints: readonly (string | null)[],
  note: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const others = Object.entries(value).filter(([field]) => !REPLACED.has(field));
  // A whole prompt of the data set shows the hint it was made with, so another hint takes it away.
  const hintedPrompts = promptsKept(problem, hints);
  return {
    ...Object.fromEntries(others),
    hints,
    ...(hintedPrompts && { hintedPrompts }),
    hintGeneration: note,
  };
}
