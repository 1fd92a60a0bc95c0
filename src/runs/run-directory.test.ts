import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLog } from './append-log.ts';
import { checkpointPath, rolloutsPath } from './layout.ts';
import type { StepMetrics } from './metrics.ts';
import { RunDirectory, readRollouts, readRunInfo, stripTimes } from './run-directory.ts';
import type { RunEvent } from './run-directory.ts';

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guiderail-run-'));
  dir = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true }));

const description = {
  config: { loss: { clip: 0.2 }, optimizer: { maxGradNorm: Infinity } },
  engine: 'reference, float64',
  instructionSet: 'javascript',
  seeds: { run: 1 },
};
const now = () => new Date('2026-01-02T03:04:05Z');
/** A line as the log sees it; its shape is not what is tested here. */
const line = (step: number) => ({ step }) as StepMetrics;
const content = (state: unknown, keep = 2) => ({ saveEngine: () => Promise.resolve(), state, keep });

async function events(): Promise<RunEvent[]> {
  return (await readLog<RunEvent>(join(dir, 'events.jsonl'))).records;
}

describe('RunDirectory.create', () => {
  it('writes what made the run, and a start event', async () => {
    const run = await RunDirectory.create(dir, description, { now });
    await run.close();
    const info = await readRunInfo(dir);
    expect(info).toMatchObject({ ...description, schemaVersion: 1, startedAt: '2026-01-02T03:04:05.000Z' });
    expect(info.machine.cores).toBeGreaterThan(0);
    expect(info.code.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await events()).toMatchObject([{ time: '2026-01-02T03:04:05.000Z', kind: 'start' }]);
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });

  it('refuses a directory that holds a run or anything else, naming --resume and --out', async () => {
    await (await RunDirectory.create(dir, description)).close();
    await expect(RunDirectory.create(dir, description)).rejects.toThrow(
      `Expected ${dir} to be a new or empty directory, but it already holds a run. Continue that run with --resume, or choose another directory with --out.`,
    );
    const other = join(root, 'other');
    await mkdir(join(other, 'checkpoints', 'step-000001'), { recursive: true });
    await expect(RunDirectory.create(other, description)).rejects.toThrow(/it holds checkpoints/);
    writeFileSync(join(root, 'file'), '');
    await expect(RunDirectory.create(join(root, 'file'), description)).rejects.toThrow(/it is a file/);
  });

  it('refuses a second writer', async () => {
    const run = await RunDirectory.create(dir, description);
    await expect(RunDirectory.resume(dir, description)).rejects.toThrow(/no other trainer/);
    await run.close();
    await run.close();
  });
});

describe('RunDirectory.resume', () => {
  it('goes back to the checkpoint in every file but events.jsonl, and says by how much', async () => {
    const run = await RunDirectory.create(dir, description, { now });
    for (let step = 0; step < 5; step++) {
      if (step === 3) await run.checkpoint(3, content({ n: 7n }));
      await run.writeRollouts(step, [{ step }, { text: 'NaN' }]);
      run.appendMetrics(line(step));
      run.appendLedger([{ step, problemId: 'p', source: 's', from: null, to: 'neverSolved' }]);
    }
    await run.close();
    appendFileSync(join(dir, 'metrics.jsonl'), '{"step":5,');
    appendFileSync(join(dir, 'events.jsonl'), '{"time":"2026-');

    const resumed = await RunDirectory.resume(dir, description, { now });
    expect(resumed.checkpoint).toMatchObject({ step: 3, state: { n: 7n } });
    expect(resumed.differences).toEqual([]);
    await resumed.run.close();
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toBe('{"step":0}\n{"step":1}\n{"step":2}\n');
    expect((await readLog(join(dir, 'ledger.jsonl'))).records).toHaveLength(3);
    expect(readdirSync(join(dir, 'rollouts'))).toEqual([0, 1, 2].map((n) => `step-00000${n}.jsonl`));
    expect((await readRollouts(dir, 2)).records).toEqual([{ step: 2 }, { text: 'NaN' }]);
    expect((await events()).map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'start: Started with reference, float64.',
      'checkpoint: Wrote the checkpoint of step 3.',
      'warning: Removed the unfinished last line of metrics.jsonl.',
      'resume: Cut 22 bytes off metrics.jsonl, written after the checkpoint.',
      expect.stringMatching(/^resume: Cut \d+ bytes off ledger.jsonl/),
      'warning: Removed the unfinished last line of events.jsonl.',
      'resume: Removed the rollouts of 2 steps after the checkpoint.',
      'resume: Resumed from the checkpoint of step 3.',
    ]);
  });

  it('starts from nothing when no checkpoint was finished', async () => {
    const run = await RunDirectory.create(dir, description);
    await run.writeRollouts(0, [{}]);
    run.appendMetrics(line(0));
    await run.close();
    await mkdir(join(dir, 'checkpoints', '.partial-step-000001'));
    const resumed = await RunDirectory.resume(dir, description);
    expect(resumed.checkpoint).toBeNull();
    await resumed.run.close();
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toBe('');
    expect(readdirSync(join(dir, 'rollouts'))).toEqual([]);
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual([]);
  });

  it('falls back to the checkpoint before a damaged one', async () => {
    const run = await RunDirectory.create(dir, description);
    await run.checkpoint(1, content('one'));
    await run.checkpoint(2, content('two'));
    await run.close();
    writeFileSync(join(checkpointPath(dir, 2), 'state.json'), '"TWO"');
    const resumed = await RunDirectory.resume(dir, description);
    expect(resumed.checkpoint).toMatchObject({ step: 1, state: 'one' });
    await resumed.run.close();
    expect((await events()).find(({ kind }) => kind === 'warning')?.message).toMatch(/step-000002 is damaged/);
  });

  it('reports what is not as it was, infinities in the recipe being the same', async () => {
    await (await RunDirectory.create(dir, description)).close();
    const { run, differences } = await RunDirectory.resume(dir, {
      ...description,
      config: { loss: { clip: 0.3, shaping: 'power' }, optimizer: { maxGradNorm: Infinity } },
      instructionSet: 'avx2',
    });
    await run.close();
    expect(differences).toEqual([
      'config.loss.clip: 0.2 → 0.3',
      'config.loss.shaping: absent → "power"',
      'instructionSet: "javascript" → "avx2"',
    ]);
    expect((await events()).at(-1)).toMatchObject({ kind: 'resume', fields: { differences } });
  });

  it('goes on when a log has lost lines, and says so', async () => {
    const run = await RunDirectory.create(dir, description);
    run.appendMetrics(line(0));
    await run.checkpoint(1, content(null));
    await run.close();
    writeFileSync(join(dir, 'metrics.jsonl'), '');
    await (await RunDirectory.resume(dir, description)).run.close();
    expect((await events()).map(({ message }) => message)).toContainEqual(
      expect.stringContaining('11 are missing'),
    );
  });

  it('says in a sentence when there is no run, or one from the future', async () => {
    await expect(RunDirectory.resume(dir, description)).rejects.toThrow(/there is no such directory/);
    await mkdir(dir);
    await expect(RunDirectory.resume(dir, description)).rejects.toThrow(/start it again without --resume/);
    writeFileSync(join(dir, 'run.json'), '{"schemaVersion":99,"code":{"version":"9.0.0"}}');
    await expect(RunDirectory.resume(dir, description)).rejects.toThrow(/schema version 1 or older, got 99/);
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });
});

describe('RunDirectory', () => {
  it('keeps as many checkpoints as it is told', async () => {
    const run = await RunDirectory.create(dir, description);
    for (const step of [1, 2, 3]) await run.checkpoint(step, content(step, 2));
    await run.close();
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['step-000002', 'step-000003']);
  });

  it('refuses a checkpoint that resume would take for an earlier one', async () => {
    const run = await RunDirectory.create(dir, description);
    await run.writeRollouts(1, []);
    await expect(run.checkpoint(1, content(null))).rejects.toThrow(/steps count from 0/);
    await run.close();
  });

  it('replaces the rollouts of a step whole', async () => {
    const run = await RunDirectory.create(dir, description);
    await run.writeRollouts(0, [{ a: 1 }, { a: 2 }]);
    await run.writeRollouts(0, [{ a: 3 }]);
    await run.close();
    expect(readFileSync(rolloutsPath(dir, 0), 'utf8')).toBe('{"a":3}\n');
  });

  it('strips times and nothing else', () => {
    expect(stripTimes('{"step":1,"seconds":{"total":2},"loss":0.1}')).toBe('{"step":1,"loss":0.1}');
  });
});
