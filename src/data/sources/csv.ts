// Rows of CSV and TSV: the first record names the columns, every other becomes an object of texts. It knows nothing of
// files or problems. Its one idea: lines are put together to records here, so that a quote that is never closed costs
// the line it stands on and not the rest of the file; what a record says is csv-parse's to find.
import { CsvError, parse } from 'csv-parse/sync';
import { DataError, messageOf } from '../../errors.ts';
import type { RejectedRow } from '../problem-row.ts';
import { LONGEST_LINE, splitLines, type Line } from './lines.ts';

/** Records that are parsed at once. */
const BATCH = 500;

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

/** The text of a record and the line it begins on. */
interface RecordText {
  readonly line: number;
  readonly text: string;
}

/** Cells that are empty are left out. @throws DataError where there are no columns */
export async function* csvRows(
  input: AsyncIterable<Uint8Array>,
  { path, delimiter, columns }: CsvOptions,
): AsyncGenerator<CsvRow | RejectedRow> {
  let names: readonly string[] | null = null;
  let kept: ReadonlySet<string> = new Set();
  for await (const batch of batches(recordTexts(input, delimiter))) {
    for (const { line, cells } of parsed(batch, delimiter)) {
      if (names === null) {
        names = header(cells, path);
        kept = new Set(columns?.(names) ?? names);
      } else if ('reason' in cells) {
        yield { line, field: 'row', reason: cells.reason };
      } else if (cells.length !== names.length) {
        const reason = `has ${cells.length} cells where the first line names ${names.length} columns; quote a cell that holds a separator`;
        yield { line, field: 'row', reason };
      } else {
        // Not by assignment: a column may be called __proto__.
        const filled = names.map((name, index) => [name, cells[index]!] as const);
        yield {
          line,
          value: Object.fromEntries(filled.filter(([name, cell]) => cell !== '' && kept.has(name))),
        };
      }
    }
  }
  if (names === null) {
    throw new DataError(`Expected ${path} to begin with the names of its columns, but it is empty.`);
  }
}

type Cells = readonly string[] | { readonly reason: string };

/** Records that may hold line ends within quotes; one whose quote is not closed is the line it begins on. */
async function* recordTexts(
  input: AsyncIterable<Uint8Array>,
  delimiter: string,
): AsyncGenerator<RecordText | RejectedRow> {
  let open: Line[] = [];
  let length = 0;
  function* take(line: Line): Generator<RecordText | RejectedRow> {
    const end = endOf(line.text, delimiter, open.length > 0);
    if (open.length === 0 && end !== 'quoted') {
      yield line.cut
        ? {
            line: line.number,
            field: 'row',
            reason: `longer than ${LONGEST_LINE / 2 ** 20} million characters`,
          }
        : { line: line.number, text: line.text };
      return;
    }
    open.push(line);
    length += line.text.length;
    if (end === 'whole') {
      yield { line: open[0]!.number, text: open.map(({ text }) => text).join('\n') };
      open = [];
      length = 0;
      // What looks like the closing quote may be the opening one of another cell.
    } else if (end === 'broken' || length > LONGEST_LINE) yield* giveUp();
  }
  function* giveUp(): Generator<RecordText | RejectedRow> {
    const [first, ...rest] = open;
    open = [];
    length = 0;
    const reason = 'a quote is opened on this line and not closed; the lines after it are read by themselves';
    yield { line: first!.number, field: 'row', reason };
    for (const line of rest) yield* take(line);
  }
  // Blank lines are dropped by splitLines; one within quotes comes back as the difference of two numbers.
  for await (const line of splitLines(input)) {
    const missing = open.length > 0 ? line.number - open.at(-1)!.number - 1 : 0;
    if (missing > 0) open.push({ number: line.number - 1, text: '\n'.repeat(missing - 1), cut: false });
    yield* take({ ...line, text: line.text.replace(/\r$/, '') });
  }
  while (open.length > 0) yield* giveUp();
}

/**
 * How a line ends: within quotes, for a cell that begins with one goes on until the next that is not doubled; with its
 * last cell; or with it too, but a closing quote has something behind it.
 */
function endOf(text: string, delimiter: string, startsQuoted: boolean): 'quoted' | 'whole' | 'broken' {
  let at = startsQuoted ? 0 : cellWithQuote(text, 0, delimiter);
  while (at >= 0) {
    let close = text.indexOf('"', at);
    while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
    if (close < 0) return 'quoted';
    if (close + 1 < text.length && text[close + 1] !== delimiter) return 'broken';
    at = cellWithQuote(text, close + 1, delimiter);
  }
  return 'whole';
}

/** Where the text of the next quoted cell begins; -1 where there is none. */
function cellWithQuote(text: string, from: number, delimiter: string): number {
  if (from === 0 && text.startsWith('"')) return 1;
  const separator = text.indexOf(`${delimiter}"`, from);
  return separator < 0 ? -1 : separator + 2;
}

async function* batches(
  records: AsyncIterable<RecordText | RejectedRow>,
): AsyncGenerator<(RecordText | RejectedRow)[]> {
  let batch: (RecordText | RejectedRow)[] = [];
  let length = 0;
  for await (const record of records) {
    batch.push(record);
    length += 'text' in record ? record.text.length : 0;
    if (batch.length < BATCH && length < LONGEST_LINE) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch;
}

function parsed(
  batch: readonly (RecordText | RejectedRow)[],
  delimiter: string,
): { line: number; cells: Cells }[] {
  const records = batch.filter((record) => 'text' in record);
  const together = cellsOf(records.map(({ text }) => text).join('\n'), delimiter);
  // One bad record spoils the batch; then each is parsed by itself.
  const whole = !('reason' in together) && together.length === records.length ? together : null;
  let index = 0;
  return batch.map((record) => {
    const { line } = record;
    if (!('text' in record)) return { line, cells: { reason: record.reason } };
    const cells = whole === null ? cellsOf(record.text, delimiter) : [whole[index++]!];
    return { line, cells: 'reason' in cells ? cells : (cells[0] ?? []) };
  });
}

function cellsOf(text: string, delimiter: string): string[][] | { reason: string } {
  try {
    return parse(text, { delimiter, relax_column_count: true, record_delimiter: '\n', max_record_size: 0 });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const quotes = error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE';
    const reason = quotes
      ? 'a quote stands within a cell; write the cell in quotes, and each quote in it twice'
      : `not CSV: ${messageOf(error)}`;
    return { reason };
  }
}

function header(cells: Cells, path: string): readonly string[] {
  if ('reason' in cells)
    throw new DataError(`Expected ${path} to begin with the names of its columns: ${cells.reason}.`);
  const names = cells.map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new DataError(
    `Expected the first line of ${path} to name every column once, but "${twice}" stands there twice; rename one.`,
  );
}
