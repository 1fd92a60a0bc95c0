// The state of a run as JSON text that gives back every bit: resume is exact only if -0, NaN, undefined,
// bigints and typed arrays come back as they were. What JSON cannot say is an object with the single tag
// `$type`; a plain object that has such a key of its own is wrapped, so no content can be taken for a tag.
// Typed arrays are base64 of their bytes (little-endian, as on every platform Node runs guiderail on).
import { RunError } from '../errors.ts';

const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type TypedArrayName = keyof typeof TYPED_ARRAYS;

/**
 * Text of a state made of JSON values, undefined, bigint, Map, Set, typed arrays, and objects and arrays of
 * these. Equal states give equal text (keys keep their order). Anything else (functions, symbols, instances of
 * classes, which would come back without their methods) is a RunError that says where it is.
 */
export function encodeState(state: unknown): string {
  return JSON.stringify(encode(state, 'state', []));
}

/** The inverse of encodeState. */
export function decodeState(text: string): unknown {
  return decode(JSON.parse(text) as unknown);
}

function encode(value: unknown, path: string, ancestors: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $type: 'number', text: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $type: 'bigint', text: value.toString() };
    case 'undefined':
      return { $type: 'undefined' };
    case 'object':
      return value === null ? null : encodeObject(value, path, ancestors);
    case 'function':
    case 'symbol':
      throw new RunError(`Expected ${path} to be data that a checkpoint can hold, got a ${typeof value}.`);
  }
}

function encodeObject(value: object, path: string, ancestors: readonly object[]): unknown {
  if (ancestors.includes(value)) throw new RunError(`Expected ${path} to be a tree, but it contains itself.`);
  const inside = [...ancestors, value];
  if (Array.isArray(value)) {
    return Array.from(value, (item: unknown, index) => encode(item, `${path}[${index}]`, inside));
  }
  if (ArrayBuffer.isView(value)) return encodeTypedArray(value, path);
  if (value instanceof Map) {
    const entries = [...(value as Map<unknown, unknown>)];
    return { $type: 'Map', entries: encode(entries, `${path}.entries`, inside) };
  }
  if (value instanceof Set) {
    return { $type: 'Set', values: encode([...(value as Set<unknown>)], `${path}.values`, inside) };
  }
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  if (prototype !== Object.prototype && prototype !== null) {
    throw new RunError(
      `Expected ${path} to be data that a checkpoint can hold, got an instance of ${prototype.constructor?.name ?? 'a class'}; give its plain data instead.`,
    );
  }
  const plain = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, encode(item, `${path}.${key}`, inside)]),
  );
  return Object.hasOwn(plain, '$type') ? { $type: 'object', entries: Object.entries(plain) } : plain;
}

function encodeTypedArray(value: ArrayBufferView, path: string): unknown {
  // A Buffer is a Uint8Array with methods; it comes back as a Uint8Array.
  const name = Buffer.isBuffer(value) ? 'Uint8Array' : value.constructor.name;
  if (!Object.hasOwn(TYPED_ARRAYS, name)) {
    throw new RunError(`Expected ${path} to be data that a checkpoint can hold, got a ${name}.`);
  }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { $type: name, base64: bytes.toString('base64') };
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  const fields = value as Record<string, unknown>;
  if (!Object.hasOwn(fields, '$type')) return decodeEntries(Object.entries(fields));
  const type = fields['$type'] as string;
  switch (type) {
    case 'number':
      return Number(fields['text']);
    case 'bigint':
      return BigInt(fields['text'] as string);
    case 'undefined':
      return undefined;
    case 'Map':
      return new Map(decode(fields['entries']) as [unknown, unknown][]);
    case 'Set':
      return new Set(decode(fields['values']) as unknown[]);
    case 'object':
      return decodeEntries(fields['entries'] as [string, unknown][]);
  }
  if (!Object.hasOwn(TYPED_ARRAYS, type)) {
    throw new RunError(
      `Expected the state to hold known types, got a value of type ${JSON.stringify(type)}; it was written by another version of guiderail.`,
    );
  }
  // Copied, because Buffer's pool aligns to 8 bytes only by luck.
  const bytes = Uint8Array.from(Buffer.from(fields['base64'] as string, 'base64'));
  return new TYPED_ARRAYS[type as TypedArrayName](bytes.buffer);
}

function decodeEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, item]) => [key, decode(item)]));
}
