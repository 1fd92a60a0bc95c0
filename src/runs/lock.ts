// One writer per run directory. The lock file names its holder by host, boot, process id and the time that
// process started, so a lock left by a kill or a reboot is recognised and taken over, and a reused process id
// is not mistaken for the old holder. A holder on another host cannot be examined and is believed.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { RunError } from '../errors.ts';
import { PARTIAL_PREFIX, runLayout } from './layout.ts';

/** What the operating system tells of processes; an argument, so that tests can play dead. */
export interface ProcessTable {
  readonly host: string;
  readonly pid: number;
  /** Changes with every boot; null where the system has no such id. */
  readonly bootId: string | null;
  /** When the process started, in any unit; null if there is none of that id; 'unknown' if it lives but does not say. */
  startOf(pid: number): string | null;
}

export function systemProcessTable(): ProcessTable {
  return { host: hostname(), pid: process.pid, bootId: readBootId(), startOf };
}

function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function startOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null;
  }
  try {
    // Field 22 of /proc/<pid>/stat; the second field, the command, may contain spaces and ends with the last ')'.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly bootId: string | null;
  readonly processStart: string | null;
}

export interface RunLock {
  /** Removes the lock if it is still ours. */
  release(): void;
}

/** Takes the lock of a run directory, or throws a RunError that names the holder. */
export function lockRunDirectory(dir: string, table: ProcessTable = systemProcessTable()): RunLock {
  const path = runLayout(dir).lock;
  const mine: Holder = {
    pid: table.pid,
    host: table.host,
    bootId: table.bootId,
    processStart: table.startOf(table.pid),
  };
  const text = `${JSON.stringify(mine)}\n`;
  if (!createWhole(path, text)) {
    const found = readOrNull(path);
    const holder = found === null ? null : parseHolder(found);
    if (holder !== null && isAlive(holder, table)) throw new RunError(refusal(dir, path, holder, table));
    if (found !== null) removeStale(path, found, table.pid);
    if (!createWhole(path, text)) {
      throw new RunError(`Another process took ${path} at this very moment, so ${dir} has a trainer already.`);
    }
  }
  return {
    release: () => {
      if (readOrNull(path) === text) rmSync(path, { force: true });
    },
  };
}

/** Creates `path` with its content in one operation; false if it exists. */
function createWhole(path: string, text: string): boolean {
  const aside = join(dirname(path), `${PARTIAL_PREFIX}lock-${process.pid}`);
  // One left by a killed process of our id may be a second name of the lock itself: never write through it.
  rmSync(aside, { force: true });
  try {
    writeFileSync(aside, text);
    linkSync(aside, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: the holder of the lock has cleared our partial file away.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return createPlainly(path, text);
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** For file systems without hard links. */
function createPlainly(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose content was judged stale. It is renamed first, which only one of several rivals can do;
 * should the renamed file prove to be a rival's new lock, it is put back.
 */
function removeStale(path: string, judged: string, pid: number): void {
  const aside = join(dirname(path), `${PARTIAL_PREFIX}stale-lock-${pid}`);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readOrNull(aside) !== judged) linkSync(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(holder: Holder, table: ProcessTable): boolean {
  if (holder.host !== table.host) return true;
  if (holder.bootId !== table.bootId) return false;
  const start = table.startOf(holder.pid);
  if (start === null) return false;
  return start === 'unknown' || holder.processStart === 'unknown' || start === holder.processStart;
}

function refusal(dir: string, path: string, holder: Holder, table: ProcessTable): string {
  const who = `process ${holder.pid}`;
  return holder.host === table.host
    ? `Expected ${dir} to have no other trainer, but ${who} is writing to it. Wait for it or stop it first.`
    : `Expected ${dir} to have no other trainer, but ${who} on host ${holder.host} holds ${path}. If it is no longer running there, delete that file.`;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** null: not written by guiderail, or torn (file systems without hard links); nobody can be behind it. */
function parseHolder(text: string): Holder | null {
  try {
    const { pid, host, bootId, processStart } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof host !== 'string') return null;
    return { pid, host, bootId: bootId ?? null, processStart: processStart ?? null };
  } catch {
    return null;
  }
}
