import { statSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A file by hand: header text and data bytes; `length` lies about the header when given. */
async function handMade(header: unknown, data: Uint8Array, length?: bigint): Promise<string> {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  const path = join(folder, 'hand-made.safetensors');
  await writeFile(path, Buffer.concat([prefix, text, data]));
  return path;
}

const F32 = (shape: number[], begin: number, end: number): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('writing and reading', () => {
  it('gives back every bit, with dims and metadata, and leaves nothing beside the file', async () => {
    const path = join(folder, 'model.safetensors');
    const doubles = Float64Array.of(Math.PI, -0, 5e-324, Infinity, 1, 2);
    const singles = Float32Array.of(0.1, -3);
    const tensors = [
      { name: 'a', dims: [2, 3], data: doubles },
      { name: 'b', dims: [2], data: singles },
      { name: 'empty', dims: [0, 4], data: new Float32Array(0) },
      // A view into a larger buffer: its own numbers alone are written.
      { name: 'view', dims: [2], data: doubles.subarray(4) },
    ];
    await writeSafetensors(path, tensors, { note: 'ünïcode' });
    const file = await openSafetensors(path);
    for (const { name, dims, data } of tensors) {
      expect(file.tensors.get(name)?.dims).toEqual(dims);
      expect(await file.read(name)).toEqual(data);
    }
    expect(file.metadata.get('note')).toBe('ünïcode');
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    const headerBytes = (await readFile(path)).readBigUInt64LE(0);
    expect(headerBytes % 8n, 'data aligned to eight bytes').toBe(0n);
  });

  it('widens BF16 and F16 exactly', async () => {
    // 1, -2.5, 2^-133 (subnormal), +inf; and 1, -2.5, 2^-24 (subnormal), 65504.
    const halves = Uint16Array.of(0x3f80, 0xc020, 0x0001, 0x7f80, 0x3c00, 0xc100, 0x0001, 0x7bff);
    const path = await handMade(
      {
        b: { dtype: 'BF16', shape: [4], data_offsets: [0, 8] },
        h: { dtype: 'F16', shape: [4], data_offsets: [8, 16] },
      },
      new Uint8Array(halves.buffer),
    );
    const file = await openSafetensors(path);
    expect([...(await file.read('b'))]).toEqual([1, -2.5, 2 ** -133, Infinity]);
    expect([...(await file.read('h'))]).toEqual([1, -2.5, 2 ** -24, 65_504]);
  });

  it('reads a tensor only when those before it are in the file, so that they may share memory', async () => {
    const path = join(folder, 'x.safetensors');
    const shared = new Float32Array(4);
    const written: number[] = [];
    const read = (value: number) => () => {
      written.push(statSync(`${path}.partial`).size);
      return shared.fill(value);
    };
    const tensors = ['a', 'b', 'c'].map(
      (name, i) => ({ name, dims: [2, 2], dtype: 'F32', read: read(i) }) as const,
    );
    await writeSafetensors(path, tensors);
    expect(written.map((size) => size - written[0])).toEqual([0, 16, 32]);
    const file = await openSafetensors(path);
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      expect(await file.read(name)).toEqual(new Float32Array(4).fill(i));
    }
  });

  it('refuses a tensor that is read as another type, and leaves no file', async () => {
    const path = join(folder, 'x.safetensors');
    const tensor = { name: 'a', dims: [2], dtype: 'F64', read: () => new Float32Array(2) } as const;
    await expect(writeSafetensors(path, [tensor])).rejects.toThrow(/"a".*Float32Array.*F64/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses to write data that do not fill the dims, or a name twice', async () => {
    const path = join(folder, 'x.safetensors');
    const data = new Float32Array(3);
    await expect(writeSafetensors(path, [{ name: 'a', dims: [2, 2], data }])).rejects.toThrow(
      /"a" has 3.*needs 4/,
    );
    const twice = { name: 'a', dims: [3], data };
    await expect(writeSafetensors(path, [twice, twice])).rejects.toThrow(/twice/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a file from outside', () => {
  const bytes = (count: number): Uint8Array => new Uint8Array(count);

  it.each<[string, unknown, Uint8Array, bigint | undefined, RegExp]>([
    ['a header longer than the file', {}, bytes(0), 1000n, /claims 1000/],
    ['a header of 2^64 - 1 bytes', {}, bytes(0), 2n ** 64n - 1n, /18446744073709551615/],
    ['a header that is no JSON', '{"a":', bytes(0), undefined, /to be JSON/],
    ['a header that is a list', [], bytes(0), undefined, /JSON object/],
    [
      'an entry without offsets',
      { a: { dtype: 'F32', shape: [1] } },
      bytes(4),
      undefined,
      /"a".*data_offsets/,
    ],
    ['a negative offset', { a: F32([1], -4, 0) }, bytes(4), undefined, /"a"/],
    ['an end before the begin', { a: F32([1], 4, 0) }, bytes(4), undefined, /"a".*end \(0\) before/],
    ['a tensor past the end of the file', { a: F32([2], 0, 8) }, bytes(4), undefined, /"a".*the file has/],
    ['overlapping tensors', { a: F32([2], 0, 8), b: F32([2], 4, 12) }, bytes(12), undefined, /"b".*overlap/],
    ['a hole', { a: F32([1], 0, 4), b: F32([1], 8, 12) }, bytes(12), undefined, /"b".*hole/],
    ['bytes after the last tensor', { a: F32([1], 0, 4) }, bytes(6), undefined, /2 bytes after/],
    ['a shape that needs other bytes', { a: F32([3], 0, 8) }, bytes(8), undefined, /\[3\] of F32 needs 12/],
    ['a shape beyond any file', { a: F32([2 ** 40, 2 ** 40], 0, 8) }, bytes(8), undefined, /"a"/],
    ['a dimension that is no integer', { a: F32([0.5], 0, 2) }, bytes(2), undefined, /"a"/],
    [
      'an unknown type',
      { a: { dtype: 'F4', shape: [1], data_offsets: [0, 1] } },
      bytes(1),
      undefined,
      /type F4/,
    ],
    ['metadata that are no strings', { __metadata__: { a: 1 } }, bytes(0), undefined, /__metadata__/],
  ])('is refused with %s', async (_, header, data, length, message) => {
    const path = await handMade(header, data, length);
    await expect(openSafetensors(path)).rejects.toThrow(ModelError);
    await expect(openSafetensors(path)).rejects.toThrow(message);
    await expect(openSafetensors(path)).rejects.toThrow(/hand-made\.safetensors/);
  });

  it('is refused when too short, or missing', async () => {
    const path = join(folder, 'short.safetensors');
    await writeFile(path, 'abc');
    await expect(openSafetensors(path)).rejects.toThrow(/only 3 bytes/);
    await expect(openSafetensors(join(folder, 'none'))).rejects.toThrow(ModelError);
  });

  it('may hold integers, which cannot be read as weights', async () => {
    const path = await handMade({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, bytes(8));
    const file = await openSafetensors(path);
    await expect(file.read('ids')).rejects.toThrow(/"ids".*I64/);
    await expect(file.read('other')).rejects.toThrow(/no tensor "other"/);
  });

  it('may be cut off after it was opened, which reading notices', async () => {
    const path = await handMade({ a: F32([2], 0, 8) }, bytes(8));
    const file = await openSafetensors(path);
    await writeFile(path, (await readFile(path)).subarray(0, -4));
    await expect(file.read('a')).rejects.toThrow(/"a".*ended early/);
  });
});
