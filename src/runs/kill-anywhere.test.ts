// A killed process at any moment must leave a directory that opens, and resume must give the bytes of a run that
// was never stopped. The test kills a miniature run at every single operation that changes the file system, one
// operation a time: a write gets half through, a recursive removal removes one file, and everything the process
// would have done after that does not happen.
import type * as Fs from 'node:fs';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readLog } from './append-log.ts';
import { checkpointSteps, openCheckpoint } from './checkpoint.ts';
import { stepName } from './layout.ts';
import type { LedgerTransition } from './ledger.ts';
import type { StepMetrics } from './metrics.ts';
import { RunDirectory, stripTimes } from './run-directory.ts';
import type { RunEvent } from './run-directory.ts';

const life = vi.hoisted(() => {
  class Killed extends Error {}
  const state = { operations: 0, killAt: Infinity, dead: false };
  /** Counts one operation; performs it, or half of it when it is the one to die in. */
  function step<T>(whole: () => T, half: () => unknown = () => undefined): T {
    if (state.dead) throw new Killed('dead');
    if (state.operations++ === state.killAt) {
      state.dead = true;
      half();
      throw new Killed('killed');
    }
    return whole();
  }
  return { Killed, state, step };
});

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof Fs>();
  const { step } = life;
  return {
    ...fs,
    openSync: (...args: Parameters<typeof fs.openSync>) => step(() => fs.openSync(...args)),
    writeSync: (fd: number, bytes: Buffer, offset: number) =>
      step(
        () => fs.writeSync(fd, bytes, offset),
        () => fs.writeSync(fd, bytes, offset, bytes.length >> 1),
      ),
    ftruncateSync: (fd: number, bytes: number) => step(() => fs.ftruncateSync(fd, bytes)),
    fsync: (_fd: number, done: (error: null) => void) => step(() => done(null)),
    linkSync: (from: string, to: string) => step(() => fs.linkSync(from, to)),
    renameSync: (from: string, to: string) => step(() => fs.renameSync(from, to)),
    rmSync: (path: string, options: object) => step(() => fs.rmSync(path, options)),
    writeFileSync: (path: string, text: string, options?: object) =>
      step(
        () => fs.writeFileSync(path, text, options),
        () => fs.writeFileSync(path, text.slice(0, text.length >> 1), options),
      ),
  };
});

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>();
  const sync = await vi.importActual<typeof Fs>('node:fs');
  const { step } = life;
  type Open = typeof fs.open;
  const halved = (path: string, text: string) => sync.writeFileSync(path, text.slice(0, text.length >> 1));
  return {
    ...fs,
    open: async (...args: Parameters<Open>) => {
      const handle = await step(() => fs.open(...args));
      const file = args[0] as string;
      return Object.assign(handle, {
        sync: async () => step(() => undefined),
        writeFile: async (text: string) =>
          step(
            () => fs.appendFile(file, text),
            () => halved(file, text),
          ),
      });
    },
    mkdir: async (path: string, options: object) => step(() => fs.mkdir(path, options)),
    rename: async (from: string, to: string) => step(() => fs.rename(from, to)),
    writeFile: async (path: string, text: string) =>
      step(
        () => fs.writeFile(path, text),
        () => halved(path, text),
      ),
    rm: async (path: string, options: object) =>
      step(
        () => fs.rm(path, options),
        () => {
          const inside = sync.existsSync(path) ? sync.readdirSync(path) : [];
          if (inside[0] !== undefined) sync.rmSync(join(path, inside[0]), { recursive: true });
        },
      ),
  };
});

const STEPS = 3;
const KEEP = 1;
const description = { config: {}, engine: 'miniature', instructionSet: 'none', seeds: { run: 1 } };

interface MiniatureState {
  step: number;
  weights: Float64Array;
}

let lives = 0;
/** Operations of the last life until its directory was open. */
let operationsToOpen = 0;

/** Trains to the end, from wherever the directory is. Every life is another process. */
async function train(dir: string): Promise<void> {
  const pid = ++lives;
  const processes = { host: 'h', pid, bootId: 'b', startOf: (other: number) => (other === pid ? 's' : null) };
  const { run, state } = await open(dir, processes);
  operationsToOpen = life.state.operations;
  const { weights } = state;
  const save = (step: number) =>
    run.checkpoint(step, {
      saveEngine: (folder) => writeFile(join(folder, 'weights.txt'), `weights ${weights[0]}`),
      state: { step, weights } satisfies MiniatureState,
      keep: KEEP,
    });
  for (let step = state.step; step < STEPS; step++) {
    weights[0] = Math.fround(weights[0] * 1.7 + step);
    await run.writeRollouts(step, [{ step, weight: weights[0] }, { text: 'x'.repeat(20) }]);
    run.appendMetrics({ step, loss: weights[0], seconds: { total: lives } } as unknown as StepMetrics);
    run.appendLedger([{ step, problemId: `p${step}` } as LedgerTransition]);
    if (step % 2 === 0) {
      await save(step + 1);
    }
  }
  // Once more over the last one: a checkpoint that is replaced must be there at every moment, too.
  await save(STEPS);
  await run.close();
}

async function open(
  dir: string,
  processes: NonNullable<Parameters<typeof RunDirectory.create>[2]>['processes'] & object,
): Promise<{ run: RunDirectory; state: MiniatureState }> {
  const fresh = (): MiniatureState => ({ step: 0, weights: Float64Array.of(0.5) });
  if (!readdirSafely(dir).includes('run.json')) {
    return { run: await RunDirectory.create(dir, description, { processes }), state: fresh() };
  }
  const { run, checkpoint } = await RunDirectory.resume(dir, description, { processes });
  if (checkpoint === null) return { run, state: fresh() };
  const state = checkpoint.state as MiniatureState;
  expect(readFileSync(join(checkpoint.engineDir, 'weights.txt'), 'utf8')).toBe(`weights ${state.weights[0]}`);
  return { run, state };
}

function readdirSafely(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** Everything in a run directory that must not depend on interruptions. */
function fingerprint(dir: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name === 'events.jsonl' || name === 'run.json') continue;
    // An older checkpoint waits for the next pruning when its own was interrupted.
    if (/^checkpoints.step-/.test(name) && !name.includes(stepName(STEPS))) continue;
    try {
      const text = readFileSync(join(dir, name), 'utf8');
      // The manifest holds the lengths of logs with their times, which have the same number of digits here.
      found[name] = name === 'metrics.jsonl' ? text.trim().split('\n').map(stripTimes).join('\n') : text;
    } catch {
      found[name] = 'folder';
    }
  }
  return found;
}

/** The story must be readable whole, no finished checkpoint lost, and a kill never look like damage from outside. */
async function expectSoundStory(dir: string): Promise<void> {
  const { records, torn, damaged } = await readLog<RunEvent>(join(dir, 'events.jsonl'));
  expect({ torn, damaged }).toEqual({ torn: null, damaged: [] });
  let finished = 0;
  for (const { kind, fields, message } of records) {
    if (kind === 'checkpoint') finished = fields!['step'] as number;
    if (message.startsWith('Resumed')) expect(fields!['step']).toBeGreaterThanOrEqual(finished);
  }
  for (const step of await checkpointSteps(dir)) await openCheckpoint(dir, step);
}

/** Trains with a kill at an operation; false when the run ended before it. */
async function trainUntilKilled(dir: string, killAt: number): Promise<boolean> {
  life.state.operations = 0;
  life.state.killAt = killAt;
  try {
    await train(dir);
    return false;
  } catch (error) {
    if (!(error instanceof life.Killed)) throw error;
    return true;
  } finally {
    life.state.killAt = Infinity;
    life.state.dead = false;
  }
}

describe('a run killed at any operation', () => {
  const root = mkdtempSync(join(tmpdir(), 'guiderail-kill-'));
  afterAll(() => rmSync(root, { recursive: true }));
  beforeEach(() => {
    lives = 100; // three digits for all lives of a test, so that lines have equal lengths
  });

  async function uninterrupted(): Promise<Record<string, string>> {
    const dir = join(root, `reference-${lives}`);
    await train(dir);
    const expected = fingerprint(dir);
    rmSync(dir, { recursive: true });
    return expected;
  }

  it('opens again and ends with the bytes of the uninterrupted run', async () => {
    const expected = await uninterrupted();
    expect(Object.keys(expected)).toContain('checkpoints/step-000003/manifest.json');
    let killAt = 0;
    for (let killed = true; killed; killAt++) {
      const dir = join(root, `kill-${killAt}`);
      killed = await trainUntilKilled(dir, killAt);
      if (killed) await train(dir);
      expect(fingerprint(dir), `killed at operation ${killAt}`).toEqual(expected);
      await expectSoundStory(dir);
      rmSync(dir, { recursive: true });
    }
    expect(killAt).toBeGreaterThan(100);
  });

  it('does so when the resume is killed as well', async () => {
    const expected = await uninterrupted();
    // Late enough to have a checkpoint, rollouts and log lines to cut away: the middle of the second checkpoint.
    const halfway = join(root, 'halfway');
    expect(await trainUntilKilled(halfway, 75)).toBe(true);
    expect(readdirSync(join(halfway, 'checkpoints'))).toContain('step-000001');
    const rehearsal = join(root, 'rehearsal');
    cpSync(halfway, rehearsal, { recursive: true });
    await trainUntilKilled(rehearsal, Infinity);
    const operations = operationsToOpen;
    expect(operations).toBeGreaterThan(10);
    for (let killAt = 0; killAt < operations; killAt++) {
      const dir = join(root, `resume-${killAt}`);
      cpSync(halfway, dir, { recursive: true });
      expect(await trainUntilKilled(dir, killAt)).toBe(true);
      await train(dir);
      expect(fingerprint(dir), `resume killed at operation ${killAt}`).toEqual(expected);
      await expectSoundStory(dir);
      rmSync(dir, { recursive: true });
    }
  });
});
