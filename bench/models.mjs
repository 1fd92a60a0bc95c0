// The two models everything is measured on, with random weights, and the arithmetic of a decoder: what a forward
// multiplies and what it reads. Multiply and add count as two operations (FLOPs).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeEngine } from '../dist/engine/native/native.js';
import { writeModelFolder } from '../dist/model/folder.js';
import { initializeModel } from '../dist/model/initialize.js';
import { seedOf, UniformStream } from '../dist/random.js';

const COMMON = {
  family: 'llama',
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tiedEmbeddings: true,
  qkvBias: false,
  qkNorm: false,
  eosTokenIds: [2],
};
/** bench/peers/trl_grpo.py has the same. 135m is SmolLM2-135M's shape. */
export const SHAPES = {
  tiny: {
    ...COMMON,
    vocabularySize: 128,
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 6,
    heads: 6,
    keyValueHeads: 6,
    headDim: 32,
    maxSequenceLength: 1024,
  },
  '135m': {
    ...COMMON,
    vocabularySize: 49152,
    hiddenSize: 576,
    intermediateSize: 1536,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headDim: 64,
    maxSequenceLength: 2048,
  },
};
/** The largest that 16 GB are to carry: with all weights, and with an adapter. Shapes of Qwen2.5-0.5B and -1.5B. */
const QWEN = { ...COMMON, family: 'qwen2', qkvBias: true, ropeTheta: 1e6, vocabularySize: 151_936 };
export const LARGEST = {
  '0.5b': {
    ...QWEN,
    hiddenSize: 896,
    intermediateSize: 4864,
    layers: 24,
    heads: 14,
    keyValueHeads: 2,
    headDim: 64,
    maxSequenceLength: 2048,
  },
  '1.5b': {
    ...QWEN,
    hiddenSize: 1536,
    intermediateSize: 8960,
    layers: 28,
    heads: 12,
    keyValueHeads: 2,
    headDim: 128,
    maxSequenceLength: 2048,
  },
};
export const DTYPES = ['fp32', 'bf16'];

/** Weights of all matrices of all layers. */
export function layerWeights({ hiddenSize: H, intermediateSize: F, heads, keyValueHeads, headDim, layers }) {
  return layers * (2 * H * heads * headDim + 2 * H * keyValueHeads * headDim + 3 * H * F);
}

export const headWeights = ({ vocabularySize, hiddenSize }) => vocabularySize * hiddenSize;

/** Bytes of the copies that linear layers read, the output matrix included. */
export const weightBytes = (shape, dtype) =>
  (layerWeights(shape) + headWeights(shape)) * (dtype === 'bf16' ? 2 : 4);

/** Keys and values of so many positions; float32 whatever the dtype. */
export const keyValueBytes = ({ layers, keyValueHeads, headDim }, positions) =>
  2 * 4 * layers * keyValueHeads * headDim * positions;

/**
 * FLOPs of a forward: `tokens` through the layers, `scored` of them through the output matrix, and `attended` pairs of
 * a query and a key or value (of a causal sequence of n, n(n + 1)/2). A backward takes twice that.
 */
export function forwardFlops(shape, { tokens, scored, attended }) {
  return {
    flops: 2 * layerWeights(shape) * tokens + 2 * headWeights(shape) * scored,
    attentionFlops: 4 * shape.layers * shape.heads * shape.headDim * attended,
  };
}

/** Pairs of a query and a key where `rows` positions follow `before`. */
export const attendedPairs = (before, rows) => rows * before + (rows * (rows + 1)) / 2;

/** A prompt of its own for every name. */
export function randomTokens(vocabularySize, count, ...name) {
  const stream = new UniformStream(seedOf(1, 'bench', ...name));
  return Int32Array.from({ length: count }, () => 3 + stream.integer(Math.min(vocabularySize, 30_000) - 3));
}

export const writeRandomModel = (path, shape) => writeModelFolder(path, shape, initializeModel(shape, 1));

/** Runs work(path) with a folder that holds a random model of that shape; `write` writes it. */
export async function withModelFolder(shape, work, write = writeRandomModel) {
  const folder = mkdtempSync(join(tmpdir(), 'guiderail-bench-'));
  try {
    const path = join(folder, 'model');
    await write(path, shape);
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs work(models) with the model of `folder` opened once for each dtype. */
export async function withModelAt(
  folder,
  { dtypes, threads, isa, trainable, adapter = { kind: 'none' } },
  work,
) {
  const engines = dtypes.map((dtype) =>
    createNativeEngine({ dtype, threads, ...(isa ? { instructionSet: isa } : {}) }),
  );
  try {
    const models = {};
    for (const [index, engine] of engines.entries()) {
      models[dtypes[index]] = await engine.open({ folder, head: 'lm', adapter, trainable });
    }
    return await work(models);
  } finally {
    for (const engine of engines) await engine.close();
  }
}

/** The same with random weights. */
export const withModels = (shape, options, work) =>
  withModelFolder(shape, (folder) => withModelAt(folder, options, work));
