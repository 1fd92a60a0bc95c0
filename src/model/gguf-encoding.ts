// The bytes of a GGUF file's header (github.com/ggml-org/ggml, docs/gguf.md), version 3, little-endian. It knows nothing of
// what the keys and tensors mean.

export type GgufValue =
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] };

/** What the header says of a tensor. */
export interface GgufEntry {
  readonly name: string;
  /** Outermost first, as PyTorch has it. */
  readonly dims: readonly number[];
  readonly storage: 'F32' | 'F16';
}

/** Where tensors begin, from the end of the header and from one another (general.alignment where nothing is said). */
const ALIGNMENT = 32;
/** enum gguf_type. */
const TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };
const STORAGES = { F32: { number: 0, bytes: 4 }, F16: { number: 1, bytes: 2 } };

/** Zeros that follow `bytes` bytes up to the next beginning of a tensor. */
export function ggufPadding(bytes: number): number {
  return (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
}

export function byteLengthOf({ dims, storage }: GgufEntry): number {
  return dims.reduce((product, dim) => product * dim, STORAGES[storage].bytes);
}

/** The header, padded, so that the first tensor's bytes come next; each is to be followed by ggufPadding of its length. */
export function encodeGgufHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufEntry[],
): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dims, storage } = tensor;
    parts.push(text(name), u32(dims.length), ...[...dims].reverse().map(u64));
    parts.push(u32(STORAGES[storage].number), u64(offset));
    offset += byteLengthOf(tensor) + ggufPadding(byteLengthOf(tensor));
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(ggufPadding(header.length))]);
}

function encodeValue(given: GgufValue): Buffer[] {
  switch (given.type) {
    case 'uint32':
      return [u32(TYPES.uint32), u32(given.value)];
    case 'float32':
      return [u32(TYPES.float32), Buffer.from(Float32Array.of(given.value).buffer)];
    case 'bool':
      return [u32(TYPES.bool), Buffer.of(given.value ? 1 : 0)];
    case 'string':
      return [u32(TYPES.string), text(given.value)];
    case 'strings':
      return [...arrayOf(TYPES.string, given.value.length), ...given.value.map(text)];
    case 'int32s':
      return [...arrayOf(TYPES.int32, given.value.length), Buffer.from(Int32Array.from(given.value).buffer)];
  }
}

const arrayOf = (type: number, length: number): Buffer[] => [u32(TYPES.array), u32(type), u64(length)];

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}
