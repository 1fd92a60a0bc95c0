import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initializeModel } from './initialize.ts';
import type { ModelShape } from './shape.ts';
import { loadState, openState, saveState } from './training-state.ts';

const SHAPE: ModelShape = {
  family: 'llama',
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
  qkvBias: false,
  qkNorm: false,
  maxSequenceLength: 64,
  eosTokenIds: [3],
};

const OWNER = { shape: SHAPE, adapter: null };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function saved() {
  const [weights, firstMoments, secondMoments] = [1, 2, 3].map((seed) => initializeModel(SHAPE, seed));
  const state = { weights, firstMoments, secondMoments, step: 7 };
  const dir = join(folder, 'state');
  await saveState(dir, OWNER, state, folder);
  return { dir, state };
}

describe('a training state', () => {
  it('comes back bit for bit, each array as itself', async () => {
    const { dir, state } = await saved();
    expect(await loadState(dir, OWNER, Float32Array)).toEqual(state);
  });

  it('is checked when it is opened, before a tensor is read: precision and length of every file', async () => {
    const { dir } = await saved();
    await expect(openState(dir, OWNER, Float64Array)).rejects.toThrow(/model\.safetensors.*Float64Array/);
    await truncate(join(dir, 'moments.safetensors'), 3000);
    await expect(openState(dir, OWNER, Float32Array)).rejects.toThrow(/moments\.safetensors.*cut off/);
  });
});
