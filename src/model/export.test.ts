import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportFolder } from './export.ts';
import { readModelFolder } from './folder.ts';
import { expandBFloat16, expandFloat16, roundToBFloat16, roundToFloat16 } from './half.ts';
import type { ModelSource } from './model-source.ts';
import { openSafetensors } from './safetensors.ts';
import { parameterTable } from './shape.ts';

const MICRO = join(import.meta.dirname, '../../test/fixtures/micro-base');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-export-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The model with `change` made to each tensor as it is read. */
async function micro(change: (values: Float64Array, name: string) => void): Promise<ModelSource> {
  const source = await readModelFolder(MICRO);
  return {
    ...source,
    readTensor: async (name) => {
      const values = Float64Array.from(await source.readTensor(name));
      change(values, name);
      return values;
    },
  };
}

describe('a folder that was exported', () => {
  it.each([
    ['float32', 'F32', (values: ArrayLike<number>) => Float32Array.from(values)],
    ['bfloat16', 'BF16', (values: ArrayLike<number>) => expandBFloat16(roundToBFloat16(values))],
    ['float16', 'F16', (values: ArrayLike<number>) => expandFloat16(roundToFloat16(values))],
  ] as const)('in %s has the weights rounded to it, and says so', async (type, dtype, rounded) => {
    // Thirds need more digits than any of the types has.
    const source = await micro((values) => values.forEach((value, i) => (values[i] = value / 3)));
    const dir = join(folder, 'model');
    await exportFolder(dir, source, type);
    const opened = await readModelFolder(dir);
    expect(opened.shape).toEqual(source.shape);
    for (const { name } of parameterTable(source.shape)) {
      expect([name, await opened.readTensor(name)]).toEqual([name, rounded(await source.readTensor(name))]);
    }
    const file = await openSafetensors(join(dir, 'model.safetensors'));
    expect(new Set([...file.tensors.values()].map((tensor) => tensor.dtype))).toEqual(new Set([dtype]));
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).toMatchObject({ torch_dtype: type });
    expect(await readFile(join(dir, 'tokenizer.json'))).toEqual(
      await readFile(join(MICRO, 'tokenizer.json')),
    );
  });

  it.each([
    ['float32', 1e39],
    ['bfloat16', 3.4e38],
    ['float16', 65_520],
  ] as const)('has no config.json where a weight is beyond %s', async (type, large) => {
    const source = await micro((values, name) => {
      if (name === 'model.norm.weight') values[2] = large;
    });
    await expect(exportFolder(folder, source, type)).rejects.toThrow(
      new RegExp(`Number 2 of tensor "model.norm.weight" of .*beyond ${type}`),
    );
    expect(await readdir(folder)).not.toContain('config.json');
    expect(await readdir(folder)).not.toContain('model.safetensors');
  });
});
