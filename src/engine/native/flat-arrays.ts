// Arrays of many sequences in one, as the addon takes and gives them, and back.

export function lengthsOf(arrays: readonly Int32Array[]): Int32Array {
  return Int32Array.from(arrays, ({ length }) => length);
}

/** Fills `all`, which has room for them. */
function fill<A extends Int32Array | Float32Array>(all: A, arrays: readonly ArrayLike<number>[]): A {
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

const totalOf = (arrays: readonly ArrayLike<number>[]): number =>
  arrays.reduce((sum, { length }) => sum + length, 0);

export function joined(arrays: readonly Int32Array[]): Int32Array {
  return fill(new Int32Array(totalOf(arrays)), arrays);
}

export function joinedFloats(arrays: readonly Float64Array[]): Float32Array {
  return fill(new Float32Array(totalOf(arrays)), arrays);
}

/** One Float64Array a sequence, holding the values exactly. */
export function cut(flat: Float32Array | Int32Array, lengths: Int32Array): Float64Array[] {
  let at = 0;
  return Array.from(lengths, (length) => {
    const part = Float64Array.from(flat.subarray(at, at + length));
    at += length;
    return part;
  });
}
