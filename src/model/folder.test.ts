import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
  it('may be sharded', async () => {
    const tensors = named(initializeModel(SHAPE, 1), SHAPE);
    await writeConfig(folder, SHAPE);
    const shards = {
      'model-00001-of-00002.safetensors': tensors.slice(0, 5),
      'model-00002-of-00002.safetensors': tensors.slice(5),
    };
    const weightMap: Record<string, string> = {};
    for (const [file, part] of Object.entries(shards)) {
      await writeSafetensors(join(folder, file), part);
      for (const { name } of part) weightMap[name] = file;
    }
    const index = join(folder, 'model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap }));
    const opened = await readModelFolder(folder);
    for (const { name, data } of tensors) expect(await opened.readTensor(name)).toEqual(data);

    await writeFile(
      index,
      JSON.stringify({
        weight_map: { ...weightMap, 'model.norm.weight': 'model-00001-of-00002.safetensors' },
      }),
    );
    await expect(readModelFolder(folder)).rejects.toThrow(
      /lacks tensor "model\.norm\.weight", which .*index/,
    );
    await writeFile(
      index,
      JSON.stringify({ weight_map: { ...weightMap, 'model.norm.weight': '../x.safetensors' } }),
    );
    await expect(readModelFolder(folder)).rejects.toThrow(/no shard of this folder/);
  });

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
