import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import { collected } from './collected.case.ts';
import { parquetRows } from './parquet.ts';

const GOLDEN = join(import.meta.dirname, '../../../oracles/golden/parquet');
const golden = (name: string) => join(GOLDEN, `${name}.parquet`);
/** As Arrow wrote them (oracles/data/parquet_files.py). */
const WRITTEN = JSON.parse(readFileSync(join(GOLDEN, 'rows.json'), 'utf8')) as Record<string, unknown>[];
const folder = mkdtempSync(join(tmpdir(), 'guiderail-parquet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const withoutNulls = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
const all = (path: string, columns?: (names: readonly string[]) => readonly string[]) =>
  collected(parquetRows(path, columns));

/** The file `none` (three groups of 20 rows, checksums on) with bytes changed. */
function damaged(change: (bytes: Buffer) => Buffer): string {
  const path = join(folder, 'damaged.parquet');
  writeFileSync(path, change(readFileSync(golden('none'))));
  return path;
}
const flipped = (text: string) => (bytes: Buffer) => {
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at] ^= 1;
  return bytes;
};

describe('parquetRows', () => {
  it.each(['snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'none'])(
    'reads what Arrow wrote with %s',
    async (name) => {
      const rows = await all(golden(name));
      expect(rows).toEqual(WRITTEN.map((row, index) => ({ line: index + 1, value: withoutNulls(row) })));
    },
  );

  it('reads the columns that are asked for', async () => {
    const rows = await all(golden('snappy'), (names) => names.filter((name) => name === 'answer'));
    expect(rows[2]).toEqual({ line: 3, value: { answer: '4' } });
  });

  it('says which rows a damaged page costs, and reads the other groups', async () => {
    const rows = await all(damaged(flipped('How much is 25')));
    const lost = rows.filter((row) => 'field' in row);
    expect(lost).toEqual([
      {
        ...{ line: 21, through: 40, field: 'row' },
        reason: expect.stringMatching(
          /^rows 21 to 40 cannot be read: a page of the column "prompt.*checksum/,
        ) as string,
      },
    ]);
    expect(rows.filter((row) => 'value' in row).map(({ line }) => line)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1).filter((line) => line < 21 || line > 40),
    );
  });

  it('does not mind damage in a column that is not asked for', async () => {
    const rows = await all(damaged(flipped('How much is 25')), () => ['answer']);
    expect(rows.every((row) => 'value' in row)).toBe(true);
    expect(rows).toHaveLength(60);
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -100)],
    ['another file', () => Buffer.from('{"prompt": "x"}\n')],
    ['empty', () => Buffer.alloc(0)],
    [
      'claiming a longer list of contents',
      (bytes: Buffer) => (bytes.writeUInt32LE(0x7fffffff, bytes.length - 8), bytes),
    ],
  ])('refuses a file that is %s', async (_, change) => {
    const path = damaged(change);
    await expect(all(path)).rejects.toThrow(DataError);
    await expect(all(path)).rejects.toThrow(/damaged\.parquet to be a parquet file.*write it again/);
  });

  it('bears any damage: no crash, no other error, no row twice, and nothing set aside that the file cannot fill', async () => {
    const original = readFileSync(golden('zstd'));
    for (let seed = 1; seed <= 120; seed++) {
      const bytes = Buffer.from(original);
      for (let i = 0; i < 4; i++)
        bytes[(seed * 7919 + i * i * 104729) % bytes.length] = (seed * 31 + i * 77) % 256;
      const path = damaged(() => bytes);
      const before = process.memoryUsage.rss();
      const rows = await all(path).catch((error: unknown) => {
        expect(error).toBeInstanceOf(DataError);
        return [];
      });
      const lines = rows.map(({ line }) => line);
      expect(new Set(lines).size).toBe(lines.length);
      expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
    }
  });
});
