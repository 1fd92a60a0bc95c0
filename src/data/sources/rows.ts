// Rows of a file, whatever its format: one at a time, in bounded memory, each with its number. What cannot be read as
// a row comes in its place as a RejectedRow, and reading goes on. It knows nothing of problems. Its one idea: a format
// is a function from a file to rows, chosen by the file's ending.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DataError, GuiderailError, messageOf } from '../../errors.ts';
import type { RejectedRow } from '../problem-row.ts';
import { csvRows } from './csv.ts';
import { LONGEST_LINE, splitLines, type Line } from './lines.ts';
import { parquetRows } from './parquet.ts';

export const FORMATS = ['jsonl', 'json', 'csv', 'tsv', 'parquet'] as const;
export type RowFormat = (typeof FORMATS)[number];

export interface Row {
  /** From 1: the line of a text file, the number of an element or of a row of a table. */
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}

export type Rows = AsyncIterable<Row | RejectedRow>;

export interface ReadRowsOptions {
  /**
   * Of a table: chooses the columns that are read, from all there are. Other columns cost nothing, and may be damaged.
   * May throw a DataError where what is needed is not there.
   */
  readonly columns?: (available: readonly string[]) => readonly string[];
}

/** The format a file's name says, and whether it is compressed as a whole; null for another ending. */
export function formatOf(path: string): { format: RowFormat; gzip: boolean } | null {
  const [, ending = '', gz] = /\.(\w+?)(\.gz)?$/i.exec(path) ?? [];
  const name = ending.toLowerCase() === 'ndjson' ? 'jsonl' : ending.toLowerCase();
  const format = FORMATS.find((known) => known === name);
  if (format === undefined || (gz !== undefined && format === 'parquet')) return null;
  return { format, gzip: gz !== undefined };
}

/**
 * Rows of a JSONL, JSON, CSV, TSV or parquet file, in order; the first three kinds may end in .gz as well.
 * @throws DataError where the file as a whole cannot be read
 */
export async function* readRows(
  path: string,
  options: ReadRowsOptions = {},
): AsyncGenerator<Row | RejectedRow> {
  const known = formatOf(path);
  if (known === null) {
    throw new DataError(
      `Expected a file ending in .${FORMATS.join(', .')} (also .jsonl.gz and the like), got ${path}; rename it, or convert it first.`,
    );
  }
  const { format, gzip } = known;
  try {
    if (format === 'parquet') yield* parquetRows(path, options.columns);
    else if (format === 'csv' || format === 'tsv') {
      yield* csvRows(textOf(path, gzip), { path, delimiter: format === 'csv' ? ',' : '\t', ...options });
    } else if (format === 'json' && (await firstByteIsBracket(path, gzip))) yield* elementsOf(path, gzip);
    else yield* jsonLines(textOf(path, gzip));
  } catch (error) {
    if (error instanceof GuiderailError) throw error;
    throw new DataError(whyUnreadable('problems', path, error));
  }
}

async function* jsonLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Row | RejectedRow> {
  for await (const line of splitLines(input)) yield rowOfLine(line);
}

/** The row on a line of JSON, or why there is none. */
export function rowOfLine({ number: line, text, cut }: Line): Row | RejectedRow {
  if (cut) return { line, field: 'row', reason: `longer than ${LONGEST_LINE / 2 ** 20} million characters` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { line, field: 'row', reason: `not JSON: ${messageOf(error)}` };
  }
  return rowFrom(line, value);
}

/** A JSON array is read as a whole: nothing in JSON says where an element ends. */
async function* elementsOf(path: string, gzip: boolean): AsyncGenerator<Row | RejectedRow> {
  const parts: Uint8Array[] = [];
  for await (const part of textOf(path, gzip)) parts.push(part);
  let values: unknown[];
  try {
    const text = Buffer.concat(parts).toString('utf8');
    values = JSON.parse(text.replace(/^\uFEFF/, '')) as unknown[];
  } catch (error) {
    throw new DataError(
      `Expected ${path} to be a JSON array of rows, or one JSON object a line: ${messageOf(error)}.`,
    );
  }
  for (const [index, value] of values.entries()) yield rowFrom(index + 1, value);
}

function rowFrom(line: number, value: unknown): Row | RejectedRow {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { line, value: value as Record<string, unknown> };
  }
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  return {
    line,
    field: 'row',
    reason: `expected an object such as {"prompt": "…", "answer": "…"}, got ${got}`,
  };
}

/** The bytes of a text file, unpacked. */
function textOf(path: string, gzip: boolean): AsyncIterable<Uint8Array> {
  const file = createReadStream(path);
  if (!gzip) return file as AsyncIterable<Uint8Array>;
  // What goes wrong is thrown where the last of them is read.
  return pipeline(file, createGunzip(), () => {}) as AsyncIterable<Uint8Array>;
}

async function firstByteIsBracket(path: string, gzip: boolean): Promise<boolean> {
  for await (const part of textOf(path, gzip))
    return /^\uFEFF?\s*\[/.test(Buffer.from(part).toString('utf8'));
  return false;
}

/** The sentence for a file that cannot be opened or read. */
export function whyUnreadable(what: string, file: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `Expected ${what} at ${file}, but there is no such file; check the path.`;
  if (code === 'EISDIR') return `Expected ${what} at ${file}, but that is a folder; name a file in it.`;
  return `Cannot read ${what} from ${file}: ${messageOf(error)}`;
}
