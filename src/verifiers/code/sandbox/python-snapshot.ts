// The snapshot from which Python children start: made once per process by a child of its own, kept in a private
// temporary file that goes with the process.
import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

let made: Promise<string> | null = null;

/** Path of the snapshot; rejects where the interpreter does not start. */
export function pythonSnapshot(script: string, pyodideFolder: string): Promise<string> {
  made ??= make(script, pyodideFolder);
  made.catch(() => (made = null)); // the next call tries again
  return made;
}

async function make(script: string, pyodideFolder: string): Promise<string> {
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
  const folder = await mkdtemp(join(realpathSync(tmpdir()), 'guiderail-python-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'snapshot');
  await writeFile(path, Buffer.concat(parts), { mode: 0o600 });
  return path;
}
