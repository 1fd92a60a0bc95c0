// The snapshot from which Python children start: made once per process by a child of its own, and kept in a file
// that has no name any more, so that it goes with the process however that ends. Children inherit it open.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

let made: Promise<number> | null = null;

/** Descriptor of the snapshot, open for reading; rejects where the interpreter does not start. */
export function pythonSnapshot(script: string, pyodideFolder: string): Promise<number> {
  made ??= make(script, pyodideFolder);
  made.catch(() => (made = null)); // the next call tries again
  return made;
}

async function make(script: string, pyodideFolder: string): Promise<number> {
  const args = ['--no-warnings', script, pyodideFolder];
  const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const parts: Buffer[] = [];
  let complaints = '';
  (child.stdio[3] as Readable).on('data', (part: Buffer) => parts.push(part));
  (child.stdio[2] as Readable).on(
    'data',
    (part: Buffer) => (complaints = (complaints + part.toString('utf8')).slice(-1000)),
  );
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`Python did not start: ${complaints.trim()}`);
  return namelessFile(Buffer.concat(parts));
}

function namelessFile(bytes: Buffer): number {
  const folder = mkdtempSync(join(tmpdir(), 'guiderail-python-'));
  try {
    const path = join(folder, 'snapshot');
    writeFileSync(path, bytes, { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
