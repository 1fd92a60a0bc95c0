import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkpointSteps,
  latestCheckpoint,
  loadCheckpoint,
  pruneCheckpoints,
  removeLeftovers,
  writeCheckpoint,
} from './checkpoint.ts';
import { checkpointPath } from './layout.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'guiderail-checkpoint-'));
  mkdirSync(join(dir, 'checkpoints'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(step: number, weights = `weights of ${step}`): Promise<string> {
  return writeCheckpoint(dir, step, {
    saveEngine: async (folder) => {
      mkdirSync(join(folder, 'policy'));
      writeFileSync(join(folder, 'policy', 'weights.bin'), weights);
    },
    state: { step, cursor: 5n, ages: Int32Array.of(step) },
    logs: { 'metrics.jsonl': 100 * step },
  });
}

describe('writeCheckpoint and loadCheckpoint', () => {
  it('give the state, the lengths of the logs and the folder of the engine back', async () => {
    await write(4);
    const { checkpoint, skipped } = await latestCheckpoint(dir, { hashes: true });
    expect(skipped).toEqual([]);
    const loaded = await loadCheckpoint(checkpoint!);
    expect(loaded).toMatchObject({ step: 4, logs: { 'metrics.jsonl': 400 } });
    expect(loaded.state).toStrictEqual({ step: 4, cursor: 5n, ages: Int32Array.of(4) });
    expect(readFileSync(join(loaded.engineDir, 'policy/weights.bin'), 'utf8')).toBe('weights of 4');
    expect(checkpoint!.manifest.files.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['engine/policy/weights.bin', 12],
      ['state.json', expect.any(Number)],
    ]);
  });

  it('leave nothing under the name of a checkpoint when the engine fails to save', async () => {
    await write(2);
    const failing = writeCheckpoint(dir, 4, {
      saveEngine: async () => {
        throw new Error('disk full');
      },
      state: null,
      logs: {},
    });
    await expect(failing).rejects.toThrow('disk full');
    expect((await latestCheckpoint(dir)).checkpoint?.step).toBe(2);
    expect(await removeLeftovers(dir)).toEqual(['.partial-step-000004']);
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['step-000002']);
  });

  it('replace a checkpoint of the same step', async () => {
    await write(4, 'old');
    await write(4, 'new');
    const place = checkpointPath(dir, 4);
    expect(readFileSync(join(place, 'engine/policy/weights.bin'), 'utf8')).toBe('new');
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['step-000004']);
  });
});

describe('latestCheckpoint', () => {
  it('passes over a checkpoint with a short file, and says so in a sentence', async () => {
    await write(2);
    await write(4);
    truncateSync(join(checkpointPath(dir, 4), 'engine/policy/weights.bin'), 3);
    const { checkpoint, skipped } = await latestCheckpoint(dir);
    expect(checkpoint?.step).toBe(2);
    expect(skipped).toEqual([
      `Checkpoint ${checkpointPath(dir, 4)} is incomplete: engine/policy/weights.bin has 3 bytes instead of 12. It was passed over for an older checkpoint.`,
    ]);
  });

  it('passes over one without a manifest and one without a file', async () => {
    await write(2);
    await write(4);
    await write(6);
    rmSync(join(checkpointPath(dir, 4), 'state.json'));
    rmSync(join(checkpointPath(dir, 6), 'manifest.json'));
    const { checkpoint, skipped } = await latestCheckpoint(dir);
    expect(checkpoint?.step).toBe(2);
    expect(skipped.map((sentence) => /no readable manifest|state.json is missing/.exec(sentence)?.[0])).toEqual(
      ['no readable manifest', 'state.json is missing'],
    );
  });

  it('finds changed bytes of the right length when it reads the hashes', async () => {
    await write(2);
    await write(4);
    writeFileSync(join(checkpointPath(dir, 4), 'engine/policy/weights.bin'), 'Weights of 4');
    expect((await latestCheckpoint(dir)).checkpoint?.step).toBe(4);
    const { checkpoint, skipped } = await latestCheckpoint(dir, { hashes: true });
    expect(checkpoint?.step).toBe(2);
    expect(skipped[0]).toMatch(/is damaged: engine\/policy\/weights.bin/);
  });

  it('orders steps as numbers and finds none in a directory without checkpoints', async () => {
    await write(999_999);
    await write(1_000_000);
    expect((await latestCheckpoint(dir)).checkpoint?.step).toBe(1_000_000);
    rmSync(join(dir, 'checkpoints'), { recursive: true });
    expect(await latestCheckpoint(dir)).toEqual({ checkpoint: null, skipped: [] });
  });

  it('refuses to load a state whose text has changed', async () => {
    await write(4);
    const { checkpoint } = await latestCheckpoint(dir);
    writeFileSync(join(checkpoint!.dir, 'state.json'), '{"step":5}');
    await expect(loadCheckpoint(checkpoint!)).rejects.toThrow(/its content has changed.*Remove/);
  });
});

describe('pruneCheckpoints', () => {
  it('keeps the newest complete ones, and does not count a damaged one among them', async () => {
    for (const step of [2, 4, 6, 8]) await write(step);
    truncateSync(join(checkpointPath(dir, 8), 'state.json'), 1);
    expect(await pruneCheckpoints(dir, 2)).toEqual([2]);
    expect(await checkpointSteps(dir)).toEqual([4, 6, 8]);
    expect(await pruneCheckpoints(dir, 2)).toEqual([]);
    await expect(pruneCheckpoints(dir, 0)).rejects.toThrow(/at least 1, got 0/);
  });
});
