// Reads and writes safetensors files (github.com/huggingface/safetensors, README "Format"): eight bytes of
// header length, a JSON header, then the tensors' bytes. A file comes from outside, so every number of the
// header is checked against the file before one is used. It knows nothing of models. Its one idea: the header
// is read once, and reading a tensor reads that tensor's bytes and no others.
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { expandBFloat16, expandFloat16 } from './half.ts';

/** Widths in bytes of the types a header may name; only the floating-point ones of 16 bits and more are read. */
const WIDTHS: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
/** One read call takes less than 2 GiB. */
const CHUNK_BYTES = 1 << 28;

export interface TensorEntry {
  readonly name: string;
  /** F64, F32, F16 and BF16 can be read. */
  readonly dtype: string;
  readonly dims: readonly number[];
  /** Position of its first byte in the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
  /** F64 as Float64Array; F32, F16 and BF16, exactly, as Float32Array. @throws ModelError */
  read(name: string): Promise<Float32Array | Float64Array>;
}

export interface NamedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** A tensor that is read when it is written, after those before it were, so that one at a time is in memory. */
export interface UnreadTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: keyof typeof ARRAYS;
  /** An array of `dtype` that nobody changes until the next read. */
  readonly read: () => StoredArray | Promise<StoredArray>;
}

/** What is written as it stands: numbers, or the words of 16-bit floats. */
type StoredArray = Float64Array | Float32Array | Uint16Array;
const ARRAYS = { F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array };

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const metadataSchema = z.record(z.string(), z.string());

export async function readFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const length = Math.min(CHUNK_BYTES, bytes.byteLength - done);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw new ModelError('the file ended early; it has changed since it was opened');
    done += bytesRead;
  }
}

async function readHeader(
  file: FileHandle,
  path: string,
): Promise<{ header: unknown; dataStart: number; fileSize: number }> {
  const fileSize = (await file.stat()).size;
  if (fileSize < 8) {
    throw new ModelError(
      `Expected ${path} to be a safetensors file, but it has only ${fileSize} bytes; download it again.`,
    );
  }
  const prefix = new Uint8Array(8);
  await readFully(file, prefix, 0);
  const headerBytes = new DataView(prefix.buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(Math.min(MAX_HEADER_BYTES, fileSize - 8))) {
    throw new ModelError(
      `Expected the header of ${path} to fit in the file of ${fileSize} bytes and in ${MAX_HEADER_BYTES} bytes, but it claims ${headerBytes}; the file is cut off or not in safetensors format.`,
    );
  }
  const text = new Uint8Array(Number(headerBytes));
  await readFully(file, text, 8);
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    return { header, dataStart: 8 + text.byteLength, fileSize };
  } catch (error) {
    throw new ModelError(`Expected the header of ${path} to be JSON: ${messageOf(error)}.`);
  }
}

function parseEntry(name: string, value: unknown, dataStart: number, path: string): TensorEntry {
  const fail = (problem: string): never => {
    throw new ModelError(`Tensor "${name}" of ${path} ${problem}; the file is damaged.`);
  };
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success)
    return fail(`needs dtype, shape and data_offsets: ${parsed.error.issues[0]?.message ?? ''}`);
  const { dtype, shape: dims, data_offsets: offsets } = parsed.data;
  const [begin, end] = offsets;
  const width = Object.hasOwn(WIDTHS, dtype) ? WIDTHS[dtype] : undefined;
  if (width === undefined) {
    throw new ModelError(
      `Tensor "${name}" of ${path} has the unknown type ${dtype}; expected F64, F32, F16 or BF16.`,
    );
  }
  if (end < begin) fail(`has its end (${end}) before its begin (${begin})`);
  const bytes = dims.reduce((product, dim) => product * dim, width);
  if (!Number.isSafeInteger(bytes) || bytes !== end - begin) {
    fail(`has ${end - begin} bytes where its shape [${dims.join(', ')}] of ${dtype} needs ${bytes}`);
  }
  return { name, dtype, dims, offset: dataStart + begin, byteLength: end - begin };
}

/** The tensors must fill the bytes after the header exactly: no overlap, no hole, nothing out of bounds. */
function checkLayout(
  entries: readonly TensorEntry[],
  dataStart: number,
  fileSize: number,
  path: string,
): void {
  const ordered = [...entries].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const entry of ordered) {
    if (entry.offset + entry.byteLength > fileSize) {
      throw new ModelError(
        `Tensor "${entry.name}" of ${path} ends at byte ${entry.offset + entry.byteLength}, but the file has ${fileSize}; it is cut off, download it again.`,
      );
    }
    if (entry.offset !== end) {
      throw new ModelError(
        `Tensor "${entry.name}" of ${path} begins at byte ${entry.offset}, where ${end} was expected: tensors overlap or leave a hole; the file is damaged.`,
      );
    }
    end = entry.offset + entry.byteLength;
  }
  if (end !== fileSize) {
    throw new ModelError(`${path} has ${fileSize - end} bytes after its last tensor; the file is damaged.`);
  }
}

async function readTensor(path: string, entry: TensorEntry): Promise<Float32Array | Float64Array> {
  if (!['F64', 'F32', 'F16', 'BF16'].includes(entry.dtype)) {
    throw new ModelError(
      `Tensor "${entry.name}" of ${path} has type ${entry.dtype}; expected F64, F32, F16 or BF16 weights.`,
    );
  }
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(entry.byteLength);
    await readFully(file, bytes, entry.offset);
    if (entry.dtype === 'F64') return new Float64Array(bytes.buffer);
    if (entry.dtype === 'F32') return new Float32Array(bytes.buffer);
    const halves = new Uint16Array(bytes.buffer);
    return entry.dtype === 'BF16' ? expandBFloat16(halves) : expandFloat16(halves);
  } catch (error) {
    throw new ModelError(`Tensor "${entry.name}" of ${path} could not be read: ${messageOf(error)}.`);
  } finally {
    await file.close();
  }
}

function assertLittleEndian(): void {
  if (endianness() !== 'LE')
    throw new ModelError('safetensors files are little-endian and this machine is not.');
}

/** Opens and checks the header. @throws ModelError naming the file and the tensor. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  assertLittleEndian();
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new ModelError(`Could not open ${path}: ${messageOf(error)}.`);
  });
  try {
    const { header, dataStart, fileSize } = await readHeader(file, path);
    if (typeof header !== 'object' || header === null || Array.isArray(header)) {
      throw new ModelError(`Expected the header of ${path} to be a JSON object of tensors.`);
    }
    const { __metadata__: rawMetadata = {}, ...rest } = header as Record<string, unknown>;
    const metadata = metadataSchema.safeParse(rawMetadata);
    if (!metadata.success)
      throw new ModelError(`Expected __metadata__ of ${path} to map strings to strings.`);
    const entries = Object.entries(rest).map(([name, value]) => parseEntry(name, value, dataStart, path));
    checkLayout(entries, dataStart, fileSize, path);
    const tensors = new Map(entries.map((entry) => [entry.name, entry]));
    return {
      path,
      tensors,
      metadata: new Map(Object.entries(metadata.data)),
      read: async (name) => {
        const entry = tensors.get(name);
        if (entry === undefined) throw new ModelError(`${path} has no tensor "${name}".`);
        return readTensor(path, entry);
      },
    };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`The header of ${path} could not be read: ${messageOf(error)}.`);
  } finally {
    await file.close();
  }
}

function dtypeOf(data: Float32Array | Float64Array): 'F32' | 'F64' {
  return data instanceof Float64Array ? 'F64' : 'F32';
}

export function unread(tensor: NamedTensor | UnreadTensor): UnreadTensor {
  if ('read' in tensor) return tensor;
  const { name, dims, data } = tensor;
  return { name, dims, dtype: dtypeOf(data), read: () => data };
}

const countOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

function headerOf(tensors: readonly UnreadTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let offset = 0;
  for (const { name, dims, dtype } of tensors) {
    if (header.has(name)) throw new ModelError(`Tensor "${name}" was given twice.`);
    const end = offset + countOf(dims) * WIDTHS[dtype];
    header.set(name, { dtype, shape: dims, data_offsets: [offset, end] });
    offset = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  // Padded with spaces so that the data begin at a multiple of eight bytes.
  return new TextEncoder().encode(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
}

/** Its numbers, as the header says they are. */
async function readChecked({ name, dims, dtype, read }: UnreadTensor): Promise<StoredArray> {
  const data = await read();
  if (data.length !== countOf(dims) || !(data instanceof ARRAYS[dtype])) {
    throw new ModelError(
      `Tensor "${name}" has ${data.length} numbers of a ${data.constructor.name} where [${dims.join(', ')}] of ${dtype} needs ${countOf(dims)}.`,
    );
  }
  return data;
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    done += (await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.byteLength - done))).bytesWritten;
  }
}

/**
 * Makes `path` appear whole or not at all: written beside it, flushed to the disk, renamed.
 * @param write receives the open file.
 */
export async function writeAside(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const aside = `${path}.partial`;
  const file = await open(aside, 'w');
  try {
    await write(file);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(aside, { force: true });
    throw error;
  }
  await file.close();
  await rename(aside, path);
  const folder = await open(dirname(path), 'r');
  // The rename itself reaches the disk with the folder. Some file systems refuse to flush one.
  await folder.sync().catch(() => undefined);
  await folder.close();
}

/**
 * Writes tensors in the given order.
 * @throws ModelError when dims and data do not agree; then there is no file.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly (NamedTensor | UnreadTensor)[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  assertLittleEndian();
  const waiting = tensors.map(unread);
  const header = headerOf(waiting, metadata);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(header.byteLength), true);
  await writeAside(path, async (file) => {
    await writeFully(file, prefix);
    await writeFully(file, header);
    for (const tensor of waiting) {
      const data = await readChecked(tensor);
      await writeFully(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}
