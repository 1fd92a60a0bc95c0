// Checkpoints: folders that are either complete or not there. A checkpoint is written beside its place, file by
// file onto the disk, its manifest last, and takes its name by one rename; so a name without a sound manifest
// is damage from outside, and is passed over for the one before it. Knows nothing of what the state or the
// engine's files mean.
//
//   checkpoints/step-000040/manifest.json   sizes and SHA-256 of everything else, and the logs' lengths
//                           state.json      encodeState of the trainer's state
//                           engine/         whatever the engine saved
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunError, messageOf } from '../errors.ts';
import { syncDirectory, writeFileDurably } from './durable.ts';
import { PARTIAL_PREFIX, SCHEMA_VERSION, namesIn, runLayout, stepName, stepOfName } from './layout.ts';
import { decodeState, encodeState } from './state-codec.ts';

/** A sound checkpoint that had to make way for a new one of the same step, until that one is in place. */
const REPLACED_PREFIX = '.replaced-';

const manifestSchema = z.strictObject({
  schemaVersion: z.number().int(),
  step: z.number().int(),
  stateSha256: z.string(),
  /** Byte length of each append-only log at the moment of the checkpoint. */
  logs: z.record(z.string(), z.number().int()),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.number().int(), sha256: z.string() })),
});
export type CheckpointManifest = z.infer<typeof manifestSchema>;

export interface CheckpointContent {
  /** Writes the weights and all else the engine needs into `dir`, an existing empty folder. */
  readonly saveEngine: (dir: string) => Promise<void>;
  /** Whatever encodeState takes. */
  readonly state: unknown;
  /** Length in bytes of each append-only log, to which resume truncates. */
  readonly logs: Readonly<Record<string, number>>;
}

export interface CheckpointReference {
  /** Number of finished steps. */
  readonly step: number;
  readonly dir: string;
  readonly manifest: CheckpointManifest;
}

export interface LoadedCheckpoint {
  readonly step: number;
  readonly state: unknown;
  readonly logs: Readonly<Record<string, number>>;
  readonly engineDir: string;
}

/** Writes the checkpoint of `step` finished steps and returns its folder; replaces one of the same step. */
export async function writeCheckpoint(
  runDir: string,
  step: number,
  content: CheckpointContent,
): Promise<string> {
  const { checkpoints } = runLayout(runDir);
  const place = join(checkpoints, stepName(step));
  const partial = join(checkpoints, PARTIAL_PREFIX + stepName(step));
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 'engine'), { recursive: true });
  await content.saveEngine(join(partial, 'engine'));
  const state = encodeState(content.state);
  await writeFileDurably(join(partial, 'state.json'), state);
  const manifest: CheckpointManifest = {
    schemaVersion: SCHEMA_VERSION,
    step,
    stateSha256: createHash('sha256').update(state).digest('hex'),
    logs: content.logs,
    files: await syncAndHashTree(partial),
  };
  await writeFileDurably(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await takePlace(checkpoints, partial, place);
  return place;
}

/** Renames `partial` to `place`; a folder already there steps aside and is removed afterwards. */
async function takePlace(checkpoints: string, partial: string, place: string): Promise<void> {
  const replaced = join(checkpoints, REPLACED_PREFIX + place.slice(checkpoints.length + 1));
  const occupied = (await statOrNull(place)) !== null;
  if (occupied) {
    await rm(replaced, { recursive: true, force: true });
    await rename(place, replaced);
  }
  await rename(partial, place);
  await syncDirectory(checkpoints);
  if (occupied) await rm(replaced, { recursive: true, force: true });
}

export interface LatestCheckpoint {
  readonly checkpoint: CheckpointReference | null;
  /** One sentence for every newer checkpoint that was passed over, and why. */
  readonly skipped: readonly string[];
}

/**
 * The newest complete checkpoint. Sizes are always compared with the manifest; `hashes` also reads every byte.
 */
export async function latestCheckpoint(
  runDir: string,
  options: { hashes?: boolean } = {},
): Promise<LatestCheckpoint> {
  const skipped: string[] = [];
  for (const step of (await checkpointSteps(runDir)).reverse()) {
    try {
      const checkpoint = await openCheckpoint(runDir, step);
      if (options.hashes === true) await verifyHashes(checkpoint);
      return { checkpoint, skipped };
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      skipped.push(`${error.message} It was passed over for an older checkpoint.`);
    }
  }
  return { checkpoint: null, skipped };
}

/** Reads the state of a checkpoint; the engine's files are left to the engine. */
export async function loadCheckpoint(checkpoint: CheckpointReference): Promise<LoadedCheckpoint> {
  const text = await readFile(join(checkpoint.dir, 'state.json'), 'utf8');
  if (createHash('sha256').update(text).digest('hex') !== checkpoint.manifest.stateSha256) {
    throw new RunError(
      `Expected ${join(checkpoint.dir, 'state.json')} to have the SHA-256 of its manifest, but its content has changed. Remove ${checkpoint.dir} to resume from the checkpoint before it.`,
    );
  }
  return {
    step: checkpoint.step,
    state: decodeState(text),
    logs: checkpoint.manifest.logs,
    engineDir: join(checkpoint.dir, 'engine'),
  };
}

/** Removes complete checkpoints but the newest `keep` of them; returns the steps removed. */
export async function pruneCheckpoints(runDir: string, keep: number): Promise<number[]> {
  if (!Number.isInteger(keep) || keep < 1) {
    throw new RunError(`Expected the number of checkpoints to keep to be an integer of at least 1, got ${keep}.`);
  }
  const { checkpoints } = runLayout(runDir);
  const complete: number[] = [];
  for (const step of await checkpointSteps(runDir)) {
    if (await isComplete(runDir, step)) complete.push(step);
  }
  const removed = complete.slice(0, -keep);
  for (const step of removed) {
    // Renamed first: a kill in the middle of the removal leaves no half checkpoint under a checkpoint's name.
    const doomed = join(checkpoints, `${PARTIAL_PREFIX}pruned-${stepName(step)}`);
    await rename(join(checkpoints, stepName(step)), doomed);
    await rm(doomed, { recursive: true, force: true });
  }
  return removed;
}

/**
 * Clears what killed writers left in checkpoints/, and puts a checkpoint back whose replacement never took its
 * place. Only for the holder of the run's lock. Returns the names removed.
 */
export async function removeLeftovers(runDir: string): Promise<string[]> {
  const { checkpoints } = runLayout(runDir);
  const removed: string[] = [];
  for (const name of await namesIn(checkpoints)) {
    const path = join(checkpoints, name);
    if (name.startsWith(REPLACED_PREFIX)) {
      const place = join(checkpoints, name.slice(REPLACED_PREFIX.length));
      if ((await statOrNull(place)) === null) {
        await rename(path, place);
        continue;
      }
    } else if (!name.startsWith(PARTIAL_PREFIX)) {
      continue;
    }
    await rm(path, { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}

/** Steps that have a checkpoint folder, complete or not, ascending. */
export async function checkpointSteps(runDir: string): Promise<number[]> {
  const steps = (await namesIn(runLayout(runDir).checkpoints)).map(stepOfName);
  return steps.filter((step) => step !== null).sort((a, b) => a - b);
}

/** Opens the checkpoint of a step after comparing its files with its manifest; a RunError says what is wrong. */
export async function openCheckpoint(runDir: string, step: number): Promise<CheckpointReference> {
  const dir = join(runLayout(runDir).checkpoints, stepName(step));
  const manifest = await readManifest(dir);
  if (manifest.schemaVersion > SCHEMA_VERSION) {
    throw new RunError(
      `Checkpoint ${dir} has schema version ${manifest.schemaVersion}, and this guiderail reads up to ${SCHEMA_VERSION}.`,
    );
  }
  for (const file of manifest.files) {
    const found = await statOrNull(join(dir, file.path));
    if (found?.size !== file.bytes) {
      const what = found === null ? 'is missing' : `has ${found.size} bytes instead of ${file.bytes}`;
      throw new RunError(`Checkpoint ${dir} is incomplete: ${file.path} ${what}.`);
    }
  }
  return { step, dir, manifest };
}

async function readManifest(dir: string): Promise<CheckpointManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')));
  } catch (error) {
    throw new RunError(`Checkpoint ${dir} has no readable manifest.json (${messageOf(error)}).`);
  }
}

async function isComplete(runDir: string, step: number): Promise<boolean> {
  try {
    await openCheckpoint(runDir, step);
    return true;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  }
}

async function verifyHashes({ dir, manifest }: CheckpointReference): Promise<void> {
  for (const file of manifest.files) {
    if ((await sha256OfFile(join(dir, file.path))) !== file.sha256) {
      throw new RunError(`Checkpoint ${dir} is damaged: ${file.path} does not have the SHA-256 of the manifest.`);
    }
  }
}

/** fsyncs every file and folder below `root`, and lists the files by path with their sizes and hashes. */
async function syncAndHashTree(root: string): Promise<CheckpointManifest['files']> {
  const files: CheckpointManifest['files'] = [];
  async function visit(prefix: string): Promise<void> {
    const entries = await readdir(join(root, prefix), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        await visit(path);
      } else if (entry.isFile()) {
        await syncFile(join(root, path));
        files.push({
          path,
          bytes: (await stat(join(root, path))).size,
          sha256: await sha256OfFile(join(root, path)),
        });
      } else {
        throw new RunError(`Expected the engine to save files and folders only, got ${join(root, path)}.`);
      }
    }
    await syncDirectory(join(root, prefix));
  }
  await visit('');
  return files;
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  try {
    const block = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const { bytesRead } = await handle.read(block, 0, block.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

async function statOrNull(path: string): Promise<{ size: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
