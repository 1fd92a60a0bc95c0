// A training command as a process that can be killed at a moment that shows in its run directory.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tree } from './micro.case.ts';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/**
 * One life of the command: to its end, or killed as soon as something whose path below the run directory begins
 * with `killAt` changes (or, for `checkpoint of step n`, as soon as events.jsonl says that it was written).
 */
export async function lifeOf(
  command: 'train' | 'sft',
  recipe: Tree,
  dir: string,
  { resume = false, killAt }: { resume?: boolean; killAt?: string } = {},
): Promise<'ended' | 'killed'> {
  if (!existsSync(MAIN)) throw new Error(`Expected ${MAIN}; run npm run build.`);
  for (const folder of ['rollouts', 'checkpoints']) mkdirSync(join(dir, folder), { recursive: true });
  const file = `${dir}.yaml`;
  writeFileSync(file, JSON.stringify(recipe)); // JSON is YAML
  const child = spawn(process.execPath, [MAIN, command, file, resume ? '--resume' : '--out', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  const watchers =
    killAt === undefined
      ? []
      : ['', 'rollouts', 'checkpoints'].map((folder) =>
          watch(join(dir, folder), (_, name) => {
            const path = join(folder, name ?? '');
            if (path.startsWith(killAt) || (path === 'events.jsonl' && says(join(dir, path), killAt))) kill();
          }),
        );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const [code, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.on('close', (...ending) => done(ending)),
  );
  for (const watcher of watchers) watcher.close();
  if (signal === 'SIGKILL') return 'killed';
  if (code !== 0) throw new Error(`The process ended with ${code}: ${complaints}`);
  return 'ended';
}

function says(events: string, moment: string): boolean {
  return moment.startsWith('checkpoint of') && readFileSync(events, 'utf8').includes(`${moment}.`);
}
