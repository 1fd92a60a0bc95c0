// Rows of CSV and TSV: the first record names the columns, every other becomes an object of texts. It knows nothing of
// files or problems. Its one idea: a record that does not fit costs that record, and is named by the line it begins on.
import { parse, type Info, type Parser } from 'csv-parse';
import { Readable } from 'node:stream';
import { DataError } from '../../errors.ts';
import type { RejectedRow } from '../problem-row.ts';
import { LONGEST_LINE } from './lines.ts';

export interface CsvOptions {
  /** For sentences. */
  readonly path: string;
  readonly delimiter: ',' | '\t';
  /** Chooses the columns that are kept, from all there are. */
  readonly columns?: (available: readonly string[]) => readonly string[];
}

interface CsvRow {
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** What the parser gives for a record: its cells, and where it ends. */
interface ParsedRecord {
  readonly record: string[];
  readonly info: Info;
}

/** @throws DataError where there are no columns */
export async function* csvRows(
  input: AsyncIterable<Uint8Array>,
  { path, delimiter, columns }: CsvOptions,
): AsyncGenerator<CsvRow | RejectedRow> {
  const broken: RejectedRow[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LONGEST_LINE,
    on_skip: (error) => {
      const lines = Number((error as { lines?: number } | undefined)?.lines ?? 0);
      broken.push({ line: Math.max(1, lines), field: 'row', reason: reasonOf(error) });
      return undefined;
    },
  });
  const records = fed(parser, input);
  let names: readonly string[] | null = null;
  let kept: ReadonlySet<string> = new Set();
  let ended = 0;
  for await (const { record, info } of records) {
    yield* broken.splice(0);
    const line = ended + 1;
    ended = info.lines;
    if (names === null) {
      names = header(record, path);
      kept = new Set(columns?.(names) ?? names);
      continue;
    }
    if (record.length !== names.length) {
      const reason = `has ${record.length} cells where the first line names ${names.length} columns; quote cells that hold a separator`;
      yield { line, field: 'row', reason };
      continue;
    }
    // Not by assignment: a column may be called __proto__.
    const cells = names.map((name, index) => [name, record[index]] as const);
    yield { line, value: Object.fromEntries(cells.filter(([name]) => kept.has(name))) };
  }
  yield* broken;
  if (names === null) throw new DataError(`Expected ${path} to begin with the names of its columns, but it is empty.`);
}

function fed(parser: Parser, input: AsyncIterable<Uint8Array>): AsyncIterable<ParsedRecord> {
  const source = Readable.from(input);
  source.on('error', (error) => parser.destroy(error));
  parser.on('close', () => source.destroy());
  return source.pipe(parser) as AsyncIterable<ParsedRecord>;
}

function header(record: readonly string[], path: string): readonly string[] {
  const names = record.map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new DataError(
      `Expected the first line of ${path} to name every column once, but "${twice}" stands there twice; rename one.`,
    );
  }
  return names;
}

function reasonOf(error: { readonly code?: string; readonly message: string } | undefined): string {
  switch (error?.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return `longer than ${LONGEST_LINE / 2 ** 20} million characters; a quote may not be closed`;
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is opened and not closed before the end of the file';
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'a quote stands within a cell; write the cell in quotes and each quote in it twice';
    default:
      return `not CSV: ${error?.message ?? 'it does not parse'}`;
  }
}
