import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../data/tokenizer.ts';
import { ModelError } from '../errors.ts';
import { writeModelFolder } from './folder.ts';
import { writeGguf } from './gguf-writer.ts';
import { openGguf } from './gguf.ts';
import { expandFloat16, roundToFloat16 } from './half.ts';
import { initializeModel } from './initialize.ts';
import { openModel } from './open.ts';
import type { ModelShape } from './shape.ts';
import { parameterTable } from './shape.ts';

const root = join(import.meta.dirname, '../../test/fixtures');
/** A byte-level tokenizer in the manner of Llama 3: 400 tokens, a beginning of sequence before every text. */
const BYTE_LEVEL = join(root, 'data/byte-level');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-gguf-writer-'));
});
afterEach(() => rm(folder, { recursive: true }));

const SHAPE: ModelShape = {
  family: 'mistral',
  // Eight more than the tokenizer has tokens.
  vocabularySize: 408,
  hiddenSize: 8,
  intermediateSize: 6,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headDim: 8,
  ropeTheta: 100,
  rmsNormEps: 2 ** -17,
  tiedEmbeddings: false,
  qkvBias: false,
  qkNorm: false,
  maxSequenceLength: 64,
  eosTokenIds: [396, 399],
};

/** A model folder with weights of a seed and a copy of the byte-level tokenizer. */
async function folderOf(shape: ModelShape, change: (tensors: Map<string, Float32Array>) => void = () => {}) {
  const tensors = initializeModel(shape, 3, 0.5);
  change(tensors);
  const dir = join(folder, 'source');
  await writeModelFolder(dir, shape, tensors, { copyTokenizerFrom: BYTE_LEVEL });
  return dir;
}

type Json = Record<string, unknown>;

/** Changes a JSON file of a folder. */
async function edit(dir: string, file: string, change: (json: Json) => Json): Promise<void> {
  const json = JSON.parse(await readFile(join(dir, file), 'utf8')) as Json;
  await writeFile(join(dir, file), JSON.stringify(change(json)));
}

/** The file written from a model, checked tensor by tensor against it. */
async function roundTrip(path: string) {
  const source = await openModel(path);
  const written = join(folder, 'written.gguf');
  await writeGguf(written, source);
  const model = await openModel(written);
  for (const { name, kind } of parameterTable(source.shape)) {
    const values = await source.readTensor(name);
    const expected = kind === 'vector' ? values : expandFloat16(roundToFloat16(values));
    expect([name, await model.readTensor(name)]).toEqual([name, expected]);
  }
  return { written, shape: model.shape };
}

async function expectSameTokens(one: string, other: string): Promise<void> {
  const [first, second] = [await loadTokenizer(one), await loadTokenizer(other)];
  expect([...second.stopTokens].sort()).toEqual([...first.stopTokens].sort());
  const text = "She sold 48 clips, isn't it 12345?\n\n été <|eot_id|>";
  expect(second.encode(text)).toEqual(first.encode(text));
  const messages = [{ role: 'user', content: 'How many clips?' }] as const;
  expect(second.renderChat(messages)).toEqual(first.renderChat(messages));
}

describe('a GGUF file that was written', () => {
  it.each(['tiny-llama', 'tiny-llama3', 'tiny-qwen2', 'tiny-qwen3'])(
    'from %s.gguf reads as the same model with matrices rounded, the same tokens',
    async (name) => {
      const original = join(root, `models/${name}.gguf`);
      const { written, shape } = await roundTrip(original);
      expect(shape).toEqual((await openModel(original)).shape);
      await expectSameTokens(original, written);
    },
  );

  it('from a mistral folder is a llama, with the tokenizer of the folder and padding up to the embeddings', async () => {
    const dir = await folderOf(SHAPE);
    const { written, shape } = await roundTrip(dir);
    expect(shape).toEqual({ ...SHAPE, family: 'llama', eosTokenIds: [399, 396] });
    await expectSameTokens(dir, written);
    const { metadata } = await openGguf(written);
    expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(true);
    expect(metadata.get('tokenizer.ggml.pre')).toBe('llama-bpe');
    expect((metadata.get('tokenizer.ggml.tokens') as string[]).slice(399)).toEqual([
      '<|eot_id|>',
      ...Array.from({ length: 8 }, (_, i) => `[PAD${400 + i}]`),
    ]);
  });

  it.each<[string, Partial<ModelShape>]>([
    ['linear', { ropeScaling: { type: 'linear', factor: 2.5 } }],
    [
      'llama3',
      {
        ropeScaling: {
          ...{ type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
          originalMaxPositions: 64,
        },
      },
    ],
  ])('keeps %s scaling', async (_, scaling) => {
    const { shape } = await roundTrip(await folderOf({ ...SHAPE, ...scaling, family: 'llama' }));
    expect(shape.ropeScaling).toEqual(scaling.ropeScaling);
  });
});

describe('a tokenizer.json as it is published', () => {
  /** Of Llama 3.2 and Qwen2, shortened to what differs from the fixture. */
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const asPairs = (model: unknown) => {
    const { merges } = model as { merges: (string | string[])[] };
    return merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge));
  };

  it('of Llama 3.2 frames by a sequence of processors', async () => {
    const dir = await folderOf(SHAPE);
    await edit(dir, 'tokenizer.json', (json) => ({
      ...json,
      model: { ...(json['model'] as Json), merges: asPairs(json['model']) },
      post_processor: { type: 'Sequence', processors: [byteLevel, json['post_processor']] },
    }));
    const { metadata } = await openGguf((await roundTrip(dir)).written);
    expect(metadata.get('tokenizer.ggml.pre')).toBe('llama-bpe');
    expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(true);
  });

  it('of Qwen2 composes accents, takes digits one by one, and frames nothing', async () => {
    const dir = await folderOf(SHAPE);
    const Regex =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    await edit(dir, 'tokenizer.json', (json) => ({
      ...json,
      normalizer: { type: 'NFC' },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [split, byteLevel] },
      post_processor: byteLevel,
      model: {
        ...(json['model'] as Json),
        ...{ ignore_merges: false, continuing_subword_prefix: '', end_of_word_suffix: '' },
      },
    }));
    const { written } = await roundTrip(dir);
    const { metadata } = await openGguf(written);
    expect(metadata.get('tokenizer.ggml.pre')).toBe('qwen2');
    expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(false);
    await expectSameTokens(dir, written);
  });
});

it('writes a token that is called as a property of every object is', async () => {
  const dir = await folderOf(SHAPE);
  const path = join(dir, 'tokenizer.json');
  const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
  await writeFile(path, text.replace('"vocab":{', '"vocab":{"__proto__":401,"constructor":402,'));
  const { metadata } = await openGguf((await roundTrip(dir)).written);
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
  expect(tokens.slice(400, 404)).toEqual(['[PAD400]', '__proto__', 'constructor', '[PAD403]']);
});

describe('writing a GGUF file', () => {
  it('is refused for a weight beyond float16, and leaves nothing behind', async () => {
    const name = 'model.layers.1.mlp.up_proj.weight';
    const dir = await folderOf(SHAPE, (tensors) => (tensors.get(name)![5] = 70_000));
    const source = await openModel(dir);
    await expect(writeGguf(join(folder, 'x.gguf'), source)).rejects.toThrow(
      /Number 5 of tensor "model\.layers\.1\.mlp\.up_proj\.weight" .* is 70000, beyond float16/,
    );
    expect(await readdir(folder)).toEqual(['source']);
  });

  it.each<[string, RegExp, string, (json: Json) => Json]>([
    [
      'of another kind',
      /tokenizer\.json .*BPE alone/,
      'tokenizer.json',
      (json) => ({ ...json, model: { type: 'WordLevel', vocab: {} } }),
    ],
    [
      'with another way of splitting',
      /pre-tokenizer .* is none of/,
      'tokenizer.json',
      (json) => ({ ...json, pre_tokenizer: { type: 'Whitespace' } }),
    ],
    [
      'that lowers its text',
      /pre-tokenizer .* is none of/,
      'tokenizer.json',
      (json) => ({ ...json, normalizer: { type: 'Lowercase' } }),
    ],
    [
      'that takes merges before whole words',
      /pre-tokenizer .* is none of/,
      'tokenizer.json',
      (json) => ({ ...json, model: { ...(json['model'] as Json), ignore_merges: false } }),
    ],
    [
      'that ends its text',
      /post-processor .* does more/,
      'tokenizer.json',
      (json) => ({
        ...json,
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '<|eot_id|>', type_id: 0 } }],
        },
      }),
    ],
    [
      'whose ids are no numbers',
      /model\.vocab: expected an id for each token/,
      'tokenizer.json',
      (json) => ({ ...json, model: { ...(json['model'] as Json), vocab: { a: -1 } } }),
    ],
    [
      'with more tokens than embeddings',
      /has id 408, but the model has 408/,
      'tokenizer.json',
      (json) => ({
        ...json,
        added_tokens: [...(json['added_tokens'] as Json[]), { id: 408, content: '<x>', special: true }],
      }),
    ],
  ])('is refused for a tokenizer %s', async (_, message, file, change) => {
    const dir = await folderOf(SHAPE);
    await edit(dir, file, change);
    const writing = openModel(dir).then((source) => writeGguf(join(folder, 'x.gguf'), source));
    await expect(writing).rejects.toThrow(ModelError);
    await expect(writing).rejects.toThrow(message);
  });

  it('is refused without a tokenizer, and where nothing ends a sequence', async () => {
    const dir = await folderOf({ ...SHAPE, eosTokenIds: [] });
    for (const name of ['tokenizer_config.json', 'generation_config.json']) await rm(join(dir, name));
    const source = await openModel(dir);
    await expect(writeGguf(join(folder, 'x.gguf'), source)).rejects.toThrow(/ends a sequence/);
    await rm(join(dir, 'tokenizer.json'));
    await expect(writeGguf(join(folder, 'x.gguf'), source)).rejects.toThrow(/Expected a tokenizer\.json/);
  });
});
