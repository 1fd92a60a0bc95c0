// Writes that survive a kill and a power cut. The one idea: a name appears only when its content is whole and
// on the disk. Content goes to a partial name first, is fsynced, takes its name by rename, and the directory
// that holds the name is fsynced too.
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PARTIAL_PREFIX } from './layout.ts';

const CHUNK_BYTES = 1 << 20;

/** Replaces `path` by the concatenated pieces; whoever reads it meanwhile sees the old content or the new. */
export async function writeFileDurably(path: string, pieces: string | Iterable<string>): Promise<void> {
  const aside = join(dirname(path), PARTIAL_PREFIX + basename(path));
  const file = await open(aside, 'w');
  try {
    let waiting = '';
    for (const piece of typeof pieces === 'string' ? [pieces] : pieces) {
      waiting += piece;
      if (waiting.length < CHUNK_BYTES) continue;
      await file.writeFile(waiting);
      waiting = '';
    }
    await file.writeFile(waiting);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncDirectory(dirname(path));
}

/** fsync of a directory: makes renames and new names in it durable. Windows has no such call and needs none. */
export async function syncDirectory(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
