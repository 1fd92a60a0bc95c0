// Reads GGUF files (github.com/ggml-org/ggml, docs/gguf.md): typed metadata and tensors, some of them quantised. The
// header is parsed by @huggingface/gguf; since a file comes from outside, every number of it is checked against
// the file before one is used. It knows nothing of models. Its one idea: reading a tensor reads that tensor's
// bytes and no others, and gives it dequantised as llama.cpp defines its type.
import { open } from 'node:fs/promises';
import { gguf } from '@huggingface/gguf';
import { ModelError, messageOf } from '../errors.ts';
import type { Storage } from './gguf-storages.ts';
import { STORAGES } from './gguf-storages.ts';
import { readFully } from './safetensors.ts';

const SUPPORTED = Object.values(STORAGES)
  .map(({ name }) => name)
  .join(', ');
/** The least that the header spends on a tensor or on a key: name length, count or type, and a value. */
const MIN_ENTRY_BYTES = 12;

export interface GgufTensor {
  readonly name: string;
  /** Outermost first, as PyTorch has it: the reverse of the order in the file. */
  readonly dims: readonly number[];
  readonly storage: Storage;
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufFile {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** @throws ModelError */
  read(name: string): Promise<Float32Array>;
}

export function isGguf(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/** Size of the file, after a look at its first 24 bytes: magic, version, and counts that could fit. */
async function checkPreamble(path: string): Promise<number> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new ModelError(`Could not open ${path}: ${messageOf(error)}.`);
  });
  try {
    const { size } = await file.stat();
    const preamble = new Uint8Array(24);
    if (size >= preamble.length) await readFully(file, preamble, 0);
    const view = new DataView(preamble.buffer);
    // "GGUF" as a little-endian word.
    if (view.getUint32(0, true) !== 0x46554747) {
      throw new ModelError(
        `Expected ${path} to be a GGUF file, but it does not begin as one; download it again.`,
      );
    }
    const version = view.getUint32(4, true);
    if (version !== 2 && version !== 3) {
      throw new ModelError(`${path} is GGUF of version ${version}; expected 2 or 3, little-endian.`);
    }
    const entries = view.getBigUint64(8, true) + view.getBigUint64(16, true);
    if (entries * BigInt(MIN_ENTRY_BYTES) > BigInt(size)) {
      throw new ModelError(
        `The header of ${path} claims ${entries} entries, which its ${size} bytes cannot hold; it is cut off or damaged.`,
      );
    }
    return size;
  } finally {
    await file.close();
  }
}

interface RawTensor {
  readonly name: string;
  readonly shape: readonly bigint[];
  readonly dtype: number;
  readonly offset: bigint;
}

function parseTensor(raw: RawTensor, dataStart: number, fileSize: number, path: string): GgufTensor {
  const { name } = raw;
  const storage = Object.hasOwn(STORAGES, raw.dtype) ? STORAGES[raw.dtype] : undefined;
  if (storage === undefined) {
    throw new ModelError(
      `Tensor "${name}" of ${path} has type number ${raw.dtype} of ggml, which is not supported; expected one of ${SUPPORTED}.`,
    );
  }
  const dims = raw.shape.map(Number).reverse();
  const count = dims.reduce((product, dim) => product * dim, 1);
  const row = dims.at(-1) ?? 1;
  const byteLength = (count / storage.elements) * storage.bytes;
  const offset = dataStart + Number(raw.offset);
  if (row % storage.elements !== 0) {
    throw new ModelError(
      `Tensor "${name}" of ${path} has rows of ${row} numbers, which ${storage.name} does not store; the file is damaged.`,
    );
  }
  if (!Number.isSafeInteger(offset + byteLength) || offset + byteLength > fileSize) {
    throw new ModelError(
      `Tensor "${name}" of ${path} ends beyond the ${fileSize} bytes of the file; it is cut off, download it again.`,
    );
  }
  return { name, dims, storage, offset, byteLength };
}

async function readTensor(path: string, tensor: GgufTensor): Promise<Float32Array> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(tensor.byteLength);
    await readFully(file, bytes, tensor.offset);
    return tensor.storage.expand(bytes, (tensor.byteLength / tensor.storage.bytes) * tensor.storage.elements);
  } catch (error) {
    throw new ModelError(`Tensor "${tensor.name}" of ${path} could not be read: ${messageOf(error)}.`);
  } finally {
    await file.close();
  }
}

/** Opens and checks the header. @throws ModelError naming the file and the tensor. */
export async function openGguf(path: string): Promise<GgufFile> {
  const fileSize = await checkPreamble(path);
  const header = await gguf(path, { allowLocalFile: true }).catch((error: unknown) => {
    throw new ModelError(
      `The header of ${path} cannot be read (${messageOf(error)}); the file is cut off or damaged, download it again.`,
    );
  });
  const dataStart = Number(header.tensorDataOffset);
  const tensors = new Map<string, GgufTensor>();
  for (const raw of header.tensorInfos) {
    if (tensors.has(raw.name)) throw new ModelError(`${path} has tensor "${raw.name}" twice; it is damaged.`);
    tensors.set(raw.name, parseTensor(raw, dataStart, fileSize, path));
  }
  return {
    path,
    metadata: new Map(Object.entries(header.metadata)),
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new ModelError(`${path} has no tensor "${name}".`);
      return readTensor(path, tensor);
    },
  };
}
