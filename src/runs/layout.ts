// Where things are in a run directory, and nothing of what is in them. The directory is the interface between
// trainer, command line, dashboard and analysis (docs/architecture.md), so its names are spelt here once.
//
// Numbering: training steps count from 0. `rollouts/step-000007.jsonl` holds what was sampled during step 7;
// `checkpoints/step-000007` holds the state after 7 finished steps, that is before step 7.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.ts';

/** Version of everything written below a run directory; readers refuse a newer one. */
export const SCHEMA_VERSION = 1;

/** Names that start so are being written or being removed, and belong to nobody once their writer is gone. */
export const PARTIAL_PREFIX = '.partial-';

/** The append-only logs, by file name. */
export const LOG_NAMES = ['metrics.jsonl', 'ledger.jsonl', 'evals.jsonl', 'events.jsonl'] as const;
export type LogName = (typeof LOG_NAMES)[number];

/** Absolute or relative paths, as `dir` was given. */
export interface RunLayout {
  readonly dir: string;
  readonly run: string;
  readonly metrics: string;
  readonly ledger: string;
  readonly evals: string;
  readonly events: string;
  readonly report: string;
  readonly rollouts: string;
  readonly checkpoints: string;
  readonly lock: string;
}

export function runLayout(dir: string): RunLayout {
  return {
    dir,
    run: join(dir, 'run.json'),
    metrics: join(dir, 'metrics.jsonl'),
    ledger: join(dir, 'ledger.jsonl'),
    evals: join(dir, 'evals.jsonl'),
    events: join(dir, 'events.jsonl'),
    report: join(dir, 'report.html'),
    rollouts: join(dir, 'rollouts'),
    checkpoints: join(dir, 'checkpoints'),
    lock: join(dir, 'lock'),
  };
}

/** step-000042; names of more than six digits stay valid but no longer sort as text. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** The step of a name made by stepName (a file extension is allowed), or null for any other name. */
export function stepOfName(name: string): number | null {
  const match = /^step-(\d{6,})(\.[a-z]+)?$/.exec(name);
  return match === null ? null : Number(match[1]);
}

export function checkpointPath(dir: string, step: number): string {
  return join(runLayout(dir).checkpoints, stepName(step));
}

export function rolloutsPath(dir: string, step: number): string {
  return join(runLayout(dir).rollouts, `${stepName(step)}.jsonl`);
}

/** Names in a directory, sorted; an absent directory has none. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Makes `dir` and its folders. Refuses a directory with content, except what a creation that died before
 * run.json was written leaves behind: there is nothing in that to lose.
 */
export async function createRunDirectory(dir: string): Promise<RunLayout> {
  const layout = runLayout(dir);
  const names = await existingNames(dir);
  const foreign: string[] = [];
  for (const name of names) {
    const isEmptyFolder =
      (name === 'rollouts' || name === 'checkpoints') && (await namesIn(join(dir, name))).length === 0;
    if (!isEmptyFolder && name !== 'lock' && !name.startsWith(PARTIAL_PREFIX)) foreign.push(name);
  }
  if (foreign.length > 0) {
    const what = names.includes('run.json') ? 'already holds a run' : `is not empty (it holds ${foreign[0]})`;
    throw new RunError(
      `Expected ${dir} to be a new or empty directory, but it ${what}. Continue that run with --resume, or choose another directory with --out.`,
    );
  }
  await mkdir(layout.rollouts, { recursive: true });
  await mkdir(layout.checkpoints, { recursive: true });
  return layout;
}

async function existingNames(dir: string): Promise<string[]> {
  try {
    return await namesIn(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw new RunError(
      `Expected ${dir} to be a directory, but it is a file. Choose another directory with --out.`,
    );
  }
}
