// Problems from a file, whole, and the order in which a run draws them. Bad rows are listed with their line and field
// and left out, so that one bad row in a million costs one row. It knows nothing of prompts or verifiers. Its one
// idea: a draw is a function of the run's seed and its ordinal.
import { DataError } from '../errors.ts';
import { permutation, seedOf } from '../random.ts';
import type { Problem } from '../types.ts';
import { collectProblems, type ProblemsRead } from './sources/source.ts';

export { problemId, problemOf, type RejectedRow } from './problem-row.ts';
export { whyUnreadable } from './sources/rows.ts';
export type { ProblemsRead } from './sources/source.ts';

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

/**
 * The order in which a run draws its problems: draw n is position n mod N of the permutation of epoch
 * floor(n / N), so every problem comes once an epoch and any draw can be named without those before it.
 * Remembers one epoch's permutation, which changes no result.
 */
export class ProblemOrder {
  readonly #problems: readonly Problem[];
  readonly #runSeed: number;
  #epoch = -1;
  #order: Int32Array = new Int32Array(0);

  constructor(problems: readonly Problem[], runSeed: number) {
    if (problems.length === 0) throw new DataError('Expected at least one problem to draw from, got none.');
    this.#problems = problems;
    this.#runSeed = runSeed;
  }

  /** The problem of a draw, counted from 0. */
  draw(ordinal: number): Problem {
    const count = this.#problems.length;
    const epoch = Math.floor(ordinal / count);
    if (epoch !== this.#epoch) {
      this.#order = permutation(count, seedOf(this.#runSeed, 'problem-order', epoch));
      this.#epoch = epoch;
    }
    return this.#problems[this.#order[ordinal % count]!]!;
  }
}
