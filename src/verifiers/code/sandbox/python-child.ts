// The process in which Python from a model runs: Pyodide, warm, one request after the other, never returning to
// the event loop. Its one idea: all of the interpreter's state is its WebAssembly memory, so that a copy of
// that memory, taken before the first program, undoes whatever a program did (changed builtins, patched
// modules, open handles) when it is put back. What lies outside that memory is watched, and a child whose
// files or streams were touched says that it is worn.
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { loadPyodide } from 'pyodide';
import { leave, readLine, readRequest, seal, writeReply } from './channel.ts';
import { capMemory, memoryCap } from './memory-cap.ts';
import type { ChildReply, ChildRequest } from './protocol.ts';
import { watchRealm } from './realm.ts';
import { PYTHON_ENTRY, PYTHON_ENVIRONMENT, PYTHON_SEAL } from './python-harness.ts';

/** A memory this much larger than at the start costs more to put back than a new child. */
const WORN_GROWTH = 128 * 2 ** 20;
const SNAPSHOT = 4;
/** Exit status of a child whose language a program changed. */
const CHANGED = 70;
const STDERR_KEPT = 2000;

interface Stream {
  readonly fd: number;
  readonly flags: number;
}
interface PyodideModule {
  readonly HEAPU8: Uint8Array;
  readonly FS: Record<string, (...args: unknown[]) => unknown> & {
    streams: (Stream | null)[];
  };
}
type Harness = {
  get(index: 0): (text: string) => string;
  get(index: 1): (descriptor: number, checks: boolean) => void;
};

const [folder = '', role = 'program'] = process.argv.slice(2);
let current: ChildRequest | null = null;
let stdout: Uint8Array[] = [];
let stdoutBytes = 0;
let stderr = '';
let stdin: Uint8Array = new Uint8Array(0);
let stdinAt = 0;
let touched = false;

capMemory();
// Pyodide asks for Node's constants in a way that the permission model refuses altogether.
Object.assign(process, { binding: () => ({ fs: constants }) });
const { loadPyodide: load } = (await import(pathToFileURL(`${folder}/pyodide.mjs`).href)) as {
  loadPyodide: typeof loadPyodide;
};
const python = await load({
  indexURL: `${folder}/`,
  env: PYTHON_ENVIRONMENT,
  jsglobals: Object.create(null) as object,
  _loadSnapshot: readSnapshot(),
});
const module = (python as unknown as { _module: PyodideModule })._module;
const utf8 = new TextDecoder();
const bytes = new TextEncoder();
python.setStdout({ write: keepStdout, isatty: false });
python.setStderr({ write: keepStderr, isatty: false });
python.setStdin({ read: giveStdin, isatty: false });
const space = () => ({ globals: python.runPython('{"__name__": "harness"}') as never });
const harness = python.runPython(PYTHON_ENTRY, space()) as Harness;
const handle = harness.get(0);
python.unregisterJsModule('js');
python.unregisterJsModule('pyodide_js');
handle('{"op": "run", "code": "pass"}');
python.runPython(PYTHON_SEAL, space());
harness.get(1)(openBridge(), role === 'checker');
const streams = [...module.FS.streams];
const flags = streams.map((stream) => stream?.flags);
watchFiles();
forgetModule('_pyodide_core');
seal();
// In `process` the interpreter notes its exit status.
const realmChanged = watchRealm(Object.values(python.ffi), [process]);
const first = module.HEAPU8.slice();
let fresh = true;
writeReply({ token: '', type: 'began' });
for (;;) serve(readRequest());

/** The inherited file is shared with other children, and so read by position. */
function readSnapshot(): Uint8Array {
  const snapshot = new Uint8Array(fstatSync(SNAPSHOT).size);
  for (let at = 0; at < snapshot.length;) {
    at += readSync(SNAPSHOT, snapshot, at, snapshot.length - at, at);
  }
  closeSync(SNAPSHOT);
  return snapshot;
}

function serve(request: ChildRequest): void {
  current = request;
  if (request.fresh && !fresh) restore();
  fresh = false;
  [stdout, stdoutBytes, stderr, touched] = [[], 0, '', false];
  [stdin, stdinAt] = [bytes.encode(request.stdin), 0];
  memoryCap.limitBytes = first.length + request.memoryBytes;
  writeReply({ token: request.token, type: 'began' });
  let reply: Pick<ChildReply, 'type' | 'text' | 'status' | 'worn'>;
  try {
    const text = handle(JSON.stringify(request.request));
    // Where the language itself was changed, not even an answer can be trusted to say so.
    if (realmChanged()) leave(CHANGED);
    reply = { type: 'done', text, worn: worn() };
    if (typeof reply.text !== 'string') throw new Error('The interpreter gave no answer.');
  } catch (error) {
    if (realmChanged()) leave(CHANGED);
    const status = (error as { status?: unknown } | null)?.status;
    reply = {
      type: 'fatal',
      text: String(error).slice(0, 200),
      status: typeof status === 'number' ? status : exitStatus(),
      worn: true,
    };
  }
  memoryCap.limitBytes = Number.POSITIVE_INFINITY;
  const { token } = request;
  writeReply({ token, ...reply, stdout: collected(), stderr: stderr.slice(-STDERR_KEPT) });
}

/** The interpreter notes its exit status in `process.exitCode`, which `seal` left as a plain object. */
function exitStatus(): number | null {
  const code: unknown = process.exitCode;
  return typeof code === 'number' ? code : null;
}

function restore(): void {
  const now = module.HEAPU8;
  now.set(first);
  if (now.length > first.length) now.fill(0, first.length); // the allocator counts on zeros there
}

function worn(): boolean {
  const { FS, HEAPU8 } = module;
  const sameStreams =
    FS.streams.length === streams.length &&
    FS.streams.every((stream, fd) => stream === streams[fd] && stream?.flags === flags[fd]);
  return touched || !sameStreams || HEAPU8.length > first.length + WORN_GROWTH;
}

function collected(): string {
  const whole = new Uint8Array(stdoutBytes);
  let at = 0;
  for (const part of stdout) {
    whole.set(part, at);
    at += part.length;
  }
  return utf8.decode(whole);
}

function keepStdout(part: Uint8Array): number {
  if (current === null) return part.length;
  stdoutBytes += part.length;
  if (stdoutBytes > current.outputBytes) endOfOutput(current.token);
  stdout.push(part.slice());
  return part.length;
}

function endOfOutput(token: string): never {
  writeReply({ token, type: 'output' });
  for (;;) readLine(); // the host ends this process
}

function keepStderr(part: Uint8Array): number {
  stderr = (stderr + utf8.decode(part.slice(-STDERR_KEPT))).slice(-2 * STDERR_KEPT);
  return part.length;
}

function giveStdin(into: Uint8Array): number {
  const part = stdin.subarray(stdinAt, stdinAt + into.length);
  into.set(part);
  stdinAt += part.length;
  return part.length;
}

/**
 * A device of the interpreter through which program and checker speak to each other: a line written to it goes to the
 * host, whose answer is read from it. A device, because a function of the host's would be a door to the host.
 */
function openBridge(): number {
  const { FS } = module;
  let asked = '';
  let answer: Uint8Array = new Uint8Array(0);
  const device = FS.makedev!(64, 0);
  FS.registerDevice!(device, {
    write: (_: Stream, from: Uint8Array, offset: number, length: number) => {
      asked += utf8.decode(from.slice(offset, offset + length));
      if (current !== null && asked.length > 8 * current.outputBytes + 2 ** 20) endOfOutput(current.token);
      if (asked.endsWith('\n')) {
        const text = asked.slice(0, -1);
        asked = '';
        answer = bytes.encode(`${ask(text)}\n`);
      }
      return length;
    },
    read: (_: Stream, into: Uint8Array, offset: number, length: number) => {
      const part = answer.subarray(0, length);
      answer = answer.subarray(part.length);
      into.set(part, offset);
      return part.length;
    },
  });
  FS.mkdev!('/dev/bridge', 0o666, device);
  const { fd } = FS.open!('/dev/bridge', 2) as Stream;
  FS.unlink!('/dev/bridge');
  return fd;
}

/** Says something to the host while it waits for an answer, and waits for its own. */
function ask(text: string): string {
  if (current === null) throw new Error('No request is under way.');
  writeReply({ token: current.token, type: 'bridge', text });
  return (JSON.parse(readLine()) as { text: string }).text;
}

/**
 * Takes a module that is part of the interpreter out of its table, by its name there. A hook that refuses an import
 * can be undone by a program; this cannot.
 */
function forgetModule(name: string): void {
  const memory = Buffer.from(module.HEAPU8.buffer);
  const text = Buffer.from(`\0${name}\0`);
  for (let at = memory.indexOf(text); at !== -1; at = memory.indexOf(text, at + 1)) memory[at + 1] = 0x2e;
}

/** Marks this child as worn when a program creates, changes or removes something of the in-memory file system. */
function watchFiles(): void {
  const { FS } = module;
  const WRITES = 0o3 | 0o100 | 0o1000; // O_WRONLY | O_RDWR, O_CREAT, O_TRUNC
  for (const name of (
    'mknod mkdir rename unlink rmdir symlink chmod lchmod fchmod chown lchown fchown truncate ftruncate ' +
    'doSetAttr utime mount unmount chdir'
  ).split(' ')) {
    const original = FS[name];
    if (original === undefined) continue;
    FS[name] = function (this: unknown, ...args: unknown[]): unknown {
      touched = true;
      return Reflect.apply(original, this, args);
    };
  }
  const open = FS.open!;
  FS.open = function (this: unknown, ...args: unknown[]): unknown {
    if (typeof args[1] !== 'number' || (args[1] & WRITES) !== 0) touched = true;
    return Reflect.apply(open, this, args);
  };
}
