// The two 16-bit floating-point formats, widened to 32 bits. Both widenings are exact.

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

export function expandFloat16(halves: Uint16Array): Float32Array {
  const table = Float32Array.from({ length: 0x10000 }, (_, half) => float16Value(half));
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = table[halves[i]];
  return result;
}
