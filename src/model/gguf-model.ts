// A GGUF file as a model: llama.cpp's metadata to a shape, its tensors to those of Hugging Face. Its one idea: a key or
// a tensor that would change the computation and is not known here is refused by its name, never left out.
import { ModelError } from '../errors.ts';
import type { GgufFile } from './gguf.ts';
import { openGguf } from './gguf.ts';
import { ROPE_FACTORS, ggufName, isPermuted, unpermute } from './gguf-names.ts';
import type { ModelSource } from './model-source.ts';
import type { RopeScaling } from './rope.ts';
import { llama3FromFactors } from './rope.ts';
import type { ModelFamily, ModelShape } from './shape.ts';
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
  'rope.scaling.factor',
  'rope.scaling.original_context_length',
  'vocab_size',
]);
/** Mistral without a sliding window is a llama to llama.cpp. */
const ARCHITECTURES: readonly ModelFamily[] = ['llama', 'qwen2', 'qwen3'];

/** Numbers of the metadata by their key below the architecture's name. */
class Keys {
  readonly architecture: ModelFamily;
  readonly #file: GgufFile;

  /** @throws ModelError for an architecture, and for a key of it, that is not known. */
  constructor(file: GgufFile) {
    const name = file.metadata.get('general.architecture');
    const architecture = ARCHITECTURES.find((one) => one === name);
    if (architecture === undefined) {
      throw new ModelError(
        `${file.path} is a GGUF file of architecture ${JSON.stringify(name)}, which is not supported; use one of ${ARCHITECTURES.join(', ')}, or a folder in Hugging Face layout.`,
      );
    }
    this.architecture = architecture;
    this.#file = file;
    for (const key of file.metadata.keys()) {
      if (key.startsWith(`${architecture}.`) && !KNOWN.has(key.slice(architecture.length + 1))) {
        throw new ModelError(`${file.path} asks for ${key}, which is not supported; use another model.`);
      }
    }
  }

  get(key: string): unknown {
    return this.#file.metadata.get(`${this.architecture}.${key}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback;
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
    throw new ModelError(
      `Expected ${this.architecture}.${key} of ${this.#file.path} to be a number, got ${typeof value}.`,
    );
  }
}

/** @throws ModelError for scalings that engines' frequencies cannot express, or that config.json cannot say. */
async function ropeScalingOf(
  file: GgufFile,
  keys: Keys,
  rope: { readonly headDim: number; readonly ropeTheta: number },
): Promise<RopeScaling | undefined> {
  const fail = (problem: string): never => {
    throw new ModelError(`${file.path} ${problem}, which is not supported; use another model.`);
  };
  const factor = keys.number('rope.scaling.factor', 0);
  // Where the type is left out it is linear, and a factor of 0 is none (llama-model.cpp, load_hparams).
  const type = keys.get('rope.scaling.type') ?? 'linear';
  if (type !== 'none' && type !== 'linear') fail(`asks for RoPE scaling ${JSON.stringify(type)}`);
  if (!(factor >= 0 && Number.isFinite(factor))) fail(`asks for a RoPE scaling factor of ${factor}`);
  const linear = type === 'linear' && factor !== 0 && factor !== 1;
  if (!file.tensors.has(ROPE_FACTORS)) return linear ? { type: 'linear', factor } : undefined;
  if (linear || keys.architecture !== 'llama') fail(`has ${ROPE_FACTORS} in a model of another scaling`);
  const original = keys.number('rope.scaling.original_context_length', 8192);
  const scaling = llama3FromFactors(await file.read(ROPE_FACTORS), rope, original);
  return scaling ?? fail(`has factors in ${ROPE_FACTORS} that are not those of Llama 3.1, 3.2 or 3.3`);
}

/** The shape that the metadata of a file describes. @throws ModelError for what engines do not compute. */
async function shapeOf(file: GgufFile): Promise<ModelShape> {
  const { path, metadata, tensors } = file;
  const keys = new Keys(file);
  const family = keys.architecture;
  const heads = keys.number('attention.head_count');
  const headDim = keys.number('attention.key_length', keys.number('embedding_length') / heads);
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    if (keys.number(key, headDim) !== headDim) {
      throw new ModelError(
        `${path} asks for ${family}.${key} ${keys.number(key)}, which is not supported (supported: ${headDim}, the head dimension).`,
      );
    }
  }
  const eos = ['eos', 'eot'].map((name) => metadata.get(`tokenizer.ggml.${name}_token_id`));
  const plain: ModelShape = {
    family,
    vocabularySize: tensors.get('token_embd.weight')?.dims[0] ?? 0,
    hiddenSize: keys.number('embedding_length'),
    intermediateSize: keys.number('feed_forward_length'),
    layers: keys.number('block_count'),
    heads,
    keyValueHeads: keys.number('attention.head_count_kv', heads),
    headDim,
    ropeTheta: keys.number('rope.freq_base', 10_000),
    rmsNormEps: keys.number('attention.layer_norm_rms_epsilon'),
    tiedEmbeddings: !tensors.has('output.weight'),
    qkvBias: family === 'qwen2',
    qkNorm: family === 'qwen3',
    maxSequenceLength: keys.number('context_length'),
    eosTokenIds: [...new Set(eos.filter((id) => typeof id === 'number'))],
  };
  checkShape(plain, path);
  // Before a table of parameters is made: a layer has nine tensors or more, so the file bounds the number of layers.
  if (plain.layers > tensors.size) {
    throw new ModelError(
      `${path} claims ${plain.layers} layers but has only ${tensors.size} tensors; it is cut off or damaged.`,
    );
  }
  const ropeScaling = await ropeScalingOf(file, keys, plain);
  return ropeScaling === undefined ? plain : { ...plain, ropeScaling };
}

function checkTensors(shape: ModelShape, { path, tensors }: GgufFile): void {
  const known = new Set<string>(shape.ropeScaling?.type === 'llama3' ? [ROPE_FACTORS] : []);
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
        `${path} has tensor "${name}", which a ${shape.family} model of its metadata does not have.`,
      );
    }
  }
}

/** Opens a GGUF file and checks that it is whole. @throws ModelError naming file and tensor. */
export async function openGgufModel(path: string): Promise<ModelSource> {
  const file = await openGguf(path);
  const shape = await shapeOf(file);
  checkTensors(shape, file);
  const known = new Set(parameterTable(shape).map(({ name }) => name));
  return {
    path,
    shape,
    readTensor: async (name) => {
      if (!known.has(name)) throw new ModelError(`${path} has no tensor "${name}".`);
      const tensor = await file.read(ggufName(name));
      return isPermuted(shape, name) ? unpermute(tensor, shape.headDim, shape.hiddenSize) : tensor;
    },
  };
}
