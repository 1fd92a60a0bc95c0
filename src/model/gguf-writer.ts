// A model as a GGUF file that llama.cpp loads: matrices in float16, vectors in float32, the tokenizer among the metadata.
// Its one idea: the header is made from the shape alone, so that tensors pass through one at a time.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelError, messageOf } from '../errors.ts';
import type { GgufEntry, GgufValue } from './gguf-encoding.ts';
import { byteLengthOf, encodeGgufHeader, ggufPadding } from './gguf-encoding.ts';
import { isGguf } from './gguf.ts';
import { ROPE_FACTORS, ggufName, isPermuted, permute } from './gguf-names.ts';
import { ggufTokenizerFiles } from './gguf-tokenizer.ts';
import type { ReadTokenizerFile } from './gguf-vocabulary.ts';
import { ggufVocabulary } from './gguf-vocabulary.ts';
import { narrowed } from './half.ts';
import type { ModelSource } from './model-source.ts';
import { ropeFactors } from './rope.ts';
import { writeAside } from './safetensors.ts';
import type { ModelShape, Parameter } from './shape.ts';
import { parameterTable } from './shape.ts';

/** enum llama_ftype: all but vectors in float16. */
const MOSTLY_F16 = 1;

/**
 * Writes a GGUF file of float16; it appears whole or not at all.
 * @param source its tokenizer, from beside the weights, comes along.
 * @throws ModelError for a tokenizer that llama.cpp does not know, and for weights beyond float16.
 */
export async function writeGguf(path: string, source: ModelSource): Promise<void> {
  const { shape } = source;
  const vocabulary = await ggufVocabulary(await tokenizerReader(source.path), shape, source.path);
  const metadata = new Map([...modelMetadata(shape, basename(source.path)), ...vocabulary]);
  const factors = shape.ropeScaling?.type === 'llama3' ? ropeFactors(shape) : null;
  const table = parameterTable(shape);
  const entries = [...(factors === null ? [] : [factorsEntry(factors)]), ...table.map(entryOf)];
  await writeAside(path, async (file) => {
    await file.writeFile(encodeGgufHeader(metadata, entries));
    const write = async (entry: GgufEntry, bytes: Uint8Array) => {
      await file.writeFile(bytes);
      await file.writeFile(new Uint8Array(ggufPadding(byteLengthOf(entry))));
    };
    if (factors !== null) await write(factorsEntry(factors), new Uint8Array(factors.buffer));
    for (const parameter of table) await write(entryOf(parameter), await tensorBytes(source, parameter));
  });
}

const factorsEntry = (factors: Float32Array): GgufEntry => ({
  name: ROPE_FACTORS,
  dims: [factors.length],
  storage: 'F32',
});
const entryOf = ({ name, dims, kind }: Parameter): GgufEntry => ({
  name: ggufName(name),
  dims,
  storage: kind === 'matrix' ? 'F16' : 'F32',
});

async function tensorBytes(source: ModelSource, { name, kind }: Parameter): Promise<Uint8Array> {
  const { path, shape } = source;
  const values = new Float32Array(await source.readTensor(name));
  const rows = isPermuted(shape, name) ? permute(values, shape.headDim, shape.hiddenSize) : values;
  if (kind === 'vector') return new Uint8Array(rows.buffer);
  return new Uint8Array(narrowed(rows, 'float16', `tensor "${name}" of ${path}`).buffer);
}

/** Metadata of the model itself; mistral is llama to llama.cpp. */
function modelMetadata(shape: ModelShape, name: string): Map<string, GgufValue> {
  const architecture = shape.family === 'mistral' ? 'llama' : shape.family;
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'uint32', value: MOSTLY_F16 }],
    ['general.quantization_version', { type: 'uint32', value: 2 }],
  ]);
  const add = (type: 'uint32' | 'float32', key: string, value: number) =>
    metadata.set(`${architecture}.${key}`, { type, value });
  add('uint32', 'vocab_size', shape.vocabularySize);
  add('uint32', 'context_length', shape.maxSequenceLength);
  add('uint32', 'embedding_length', shape.hiddenSize);
  add('uint32', 'block_count', shape.layers);
  add('uint32', 'feed_forward_length', shape.intermediateSize);
  add('uint32', 'attention.head_count', shape.heads);
  add('uint32', 'attention.head_count_kv', shape.keyValueHeads);
  add('uint32', 'attention.key_length', shape.headDim);
  add('uint32', 'attention.value_length', shape.headDim);
  add('float32', 'attention.layer_norm_rms_epsilon', shape.rmsNormEps);
  add('uint32', 'rope.dimension_count', shape.headDim);
  add('float32', 'rope.freq_base', shape.ropeTheta);
  const scaling = shape.ropeScaling;
  if (scaling?.type === 'linear') {
    metadata.set(`${architecture}.rope.scaling.type`, { type: 'string', value: 'linear' });
    add('float32', 'rope.scaling.factor', scaling.factor);
  } else if (scaling !== undefined) {
    add('uint32', 'rope.scaling.original_context_length', scaling.originalMaxPositions);
  }
  return metadata;
}

/** The tokenizer's files beside a model: in its folder, or those that a GGUF file stands for. */
async function tokenizerReader(path: string): Promise<ReadTokenizerFile> {
  if (isGguf(path)) {
    const files = await ggufTokenizerFiles(path);
    return (name) => Promise.resolve(files.get(name) ?? null);
  }
  return (name) =>
    readFile(join(path, name), 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new ModelError(`Could not read ${name} of ${path}: ${messageOf(error)}.`);
    });
}
