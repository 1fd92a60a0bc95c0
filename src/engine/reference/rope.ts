// Rotary position embedding (Su et al. 2021, eq. 34) in Hugging Face's layout: number i of a head pairs with
// number i + D/2, and the pair turns by position · θ^(−2i/D). Shapes: x holds several heads of D numbers.

/** Turns every head by the angles of `position`. The backward of a turn is the turn by −position. */
function rotate(x: Float64Array, headDim: number, position: number, theta: number): Float64Array {
  const half = headDim / 2;
  const y = new Float64Array(x.length);
  for (let i = 0; i < half; i++) {
    const angle = position * theta ** ((-2 * i) / headDim);
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

export function ropeForward(x: Float64Array, headDim: number, position: number, theta: number): Float64Array {
  return rotate(x, headDim, position, theta);
}

export function ropeBackward(
  dy: Float64Array,
  headDim: number,
  position: number,
  theta: number,
): Float64Array {
  return rotate(dy, headDim, -position, theta);
}
