import { describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import type { ModelShape } from './shape.ts';
import { parameterCount, parameterTable, parseConfig, toConfig } from './shape.ts';

/** As transformers 4 writes it (SmolLM2-135M, shortened). */
const TRANSFORMERS_4 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  max_position_embeddings: 8192,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 100_000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  vocab_size: 49_152,
};
const LLAMA3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};
/** As transformers 5 writes it (Qwen3-0.6B, shortened). */
const TRANSFORMERS_5 = {
  model_type: 'qwen3',
  dtype: 'bfloat16',
  attention_bias: false,
  eos_token_id: [151_645, 151_643],
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 1024,
  intermediate_size: 3072,
  layer_types: ['full_attention', 'full_attention'],
  max_position_embeddings: 40_960,
  max_window_layers: 28,
  num_attention_heads: 16,
  num_hidden_layers: 2,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_parameters: { rope_theta: 1_000_000, rope_type: 'default' },
  sliding_window: null,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151_936,
};

describe('parseConfig', () => {
  it('reads a config of transformers 4: theta at the top, head width derived, one stop id', () => {
    expect(parseConfig(TRANSFORMERS_4, 'config.json')).toEqual({
      family: 'llama',
      vocabularySize: 49_152,
      hiddenSize: 576,
      intermediateSize: 1536,
      layers: 30,
      heads: 9,
      keyValueHeads: 3,
      headDim: 64,
      ropeTheta: 100_000,
      rmsNormEps: 1e-5,
      tiedEmbeddings: true,
      qkvBias: false,
      qkNorm: false,
      maxSequenceLength: 8192,
      eosTokenIds: [2],
    } satisfies ModelShape);
  });

  it('reads a config of transformers 5: theta within rope_parameters, a list of stop ids', () => {
    const shape = parseConfig(TRANSFORMERS_5, 'config.json');
    expect(shape).toMatchObject({
      ropeTheta: 1_000_000,
      headDim: 128,
      qkNorm: true,
      eosTokenIds: [151_645, 151_643],
    });
  });

  it('reads the scaling of Llama 3.1 in the spelling of transformers 4 and in that of 5', () => {
    const ropeScaling = {
      ...{ type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
      originalMaxPositions: 8192,
    };
    const old = parseConfig({ ...TRANSFORMERS_4, rope_scaling: LLAMA3 }, 'x');
    expect(old).toMatchObject({ ropeTheta: 100_000, ropeScaling });
    const rope_parameters = { rope_theta: 500_000, ...LLAMA3 };
    const current = parseConfig({ ...TRANSFORMERS_4, rope_parameters, rope_theta: undefined }, 'x');
    expect(current).toMatchObject({ ropeTheta: 500_000, ropeScaling });
  });

  it.each([null, 8192, 10_000])('reads a mistral whose window of %s narrows nothing', (sliding_window) => {
    const config = { ...TRANSFORMERS_4, model_type: 'mistral', sliding_window };
    const llama = parseConfig(TRANSFORMERS_4, 'x');
    expect(parseConfig(config, 'x')).toEqual({ ...llama, family: 'mistral' });
  });

  it('falls back to what transformers assumes where keys are missing', () => {
    const bare = {
      model_type: 'qwen2',
      vocab_size: 10,
      hidden_size: 16,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 4,
    };
    expect(parseConfig(bare, 'x')).toMatchObject({
      keyValueHeads: 4,
      headDim: 4,
      ropeTheta: 10_000,
      tiedEmbeddings: false,
      qkvBias: true,
      eosTokenIds: [],
    });
    expect(parseConfig({ ...bare, model_type: 'qwen3' }, 'x').headDim).toBe(128);
  });

  it.each([
    [{ model_type: 'gpt2' }, /model_type "gpt2"/],
    [{ model_type: 'qwen3_moe' }, /qwen3_moe/],
    [{ hidden_act: 'gelu' }, /hidden_act "gelu"/],
    [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /llama3 RoPE scaling whose low_freq_factor/],
    [{ rope_scaling: { type: 'dynamic', factor: 2 } }, /RoPE scaling "dynamic" in rope_scaling/],
    [
      { rope_scaling: LLAMA3, rope_parameters: { ...LLAMA3, factor: 4 } },
      /one RoPE scaling in .* and another/,
    ],
    [{ rope_parameters: { rope_theta: 1, rope_type: 'yarn' } }, /"yarn" in rope_parameters/],
    [{ rope_parameters: { rope_theta: 1, partial_rotary_factor: 0.5 } }, /partial_rotary_factor 0.5/],
    [{ model_type: 'mistral', sliding_window: 4096 }, /sliding_window of 4096 positions out of 8192/],
    [{ model_type: 'mistral' }, /sliding_window of 4096/],
    [{ attention_bias: true }, /attention_bias/],
    [{ mlp_bias: true }, /mlp_bias/],
    [{ use_sliding_window: true }, /use_sliding_window/],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, /sliding_attention/],
    [{ num_local_experts: 8 }, /mixture of experts/],
    [{ quantization_config: { quant_method: 'gptq' } }, /quantization_config/],
  ])('refuses by name what no engine computes: %j', (change, message) => {
    const parse = (): ModelShape => parseConfig({ ...TRANSFORMERS_4, ...change }, 'dir/config.json');
    expect(parse).toThrow(ModelError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(/dir\/config\.json.*not supported/);
  });

  it.each([
    [{ hidden_size: undefined }, /"hidden_size" is not valid/],
    [{ vocab_size: -1 }, /"vocab_size"/],
    [{ num_key_value_heads: 2 }, /9 attention heads to be a multiple of the 2/],
    [{ head_dim: 7 }, /even integer.*got 7/],
    [{ num_attention_heads: 10, num_key_value_heads: 10 }, /got 57.6/],
    [{ eos_token_id: 49_152 }, /below the vocabulary size/],
  ])('refuses numbers that do not fit together: %j', (change, message) => {
    expect(() => parseConfig({ ...TRANSFORMERS_4, ...change }, 'config.json')).toThrow(message);
  });

  it('refuses what is not an object', () => {
    expect(() => parseConfig('llama', 'config.json')).toThrow(ModelError);
  });
});

describe('toConfig', () => {
  it.each([
    TRANSFORMERS_4,
    TRANSFORMERS_5,
    { ...TRANSFORMERS_4, rope_scaling: LLAMA3 },
    { ...TRANSFORMERS_4, rope_scaling: { type: 'linear', factor: 2 } },
    { ...TRANSFORMERS_4, model_type: 'mistral', sliding_window: null },
  ])('gives back the shape it was made from', (config) => {
    const shape = parseConfig(config, 'config.json');
    expect(parseConfig(JSON.parse(JSON.stringify(toConfig(shape))), 'written')).toEqual(shape);
  });

  it('writes scaling where transformers 4 looks for it and where 5 does', () => {
    const written = toConfig(parseConfig({ ...TRANSFORMERS_4, rope_scaling: LLAMA3 }, 'x'));
    const rope = { rope_theta: 100_000, ...LLAMA3 };
    expect(written).toMatchObject({ rope_theta: 100_000, rope_scaling: rope, rope_parameters: rope });
  });

  it('keeps a head width that the hidden size does not give', () => {
    const shape = { ...parseConfig(TRANSFORMERS_4, 'x'), headDim: 32, eosTokenIds: [] };
    expect(parseConfig(toConfig(shape), 'written')).toEqual(shape);
  });
});

describe('parameterTable', () => {
  it('has the names and sizes of the family', () => {
    const qwen2 = { ...parseConfig(TRANSFORMERS_4, 'x'), family: 'qwen2', qkvBias: true, layers: 1 } as const;
    expect(parameterTable(qwen2).map(({ name, dims, kind }) => `${kind} ${name} ${dims.join('x')}`)).toEqual([
      'matrix model.embed_tokens.weight 49152x576',
      'vector model.layers.0.input_layernorm.weight 576',
      'matrix model.layers.0.self_attn.q_proj.weight 576x576',
      'vector model.layers.0.self_attn.q_proj.bias 576',
      'matrix model.layers.0.self_attn.k_proj.weight 192x576',
      'vector model.layers.0.self_attn.k_proj.bias 192',
      'matrix model.layers.0.self_attn.v_proj.weight 192x576',
      'vector model.layers.0.self_attn.v_proj.bias 192',
      'matrix model.layers.0.self_attn.o_proj.weight 576x576',
      'vector model.layers.0.post_attention_layernorm.weight 576',
      'matrix model.layers.0.mlp.gate_proj.weight 1536x576',
      'matrix model.layers.0.mlp.up_proj.weight 1536x576',
      'matrix model.layers.0.mlp.down_proj.weight 576x1536',
      'vector model.norm.weight 576',
    ]);
    const untied = parameterTable({ ...qwen2, tiedEmbeddings: false });
    expect(untied.at(-1)).toEqual({ name: 'lm_head.weight', dims: [49_152, 576], kind: 'matrix' });
  });

  it('counts the published number of parameters', () => {
    // huggingface.co/HuggingFaceTB/SmolLM2-135M: 134,515,008 parameters.
    expect(parameterCount(parseConfig(TRANSFORMERS_4, 'x'))).toBe(134_515_008);
    // huggingface.co/Qwen/Qwen3-0.6B: 596,049,920 with its 28 layers.
    expect(parameterCount({ ...parseConfig(TRANSFORMERS_5, 'x'), layers: 28 })).toBe(596_049_920);
  });
});
