import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { DataError } from '../../errors.ts';
import { collected } from './collected.case.ts';
import { LONGEST_LINE } from './lines.ts';
import { formatOf, readRows } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'guiderail-rows-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const rows = (
  name: string,
  content: string | Buffer,
  columns?: (names: readonly string[]) => readonly string[],
) => collected(readRows(fileOf(name, content), columns === undefined ? {} : { columns }));
const fault = (line: number, reason: RegExp) => ({
  ...{ line, field: 'row', reason: expect.stringMatching(reason) as string },
});

describe('formatOf', () => {
  it.each([
    ['a/b.jsonl', { format: 'jsonl', gzip: false }],
    ['b.NDJSON.gz', { format: 'jsonl', gzip: true }],
    ['b.csv.gz', { format: 'csv', gzip: true }],
    ['b.parquet', { format: 'parquet', gzip: false }],
    ['b.parquet.gz', null],
    ['b.txt', null],
    ['b.gz', null],
    ['jsonl', null],
  ])('of %s is %j', (path, format) => {
    expect(formatOf(path)).toEqual(format);
  });

  it('is asked for in words where a file has another ending', async () => {
    await expect(rows('a.xlsx', '')).rejects.toThrow(
      /ending in \.jsonl, .*got .*a\.xlsx; rename it, or convert/,
    );
  });
});

describe('rows of JSON Lines', () => {
  it('bear a byte-order mark, CRLF, blank lines, and separators of lines within texts', async () => {
    const text = '\uFEFF{"a": "x\u2028y"}\r\n\r\n  \n{"a": 2}';
    expect(await rows('marks.jsonl', text)).toEqual([
      { line: 1, value: { a: 'x\u2028y' } },
      { line: 4, value: { a: 2 } },
    ]);
  });

  it('are named by their line where they are none', async () => {
    expect(await rows('bad.jsonl', '{"a": 1}\n{"a": \n[1]\nnull\n7\n{"a": 2}\n')).toEqual([
      { line: 1, value: { a: 1 } },
      fault(2, /^not JSON: /),
      fault(3, /expected an object .*got an array/),
      fault(4, /got null/),
      fault(5, /got a number/),
      { line: 6, value: { a: 2 } },
    ]);
  });

  it('may have 10 MB, and a longer one than is sensible costs that line alone', async () => {
    const long = 'x'.repeat(10 * 2 ** 20);
    const content = `{"a": "${long}"}\n{"a": "${'y'.repeat(LONGEST_LINE)}"}\n{"a": 3}\n`;
    expect(await rows('long.jsonl', content)).toEqual([
      { line: 1, value: { a: long } },
      fault(2, /longer than 16 million characters/),
      { line: 3, value: { a: 3 } },
    ]);
  });

  it('may be compressed, and a damaged archive is an error', async () => {
    const packed = gzipSync('{"a": 1}\n{"a": 2}\n');
    expect(await rows('packed.jsonl.gz', packed)).toHaveLength(2);
    await expect(rows('cut.jsonl.gz', packed.subarray(0, 15))).rejects.toThrow(DataError);
  });

  it('keep a field called __proto__ to themselves', async () => {
    const [row] = await rows('proto.jsonl', '{"__proto__": {"answer": "7"}, "prompt": "x"}\n');
    expect((row as { value: Record<string, unknown> }).value['answer']).toBeUndefined();
    expect(({} as Record<string, unknown>)['answer']).toBeUndefined();
  });
});

describe('rows of a JSON file', () => {
  it('are the elements of an array, or lines', async () => {
    expect(await rows('array.json', '\uFEFF \n[{"a": 1},\n {"a": 2}, 3]')).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 2, value: { a: 2 } },
      fault(3, /got a number/),
    ]);
    expect(await rows('lines.json', '{"a": 1}\n{"a": 2}\n')).toHaveLength(2);
    await expect(rows('cut.json', '[{"a": 1},')).rejects.toThrow(/cut\.json to be a JSON array of rows/);
  });
});

describe('rows of CSV', () => {
  it('have texts by the names of the first line; quotes hold separators, quotes and lines', async () => {
    const text = '\uFEFFq,a,h\r\n"1,5 + 1?",2.5,"say ""two""\r\n\r\nand half"\r\n3,,\r\n';
    expect(await rows('good.csv', text)).toEqual([
      { line: 2, value: { q: '1,5 + 1?', a: '2.5', h: 'say "two"\n\nand half' } },
      { line: 5, value: { q: '3' } },
    ]);
  });

  it('are separated by tabs in TSV', async () => {
    expect(await rows('good.tsv', 'q\ta\n1,5\t"x\ty"\n')).toEqual([
      { line: 2, value: { q: '1,5', a: 'x\ty' } },
    ]);
  });

  it('that are damaged cost themselves and no other', async () => {
    const text = 'q,a\n1,2\n3\n"x"y,4\n5,6,7\n8,"open\n9,10\n"11",12\n';
    expect(await rows('bad.csv', text)).toEqual([
      { line: 2, value: { q: '1', a: '2' } },
      fault(3, /has 1 cells where the first line names 2 columns/),
      fault(4, /a quote stands within a cell/),
      fault(5, /has 3 cells/),
      fault(6, /a quote is opened on this line and not closed/),
      { line: 7, value: { q: '9', a: '10' } },
      { line: 8, value: { q: '11', a: '12' } },
    ]);
  });

  it('are as many as there are, in order, past the size of a batch', async () => {
    const text = `q,a\n${Array.from({ length: 1203 }, (_, i) => `"${i}",${i === 700 ? '"open' : i}`).join('\n')}\n`;
    const read = await rows('many.csv', text);
    expect(read.map(({ line }) => line)).toEqual(Array.from({ length: 1203 }, (_, i) => i + 2));
    expect(read.filter((row) => 'reason' in row)).toEqual([fault(702, /not closed/)]);
  });

  it('keep columns called __proto__ and constructor to themselves', async () => {
    const [row] = await rows('proto.csv', '__proto__,constructor\nx,y\n');
    const { value } = row as { value: Record<string, unknown> };
    expect(Object.entries(value)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('have only the columns that are asked for', async () => {
    expect(await rows('some.csv', 'q,a\n1,2\n', () => ['a'])).toEqual([{ line: 2, value: { a: '2' } }]);
  });

  it.each([
    ['', /begin with the names of its columns, but it is empty/],
    ['q,q\n1,2\n', /"q" stands there twice/],
  ])('are refused without usable names: %j', async (text, reason) => {
    await expect(rows('names.csv', text)).rejects.toThrow(reason);
  });
});

it('says which file is not there', async () => {
  for (const ending of ['jsonl', 'json', 'csv', 'parquet']) {
    const path = join(folder, `none.${ending}`);
    await expect(collected(readRows(path))).rejects.toThrow(
      /Expected problems at .*none\.\w+, but there is no such file/,
    );
  }
});
