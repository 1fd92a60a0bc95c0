// A run directory in the hands of its one writer: created or resumed, locked, with its logs open. Ties layout,
// logs, checkpoints and the lock together and knows nothing of training; what it is given to write is data.
//
// Resume goes back to the last complete checkpoint: the logs are cut to the lengths it recorded and the
// rollouts of later steps are removed, so that going on gives the same bytes as never having stopped.
// events.jsonl alone is never cut: it is the story of the run, interruptions included.
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError, messageOf } from '../errors.ts';
import { openAppendLog, readLog } from './append-log.ts';
import type { AppendLog, LogContent } from './append-log.ts';
import {
  latestCheckpoint,
  loadCheckpoint,
  pruneCheckpoints,
  removeLeftovers,
  writeCheckpoint,
} from './checkpoint.ts';
import type { CheckpointContent, LoadedCheckpoint } from './checkpoint.ts';
import { syncDirectory, writeFileDurably } from './durable.ts';
import { LOG_NAMES, PARTIAL_PREFIX, SCHEMA_VERSION } from './layout.ts';
import { createRunDirectory, namesIn, rolloutsPath, runLayout, stepOfName } from './layout.ts';
import type { LogName, RunLayout } from './layout.ts';
import type { LedgerTransition } from './ledger.ts';
import { lockRunDirectory } from './lock.ts';
import type { ProcessTable, RunLock } from './lock.ts';
import type { EvaluationLine, SftMetrics, StepMetrics } from './metrics.ts';
import { codeVersion, describeDifferences, machine } from './provenance.ts';
import type { RunDescription, RunInfo } from './provenance.ts';
import { recordFromJson, recordToJson } from './record-json.ts';

export type EventKind = 'start' | 'resume' | 'memory' | 'checkpoint' | 'warning' | 'error' | 'interrupt' | 'end';

/** A line of events.jsonl. */
export interface RunEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: EventKind;
  /** A sentence. */
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface RunDirectoryOptions {
  readonly now?: () => Date;
  readonly processes?: ProcessTable;
}

export interface ResumedRun {
  readonly run: RunDirectory;
  /** null: no checkpoint was finished before the run stopped, so it starts again from nothing. */
  readonly checkpoint: LoadedCheckpoint | null;
  /** What is not as in run.json, one line each; also in the resume event. */
  readonly differences: readonly string[];
}

export class RunDirectory {
  readonly layout: RunLayout;
  readonly info: RunInfo;
  readonly #logs: Readonly<Record<LogName, AppendLog>>;
  readonly #lock: RunLock;
  readonly #now: () => Date;
  #lastRolloutStep = -1;
  #closed = false;

  private constructor(layout: RunLayout, info: RunInfo, lock: RunLock, now: () => Date) {
    this.layout = layout;
    this.info = info;
    this.#lock = lock;
    this.#now = now;
    const logs = LOG_NAMES.map((name) => [name, openAppendLog(join(layout.dir, name))] as const);
    this.#logs = Object.fromEntries(logs) as Record<LogName, AppendLog>;
  }

  /** Starts a run in a new or empty directory. */
  static async create(
    dir: string,
    description: RunDescription,
    options: RunDirectoryOptions = {},
  ): Promise<RunDirectory> {
    const now = options.now ?? (() => new Date());
    const layout = await createRunDirectory(dir);
    return withLock(dir, options, async (lock) => {
      const info = await describeRun(description, now());
      await writeFileDurably(layout.run, `${recordToJson(info, 2)}\n`);
      const run = new RunDirectory(layout, info, lock, now);
      await syncDirectory(dir);
      run.event('start', `Started with ${info.engine}.`, { code: info.code, node: info.node });
      return run;
    });
  }

  /** Opens a run to go on with it, after cutting away what was written since its last complete checkpoint. */
  static async resume(
    dir: string,
    description: RunDescription,
    options: RunDirectoryOptions = {},
  ): Promise<ResumedRun> {
    const now = options.now ?? (() => new Date());
    const info = await readRunInfo(dir);
    return withLock(dir, options, async (lock) => {
      const run = new RunDirectory(runLayout(dir), info, lock, now);
      try {
        const checkpoint = await run.#goBackToCheckpoint();
        const differences = describeDifferences(info, await describeRun(description, now()));
        const from = checkpoint === null ? 'the beginning' : `the checkpoint of step ${checkpoint.step}`;
        const warned = differences.length === 0 ? '' : ` Not as in run.json: ${differences.join('; ')}.`;
        run.event('resume', `Resumed from ${from}.${warned}`, { step: checkpoint?.step ?? 0, differences });
        await run.#logs['events.jsonl'].flush();
        return { run, checkpoint, differences };
      } catch (error) {
        run.#closeLogs();
        throw error;
      }
    });
  }

  /** A line of metrics.jsonl: that of a training step, or of a supervised one. */
  appendMetrics(line: StepMetrics | SftMetrics): void {
    this.#logs['metrics.jsonl'].append(line);
  }

  appendEvaluation(line: EvaluationLine): void {
    this.#logs['evals.jsonl'].append(line);
  }

  appendLedger(transitions: readonly LedgerTransition[]): void {
    for (const transition of transitions) this.#logs['ledger.jsonl'].append(transition);
  }

  event(kind: EventKind, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const event: RunEvent = {
      time: this.#now().toISOString(),
      kind,
      message,
      ...(fields === undefined ? {} : { fields }),
    };
    this.#logs['events.jsonl'].append(event);
  }

  /** Writes the rollouts of a step (from 0) as one file that is whole or absent. */
  async writeRollouts(step: number, records: Iterable<unknown>): Promise<void> {
    await writeFileDurably(rolloutsPath(this.layout.dir, step), lines(records));
    this.#lastRolloutStep = Math.max(this.#lastRolloutStep, step);
  }

  /** Writes the checkpoint of `step` finished steps and removes all but the newest `keep`. */
  async checkpoint(
    step: number,
    content: Omit<CheckpointContent, 'logs'> & { readonly keep: number },
  ): Promise<string> {
    if (this.#lastRolloutStep >= step) {
      throw new RunError(
        `Expected the checkpoint of ${step} finished steps to come before the rollouts of step ${step} (steps count from 0), but those of step ${this.#lastRolloutStep} are written.`,
      );
    }
    await this.flush();
    const logs = Object.fromEntries(
      LOG_NAMES.filter((name) => name !== 'events.jsonl').map((name) => [name, this.#logs[name].byteLength]),
    );
    const { saveEngine, state, keep } = content;
    const place = await writeCheckpoint(this.layout.dir, step, { saveEngine, state, logs });
    this.event('checkpoint', `Wrote the checkpoint of step ${step}.`, { step });
    await pruneCheckpoints(this.layout.dir, keep);
    return place;
  }

  /** Resolves when everything appended is on the disk. */
  async flush(): Promise<void> {
    for (const name of LOG_NAMES) await this.#logs[name].flush();
  }

  /** Flushes, closes the logs and gives up the lock. Closing twice is fine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      this.#closeLogs();
      this.#lock.release();
    }
  }

  #closeLogs(): void {
    for (const name of LOG_NAMES) this.#logs[name].close();
  }

  async #goBackToCheckpoint(): Promise<LoadedCheckpoint | null> {
    const { dir } = this.layout;
    const leftovers = await removeLeftovers(dir);
    const { checkpoint: reference, skipped } = await latestCheckpoint(dir, { hashes: true });
    const checkpoint = reference === null ? null : await loadCheckpoint(reference);
    for (const name of leftovers) this.event('warning', `Removed the unfinished checkpoints/${name}.`);
    for (const sentence of skipped) this.event('warning', sentence);
    for (const name of LOG_NAMES) this.#cutLog(name, checkpoint?.logs[name] ?? 0);
    await this.#removeLaterRollouts(checkpoint?.step ?? 0);
    return checkpoint;
  }

  #cutLog(name: LogName, bytes: number): void {
    const log = this.#logs[name];
    if (log.tornOnOpening !== null) {
      this.event('warning', `Removed the unfinished last line of ${name}.`, { text: log.tornOnOpening });
    }
    if (name === 'events.jsonl') return;
    const surplus = log.byteLength - bytes;
    if (surplus > 0) {
      // Said first: a kill in between makes the next resume say it again rather than nobody.
      this.event('resume', `Cut ${surplus} bytes off ${name}, written after the checkpoint.`, {
        file: name,
        bytes: surplus,
      });
      log.truncateTo(bytes);
    } else if (surplus < 0) {
      this.event(
        'warning',
        `Expected ${name} to have the ${bytes} bytes that the checkpoint recorded, but ${-surplus} are missing: lines were lost outside of guiderail. The run goes on without them.`,
        { file: name, bytes: surplus },
      );
    }
  }

  async #removeLaterRollouts(step: number): Promise<void> {
    const { rollouts } = this.layout;
    const later = (await namesIn(rollouts)).filter((name) => (stepOfName(name) ?? -1) >= step);
    if (later.length > 0) {
      this.event('resume', `Removed the rollouts of ${later.length} steps after the checkpoint.`, {
        files: later,
      });
    }
    for (const name of later) await rm(join(rollouts, name), { force: true });
    await removePartialFiles(rollouts);
  }
}

/** Reads run.json; for every reader, and before a resume to know the recipe. */
export async function readRunInfo(dir: string): Promise<RunInfo> {
  const path = runLayout(dir).run;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new RunError(await whyNoRun(dir, messageOf(error)));
  }
  let info: RunInfo;
  try {
    info = recordFromJson(text) as RunInfo;
  } catch (error) {
    throw new RunError(`Expected ${path} to be JSON: ${messageOf(error)}.`);
  }
  if (typeof info !== 'object' || info === null || typeof info.schemaVersion !== 'number') {
    throw new RunError(`Expected ${path} to have a schemaVersion, as every run of guiderail has.`);
  }
  if (info.schemaVersion > SCHEMA_VERSION) {
    throw new RunError(
      `Expected ${path} to have schema version ${SCHEMA_VERSION} or older, got ${info.schemaVersion}. Read it with the guiderail that wrote it (${info.code.version}) or a newer one.`,
    );
  }
  return info;
}

async function whyNoRun(dir: string, reason: string): Promise<string> {
  try {
    await stat(dir);
  } catch {
    return `Expected ${dir} to be the directory of a run, but there is no such directory. Check the name, or start the run without --resume.`;
  }
  return `Expected ${dir} to be the directory of a run, but its run.json cannot be read (${reason}). If the run ended before it began, start it again without --resume.`;
}

/** Rollout records of a step; the same guarantees as readLog. */
export async function readRollouts<T>(dir: string, step: number): Promise<LogContent<T>> {
  return readLog<T>(rolloutsPath(dir, step));
}

/** A line without its `seconds` group: what is left is the same whenever and however often a run is repeated. */
export function stripTimes(line: string): string {
  const fields = JSON.parse(line) as Record<string, unknown>;
  delete fields['seconds'];
  return JSON.stringify(fields);
}

async function describeRun(description: RunDescription, startedAt: Date): Promise<RunInfo> {
  const { config, engine, instructionSet, seeds } = description;
  return {
    schemaVersion: SCHEMA_VERSION,
    startedAt: startedAt.toISOString(),
    code: await codeVersion(),
    node: process.version,
    machine: machine(),
    engine,
    instructionSet,
    seeds,
    config: recordFromJson(recordToJson(config)),
  };
}

async function withLock<T>(
  dir: string,
  options: RunDirectoryOptions,
  work: (lock: RunLock) => Promise<T>,
): Promise<T> {
  const lock = lockRunDirectory(dir, options.processes);
  try {
    await removePartialFiles(dir);
    return await work(lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What killed writers of single files left; safe for the holder of the lock only. */
async function removePartialFiles(dir: string): Promise<void> {
  for (const name of await namesIn(dir)) {
    if (name.startsWith(PARTIAL_PREFIX)) await rm(join(dir, name), { force: true });
  }
}

function* lines(records: Iterable<unknown>): Iterable<string> {
  for (const record of records) yield `${recordToJson(record)}\n`;
}

/** The evaluations of a run, oldest first. */
export async function readEvaluations(dir: string): Promise<EvaluationLine[]> {
  return (await readLog<EvaluationLine>(join(dir, 'evals.jsonl'))).records;
}
