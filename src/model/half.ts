// The two 16-bit floating-point formats: widened to 32 bits, which is exact, and narrowed from there to the nearest
// value, of two equally near the one whose last bit is 0 (IEEE 754-2019, section 4.3.1). Numbers of 64 bits are rounded
// to 32 first, as PyTorch does.
import { ModelError } from '../errors.ts';

/** bfloat16 is the upper half of a float32. */
export function expandBFloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}

/** The value of an IEEE 754 binary16: sign, 5 exponent bits (bias 15), 10 fraction bits. */
export function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The value of every half, made when the first tensor of them is read. */
let table: Float32Array | undefined;

export function expandFloat16(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, half) => float16Value(half));
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = table[halves[i]];
  return result;
}

/** The words of float32 numbers, each passed through `narrow`. */
function narrowAll(values: ArrayLike<number>, narrow: (word: number) => number): Uint16Array {
  const words = new Uint32Array(new Float32Array(values).buffer);
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) halves[i] = narrow(words[i]);
  return halves;
}

/** bfloat16 has the exponent of float32: the upper half, rounded; NaN stays NaN. */
export function roundToBFloat16(values: ArrayLike<number>): Uint16Array {
  return narrowAll(values, (word) => {
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** Beyond 65520 the nearest binary16 is infinite. */
export function roundToFloat16(values: ArrayLike<number>): Uint16Array {
  return narrowAll(values, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const size = word & 0x7fffffff;
    if (size > 0x7f800000) return sign | 0x7e00;
    if (size >= 0x477ff000) return sign | 0x7c00;
    // 2⁻¹⁴ and above: 13 bits of the fraction fall away and the exponent's bias goes from 127 to 15.
    if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13);
    return sign | nearestEven(float32Value(size) * 2 ** 24);
  });
}

const word = new Uint32Array(1);
const value = new Float32Array(word.buffer);
function float32Value(bits: number): number {
  word[0] = bits;
  return value[0];
}

function nearestEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below + (below % 2);
}

/**
 * Numbers rounded to 16 bits.
 * @param what names the numbers in errors.
 * @throws ModelError where a finite number would become infinite.
 */
export function narrowed(
  values: ArrayLike<number>,
  format: 'float16' | 'bfloat16',
  what: string,
): Uint16Array {
  const halves = format === 'float16' ? roundToFloat16(values) : roundToBFloat16(values);
  const infinity = format === 'float16' ? 0x7c00 : 0x7f80;
  for (let i = 0; i < halves.length; i++) {
    if ((halves[i] & 0x7fff) === infinity && Number.isFinite(values[i])) {
      throw new ModelError(
        `Number ${i} of ${what} is ${values[i]}, beyond ${format}; choose another type of storage.`,
      );
    }
  }
  return halves;
}
