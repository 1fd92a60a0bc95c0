// The child's end of the protocol: blocking lines over descriptor 3, and nothing else (interpreters touch the
// standard streams when they load). It is
// loaded first in a child, keeps for itself the few functions of Node that it needs, and then takes the rest
// away from the global object.
import { readSync, writeSync } from 'node:fs';
import type { ChildReply, ChildRequest } from './protocol.ts';

const PIPE = 3;
const wait = Atomics.wait.bind(Atomics);
const pause = new Int32Array(new SharedArrayBuffer(4));
const exit = process.exit.bind(process);
/** Ends the process at once, without any JavaScript of Node's. */
export const leave = (process as unknown as { reallyExit(status: number): never }).reallyExit.bind(process);
const chunk = globalThis.Buffer.alloc(1 << 16);
// `Buffer` is a property of the global object that `seal` removes, so it is bound here.
const { Buffer } = globalThis;
const decode = (parts: Buffer[]) => Buffer.concat(parts).toString('utf8');
const copyOf = (bytes: Buffer) => Buffer.from(bytes);
const encode = (text: string) => Buffer.from(text, 'utf8');
let pending: Buffer = Buffer.alloc(0);

/** The next line of the host; ends the process when the host is gone. */
export function readLine(): string {
  const parts: Buffer[] = [];
  for (;;) {
    const end = pending.indexOf(10);
    if (end !== -1) {
      parts.push(pending.subarray(0, end));
      pending = pending.subarray(end + 1);
      return decode(parts);
    }
    if (pending.length > 0) parts.push(pending);
    pending = nextChunk();
  }
}

function nextChunk(): Buffer {
  const count = retrying(() => readSync(PIPE, chunk, 0, chunk.length, null));
  if (count === 0) exit(0);
  return copyOf(chunk.subarray(0, count));
}

function retrying(operation: () => number): number {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') exit(0);
      wait(pause, 0, 0, 1);
    }
  }
}

export const readRequest = (): ChildRequest => JSON.parse(readLine()) as ChildRequest;

export function writeReply(reply: ChildReply): void {
  const bytes = encode(`${JSON.stringify(reply)}\n`);
  let written = 0;
  while (written < bytes.length) {
    const from = written;
    written += retrying(() => writeSync(PIPE, bytes, from, bytes.length - from));
  }
}

const NEEDED = new Set(
  (
    'Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise ' +
    'RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError JSON Math ' +
    'Intl ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array ' +
    'Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy ' +
    'Reflect FinalizationRegistry WeakRef WebAssembly decodeURI decodeURIComponent encodeURI isFinite isNaN ' +
    'encodeURIComponent TextDecoder TextEncoder performance globalThis'
  ).split(' '),
);

/**
 * Removes from the global object whatever reaches the host, and leaves the language. What ends the process is
 * replaced by a plain object, because the interpreters note their exit status there.
 */
export function seal(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!NEEDED.has(name)) Reflect.deleteProperty(globalThis, name);
  }
  for (const name of ['process', 'console']) {
    const value = name === 'process' ? { exitCode: undefined, argv: [], env: {} } : silentConsole();
    Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
  }
}

function silentConsole(): Record<string, () => void> {
  return Object.fromEntries(['log', 'error', 'warn', 'info', 'debug'].map((name) => [name, () => {}]));
}
