// The gate of the feed-forward layer (Shazeer 2020, eq. 6): silu(gate) ⊙ up, forward beside backward.
// Shapes: F the intermediate width.

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** @returns y_F */
export function swigluForward(gate_F: Float64Array, up_F: Float64Array): Float64Array {
  return gate_F.map((gate, f) => gate * sigmoid(gate) * up_F[f]);
}

export function swigluBackward(
  gate_F: Float64Array,
  up_F: Float64Array,
  dy_F: Float64Array,
): { dGate_F: Float64Array; dUp_F: Float64Array } {
  const dGate_F = new Float64Array(gate_F.length);
  const dUp_F = new Float64Array(gate_F.length);
  for (let f = 0; f < gate_F.length; f++) {
    const s = sigmoid(gate_F[f]);
    dUp_F[f] = dy_F[f] * gate_F[f] * s;
    dGate_F[f] = dy_F[f] * up_F[f] * s * (1 + gate_F[f] * (1 - s));
  }
  return { dGate_F, dUp_F };
}
