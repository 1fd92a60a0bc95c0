// Rows of a parquet file, compressed or not, nested or flat, in memory that depends on the size of a page and not on
// the file. It knows nothing of problems. A row group that cannot be read, or the rest of it from the first row that
// cannot, is one rejected stretch of rows, and reading goes on with the next group.
import { open, type FileHandle } from 'node:fs/promises';
import { parquetMetadataAsync, parquetSchema, type FileMetaData, type SchemaTree } from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import { DataError, messageOf } from '../../errors.ts';
import type { RejectedRow } from '../problem-row.ts';
import { ColumnPages } from './parquet-pages.ts';

/** Rows that are put together at once. */
const BATCH = 512;

interface ParquetRow {
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** @throws DataError where there is no parquet file, with the system's error for one that cannot be opened */
export async function* parquetRows(
  path: string,
  columns: (available: readonly string[]) => readonly string[] = (available) => available,
): AsyncGenerator<ParquetRow | RejectedRow> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const metadata = await metadataOf(file, size, path);
    const schema = parquetSchema(metadata);
    const kept = new Set(columns(schema.children.map(({ element }) => element.name)));
    const fields = schema.children.filter(({ element }) => kept.has(element.name));
    if (fields.length === 0)
      throw new DataError(`Expected columns to read in ${path}, but none was found; check it.`);
    let first = 1;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      let done = 0;
      try {
        const pages = new Map<string, ColumnPages>();
        for (const { meta_data: meta, file_path: elsewhere } of group.columns) {
          if (meta === undefined || elsewhere !== undefined)
            throw new Error('its columns are in another file');
          if (!kept.has(meta.path_in_schema[0]!)) continue;
          const name = meta.path_in_schema.join('.');
          pages.set(name, new ColumnPages(file, size, meta, getTreePath(schema, meta.path_in_schema)));
        }
        while (done < rows) {
          const values = await batchOf(fields, pages, Math.min(BATCH, rows - done));
          for (const value of values) yield { line: first + done++, value };
        }
      } catch (error) {
        yield lost(first + done, first + rows - 1, error);
      }
      first += rows;
    }
  } finally {
    await file.close();
  }
}

async function metadataOf(file: FileHandle, byteLength: number, path: string): Promise<FileMetaData> {
  const slice = async (start: number, end = byteLength) => {
    const buffer = new ArrayBuffer(end - start);
    await file.read(new Uint8Array(buffer), 0, end - start, start);
    return buffer;
  };
  try {
    const metadata = await parquetMetadataAsync({ byteLength, slice }, { geoparquet: false });
    const total = metadata.row_groups.reduce((sum, { num_rows: rows }) => sum + Number(rows), 0);
    if (metadata.row_groups.some(({ num_rows: rows }) => rows < 0n) || !Number.isSafeInteger(total)) {
      throw new Error('it says that a row group has an impossible number of rows');
    }
    return metadata;
  } catch (error) {
    throw new DataError(
      `Expected ${path} to be a parquet file, but its end, where the contents are listed, cannot be read: ` +
        `${messageOf(error)}; fetch or write it again.`,
    );
  }
}

/** The next rows as objects. Fields that are null are left out. */
async function batchOf(
  fields: readonly SchemaTree[],
  pages: ReadonlyMap<string, ColumnPages>,
  count: number,
): Promise<Readonly<Record<string, unknown>>[]> {
  const columns: [string, unknown[]][] = [];
  for (const field of fields) columns.push([field.element.name, await valuesOf(field, pages, count)]);
  return Array.from({ length: count }, (_, index) =>
    // Not by assignment: a column may be called __proto__.
    Object.fromEntries(
      columns.flatMap(([name, values]) => {
        const value = plain(values[index]);
        return value === null || value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}

async function valuesOf(
  field: SchemaTree,
  pages: ReadonlyMap<string, ColumnPages>,
  count: number,
): Promise<unknown[]> {
  const leaves = new Map<string, unknown[]>();
  for (const name of leafNames(field)) {
    const column = pages.get(name);
    if (column === undefined) throw new Error(`it lacks the column "${name}"`);
    leaves.set(name, await column.take(count));
  }
  if (field.children.length === 0) return leaves.get(field.path.join('.'))!;
  assembleNested(leaves as Parameters<typeof assembleNested>[0], field, DEFAULT_PARSERS);
  return leaves.get(field.path.join('.'))!;
}

function leafNames(field: SchemaTree): string[] {
  return field.children.length === 0 ? [field.path.join('.')] : field.children.flatMap(leafNames);
}

/** As JSON would have it: whole numbers that a double holds are numbers, and no longer ones are rounded. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  }
  return value;
}

function lost(line: number, through: number, error: unknown): RejectedRow {
  const stretch = through > line ? `rows ${line} to ${through}` : `row ${line}`;
  return { line, through, field: 'row', reason: `${stretch} cannot be read: ${messageOf(error)}` };
}
