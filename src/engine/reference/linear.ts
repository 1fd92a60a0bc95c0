// y = W x + b, forward beside backward. Shapes: I inputs, O outputs; matrices are [O, I], row-major.

/** @returns y_O */
export function linearForward(
  weight_OI: Float64Array,
  bias_O: Float64Array | null,
  x_I: Float64Array,
  outputs: number,
): Float64Array {
  const inputs = x_I.length;
  const y_O = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += weight_OI[o * inputs + i] * x_I[i];
    y_O[o] = bias_O === null ? sum : sum + bias_O[o];
  }
  return y_O;
}

/** Adds dy xᵀ to dWeight_OI and dy to dBias_O. @returns dx_I = Wᵀ dy */
export function linearBackward(
  weight_OI: Float64Array,
  x_I: Float64Array,
  dy_O: Float64Array,
  dWeight_OI: Float64Array,
  dBias_O: Float64Array | null,
): Float64Array {
  const inputs = x_I.length;
  const dx_I = new Float64Array(inputs);
  for (let o = 0; o < dy_O.length; o++) {
    const dy = dy_O[o];
    for (let i = 0; i < inputs; i++) {
      dx_I[i] += weight_OI[o * inputs + i] * dy;
      dWeight_OI[o * inputs + i] += dy * x_I[i];
    }
    if (dBias_O !== null) dBias_O[o] += dy;
  }
  return dx_I;
}
