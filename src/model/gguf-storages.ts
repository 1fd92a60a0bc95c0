// How ggml stores numbers: floats of 16 and 32 bits, blocks of 32 quantised ones, and superblocks of 256 ("K-quants").
// It knows no files. Its one idea: each type is its size and a function from the bytes of one block to numbers, as
// gguf-py (gguf/quants.py) defines them, which is what llama.cpp computes.
//
// Bit for bit: every value is one product or one sum of products that float64 holds exactly, rounded once to float32
// where it is stored; gguf-py, in float32, rounds at the same single place.
import { expandBFloat16, expandFloat16, float16Value } from './half.ts';

/** A type of ggml: `elements` numbers are stored in `bytes`. */
export interface Storage {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  readonly expand: (bytes: Uint8Array, count: number) => Float32Array;
}

/** Writes the numbers of the block that begins at `at` to `values`, from `to` on. */
type Block = (bytes: Uint8Array, at: number, values: Float32Array, to: number) => void;

function blocks(name: string, elements: number, bytesEach: number, block: Block): Storage {
  const expand = (bytes: Uint8Array, count: number): Float32Array => {
    const values = new Float32Array(count);
    for (let to = 0, at = 0; to < count; to += elements, at += bytesEach) block(bytes, at, values, to);
    return values;
  };
  return { name, elements, bytes: bytesEach, expand };
}

const half = (bytes: Uint8Array, at: number): number => float16Value(bytes[at] | (bytes[at + 1] << 8));
const signed = (byte: number): number => (byte << 24) >> 24;

/** Scale, 16 bytes whose low halves are numbers 0–15 and high ones 16–31, less 8. */
const q40: Block = (bytes, at, values, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i];
    values[to + i] = d * ((pair & 15) - 8);
    values[to + 16 + i] = d * ((pair >> 4) - 8);
  }
};

/** Scale, minimum, and halves as in Q4_0. */
const q41: Block = (bytes, at, values, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 4 + i];
    values[to + i] = d * (pair & 15) + m;
    values[to + 16 + i] = d * (pair >> 4) + m;
  }
};

/** Number i of 32, five bits: halves as in Q4_0 from `low` on, the fifth from a word of 32 bits at `high`. */
function fiveBits(bytes: Uint8Array, high: number, low: number, i: number): number {
  const fifth = (bytes[high + (i >> 3)] >> (i & 7)) & 1;
  return ((bytes[low + (i & 15)] >> (i < 16 ? 0 : 4)) & 15) | (fifth << 4);
}

/** Scale, fifth bits, halves; less 16. */
const q50: Block = (bytes, at, values, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) values[to + i] = d * (fiveBits(bytes, at + 2, at + 6, i) - 16);
};

/** Scale, minimum, fifth bits, halves. */
const q51: Block = (bytes, at, values, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  for (let i = 0; i < 32; i++) values[to + i] = d * fiveBits(bytes, at + 4, at + 8, i) + m;
};

/** Scale, 32 signed bytes. */
const q80: Block = (bytes, at, values, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) values[to + i] = d * signed(bytes[at + 2 + i]);
};

/** Two bits of number i of 256: quarters of bytes, 32 bytes for each 128 numbers. */
const twoBits = (bytes: Uint8Array, from: number, i: number): number =>
  (bytes[from + (i >> 7) * 32 + (i & 31)] >> (2 * ((i >> 5) & 3))) & 3;
/** One bit of number i of 256: bit i/32 of byte i mod 32. */
const oneBit = (bytes: Uint8Array, from: number, i: number): number =>
  (bytes[from + (i & 31)] >> (i >> 5)) & 1;
/** Four bits of number i of 256: halves of bytes, 32 bytes for each 64 numbers. */
const fourBits = (bytes: Uint8Array, from: number, i: number): number =>
  (bytes[from + (i >> 6) * 32 + (i & 31)] >> (i & 32 ? 4 : 0)) & 15;

/** Sixteen groups' scale and minimum in half a byte each, two bits a number, scale of scales, scale of minima. */
const q2K: Block = (bytes, at, values, to) => {
  const d = half(bytes, at + 80);
  const m = half(bytes, at + 82);
  for (let i = 0; i < 256; i++) {
    const group = bytes[at + (i >> 4)];
    values[to + i] = d * (group & 15) * twoBits(bytes, at + 16, i) - m * (group >> 4);
  }
};

/** Third bits (clear: less 4), two bits a number, sixteen scales of six bits less 32, scale of scales. */
const q3K: Block = (bytes, at, values, to) => {
  const d = half(bytes, at + 108);
  const scales = at + 96;
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = (bytes[scales + (group & 7)] >> (group < 8 ? 0 : 4)) & 15;
    const high = (bytes[scales + 8 + (group & 3)] >> (2 * (group >> 2))) & 3;
    const q = twoBits(bytes, at + 32, i) - (oneBit(bytes, at, i) === 1 ? 0 : 4);
    values[to + i] = d * ((low | (high << 4)) - 32) * q;
  }
};

/** Scale and minimum of group 0–7, six bits each, of the twelve bytes from `s` on that Q4_K and Q5_K share. */
function groupOf(bytes: Uint8Array, s: number, group: number): { scale: number; minimum: number } {
  if (group < 4) return { scale: bytes[s + group] & 63, minimum: bytes[s + group + 4] & 63 };
  const low = bytes[s + group + 4];
  return {
    scale: (low & 15) | ((bytes[s + group - 4] >> 2) & 48),
    minimum: (low >> 4) | ((bytes[s + group] >> 2) & 48),
  };
}

/** Scale of scales, scale of minima, eight groups, then `q` for each number. */
function grouped(q: (bytes: Uint8Array, at: number, i: number) => number): Block {
  return (bytes, at, values, to) => {
    const d = half(bytes, at);
    const m = half(bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const { scale, minimum } = groupOf(bytes, at + 4, group);
      for (let i = 32 * group; i < 32 * group + 32; i++) {
        values[to + i] = d * scale * q(bytes, at, i) - m * minimum;
      }
    }
  };
}
const q4K = grouped((bytes, at, i) => fourBits(bytes, at + 16, i));
const q5K = grouped((bytes, at, i) => fourBits(bytes, at + 48, i) | (oneBit(bytes, at + 16, i) << 4));

/** Four low bits (64 bytes for each 128 numbers), two high bits, less 32; sixteen signed scales, scale of scales. */
const q6K: Block = (bytes, at, values, to) => {
  const d = half(bytes, at + 208);
  for (let i = 0; i < 256; i++) {
    const low = (bytes[at + (i >> 7) * 64 + (i & 63)] >> (i & 64 ? 4 : 0)) & 15;
    const q = (low | (twoBits(bytes, at + 128, i) << 4)) - 32;
    values[to + i] = d * signed(bytes[at + 192 + (i >> 4)]) * q;
  }
};

const halves = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer);

/** By the number a header names it with (ggml.h, enum ggml_type). */
export const STORAGES: Readonly<Record<number, Storage>> = {
  0: { name: 'F32', elements: 1, bytes: 4, expand: (bytes) => new Float32Array(bytes.buffer) },
  1: { name: 'F16', elements: 1, bytes: 2, expand: (bytes) => expandFloat16(halves(bytes)) },
  2: blocks('Q4_0', 32, 18, q40),
  3: blocks('Q4_1', 32, 20, q41),
  6: blocks('Q5_0', 32, 22, q50),
  7: blocks('Q5_1', 32, 24, q51),
  8: blocks('Q8_0', 32, 34, q80),
  10: blocks('Q2_K', 256, 84, q2K),
  11: blocks('Q3_K', 256, 110, q3K),
  12: blocks('Q4_K', 256, 144, q4K),
  13: blocks('Q5_K', 256, 176, q5K),
  14: blocks('Q6_K', 256, 210, q6K),
  30: { name: 'BF16', elements: 1, bytes: 2, expand: (bytes) => expandBFloat16(halves(bytes)) },
};
