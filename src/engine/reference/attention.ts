// Causal grouped-query attention of one position over the keys and values so far, forward beside backward
// (Vaswani et al. 2017, eq. 1; Ainslie et al. 2023). Shapes: N query heads, K key-value heads, D numbers a head,
// S positions seen (this one included). Query head n reads key-value head floor(n · K / N).

export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** @returns out_ND and the attention weights probs_NS that backward needs */
export function attentionForward(
  shape: AttentionShape,
  query_ND: Float64Array,
  keys_S_KD: readonly Float64Array[],
  values_S_KD: readonly Float64Array[],
): { out_ND: Float64Array; probs_NS: Float64Array } {
  const { heads, headDim } = shape;
  const positions = keys_S_KD.length;
  const scale = 1 / Math.sqrt(headDim);
  const out_ND = new Float64Array(heads * headDim);
  const probs_NS = new Float64Array(heads * positions);
  for (let n = 0; n < heads; n++) {
    const q = n * headDim;
    const k = Math.floor((n * shape.keyValueHeads) / heads) * headDim;
    let largest = -Infinity;
    for (let s = 0; s < positions; s++) {
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += query_ND[q + d] * keys_S_KD[s][k + d];
      probs_NS[n * positions + s] = dot * scale;
      largest = Math.max(largest, dot * scale);
    }
    let total = 0;
    for (let s = 0; s < positions; s++) {
      const weight = Math.exp(probs_NS[n * positions + s] - largest);
      probs_NS[n * positions + s] = weight;
      total += weight;
    }
    for (let s = 0; s < positions; s++) {
      const p = probs_NS[n * positions + s] / total;
      probs_NS[n * positions + s] = p;
      for (let d = 0; d < headDim; d++) out_ND[q + d] += p * values_S_KD[s][k + d];
    }
  }
  return { out_ND, probs_NS };
}

/** Adds to dKeys and dValues of every position seen. @returns dQuery_ND */
export function attentionBackward(
  shape: AttentionShape,
  query_ND: Float64Array,
  keys_S_KD: readonly Float64Array[],
  values_S_KD: readonly Float64Array[],
  probs_NS: Float64Array,
  dOut_ND: Float64Array,
  dKeys_S_KD: readonly Float64Array[],
  dValues_S_KD: readonly Float64Array[],
): Float64Array {
  const { heads, headDim } = shape;
  const positions = probs_NS.length / heads;
  const scale = 1 / Math.sqrt(headDim);
  const dQuery_ND = new Float64Array(heads * headDim);
  for (let n = 0; n < heads; n++) {
    const q = n * headDim;
    const k = Math.floor((n * shape.keyValueHeads) / heads) * headDim;
    const dProbs_S = new Float64Array(positions);
    // Softmax backward: dscore = p (dp − Σ p dp).
    let mean = 0;
    for (let s = 0; s < positions; s++) {
      const p = probs_NS[n * positions + s];
      for (let d = 0; d < headDim; d++) {
        dProbs_S[s] += dOut_ND[q + d] * values_S_KD[s][k + d];
        dValues_S_KD[s][k + d] += p * dOut_ND[q + d];
      }
      mean += p * dProbs_S[s];
    }
    for (let s = 0; s < positions; s++) {
      const dScore = probs_NS[n * positions + s] * (dProbs_S[s] - mean) * scale;
      for (let d = 0; d < headDim; d++) {
        dQuery_ND[q + d] += dScore * keys_S_KD[s][k + d];
        dKeys_S_KD[s][k + d] += dScore * query_ND[q + d];
      }
    }
  }
  return dQuery_ND;
}
