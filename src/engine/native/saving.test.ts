// What saving and loading take of memory and of turns: tensors pass one by one through the same memory, and what is
// saved while a step waits is the state before it. The addon is the real one with an ear at some of its functions.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel as openSource } from '../../model/open.ts';
import { ropeFrequencies } from '../../model/rope.ts';
import { parameterTable, sizeOf } from '../../model/shape.ts';
import { TRAINING, accumulate, goldenFolder, tokensOf, unevenCotangents } from '../conformance/bench.case.ts';
import { ARRAYS, loadAddon, type Addon } from './addon.ts';
import { NativeModel } from './model.ts';
import { Turns } from './turns.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-saving-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A golden model with gradients, opened by an addon with some functions replaced. */
async function openWith(replaced: (addon: Addon) => Partial<Addon>) {
  const addon = loadAddon();
  const source = await openSource(goldenFolder('llama'));
  const table = parameterTable(source.shape);
  const handle = addon.createModel(
    addon.createRuntime(2, '', false),
    { ...source.shape, ropeFrequencies: ropeFrequencies(source.shape) },
    true,
    2 ** 20,
    null,
    null,
  );
  for (const [tensor, { name }] of table.entries()) {
    const weights = Float32Array.from(await source.readTensor(name));
    addon.writeArray(handle, ARRAYS.weights, tensor, weights);
  }
  await addon.weightsChanged(handle);
  const model = new NativeModel({ ...addon, ...replaced(addon) }, handle, new Turns(), source, null, true);
  const sequences = [0, 1].map((i) => ({
    promptTokens: tokensOf(`prompt${i}`, 5, source.shape.vocabularySize),
    responseTokens: tokensOf(`response${i}`, 6, source.shape.vocabularySize),
  }));
  await accumulate(model, sequences, unevenCotangents(sequences));
  return { model, table };
}

const savedBytes = (dir: string) =>
  Promise.all(['model', 'moments'].map((file) => readFile(join(dir, `${file}.safetensors`))));

describe('saving', () => {
  it('reads every tensor into the same memory, which is as large as the largest', async () => {
    const spaces: ArrayBufferLike[] = [];
    const { model, table } = await openWith((addon) => ({
      readArray: (handle, which, tensor, into) => {
        spaces.push(into.buffer);
        addon.readArray(handle, which, tensor, into);
      },
    }));
    const largest = 4 * Math.max(...table.map(sizeOf));
    await model.save(join(folder, 'state'));
    expect(spaces).toHaveLength(3 * table.length);
    expect(new Set(spaces).size).toBe(1);
    expect(spaces[0].byteLength).toBe(largest);
    await model.exportWeights(join(folder, 'export'));
    expect(new Set(spaces.slice(3 * table.length)).size).toBe(1);
    await model.close();
  });

  it('is one snapshot: a step asked for meanwhile comes after it', async () => {
    const { model } = await openWith(() => ({}));
    await model.step(TRAINING);
    await model.save(join(folder, 'alone'));
    const saving = model.save(join(folder, 'beside'));
    const stepping = model.step(TRAINING);
    await Promise.all([saving, stepping]);
    await model.save(join(folder, 'after'));
    const [alone, beside, after] = await Promise.all(
      ['alone', 'beside', 'after'].map((name) => savedBytes(join(folder, name))),
    );
    expect(beside).toEqual(alone);
    expect(after[0].equals(alone[0])).toBe(false);
    await model.close();
  });
});

describe('loading', () => {
  it('that fails half-way closes the model, which has weights of two states', async () => {
    const { model } = await openWith((addon) => ({
      writeArray: (handle, which, tensor, values) => {
        if (which === ARRAYS.firstMoments) throw new Error('The disk failed.');
        addon.writeArray(handle, which, tensor, values);
      },
    }));
    await model.save(join(folder, 'whole'));
    await expect(model.load(join(folder, 'whole'))).rejects.toThrow('The disk failed.');
    await expect(model.step(TRAINING)).rejects.toThrow('This model was closed; open it again.');
    await model.close();
  });
});
