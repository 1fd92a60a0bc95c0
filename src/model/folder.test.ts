import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { readModelFolder, writeModelFolder } from './folder.ts';
import { initializeModel } from './initialize.ts';
import { writeSafetensors } from './safetensors.ts';
import type { ModelShape } from './shape.ts';
import { parameterTable, toConfig } from './shape.ts';

const SHAPE: ModelShape = {
  family: 'qwen2',
  vocabularySize: 12,
  hiddenSize: 8,
  intermediateSize: 6,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headDim: 2,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tiedEmbeddings: true,
  qkvBias: true,
  qkNorm: false,
  maxSequenceLength: 64,
  eosTokenIds: [3],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

const named = (tensors: ReadonlyMap<string, Float32Array>, shape: ModelShape) =>
  parameterTable(shape).map(({ name, dims }) => ({ name, dims, data: tensors.get(name)! }));

async function writeConfig(dir: string, shape: ModelShape): Promise<void> {
  await writeFile(join(dir, 'config.json'), JSON.stringify(toConfig(shape)));
}

describe('a folder that was written', () => {
  it('opens to the same shape, tensors and tokenizer files', async () => {
    const source = join(folder, 'source');
    const tensors = initializeModel(SHAPE, 1);
    await writeModelFolder(source, SHAPE, tensors);
    await writeFile(join(source, 'tokenizer.json'), '{}');
    await writeFile(join(source, 'README.md'), 'stays behind');
    const copy = join(folder, 'copy');
    await writeModelFolder(copy, SHAPE, tensors, { copyTokenizerFrom: source });
    const opened = await readModelFolder(copy);
    expect(opened.shape).toEqual(SHAPE);
    expect(opened.tokenizerFiles).toEqual(['tokenizer.json']);
    for (const [name, data] of tensors) expect(await opened.readTensor(name)).toEqual(data);
    await expect(readFile(join(copy, 'README.md'))).rejects.toThrow();
  });

  it('keeps float64 where tensors are float64', async () => {
    const tensors = new Map(
      [...initializeModel(SHAPE, 1)].map(([name, data]) => [name, Float64Array.from(data)]),
    );
    tensors.get('model.norm.weight')![0] = 1 / 3;
    await writeModelFolder(join(folder, 'model'), SHAPE, tensors);
    const read = await (await readModelFolder(join(folder, 'model'))).readTensor('model.norm.weight');
    expect(read).toBeInstanceOf(Float64Array);
    expect(read[0]).toBe(1 / 3);
  });

  it('was empty or missing before', async () => {
    await writeFile(join(folder, 'precious.txt'), '');
    await expect(writeModelFolder(folder, SHAPE, initializeModel(SHAPE, 1))).rejects.toThrow(/precious\.txt/);
  });

  it('needs every tensor', async () => {
    const tensors = initializeModel(SHAPE, 1);
    tensors.delete('model.norm.weight');
    await expect(writeModelFolder(join(folder, 'm'), SHAPE, tensors)).rejects.toThrow(
      /"model\.norm\.weight"/,
    );
  });
});

describe('a folder from outside', () => {
  it('may leave out or repeat the tied output matrix, but not lack an untied one', async () => {
    const tensors = named(initializeModel(SHAPE, 1), SHAPE);
    const head = { ...tensors[0], name: 'lm_head.weight' };
    await writeConfig(folder, SHAPE);
    await writeSafetensors(join(folder, 'model.safetensors'), [...tensors, head]);
    await expect(readModelFolder(folder)).resolves.toBeDefined();
    const untied = { ...SHAPE, tiedEmbeddings: false };
    await writeConfig(folder, untied);
    await expect(readModelFolder(folder)).resolves.toMatchObject({ shape: untied });
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    await expect(readModelFolder(folder)).rejects.toThrow(/lacks tensor "lm_head\.weight"/);
  });

  it('is refused for a tensor of other dims, and for one that a forward would leave out', async () => {
    const tensors = named(initializeModel(SHAPE, 1), SHAPE);
    const path = join(folder, 'model.safetensors');
    await writeConfig(folder, SHAPE);
    // The transposed matrix has as many bytes.
    const transposed = tensors.map((one) =>
      one.name.endsWith('0.mlp.up_proj.weight') ? { ...one, dims: [...one.dims].reverse() } : one,
    );
    await writeSafetensors(path, transposed);
    await expect(readModelFolder(folder)).rejects.toThrow(/up_proj.*to be \[6, 8\].*got \[8, 6\]/);
    const bias = { name: 'model.layers.0.mlp.up_proj.bias', dims: [6], data: new Float32Array(6) };
    await writeSafetensors(path, [...tensors, bias]);
    await expect(readModelFolder(folder)).rejects.toThrow(/"model\.layers\.0\.mlp\.up_proj\.bias"/);
    const frequencies = { ...bias, name: 'model.layers.0.self_attn.rotary_emb.inv_freq' };
    await writeSafetensors(path, [...tensors, frequencies]);
    await expect(readModelFolder(folder)).resolves.toBeDefined();
  });

  it('is refused for layers that its tensors cannot be, before a table of them is made', async () => {
    await writeSafetensors(join(folder, 'model.safetensors'), named(initializeModel(SHAPE, 1), SHAPE));
    await writeConfig(folder, { ...SHAPE, layers: 2 ** 40 });
    await expect(readModelFolder(folder)).rejects.toThrow(/claims 1099511627776 layers/);
  });

  it('is refused without config or weights', async () => {
    await expect(readModelFolder(join(folder, 'none'))).rejects.toThrow(/config\.json.*cannot be read/);
    await writeFile(join(folder, 'config.json'), '{');
    await expect(readModelFolder(folder)).rejects.toThrow(/to be JSON/);
    await writeConfig(folder, SHAPE);
    await expect(readModelFolder(folder)).rejects.toThrow(/model\.safetensors or/);
  });

  it('opens as transformers wrote it', async () => {
    const written = fileURLToPath(new URL('../../oracles/golden/engine/qwen3/', import.meta.url));
    for (const name of ['config.json', 'model.safetensors'])
      await copyFile(join(written, name), join(folder, name));
    const { shape } = await readModelFolder(folder);
    expect(shape).toMatchObject({
      family: 'qwen3',
      headDim: 8,
      heads: 4,
      tiedEmbeddings: true,
      eosTokenIds: [2],
    });
  });
});

describe('a folder of shards', () => {
  const INDEX = 'model.safetensors.index.json';
  const [FIRST, SECOND] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const tensors = named(initializeModel(SHAPE, 1), SHAPE);
  const [firstPart, secondPart] = [tensors.slice(0, 5), tensors.slice(5)];
  const weightMap: Readonly<Record<string, string>> = Object.fromEntries(
    tensors.map(({ name }, at) => [name, at < 5 ? FIRST : SECOND]),
  );
  const withoutNorm = Object.fromEntries(
    Object.entries(weightMap).filter(([name]) => name !== 'model.norm.weight'),
  );
  const writeIndex = (map: Readonly<Record<string, string>>) =>
    writeFile(join(folder, INDEX), JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }));
  beforeEach(async () => {
    await writeConfig(folder, SHAPE);
    await writeSafetensors(join(folder, FIRST), firstPart);
    await writeSafetensors(join(folder, SECOND), secondPart);
    await writeIndex(weightMap);
  });

  it('opens, each tensor from its shard', async () => {
    const opened = await readModelFolder(folder);
    for (const { name, data } of tensors) expect(await opened.readTensor(name)).toEqual(data);
  });

  it.each([
    '../x.safetensors',
    '/etc/x.safetensors',
    '..\\x.safetensors',
    'sub/x.safetensors',
    '..',
    'config.json',
  ])('does not leave the folder for %s', async (shard) => {
    await writeIndex({ ...weightMap, 'model.norm.weight': shard });
    await expect(readModelFolder(folder)).rejects.toThrow(/"model\.norm\.weight".*no shard of this folder/);
  });

  it('names a shard that is not there, or is no file', async () => {
    await rm(join(folder, SECOND));
    await expect(readModelFolder(folder)).rejects.toThrow(/"model-00002-of-00002.*not in the folder/);
    await mkdir(join(folder, SECOND));
    await expect(readModelFolder(folder)).rejects.toThrow(/00002-of-00002.*could not be read.*EISDIR/);
  });

  it('is refused where index and headers disagree on a tensor', async () => {
    await writeIndex({ ...weightMap, 'model.norm.weight': FIRST });
    await expect(readModelFolder(folder)).rejects.toThrow(/00001.* lacks tensor "model\.norm\.weight"/);
    await writeIndex(withoutNorm);
    await expect(readModelFolder(folder)).rejects.toThrow(
      /00002.*has tensor "model\.norm\.weight".*does not name/,
    );
    await writeIndex(weightMap);
    await writeSafetensors(join(folder, FIRST), [...firstPart, tensors.at(-1)!]);
    await expect(readModelFolder(folder)).rejects.toThrow(
      /00001.*has tensor "model\.norm\.weight".*sends to model-00002/,
    );
  });

  it('is refused without its weight map, and without one of the tensors of the model', async () => {
    await writeFile(join(folder, INDEX), '{"weight_map": {"a": 1}}');
    await expect(readModelFolder(folder)).rejects.toThrow(/weight_map/);
    await writeSafetensors(join(folder, SECOND), secondPart.slice(0, -1));
    await writeIndex(withoutNorm);
    await expect(readModelFolder(folder)).rejects.toThrow(/lacks tensor "model\.norm\.weight"/);
  });

  it('with any of its bytes changed opens, or says in a sentence why not', async () => {
    const originals = new Map<string, Buffer>();
    for (const name of ['config.json', INDEX, FIRST]) originals.set(name, await readFile(join(folder, name)));
    const mutation = fc.record({
      name: fc.constantFrom(...originals.keys()),
      // The header of the shard and all of the JSON lie within the first kilobyte or two.
      at: fc.nat(1500),
      byte: fc.nat(255),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ name, at, byte, cut }) => {
        const bytes = Buffer.from(originals.get(name)!);
        bytes[at % bytes.length] = byte;
        await writeFile(join(folder, name), cut ? bytes.subarray(0, at) : bytes);
        try {
          const opened = await readModelFolder(folder);
          for (const { name } of parameterTable(opened.shape)) await opened.readTensor(name);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
        await writeFile(join(folder, name), originals.get(name)!);
      }),
      { numRuns: 100 },
    );
  });
});

describe('initializeModel', () => {
  it('is fixed by the seed, and each tensor by its name alone', () => {
    const tensors = initializeModel(SHAPE, 1);
    expect(initializeModel(SHAPE, 1)).toEqual(tensors);
    expect(initializeModel(SHAPE, 2)).not.toEqual(tensors);
    const shallow = initializeModel({ ...SHAPE, vocabularySize: 13 }, 1);
    expect(shallow.get('model.layers.1.mlp.up_proj.weight')).toEqual(
      tensors.get('model.layers.1.mlp.up_proj.weight'),
    );
  });

  it('has deviation 0.02, smaller by √(2·layers) where it writes to the residual stream; norms 1, biases 0', () => {
    const tensors = initializeModel({ ...SHAPE, hiddenSize: 64, intermediateSize: 64 }, 1);
    const deviation = (name: string): number => {
      const data = Float64Array.from(tensors.get(`model.layers.0.${name}`)!);
      return Math.sqrt(data.reduce((sum, w) => sum + w * w, 0) / data.length);
    };
    expect(deviation('mlp.up_proj.weight')).toBeCloseTo(0.02, 3);
    expect(deviation('mlp.down_proj.weight')).toBeCloseTo(0.01, 3);
    expect(deviation('self_attn.o_proj.weight')).toBeCloseTo(0.01, 2);
    expect(new Set(tensors.get('model.norm.weight'))).toEqual(new Set([1]));
    expect(new Set(tensors.get('model.layers.1.input_layernorm.weight'))).toEqual(new Set([1]));
    expect(new Set(tensors.get('model.layers.1.self_attn.q_proj.bias'))).toEqual(new Set([0]));
  });
});
