// Rows of a problem file for commands that write the file anew with other hints: each problem beside its row as it
// stands, so that fields which guiderail does not know go through unchanged. Reads line by line, as often as it is asked.
import { problemOf, type RejectedRow } from '../data/problems.ts';
import { messageOf } from '../errors.ts';
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
  for await (const { number: line, text, cut } of linesOf(io, file)) {
    if (cut) {
      yield { line, field: 'row', reason: 'the line is too long to be a row' };
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      yield { line, field: 'row', reason: `not JSON: ${messageOf(error)}` };
      continue;
    }
    const problem = problemOf(value, { verifier: 'exact', source: 'hints' });
    if ('field' in problem) yield { line, ...problem };
    else yield { line, value: value as Record<string, unknown>, problem };
  }
}

const REPLACED = new Set(['hint', 'hints', 'hintGeneration']);

/** A row with other hints (null for a level without one), and a note on where they come from, which readers of problems pass over. */
export function withHints(
  { value }: ProblemRow,
  hints: readonly (string | null)[],
  note: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const others = Object.entries(value).filter(([field]) => !REPLACED.has(field));
  return { ...Object.fromEntries(others), hints, hintGeneration: note };
}
