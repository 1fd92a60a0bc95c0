// The trained numbers of a model and their gradients, as one flat list in the order of the parameter table and
// as the named tree that the decoder reads. Both hold the same arrays.
import type { ModelSource } from '../../model/model-source.ts';
import type { ModelShape, Parameter } from '../../model/shape.ts';
import { parameterTable, sizeOf } from '../../model/shape.ts';

/** One array per row of the parameter table. */
export type Tensors = ReadonlyMap<string, Float64Array>;

export interface LayerWeights {
  readonly inputNorm_H: Float64Array;
  readonly query_QH: Float64Array;
  readonly queryBias_Q: Float64Array | null;
  readonly key_KH: Float64Array;
  readonly keyBias_K: Float64Array | null;
  readonly value_KH: Float64Array;
  readonly valueBias_K: Float64Array | null;
  readonly queryNorm_D: Float64Array | null;
  readonly keyNorm_D: Float64Array | null;
  readonly out_HQ: Float64Array;
  readonly postNorm_H: Float64Array;
  readonly gate_FH: Float64Array;
  readonly up_FH: Float64Array;
  readonly down_HF: Float64Array;
}

export interface DecoderWeights {
  readonly embedding_VH: Float64Array;
  readonly layers: readonly LayerWeights[];
  readonly finalNorm_H: Float64Array;
  /** The same array as embedding_VH where embeddings are tied, so that gradients of both uses meet. */
  readonly head_VH: Float64Array;
}

/** The tree over `tensors`; of gradients as well as of weights. */
export function decoderWeights(shape: ModelShape, tensors: Tensors): DecoderWeights {
  const get = (name: string): Float64Array => tensors.get(name)!;
  const optional = (name: string): Float64Array | null => tensors.get(name) ?? null;
  const embedding_VH = get('model.embed_tokens.weight');
  const layers = Array.from({ length: shape.layers }, (_, layer) => {
    const at = `model.layers.${layer}`;
    return {
      inputNorm_H: get(`${at}.input_layernorm.weight`),
      query_QH: get(`${at}.self_attn.q_proj.weight`),
      queryBias_Q: optional(`${at}.self_attn.q_proj.bias`),
      key_KH: get(`${at}.self_attn.k_proj.weight`),
      keyBias_K: optional(`${at}.self_attn.k_proj.bias`),
      value_KH: get(`${at}.self_attn.v_proj.weight`),
      valueBias_K: optional(`${at}.self_attn.v_proj.bias`),
      queryNorm_D: optional(`${at}.self_attn.q_norm.weight`),
      keyNorm_D: optional(`${at}.self_attn.k_norm.weight`),
      out_HQ: get(`${at}.self_attn.o_proj.weight`),
      postNorm_H: get(`${at}.post_attention_layernorm.weight`),
      gate_FH: get(`${at}.mlp.gate_proj.weight`),
      up_FH: get(`${at}.mlp.up_proj.weight`),
      down_HF: get(`${at}.mlp.down_proj.weight`),
    };
  });
  const head_VH = shape.tiedEmbeddings ? embedding_VH : get('lm_head.weight');
  return { embedding_VH, layers, finalNorm_H: get('model.norm.weight'), head_VH };
}

export function zerosLike(table: readonly Parameter[]): Tensors {
  return new Map(table.map((parameter) => [parameter.name, new Float64Array(sizeOf(parameter))]));
}

/** All weights of a folder, widened to float64. */
export async function readWeights(folder: ModelSource): Promise<Tensors> {
  const tensors = new Map<string, Float64Array>();
  for (const { name } of parameterTable(folder.shape)) {
    tensors.set(name, Float64Array.from(await folder.readTensor(name)));
  }
  return tensors;
}

export function widened(tensors: ReadonlyMap<string, Float32Array | Float64Array>): Tensors {
  return new Map([...tensors].map(([name, data]) => [name, Float64Array.from(data)]));
}
