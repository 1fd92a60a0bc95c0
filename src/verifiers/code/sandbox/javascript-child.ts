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

capMemory();
const [library = '', role = 'program'] = process.argv.slice(2);
const { getQuickJS: load } = (await import(pathToFileURL(library).href)) as { getQuickJS: typeof getQuickJS };
const quickjs = await load();
let current: ChildRequest | null = null;
let guest: Guest | null = null;
let deadline = 0;
let interrupted = false;
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
  deadline = performance.now() + request.timeMs;
  interrupted = false;
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
  runtime.setInterruptHandler(() => (interrupted ||= performance.now() > deadline));
  const context = runtime.newContext();
  give(context, '__write', (stream, text) => keep(context.getNumber(stream), context.getString(text)));
  give(context, '__input', () => context.newString(current?.stdin ?? ''));
  if (role === 'checker')
    give(context, '__bridge', (text) => context.newString(bridge(context.getString(text))));
  deadline = Math.max(deadline, performance.now() + 1000);
  return new Guest(context, context.unwrapResult(context.evalCode(JAVASCRIPT_HARNESS, 'harness')));
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

function answer({ context, harness }: Guest, request: GuestRequest): GuestResult {
  const invoke = (name: string, ...args: string[]): string | GuestError => {
    const handles = args.map((text) => context.newString(text));
    const method = context.getProp(harness, name);
    const result = context.callFunction(method, context.undefined, ...handles);
    for (const handle of [method, ...handles]) handle.dispose();
    return textOf(context, result);
  };
  const evaluate = (code: string, file: string): GuestError | null => {
    const result = context.evalCode(code, file);
    if (result.error)
      return errorOf(
        context,
        result.error.consume((handle) => handle.dup()),
      );
    // The last statement is often the call of an async function, whose failure is the program's.
    return result.value.consume((value) => drain(context, invoke) ?? rejection(context, value));
  };
  switch (request.op) {
    case 'run':
    case 'load':
      return { error: evaluate(request.code, 'program') };
    case 'call': {
      const value = invoke('call', request.name, JSON.stringify(request.json));
      return typeof value === 'string'
        ? { error: null, value: JSON.parse(value) as NonNullable<GuestResult['value']> }
        : { error: value };
    }
    case 'bridge': {
      const text = invoke('bridged', request.text);
      return typeof text === 'string' ? { error: null, text } : { error: text };
    }
    case 'check': {
      if (request.prelude !== '') evaluate(request.prelude, 'prelude');
      if (request.entryPoint !== null) invoke('propose', request.entryPoint);
      const error = evaluate(`${request.setup}\n${request.test}`, 'test');
      const last = invoke('last');
      return {
        error:
          error === null || last === '' || typeof last !== 'string'
            ? error
            : { ...error, message: `${error.message}; ${last}` },
      };
    }
  }
}

/** Runs promises, timers and listeners of standard input until none is left. */
function drain(
  context: QuickJSContext,
  invoke: (name: string, ...args: string[]) => string | GuestError,
): GuestError | null {
  for (;;) {
    const jobs = context.runtime.executePendingJobs();
    if (jobs.error) {
      const error = errorOf(context, jobs.error);
      jobs.error.dispose();
      return error;
    }
    const more = invoke('turn');
    if (typeof more !== 'string') return more;
    // An interrupted job only rejects its promise; the program is late all the same.
    if (interrupted) return LATE;
    if (more !== 'true') return null;
  }
}

function rejection(context: QuickJSContext, value: QuickJSHandle): GuestError | null {
  const state = context.getPromiseState(value);
  if (state.type !== 'rejected') return null;
  return state.error.consume((error) => errorOf(context, error));
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
  if (interrupted) return LATE;
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
  if (type === 'SyntaxError') return 'syntax';
  if (type === 'ExitStatus') return 'exit';
  if (type === 'MissingModule') return 'missing';
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

/** The checker's way to the program; the time the program takes is not the checker's. */
function bridge(text: string): string {
  if (current === null) throw new Error('No test is running.');
  const asked = performance.now();
  writeReply({ token: current.token, type: 'bridge', text });
  const reply = (JSON.parse(readLine()) as { text: string }).text;
  deadline += performance.now() - asked;
  return reply;
}
