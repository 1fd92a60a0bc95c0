// A GGUF file as a model: llama.cpp's metadata to a shape, its tensor names to those of Hugging Face. Its one idea:
// a key that would change the computation and is not known here is refused by its name, never left out.
import { ModelError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { openGguf } from './gguf.ts';
import type { ModelSource } from './model-source.ts';
import type { ModelShape } from './shape.ts';
import { checkShape, parameterTable } from './shape.ts';

/** Keys of the architecture that are read; any other may change the computation. */
const KNOWN = new Set([
  'block_count',
  'context_length',
  'embedding_length',
  'feed_forward_length',
  'attention.head_count',
  'attention.head_count_kv',
  'attention.key_length',
  'attention.value_length',
  'attention.layer_norm_rms_epsilon',
  'rope.freq_base',
  'rope.dimension_count',
  'rope.scaling.type',
  'vocab_size',
]);

/** Endings of a layer's names: Hugging Face's, and llama.cpp's (gguf-py, tensor_mapping.py). */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
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

function ggufName(name: string): string {
  const layer = /^model\.layers\.(\d+)\.(.+)$/.exec(name);
  return layer === null ? OTHER_NAMES[name] : `blk.${layer[1]}.${LAYER_NAMES[layer[2]]}`;
}

/** The shape that the metadata of a file describes. @throws ModelError for what engines do not compute. */
function shapeOf({ path, metadata, tensors }: GgufFile): ModelShape {
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'llama') {
    throw new ModelError(
      `${path} is a GGUF file of architecture ${JSON.stringify(architecture)}, which is not supported; use one of llama, or a folder in Hugging Face layout.`,
    );
  }
  for (const key of metadata.keys()) {
    if (key.startsWith('llama.') && !KNOWN.has(key.slice('llama.'.length))) {
      throw new ModelError(`${path} asks for ${key}, which is not supported; use another model.`);
    }
  }
  const scaling = metadata.get('llama.rope.scaling.type') ?? 'none';
  if (scaling !== 'none') {
    throw new ModelError(
      `${path} asks for RoPE scaling ${JSON.stringify(scaling)}, which is not supported (supported: none).`,
    );
  }
  const number = (key: string, fallback?: number): number => {
    const value = metadata.get(`llama.${key}`) ?? fallback;
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
    throw new ModelError(`Expected llama.${key} of ${path} to be a number, got ${typeof value}.`);
  };
  const heads = number('attention.head_count');
  const headDim = number('attention.key_length', number('embedding_length') / heads);
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    if (number(key, headDim) !== headDim) {
      throw new ModelError(
        `${path} asks for llama.${key} ${number(key)}, which is not supported (supported: ${headDim}, the head dimension).`,
      );
    }
  }
  const vocabularySize = tensors.get('token_embd.weight')?.dims[0] ?? 0;
  const eos = ['eos', 'eot'].map((name) => metadata.get(`tokenizer.ggml.${name}_token_id`));
  const shape: ModelShape = {
    family: 'llama',
    vocabularySize,
    hiddenSize: number('embedding_length'),
    intermediateSize: number('feed_forward_length'),
    layers: number('block_count'),
    heads,
    keyValueHeads: number('attention.head_count_kv', heads),
    headDim,
    ropeTheta: number('rope.freq_base', 10_000),
    rmsNormEps: number('attention.layer_norm_rms_epsilon'),
    tiedEmbeddings: !tensors.has('output.weight'),
    qkvBias: false,
    qkNorm: false,
    maxSequenceLength: number('context_length'),
    eosTokenIds: [...new Set(eos.filter((id) => typeof id === 'number'))],
  };
  checkShape(shape, path);
  // Before a table of parameters is made: the file has nine tensors a layer, so it bounds the number of layers.
  if (shape.layers > tensors.size) {
    throw new ModelError(
      `${path} claims ${shape.layers} layers but has only ${tensors.size} tensors; it is cut off or damaged.`,
    );
  }
  return shape;
}

function checkTensors(shape: ModelShape, { path, tensors }: GgufFile): void {
  const known = new Set<string>();
  for (const { name, dims } of parameterTable(shape)) {
    const stored = ggufName(name);
    known.add(stored);
    const tensor = tensors.get(stored);
    if (tensor === undefined)
      throw new ModelError(`${path} lacks tensor "${stored}", which its metadata says it has.`);
    if (tensor.dims.length !== dims.length || dims.some((dim, axis) => tensor.dims[axis] !== dim)) {
      throw new ModelError(
        `Expected tensor "${stored}" of ${path} to be [${dims.join(', ')}] as its metadata says, got [${tensor.dims.join(', ')}].`,
      );
    }
  }
  for (const name of tensors.keys()) {
    if (!known.has(name)) {
      throw new ModelError(
        `${path} has tensor "${name}", which a llama model of its metadata does not have.`,
      );
    }
  }
}

/**
 * llama.cpp rotates neighbours (2j, 2j+1) where Hugging Face rotates (j, j + headDim/2), so its conversion reorders the
 * rows of queries and keys within each head (convert_hf_to_gguf.py, LlamaModel.permute). This puts them back.
 */
function unpermute(rows: Float32Array, headDim: number, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  const half = headDim / 2;
  for (let row = 0; row < rows.length / width; row++) {
    const within = row % headDim;
    const from = row - within + 2 * (within % half) + Math.floor(within / half);
    result.set(rows.subarray(from * width, (from + 1) * width), row * width);
  }
  return result;
}

/** Opens a GGUF file and checks that it is whole. @throws ModelError naming file and tensor. */
export async function openGgufModel(path: string): Promise<ModelSource> {
  const file = await openGguf(path);
  const shape = shapeOf(file);
  checkTensors(shape, file);
  const known = new Set(parameterTable(shape).map(({ name }) => name));
  return {
    path,
    shape,
    readTensor: async (name) => {
      if (!known.has(name)) throw new ModelError(`${path} has no tensor "${name}".`);
      const tensor = await file.read(ggufName(name));
      return /\.(q|k)_proj\.weight$/.test(name) ? unpermute(tensor, shape.headDim, shape.hiddenSize) : tensor;
    },
  };
}
