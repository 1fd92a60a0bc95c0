// What a child has used of the machine, read from outside it: resident memory, and the time it had to wait for a
// processor. With the latter a busy machine does not turn a right program into one over its time limit.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

const STATM_PAGE = 4096;

/** Resident bytes of a process; null where it cannot be read. */
export async function residentBytes(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const pages = Number(readOrNull(`/proc/${pid}/statm`)?.split(' ')[1]);
    return Number.isFinite(pages) ? pages * STATM_PAGE : null;
  }
  if (process.platform === 'win32') return null;
  return new Promise((done) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, text) => {
      const kib = Number(text);
      done(error === null && kib > 0 ? kib * 1024 : null);
    });
  });
}

/** Milliseconds a process was ready to run and had no processor (its main thread); 0 where the system keeps none. */
export function waitedMs(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const nanoseconds = Number(readOrNull(`/proc/${pid}/schedstat`)?.split(' ')[1]);
  return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : 0;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
