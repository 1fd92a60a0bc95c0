// The shape of a decoder: what config.json of a Hugging Face folder says, reduced to the numbers that decide
// how a forward is computed. It knows no weights and no engine. Its one idea: whatever an engine does not
// compute is refused here, by name, so that a shape that exists is a shape every engine serves in full.
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import type { RopeScaling } from './rope.ts';
import { parseRopeScaling, ropeScalingJson } from './rope.ts';

const FAMILIES = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;
/** Mistral is Llama under another name once no sliding window narrows its attention. */
export type ModelFamily = (typeof FAMILIES)[number];

export interface ModelShape {
  readonly family: ModelFamily;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  /** Query heads; a multiple of keyValueHeads. */
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Even; heads · headDim need not equal hiddenSize. */
  readonly headDim: number;
  readonly ropeTheta: number;
  /** Left out where the frequencies are those of ropeTheta. */
  readonly ropeScaling?: RopeScaling;
  readonly rmsNormEps: number;
  /** true: the output matrix is the embedding matrix, and lm_head.weight is no parameter. */
  readonly tiedEmbeddings: boolean;
  /** Biases on the query, key and value projections (qwen2). */
  readonly qkvBias: boolean;
  /** RMSNorm over each head of queries and keys, before RoPE (qwen3). */
  readonly qkNorm: boolean;
  readonly maxSequenceLength: number;
  /** End-of-sequence ids as config.json has them, in its order; may be empty. */
  readonly eosTokenIds: readonly number[];
}

/** One trained tensor. A matrix is [out, in] (embeddings: [vocabulary, hidden]) and takes weight decay; a vector does not. */
export interface Parameter {
  /** As Hugging Face names it. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly kind: 'matrix' | 'vector';
}

const positive = z.int().positive();
const rope = z.looseObject({
  rope_theta: z.number().positive().optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
  partial_rotary_factor: z.number().optional(),
});

// Only what decides the computation is read; the many other keys of a config.json are left alone.
const configSchema = z.looseObject({
  model_type: z.enum(FAMILIES),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  hidden_act: z.string().default('silu'),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: positive.default(2048),
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: rope.nullish(),
  rope_scaling: rope.nullish(),
  partial_rotary_factor: z.number().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  use_sliding_window: z.boolean().nullish(),
  sliding_window: positive.nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  num_experts: z.int().nullish(),
  num_local_experts: z.int().nullish(),
  eos_token_id: z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]).nullish(),
});
type Config = z.infer<typeof configSchema>;

/** Mistral always slides its window, 4096 wide where nothing is said; the others only by use_sliding_window. */
function slidingWindow(config: Config): number | null {
  if (config.model_type !== 'mistral') return null;
  const width = config.sliding_window === undefined ? 4096 : config.sliding_window;
  return width === null || width >= config.max_position_embeddings ? null : width;
}

/** What this config asks for that no engine computes, as the end of "…which is not supported"; null if nothing. */
function unsupported(config: Config): string | null {
  if (config.hidden_act !== 'silu') return `hidden_act "${config.hidden_act}" (supported: silu)`;
  const factor = config.partial_rotary_factor ?? config.rope_parameters?.partial_rotary_factor ?? 1;
  if (factor !== 1) return `partial_rotary_factor ${factor} (supported: 1)`;
  if (config.attention_bias === true) return 'attention_bias true (biases on all four attention projections)';
  if (config.mlp_bias === true) return 'mlp_bias true';
  if (config.use_sliding_window === true) return 'use_sliding_window true';
  const window = slidingWindow(config);
  if (window !== null) {
    return `a sliding_window of ${window} positions out of ${config.max_position_embeddings} (supported: null, or no narrower than max_position_embeddings)`;
  }
  const otherLayer = config.layer_types?.find((type) => type !== 'full_attention');
  if (otherLayer !== undefined) return `layer type "${otherLayer}" (supported: full_attention)`;
  if ((config.num_experts ?? 0) > 0) return 'num_experts above 0 (mixture of experts)';
  if ((config.num_local_experts ?? 0) > 0) return 'num_local_experts above 0 (mixture of experts)';
  if (config.quantization_config !== undefined && config.quantization_config !== null) {
    return 'quantization_config (quantised weights)';
  }
  return null;
}

/** transformers 4 reads rope_scaling, 5 either; a file that has both must mean the same by them. */
function ropeScalingOf(config: Config): RopeScaling | string | undefined {
  const [old, current] = (['rope_scaling', 'rope_parameters'] as const).map((key) =>
    parseRopeScaling(config[key], key),
  );
  if (typeof old === 'string' || typeof current === 'string') return typeof old === 'string' ? old : current;
  if (old !== undefined && current !== undefined && JSON.stringify(old) !== JSON.stringify(current)) {
    return 'one RoPE scaling in rope_scaling and another in rope_parameters';
  }
  return old ?? current;
}

/** Defaults of transformers where config.json leaves a key out. */
function headDimOf(config: Config): number {
  return (
    config.head_dim ?? (config.model_type === 'qwen3' ? 128 : config.hidden_size / config.num_attention_heads)
  );
}

/**
 * The shape that a parsed config.json describes, as transformers 4 or 5 writes it.
 * @param where names the file in errors.
 * @throws ModelError for a missing or malformed key, and, by name, for whatever engines do not compute.
 */
export function parseConfig(json: unknown, where: string): ModelShape {
  const named = z.looseObject({ model_type: z.string() }).safeParse(json);
  // Before the keys, which another family may name otherwise.
  if (named.success && !configSchema.shape.model_type.safeParse(named.data.model_type).success) {
    throw new ModelError(
      `${where} asks for model_type "${named.data.model_type}", which is not supported; use a llama, mistral, qwen2 or qwen3 model.`,
    );
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = issue?.path.join('.') ?? '';
    throw new ModelError(
      `Expected ${where} to be the config.json of a Hugging Face model, but ${key === '' ? 'it' : `"${key}"`} is not valid: ${issue?.message ?? 'unknown'}.`,
    );
  }
  const config = parsed.data;
  const scaling = ropeScalingOf(config);
  const refused = typeof scaling === 'string' ? scaling : unsupported(config);
  if (typeof scaling === 'string' || refused !== null)
    throw new ModelError(`${where} asks for ${refused}, which is not supported; use another model.`);
  const eos = config.eos_token_id ?? [];
  const family: ModelFamily = config.model_type;
  const shape: ModelShape = {
    family,
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads ?? config.num_attention_heads,
    headDim: headDimOf(config),
    ropeTheta:
      config.rope_parameters?.rope_theta ?? config.rope_scaling?.rope_theta ?? config.rope_theta ?? 10_000,
    ...(scaling !== undefined && { ropeScaling: scaling }),
    rmsNormEps: config.rms_norm_eps,
    tiedEmbeddings: config.tie_word_embeddings,
    qkvBias: family === 'qwen2',
    qkNorm: family === 'qwen3',
    maxSequenceLength: config.max_position_embeddings,
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
  };
  checkShape(shape, where);
  return shape;
}

/** @throws ModelError when the numbers of a shape do not fit together. */
export function checkShape(shape: ModelShape, where: string): void {
  const fail = (expected: string): never => {
    throw new ModelError(`Expected ${expected} in ${where}.`);
  };
  const counts = {
    vocabularySize: shape.vocabularySize,
    hiddenSize: shape.hiddenSize,
    intermediateSize: shape.intermediateSize,
    layers: shape.layers,
    heads: shape.heads,
    keyValueHeads: shape.keyValueHeads,
    maxSequenceLength: shape.maxSequenceLength,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 1) fail(`${name} to be a positive integer, got ${value}`);
  }
  if (!Number.isSafeInteger(shape.headDim) || shape.headDim < 2 || shape.headDim % 2 !== 0) {
    fail(`the head dimension to be a positive even integer (RoPE turns pairs), got ${shape.headDim}`);
  }
  if (shape.heads % shape.keyValueHeads !== 0) {
    fail(`the ${shape.heads} attention heads to be a multiple of the ${shape.keyValueHeads} key-value heads`);
  }
  const outside = shape.eosTokenIds.find((id) => id >= shape.vocabularySize);
  if (outside !== undefined) {
    fail(`end-of-sequence ids to be below the vocabulary size ${shape.vocabularySize}, got ${outside}`);
  }
  if (shape.qkvBias !== (shape.family === 'qwen2') || shape.qkNorm !== (shape.family === 'qwen3')) {
    fail('query/key/value biases for qwen2 alone and query/key norms for qwen3 alone');
  }
}

/** What each family's configuration says of parts that no engine computes. */
const FAMILY_KEYS: Readonly<Record<ModelFamily, object>> = {
  llama: { attention_bias: false, mlp_bias: false },
  mistral: { sliding_window: null },
  qwen2: { use_sliding_window: false },
  qwen3: { attention_bias: false, use_sliding_window: false },
};

export type StoredType = 'float64' | 'float32' | 'bfloat16' | 'float16';

/** A config.json that transformers (4 and 5) loads as this shape; `dtype` is the type of the stored weights. */
export function toConfig(shape: ModelShape, dtype: StoredType = 'float32'): Record<string, unknown> {
  const architectures = {
    llama: 'LlamaForCausalLM',
    mistral: 'MistralForCausalLM',
    qwen2: 'Qwen2ForCausalLM',
    qwen3: 'Qwen3ForCausalLM',
  };
  const scaling = ropeScalingJson(shape.ropeScaling);
  const eos = shape.eosTokenIds.length === 1 ? shape.eosTokenIds[0] : [...shape.eosTokenIds];
  // transformers 4 knows no head_dim for Qwen2 and derives it.
  const derived = shape.family === 'qwen2' && shape.headDim * shape.heads === shape.hiddenSize;
  return {
    architectures: [architectures[shape.family]],
    model_type: shape.family,
    vocab_size: shape.vocabularySize,
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    ...(derived ? {} : { head_dim: shape.headDim }),
    hidden_act: 'silu',
    max_position_embeddings: shape.maxSequenceLength,
    rms_norm_eps: shape.rmsNormEps,
    tie_word_embeddings: shape.tiedEmbeddings,
    rope_theta: shape.ropeTheta,
    rope_parameters: { rope_theta: shape.ropeTheta, ...scaling },
    // transformers 5 prefers it to rope_parameters and takes theta from within it.
    ...(shape.ropeScaling && { rope_scaling: { rope_theta: shape.ropeTheta, ...scaling } }),
    ...FAMILY_KEYS[shape.family],
    bos_token_id: null,
    eos_token_id: shape.eosTokenIds.length === 0 ? null : eos,
    pad_token_id: null,
    torch_dtype: dtype,
  };
}

/** Every trained tensor in a fixed order: embeddings, layers, final norm, and lm_head where untied. */
export function parameterTable(shape: ModelShape): Parameter[] {
  const { vocabularySize: V, hiddenSize: H, intermediateSize: F } = shape;
  const Q = shape.heads * shape.headDim;
  const K = shape.keyValueHeads * shape.headDim;
  const matrix = (name: string, ...dims: number[]): Parameter => ({ name, dims, kind: 'matrix' });
  const vector = (name: string, size: number): Parameter => ({ name, dims: [size], kind: 'vector' });
  const table = [matrix('model.embed_tokens.weight', V, H)];
  for (let layer = 0; layer < shape.layers; layer++) {
    const at = `model.layers.${layer}`;
    table.push(vector(`${at}.input_layernorm.weight`, H));
    for (const [name, size] of [
      ['q', Q],
      ['k', K],
      ['v', K],
    ] as const) {
      table.push(matrix(`${at}.self_attn.${name}_proj.weight`, size, H));
      if (shape.qkvBias) table.push(vector(`${at}.self_attn.${name}_proj.bias`, size));
    }
    if (shape.qkNorm) {
      table.push(vector(`${at}.self_attn.q_norm.weight`, shape.headDim));
      table.push(vector(`${at}.self_attn.k_norm.weight`, shape.headDim));
    }
    table.push(matrix(`${at}.self_attn.o_proj.weight`, H, Q));
    table.push(vector(`${at}.post_attention_layernorm.weight`, H));
    table.push(matrix(`${at}.mlp.gate_proj.weight`, F, H));
    table.push(matrix(`${at}.mlp.up_proj.weight`, F, H));
    table.push(matrix(`${at}.mlp.down_proj.weight`, H, F));
  }
  table.push(vector('model.norm.weight', H));
  if (!shape.tiedEmbeddings) table.push(matrix('lm_head.weight', V, H));
  return table;
}

export function sizeOf(parameter: Parameter): number {
  return parameter.dims.reduce((product, dim) => product * dim, 1);
}

/** Number of trained numbers; tied embeddings count once. */
export function parameterCount(shape: ModelShape): number {
  return parameterTable(shape).reduce((sum, parameter) => sum + sizeOf(parameter), 0);
}
