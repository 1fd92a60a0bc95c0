// What made a run: the code, the machine and the inputs, as run.json records them, and how two such records
// differ. Knows nothing of training.
import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The package's own folder, with a slash at its end; the same distance from src/runs and from dist/runs. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface PackageInfo {
  readonly version: string;
  /** The range of Node versions it runs on, as in package.json. */
  readonly nodeRange: string;
}

export function packageInfo(): PackageInfo {
  const { version, engines } = JSON.parse(readFileSync(`${PACKAGE_ROOT}package.json`, 'utf8')) as {
    version: string;
    engines: { node: string };
  };
  return { version, nodeRange: engines.node };
}

export interface CodeVersion {
  readonly version: string;
  /** null: not run from a git checkout of guiderail. */
  readonly commit: string | null;
  /** Files differ from that commit. */
  readonly modified: boolean;
}

let thisCode: Promise<CodeVersion> | null = null;

/** The code of this process; looked up once, as loaded code does not change. */
export function codeVersion(): Promise<CodeVersion> {
  thisCode ??= findCodeVersion();
  return thisCode;
}

async function findCodeVersion(): Promise<CodeVersion> {
  const { version } = packageInfo();
  try {
    // Installed as a dependency, git would answer for the surrounding project.
    const top = await git('rev-parse', '--show-toplevel');
    if (realpathSync(top) !== realpathSync(PACKAGE_ROOT)) return { version, commit: null, modified: false };
    const commit = await git('rev-parse', 'HEAD');
    return { version, commit, modified: (await git('status', '--porcelain', '-uno')) !== '' };
  } catch {
    return { version, commit: null, modified: false };
  }
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args, { cwd: PACKAGE_ROOT });
  return stdout.trim();
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  /** Cores this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export function machine(): Machine {
  return {
    platform: platform(),
    arch: arch(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}

/** What the caller knows of a run; its results depend on nothing else. */
export interface RunDescription {
  /** The recipe as resolved, every default filled in. JSON values; infinities are allowed. */
  readonly config: unknown;
  /** `Engine.description`. */
  readonly engine: string;
  /** The instruction set the engine computes in; log-probs are comparable bit for bit within one only. */
  readonly instructionSet: string;
  readonly seeds: Readonly<Record<string, number>>;
}

/** run.json. Written once, when the run is created. */
export interface RunInfo extends RunDescription {
  readonly schemaVersion: number;
  readonly startedAt: string;
  readonly code: CodeVersion;
  readonly node: string;
  readonly machine: Machine;
}

/** One line for each value that differs, as `path: before → after`; the machine's name and memory do not count. */
export function describeDifferences(before: RunInfo, now: RunInfo): string[] {
  const differences: string[] = [];
  collect('config', before.config, now.config, differences);
  collect('engine', before.engine, now.engine, differences);
  collect('instructionSet', before.instructionSet, now.instructionSet, differences);
  collect('seeds', before.seeds, now.seeds, differences);
  collect('code', before.code, now.code, differences);
  collect('node', before.node, now.node, differences);
  collect('machine.cpu', before.machine.cpu, now.machine.cpu, differences);
  return differences;
}

function collect(path: string, before: unknown, now: unknown, into: string[]): void {
  if (isTree(before) && isTree(now) && Array.isArray(before) === Array.isArray(now)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
    for (const key of keys) collect(`${path}.${key}`, before[key], now[key], into);
  } else if (!Object.is(before, now)) {
    into.push(`${path}: ${show(before)} → ${show(now)}`);
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === undefined ? 'absent' : JSON.stringify(value);
}
