// Problems into a file: JSON Lines of rows as problemOf takes them, or parquet in the Guide schema. The file appears
// when it is complete. It knows nothing of where the problems come from.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { DataError, messageOf } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { DEFAULT_PROMPT_OPTIONS, type PromptOptions } from '../prompts.ts';
import { rowOf } from '../problem-row.ts';
import { guideRowOf, guideSchema } from './guide.ts';

/** Rows of a row group: what is held in memory at once. */
const GROUP = 10_000;

export interface WriteOptions {
  /** Levels of the hinted prompts of a parquet file: those of the problem with the most hints. */
  readonly levels: number;
  /** How hints become hinted prompts there. */
  readonly prompt?: PromptOptions;
}

/** Whether a name says one of the formats that can be written. */
export function canWrite(path: string): boolean {
  return /\.(jsonl|parquet)$/.test(path);
}

/**
 * Writes what comes. What `problems` throws is thrown, and no file is left then; an older one stays as it is.
 * @returns how many were written
 * @throws DataError where it cannot be written
 */
export async function writeProblems(
  path: string,
  problems: AsyncIterable<Problem> | Iterable<Problem>,
  { levels, prompt = DEFAULT_PROMPT_OPTIONS }: WriteOptions,
): Promise<number> {
  if (!canWrite(path)) throw new DataError(`Expected a file ending in .jsonl or .parquet, got ${path}.`);
  const partial = `${path}.partial`;
  let written = 0;
  async function* counted() {
    for await (const problem of problems) yield [problem, written++] as const;
  }
  try {
    if (path.endsWith('.parquet')) await writeParquet(partial, counted(), levels, prompt);
    else await writeLines(partial, counted());
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new DataError(`Cannot write ${path}: ${messageOf(error)}.`);
  }
  return written;
}

type Counted = AsyncIterable<readonly [Problem, number]>;

async function writeLines(path: string, problems: Counted): Promise<void> {
  async function* lines() {
    for await (const [problem] of problems) yield `${JSON.stringify(rowOf(problem))}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

async function writeParquet(
  path: string,
  problems: Counted,
  levels: number,
  prompt: PromptOptions,
): Promise<void> {
  async function* rows() {
    for await (const [problem, index] of problems) yield guideRowOf(problem, index, levels, prompt);
  }
  const schema = guideSchema(levels);
  const names = Object.keys(guideRowOf(PLACEHOLDER, 0, levels, prompt));
  await parquetWriteRows({
    writer: fileWriter(path),
    rows: rows(),
    columns: names.map((name) => ({ name })),
    schema,
    rowGroupSize: GROUP,
    createdBy: 'guiderail',
  });
}

/** For the names of the columns, which are the same for every problem. */
const PLACEHOLDER: Problem = {
  ...{
    id: '',
    messages: [{ role: 'user', content: '?' }],
    answer: '',
    verifier: 'exact',
    hints: [],
    source: '',
  },
};
