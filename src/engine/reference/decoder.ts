// The decoder of the Llama, Mistral, Qwen2 and Qwen3 families, forward beside backward. Its one idea: there is a single
// forward, of one position on top of a cache of keys and values. Scoring a sequence and sampling one both walk
// it position by position, so they compute every number by the same operations in the same order.
// Shapes: T positions, H hidden, V vocabulary, Q = N·D query width, K·D key-value width, F intermediate.
import { ropeFrequencies } from '../../model/rope.ts';
import type { ModelShape } from '../../model/shape.ts';
import { attentionBackward, attentionForward } from './attention.ts';
import { linearBackward, linearForward } from './linear.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';
import { ropeBackward, ropeForward } from './rope.ts';
import { swigluBackward, swigluForward } from './swiglu.ts';
import type { DecoderWeights, LayerWeights } from './weights.ts';

/** What backward needs of one position in one layer. */
interface LayerTrace {
  readonly x_H: Float64Array;
  readonly attentionInput_H: Float64Array;
  /** Before the norm of queries and keys and before RoPE. */
  readonly rawQuery_Q: Float64Array;
  readonly rawKey_KD: Float64Array;
  readonly query_Q: Float64Array;
  readonly probs_NS: Float64Array;
  readonly attended_Q: Float64Array;
  readonly middle_H: Float64Array;
  readonly mlpInput_H: Float64Array;
  readonly gate_F: Float64Array;
  readonly up_F: Float64Array;
  readonly activated_F: Float64Array;
}

/** Keys and values of the positions so far, by layer and position. */
export interface Cache {
  readonly keys: Float64Array[][];
  readonly values: Float64Array[][];
}

/** What backward needs of one sequence. */
export interface Trace {
  readonly tokens: number[];
  readonly cache: Cache;
  /** By layer and position. */
  readonly layers: LayerTrace[][];
  /** Output of the last layer, by position. */
  readonly final_T_H: Float64Array[];
}

export function emptyCache(shape: ModelShape): Cache {
  const perLayer = (): Float64Array[][] => Array.from({ length: shape.layers }, () => []);
  return { keys: perLayer(), values: perLayer() };
}

export function emptyTrace(shape: ModelShape, cache: Cache): Trace {
  return { tokens: [], cache, layers: Array.from({ length: shape.layers }, () => []), final_T_H: [] };
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}

function addInto(target: Float64Array, from: number, addend: Float64Array): void {
  for (let i = 0; i < addend.length; i++) target[from + i] += addend[i];
}

/** One layer at one position; appends its key and value. @returns the residual stream after it */
function layerForward(
  shape: ModelShape,
  weights: LayerWeights,
  x_H: Float64Array,
  keys: Float64Array[],
  values: Float64Array[],
  trace: LayerTrace[] | null,
): Float64Array {
  const { headDim, rmsNormEps } = shape;
  const frequencies = ropeFrequencies(shape);
  const position = keys.length;
  const width_KD = shape.keyValueHeads * headDim;
  const attentionInput_H = rmsNormForward(weights.inputNorm_H, x_H, rmsNormEps);
  const rawQuery_Q = linearForward(
    weights.query_QH,
    weights.queryBias_Q,
    attentionInput_H,
    shape.heads * headDim,
  );
  const rawKey_KD = linearForward(weights.key_KH, weights.keyBias_K, attentionInput_H, width_KD);
  const value_KD = linearForward(weights.value_KH, weights.valueBias_K, attentionInput_H, width_KD);
  const normQuery =
    weights.queryNorm_D === null ? rawQuery_Q : rmsNormForward(weights.queryNorm_D, rawQuery_Q, rmsNormEps);
  const normKey =
    weights.keyNorm_D === null ? rawKey_KD : rmsNormForward(weights.keyNorm_D, rawKey_KD, rmsNormEps);
  const query_Q = ropeForward(normQuery, position, frequencies);
  keys.push(ropeForward(normKey, position, frequencies));
  values.push(value_KD);
  const { out_ND: attended_Q, probs_NS } = attentionForward(shape, query_Q, keys, values);
  const middle_H = add(x_H, linearForward(weights.out_HQ, null, attended_Q, shape.hiddenSize));

  const mlpInput_H = rmsNormForward(weights.postNorm_H, middle_H, rmsNormEps);
  const gate_F = linearForward(weights.gate_FH, null, mlpInput_H, shape.intermediateSize);
  const up_F = linearForward(weights.up_FH, null, mlpInput_H, shape.intermediateSize);
  const activated_F = swigluForward(gate_F, up_F);
  trace?.push({
    x_H,
    attentionInput_H,
    rawQuery_Q,
    rawKey_KD,
    query_Q,
    probs_NS,
    attended_Q,
    middle_H,
    mlpInput_H,
    gate_F,
    up_F,
    activated_F,
  });
  return add(middle_H, linearForward(weights.down_HF, null, activated_F, shape.hiddenSize));
}

/**
 * The next position: embeds `token`, runs every layer, appends to the cache and, where given, to the trace.
 * @returns the output of the last layer, for logitsForward
 */
export function positionForward(
  shape: ModelShape,
  weights: DecoderWeights,
  token: number,
  cache: Cache,
  trace: Trace | null,
): Float64Array {
  const H = shape.hiddenSize;
  let x_H: Float64Array = weights.embedding_VH.slice(token * H, (token + 1) * H);
  for (let layer = 0; layer < shape.layers; layer++) {
    const layerTrace = trace === null ? null : trace.layers[layer];
    x_H = layerForward(shape, weights.layers[layer], x_H, cache.keys[layer], cache.values[layer], layerTrace);
  }
  trace?.tokens.push(token);
  trace?.final_T_H.push(x_H);
  return x_H;
}

/** Final norm and output matrix. @returns logits_V of the token after this position */
export function logitsForward(
  shape: ModelShape,
  weights: DecoderWeights,
  final_H: Float64Array,
): Float64Array {
  const normed_H = rmsNormForward(weights.finalNorm_H, final_H, shape.rmsNormEps);
  return linearForward(weights.head_VH, null, normed_H, shape.vocabularySize);
}

/** Adds the gradients of the final norm and the output matrix. @returns dFinal_H */
export function logitsBackward(
  shape: ModelShape,
  weights: DecoderWeights,
  final_H: Float64Array,
  dLogits_V: Float64Array,
  gradients: DecoderWeights,
): Float64Array {
  const normed_H = rmsNormForward(weights.finalNorm_H, final_H, shape.rmsNormEps);
  const dNormed_H = linearBackward(weights.head_VH, normed_H, dLogits_V, gradients.head_VH, null);
  return rmsNormBackward(weights.finalNorm_H, final_H, shape.rmsNormEps, dNormed_H, gradients.finalNorm_H);
}

/** The feed-forward half of a layer at one position. @returns dMiddle_H */
function mlpBackward(
  shape: ModelShape,
  weights: LayerWeights,
  trace: LayerTrace,
  dy_H: Float64Array,
  gradients: LayerWeights,
): Float64Array {
  const dActivated_F = linearBackward(weights.down_HF, trace.activated_F, dy_H, gradients.down_HF, null);
  const { dGate_F, dUp_F } = swigluBackward(trace.gate_F, trace.up_F, dActivated_F);
  const dInput_H = add(
    linearBackward(weights.gate_FH, trace.mlpInput_H, dGate_F, gradients.gate_FH, null),
    linearBackward(weights.up_FH, trace.mlpInput_H, dUp_F, gradients.up_FH, null),
  );
  return add(
    dy_H,
    rmsNormBackward(weights.postNorm_H, trace.middle_H, shape.rmsNormEps, dInput_H, gradients.postNorm_H),
  );
}

/** Backward of RoPE and, in Qwen3, of the norm of queries or keys. @returns the cotangent of the raw projection */
function rotatedBackward(
  shape: ModelShape,
  norm_D: Float64Array | null,
  raw: Float64Array,
  position: number,
  dRotated: Float64Array,
  dNorm_D: Float64Array | null,
): Float64Array {
  const dNormed = ropeBackward(dRotated, position, ropeFrequencies(shape));
  if (norm_D === null || dNorm_D === null) return dNormed;
  return rmsNormBackward(norm_D, raw, shape.rmsNormEps, dNormed, dNorm_D);
}

/** One layer over all positions. @returns dx_T_H, the cotangent of its input */
function layerBackward(
  shape: ModelShape,
  weights: LayerWeights,
  traces: readonly LayerTrace[],
  keys: readonly Float64Array[],
  values: readonly Float64Array[],
  dy_T_H: readonly Float64Array[],
  gradients: LayerWeights,
): Float64Array[] {
  const dKeys = keys.map((key) => new Float64Array(key.length));
  const dValues = values.map((value) => new Float64Array(value.length));
  const dMiddle_T_H = traces.map((trace, t) => mlpBackward(shape, weights, trace, dy_T_H[t], gradients));
  // Every position adds to the keys and values before it, so those are complete only after this loop.
  const dQuery_T_Q = traces.map((trace, t) => {
    const dAttended_Q = linearBackward(
      weights.out_HQ,
      trace.attended_Q,
      dMiddle_T_H[t],
      gradients.out_HQ,
      null,
    );
    return attentionBackward(shape, trace.query_Q, keys, values, trace.probs_NS, dAttended_Q, dKeys, dValues);
  });
  return traces.map((trace, t) => {
    const { attentionInput_H: input_H } = trace;
    const dQuery = rotatedBackward(
      shape,
      weights.queryNorm_D,
      trace.rawQuery_Q,
      t,
      dQuery_T_Q[t],
      gradients.queryNorm_D,
    );
    const dKey = rotatedBackward(shape, weights.keyNorm_D, trace.rawKey_KD, t, dKeys[t], gradients.keyNorm_D);
    const dInput_H = linearBackward(
      weights.query_QH,
      input_H,
      dQuery,
      gradients.query_QH,
      gradients.queryBias_Q,
    );
    addInto(
      dInput_H,
      0,
      linearBackward(weights.key_KH, input_H, dKey, gradients.key_KH, gradients.keyBias_K),
    );
    const dValue = linearBackward(
      weights.value_KH,
      input_H,
      dValues[t],
      gradients.value_KH,
      gradients.valueBias_K,
    );
    addInto(dInput_H, 0, dValue);
    const dNorm_H = rmsNormBackward(
      weights.inputNorm_H,
      trace.x_H,
      shape.rmsNormEps,
      dInput_H,
      gradients.inputNorm_H,
    );
    return add(dMiddle_T_H[t], dNorm_H);
  });
}

/** Adds the gradients of all weights below the final norm, given the cotangents of the last layer's outputs. */
export function sequenceBackward(
  shape: ModelShape,
  weights: DecoderWeights,
  trace: Trace,
  dFinal_T_H: readonly Float64Array[],
  gradients: DecoderWeights,
): void {
  let dx_T_H = dFinal_T_H;
  for (let layer = shape.layers - 1; layer >= 0; layer--) {
    dx_T_H = layerBackward(
      shape,
      weights.layers[layer],
      trace.layers[layer],
      trace.cache.keys[layer],
      trace.cache.values[layer],
      dx_T_H,
      gradients.layers[layer],
    );
  }
  trace.tokens.forEach((token, t) => addInto(gradients.embedding_VH, token * shape.hiddenSize, dx_T_H[t]));
}
