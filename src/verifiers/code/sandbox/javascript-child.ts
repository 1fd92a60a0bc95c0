// The process in which JavaScript from a model runs: QuickJS in WebAssembly, which has no host to reach. Its one
// idea: every fresh request gets a new runtime with its own memory limit, and the host functions it sees carry
// text and nothing else.
import { pathToFileURL } from 'node:url';
import type { getQuickJS, QuickJSContext, QuickJSHandle } from 'quickjs-emscripten';
import { readLine, readRequest, seal, writeReply } from './channel.ts';
import { JAVASCRIPT_HARNESS } from './javascript-harness.ts';
import { capMemory, memoryCap } from './memory-cap.ts';
import type { ChildReply, ChildRequest, GuestError, GuestRequest, GuestResult } from './protocol.ts';

const STACK_BYTES = 512 * 1024;
const STDERR_KEPT = 2000;
/** What the module needs for itself; its memory begins with 16 MiB. */
const BASE_BYTES = 16 * 2 ** 20;

const LATE: GuestError = { type: 'InternalError', message: 'interrupted', kind: 'time', line: null };

class Guest {
  readonly context: QuickJSContext;
  readonly harness: QuickJSHandle;
  constructor(context: QuickJSContext, harness: QuickJSHandle) {
    this.context = context;
    this.harness = harness;
  }
}

// By time on a processor, because that is what the host counts: a machine with other work to do is no fault of a program.
const cpuUsage = process.cpuUsage.bind(process);
capMemory();
const [library = '', role = 'program'] = process.argv.slice(2);
const { getQuickJS: load } = (await import(pathToFileURL(library).href)) as { getQuickJS: typeof getQuickJS };
const quickjs = await load();
let current: ChildRequest | null = null;
let guest: Guest | null = null;
let deadline = 0;
let interrupted = false;
/** Of process.exit, which the program cannot catch: it is interrupted. */
let exitStatus: number | null = null;
let stdout: string[] = [];
let stdoutBytes = 0;
let stderr = '';
guest = newGuest(2 ** 24);
release();
seal();
writeReply({ token: '', type: 'began' });
for (;;) serve(readRequest());

function serve(request: ChildRequest): void {
  current = request;
  [stdout, stdoutBytes, stderr] = [[], 0, ''];
  writeReply({ token: request.token, type: 'began' });
  deadline = cpuMs() + request.timeMs;
  [interrupted, exitStatus] = [false, null];
  memoryCap.limitBytes = BASE_BYTES + request.memoryBytes;
  memoryCap.refused = false;
  let reply: Pick<ChildReply, 'type' | 'text' | 'status' | 'worn'>;
  try {
    if (request.fresh || guest === null) {
      release();
      guest = newGuest(request.memoryBytes);
    }
    reply = { type: 'done', text: JSON.stringify(answer(guest, request.request)), worn: memoryCap.refused };
  } catch (error) {
    reply = { type: 'fatal', text: String(error).slice(0, 200), status: null, worn: true };
  }
  const { token } = request;
  writeReply({ token, ...reply, stdout: stdout.join(''), stderr: stderr.slice(-STDERR_KEPT) });
}

function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

function release(): void {
  const old = guest;
  guest = null;
  if (old === null) return;
  old.harness.dispose();
  const { runtime } = old.context;
  old.context.dispose();
  runtime.dispose();
}

function newGuest(memoryBytes: number): Guest {
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(() => exitStatus !== null || (interrupted ||= cpuMs() > deadline));
  const context = runtime.newContext();
  give(context, '__write', (stream, text) => keep(context.getNumber(stream), context.getString(text)));
  give(context, '__input', () => context.newString(current?.stdin ?? ''));
  give(context, '__bridge', (text) => context.newString(bridge(context.getString(text))));
  give(context, '__drain', () => void runtime.executePendingJobs().dispose());
  give(context, '__exit', (status) => void (exitStatus = context.getNumber(status)));
  context.setProp(context.global, '__checks', role === 'checker' ? context.true : context.false);
  deadline = Math.max(deadline, cpuMs() + 1000);
  const harness = context.unwrapResult(context.evalCode(JAVASCRIPT_HARNESS, 'harness'));
  runtime.setModuleLoader((name) => {
    const text = invoke(context, harness, 'moduleText', name);
    return typeof text === 'string' && text !== ''
      ? text
      : { error: new Error(`Cannot find module '${name}'`) };
  });
  return new Guest(context, harness);
}

/** Calls a function of the harness with texts; its result as text, or what it threw. */
function invoke(
  context: QuickJSContext,
  harness: QuickJSHandle,
  name: string,
  ...args: string[]
): string | GuestError {
  const handles = args.map((text) => context.newString(text));
  const method = context.getProp(harness, name);
  const result = context.callFunction(method, context.undefined, ...handles);
  for (const handle of [method, ...handles]) handle.dispose();
  return textOf(context, result);
}

/** Runs a program or a test to the end of its promises and timers; null where it ended as it should. */
function evaluate({ context, harness }: Guest, code: string, file: string): GuestError | null {
  // Code with import or await at its top is a module, as in Node.
  const asScript = compileError(context, code, file, 'global');
  const type =
    asScript !== null && compileError(context, code, file, 'module') === null ? 'module' : 'global';
  if (type === 'global' && asScript !== null) return { ...asScript, kind: 'syntax' };
  const result = context.evalCode(code, file, { type });
  if (result.error) return result.error.consume((error) => errorOf(context, error));
  // The last statement is often the call of an async function, whose failure is the program's.
  return result.value.consume((value) => drain(context, harness) ?? rejection(context, value, file));
}

function compileError(
  context: QuickJSContext,
  code: string,
  file: string,
  type: 'global' | 'module',
): GuestError | null {
  const result = context.evalCode(code, file, { type, compileOnly: true });
  if (result.error) return result.error.consume((error) => errorOf(context, error));
  result.value.dispose();
  return null;
}

function give(
  context: QuickJSContext,
  name: string,
  work: (...args: QuickJSHandle[]) => QuickJSHandle | undefined,
): void {
  context
    .newFunction(name, (...args) => work(...args) ?? context.undefined)
    .consume((handle) => {
      context.setProp(context.global, name, handle);
    });
}

function answer(guest: Guest, request: GuestRequest): GuestResult {
  const own = (name: string, ...args: string[]) => invoke(guest.context, guest.harness, name, ...args);
  switch (request.op) {
    case 'run':
    case 'load':
      return { error: evaluate(guest, request.code, 'program') ?? exited(own('status')) };
    case 'call': {
      const value = own('call', request.name, JSON.stringify(request.json));
      return typeof value === 'string'
        ? { error: null, value: JSON.parse(value) as NonNullable<GuestResult['value']> }
        : { error: value };
    }
    case 'bridge': {
      const text = own('answered', request.text);
      return typeof text === 'string' ? { error: null, text } : { error: text };
    }
    case 'check': {
      if (request.prelude !== '') evaluate(guest, request.prelude, 'prelude');
      if (request.entryPoint !== null) own('propose', request.entryPoint);
      const error = evaluate(guest, `${request.setup}\n${request.test}`, 'test') ?? unawaited(own('broken'));
      const last = own('last');
      return {
        error:
          error === null || last === '' || typeof last !== 'string'
            ? error
            : { ...error, message: `${error.message}; ${last}` },
      };
    }
  }
}

/** The status that a program leaves in process.exitCode. */
function exited(status: string | GuestError): GuestError | null {
  if (typeof status !== 'string') return status;
  return status === '0' ? null : { type: 'ExitStatus', message: status, kind: 'exit', line: null };
}

/** An assertion that failed where nobody waited for it. */
function unawaited(broken: string | GuestError): GuestError | null {
  if (typeof broken !== 'string') return broken;
  return broken === '' ? null : { type: 'AssertionError', message: broken, kind: 'raised', line: null };
}

/** Runs promises, timers and listeners of standard input until none is left. */
function drain(context: QuickJSContext, harness: QuickJSHandle): GuestError | null {
  for (;;) {
    const jobs = context.runtime.executePendingJobs();
    if (jobs.error) return jobs.error.consume((error) => errorOf(context, error));
    const more = invoke(context, harness, 'turn');
    if (typeof more !== 'string') return more;
    // An interrupted job only rejects its promise; the program is late, or left, all the same.
    const end = ended();
    if (end !== null) return end;
    if (more !== 'true') return null;
  }
}

/** Of a promise that is rejected; a test that still waits for one can no longer fail, and so has not passed. */
function rejection(context: QuickJSContext, value: QuickJSHandle, file: string): GuestError | null {
  const state = context.getPromiseState(value);
  if (state.type === 'pending' && file === 'test') {
    return { type: 'Error', message: 'the test waits for a promise for ever', kind: 'raised', line: null };
  }
  return state.type === 'rejected' ? state.error.consume((error) => errorOf(context, error)) : null;
}

/** Where the interpreter was interrupted: what for. */
function ended(): GuestError | null {
  if (exitStatus !== null)
    return { type: 'ExitStatus', message: String(exitStatus), kind: 'exit', line: null };
  return interrupted ? LATE : null;
}

function textOf(
  context: QuickJSContext,
  result: ReturnType<QuickJSContext['evalCode']>,
): string | GuestError {
  if (result.error) {
    const error = errorOf(context, result.error);
    result.error.dispose();
    return error;
  }
  const text =
    context.typeof(result.value) === 'string'
      ? context.getString(result.value)
      : String(context.typeof(result.value) === 'boolean' && context.dump(result.value) === true);
  result.value.dispose();
  return text;
}

function errorOf(context: QuickJSContext, handle: QuickJSHandle): GuestError {
  const end = ended();
  if (end !== null) return end;
  if (context.typeof(handle) === 'object' && context.eq(handle, context.null)) {
    const message = 'null was thrown, as by the interpreter when it has no memory for an error';
    return { type: 'null', message, kind: 'memory', line: null };
  }
  const field = (name: string): string => {
    if (context.typeof(handle) !== 'object') return name === 'message' ? context.typeof(handle) : '';
    const value = context.getProp(handle, name);
    const text = context.typeof(value) === 'string' ? context.getString(value) : '';
    value.dispose();
    return text.slice(0, 2000);
  };
  const [type, message] = [field('name'), field('message')];
  const line = /program:(\d+)/.exec(field('stack'))?.[1];
  return { type, message, kind: kindOf(type, message), line: line === undefined ? null : Number(line) };
}

function kindOf(type: string, message: string): GuestError['kind'] {
  if (type === 'MissingModule' || /^Cannot find module /.test(message)) return 'missing';
  return type === 'InternalError' && message === 'out of memory' ? 'memory' : 'raised';
}

function keep(stream: number, text: string): undefined {
  if (stream === 2) {
    stderr = (stderr + text).slice(-2 * STDERR_KEPT);
    return;
  }
  stdoutBytes += text.length;
  if (current !== null && stdoutBytes > current.outputBytes) {
    writeReply({ token: current.token, type: 'output' });
    for (;;) readLine(); // the host ends this process
  }
  stdout.push(text);
}

/** The way to the other side, through the host. */
function bridge(text: string): string {
  if (current === null) throw new Error('No test is running.');
  writeReply({ token: current.token, type: 'bridge', text });
  return (JSON.parse(readLine()) as { text: string }).text;
}
