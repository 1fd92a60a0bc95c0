// The walls around an interpreter, each independent of the others and detected where the system has it. A child
// is a Node process; this file decides with which flags and behind which commands it is started, and says in
// words which layers hold here and which do not.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { behindSeccomp } from './seccomp.ts';

export type LayerName =
  | 'environment'
  | 'interpreter'
  | 'code-generation'
  | 'memory'
  | 'permissions'
  | 'limits'
  | 'namespaces'
  | 'seccomp';

export interface SandboxLayer {
  readonly name: LayerName;
  readonly active: boolean;
  /** What it holds off, or why it is not active here and what is open without it. */
  readonly reason: string;
}

export interface LaunchOrder {
  /** The script, and what it may read besides itself; absolute paths without links. */
  readonly script: string;
  readonly args: readonly string[];
  readonly readable: readonly string[];
  /** An open file that it inherits as descriptor 4. */
  readonly descriptor?: number;
  /** Layers to start it with; those that are not available here are left out. */
  readonly layers: ReadonlySet<LayerName>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Main-thread stack in KiB: deep recursion in Python costs C frames where it goes through built-in functions. */
const STACK_KIB = { limited: 60_000, unlimited: 3900 };
/** Writable memory of a whole child, where the system bounds it: V8 and the interpreter need about 0.4 GB. */
const DATA_BYTES = 3 * 2 ** 30;

let detected: readonly SandboxLayer[] | null = null;

/** Which layers hold on this machine. Detected once per process. */
export function sandboxLayers(): readonly SandboxLayer[] {
  return (detected ??= [
    layer('environment', null, 'an empty environment and no descriptors but the pipes of the protocol'),
    layer(
      'interpreter',
      null,
      'Python and JavaScript run in WebAssembly, with the doors to the host taken out',
    ),
    layer('code-generation', null, 'V8 makes no code from strings in a child'),
    layer(
      'memory',
      process.platform === 'win32' ? 'the resident size of a process is not read on Windows' : null,
      'a child over its resident size is killed; growth of WebAssembly memory is refused at the limit',
      'what an interpreter holds outside of WebAssembly memory is not bounded',
    ),
    layer(
      'permissions',
      permissionFlag() === null ? `Node ${process.versions.node} has no permission model` : null,
      'Node lets a child read the interpreter and start nothing',
      `${BROKEN_OUT} could read and write files`,
    ),
    layer(
      'limits',
      probe(limits),
      'prlimit: no file can be written, few opened, memory is bounded',
      `${BROKEN_OUT} could fill the memory faster than it is watched`,
    ),
    layer(
      'namespaces',
      probe(namespaces),
      'unshare: no network, no view of other users',
      `${BROKEN_OUT} could reach the network`,
    ),
    layer(
      'seccomp',
      seccompReason(),
      'seccomp: no processes, sockets, signals or changes to files; no child outlives this process',
      `${BROKEN_OUT} could send signals, and a child that loops outlives this process where that is killed`,
    ),
  ]);
}

const BROKEN_OUT = 'code that broke out of the interpreter';

export const ALL_LAYERS: ReadonlySet<LayerName> = new Set<LayerName>([
  'environment',
  'interpreter',
  'code-generation',
  'memory',
  'permissions',
  'limits',
  'namespaces',
  'seccomp',
]);

/** The command line of a child behind the wanted layers that are active here. */
export function launchOf(order: LaunchOrder): Launch {
  const on = (name: LayerName) =>
    order.layers.has(name) && sandboxLayers().some((known) => known.name === name && known.active);
  const stack = on('limits') ? STACK_KIB.limited : STACK_KIB.unlimited;
  const flags = [
    '--no-warnings',
    '--max-old-space-size=256',
    ...(process.platform === 'win32' ? [] : [`--stack-size=${stack}`]),
    ...(on('code-generation') ? ['--disallow-code-generation-from-strings'] : []),
    ...(on('permissions')
      ? [permissionFlag()!, ...[order.script, ...order.readable].map((path) => `--allow-fs-read=${path}`)]
      : []),
  ];
  let line = [process.execPath, ...flags, order.script, ...order.args];
  if (on('seccomp')) line = behindSeccomp(tool('perl')!, line);
  if (on('namespaces')) line = namespaces(line)!;
  if (on('limits')) line = limits(line)!;
  const [command, ...args] = line as [string, ...string[]];
  return { command, args, env: on('environment') ? {} : process.env };
}

/** `missing`: why it is not active here, or null. `without`: what is open then. */
function layer(name: LayerName, missing: string | null, what: string, without = ''): SandboxLayer {
  return { name, active: missing === null, reason: missing === null ? what : `${missing}; ${without}` };
}

function permissionFlag(): string | null {
  const known = process.allowedNodeEnvironmentFlags;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return '--permission';
  return major >= 20 || known.has('--experimental-permission') ? '--experimental-permission' : null;
}

function limits(line: readonly string[]): string[] | null {
  const prlimit = tool('prlimit');
  if (prlimit === null) return null;
  const bounds = ['--fsize=0', '--core=0', '--nofile=64', `--data=${DATA_BYTES}`, `--stack=${2 ** 26}`];
  return [prlimit, ...bounds, '--', ...line];
}

function namespaces(line: readonly string[]): string[] | null {
  const unshare = tool('unshare');
  return unshare === null ? null : [unshare, '-r', '-n', '-i', '-u', '--', ...line];
}

function seccompReason(): string | null {
  if (process.platform !== 'linux') return 'seccomp is a facility of Linux';
  if (process.arch !== 'x64') return `there is no tested table of system calls for ${process.arch}`;
  return probe((line) => {
    const perl = tool('perl');
    return perl === null ? null : behindSeccomp(perl, line);
  });
}

/** Null where a command behind this layer runs; otherwise why not. */
function probe(wrap: (line: readonly string[]) => string[] | null): string | null {
  if (process.platform !== 'linux') return 'a facility of Linux';
  const line = wrap([tool('true') ?? '/bin/true']);
  if (line === null) return 'the command for it is not installed';
  const [command, ...args] = line as [string, ...string[]];
  const result = spawnSync(command, args, { env: {}, encoding: 'utf8' });
  if (result.status === 0) return null;
  return `the system refuses it: ${(result.stderr || String(result.error ?? result.signal)).trim().slice(0, 200)}`;
}

function tool(name: string): string | null {
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin']) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return `${folder}/${name}`;
    } catch {
      continue;
    }
  }
  return null;
}
