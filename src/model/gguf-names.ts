// How llama.cpp names and orders the tensors of a model, both ways: for reading GGUF files and for writing them.
import type { ModelShape } from './shape.ts';

/** Factors by which the frequencies of RoPE are divided: headDim / 2 numbers, beside the parameters. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** Endings of a layer's names: Hugging Face's, and llama.cpp's (gguf-py, tensor_mapping.py). */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.q_proj.bias': 'attn_q.bias',
  'self_attn.q_norm.weight': 'attn_q_norm.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.k_proj.bias': 'attn_k.bias',
  'self_attn.k_norm.weight': 'attn_k_norm.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.v_proj.bias': 'attn_v.bias',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** @param name of a row of parameterTable. */
export function ggufName(name: string): string {
  const layer = /^model\.layers\.(\d+)\.(.+)$/.exec(name);
  return layer === null ? OTHER_NAMES[name] : `blk.${layer[1]}.${LAYER_NAMES[layer[2]]}`;
}

/**
 * Whether the rows of a tensor are in llama.cpp's order within each head. Its llama architecture rotates neighbours
 * (2j, 2j+1) where Hugging Face rotates (j, j + headDim/2), so its conversion reorders the rows of queries and keys
 * (LlamaModel.permute); its qwen architectures rotate as Hugging Face does.
 */
export function isPermuted({ family }: ModelShape, name: string): boolean {
  return (family === 'llama' || family === 'mistral') && /\.(q|k)_proj\.weight$/.test(name);
}

/** From llama.cpp's order of rows to Hugging Face's. */
export function unpermute(rows: Float32Array, headDim: number, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  for (let row = 0; row < rows.length / width; row++) {
    const from = permutedRow(row, headDim);
    result.set(rows.subarray(from * width, (from + 1) * width), row * width);
  }
  return result;
}

/** From Hugging Face's order of rows to llama.cpp's. */
export function permute(rows: Float32Array, headDim: number, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  for (let row = 0; row < rows.length / width; row++) {
    result.set(rows.subarray(row * width, (row + 1) * width), permutedRow(row, headDim) * width);
  }
  return result;
}

/** Where llama.cpp has a row of Hugging Face. */
function permutedRow(row: number, headDim: number): number {
  const half = headDim / 2;
  const within = row % headDim;
  return row - within + 2 * (within % half) + Math.floor(within / half);
}
