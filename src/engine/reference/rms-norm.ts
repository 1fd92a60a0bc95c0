// RMSNorm (Zhang & Sennrich 2019, eq. 4): y = g ⊙ x / √(mean(x²) + ε), forward beside backward, on a vector or
// on each head of one. Shapes: H the normalised width; x may hold several rows of H.

function inverseRms(x: Float64Array, from: number, width: number, epsilon: number): number {
  let squares = 0;
  for (let i = 0; i < width; i++) squares += x[from + i] * x[from + i];
  return 1 / Math.sqrt(squares / width + epsilon);
}

/** Each row of H numbers of x is normalised by itself. @returns y, shaped as x */
export function rmsNormForward(gain_H: Float64Array, x: Float64Array, epsilon: number): Float64Array {
  const width = gain_H.length;
  const y = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += width) {
    const scale = inverseRms(x, from, width, epsilon);
    for (let i = 0; i < width; i++) y[from + i] = gain_H[i] * (x[from + i] * scale);
  }
  return y;
}

/**
 * With n = x·s the normalised row and a = g ⊙ dy: dx = s (a − n · mean(a ⊙ n)). Adds dy ⊙ n to dGain_H.
 * @returns dx, shaped as x
 */
export function rmsNormBackward(
  gain_H: Float64Array,
  x: Float64Array,
  epsilon: number,
  dy: Float64Array,
  dGain_H: Float64Array,
): Float64Array {
  const width = gain_H.length;
  const dx = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += width) {
    const scale = inverseRms(x, from, width, epsilon);
    let mean = 0;
    for (let i = 0; i < width; i++) {
      const normalised = x[from + i] * scale;
      mean += (gain_H[i] * dy[from + i] * normalised) / width;
      dGain_H[i] += dy[from + i] * normalised;
    }
    for (let i = 0; i < width; i++) {
      dx[from + i] = scale * (gain_H[i] * dy[from + i] - x[from + i] * scale * mean);
    }
  }
  return dx;
}
