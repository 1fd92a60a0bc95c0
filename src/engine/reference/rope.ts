// Rotary position embedding (Su et al. 2021, eq. 34) in Hugging Face's layout: number i of a head pairs with
// number i + D/2, and the pair turns by position · frequencies[i]. Shapes: x holds several heads of D numbers.

/** Turns every head by the angles of `position`. The backward of a turn is the turn by −position. */
function rotate(x: Float64Array, position: number, frequencies: Float64Array): Float64Array {
  const half = frequencies.length;
  const headDim = 2 * half;
  const y = new Float64Array(x.length);
  for (let i = 0; i < half; i++) {
    const angle = position * frequencies[i];
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    for (let from = 0; from < x.length; from += headDim) {
      const first = x[from + i];
      const second = x[from + half + i];
      y[from + i] = first * cos - second * sin;
      y[from + half + i] = second * cos + first * sin;
    }
  }
  return y;
}

export function ropeForward(x: Float64Array, position: number, frequencies: Float64Array): Float64Array {
  return rotate(x, position, frequencies);
}

export function ropeBackward(dy: Float64Array, position: number, frequencies: Float64Array): Float64Array {
  return rotate(dy, -position, frequencies);
}
