// The host's handle on one sandbox child: starts it, sends one request at a time, keeps the clock and the memory
// watch, and says how the request ended. It trusts nothing that comes back beyond its form: a line that is not
// an answer to the request in flight, under its token, ends the child.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { messageOf } from '../../../errors.ts';
import { launchOf, type LaunchOrder } from './layers.ts';
import { residentBytes, waitedMs } from './process-use.ts';
import type { ChildReply, ChildRequest, GuestRequest, GuestResult } from './protocol.ts';

/** How a request to a child ended. Only `result` leaves the child usable. */
export type Ending =
  | {
      readonly kind: 'result';
      readonly result: GuestResult;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: 'exit'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'time' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'output' }
  | { readonly kind: 'forged' }
  /** The interpreter broke or the process ended by itself: `signal` where the system ended it. */
  | { readonly kind: 'died'; readonly detail: string; readonly signal: string | null }
  /** The child never began, or the machine gave it no time to end. */
  | { readonly kind: 'stalled'; readonly detail: string };

export interface ExchangeOptions {
  readonly stdin?: string;
  readonly fresh: boolean;
  readonly timeMs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** How long it may take to begin; a machine that does not let it begin is no fault of the program. */
  readonly beginMs?: number;
  /** Answers what a checker asks the program; its time is not counted here. */
  readonly onBridge?: (text: string) => Promise<string>;
}

const START_MS = 120_000;
const BEGIN_MS = 30_000;
/** A request on a machine that gives the child no processor is given up after this many times its limit. */
const STALL_FACTOR = 20;
const WATCH_MS = 100;
/** What a child takes beyond what its program does: code V8 compiles, copies of outputs, the copy of memory. */
const RESIDENT_SLACK = 300 * 2 ** 20;
const LINE_OVERHEAD = 2 ** 20;

interface Flight {
  readonly token: string;
  readonly options: ExchangeOptions;
  readonly end: (ending: Ending) => void;
  began: boolean;
}

export class SandboxChild {
  worn = false;
  /** Milliseconds of the last request that were its own: without waiting for a processor. */
  lastMs = 0;
  /** The most memory a request was granted so far. */
  grantedBytes = 0;
  readonly #process: ChildProcess;
  readonly #pipe: Socket;
  readonly #complaints: Readable;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #flight: Flight | null = null;
  #timer: NodeJS.Timeout | null = null;
  #watch: NodeJS.Timeout | null = null;
  #startedAt = 0;
  #waitedAt = 0;
  #spentMs = 0;
  #restingBytes = 0;
  #stderr = '';
  #dead = false;

  private constructor(order: LaunchOrder) {
    const { command, args, env } = launchOf(order);
    const stdio = ['ignore', 'ignore', 'pipe', 'pipe', order.descriptor ?? 'ignore'] as const;
    this.#process = spawn(command, args, { env, cwd: '/', stdio: [...stdio], windowsHide: true });
    this.#complaints = this.#process.stdio[2] as Readable;
    this.#pipe = this.#process.stdio[3] as Socket;
    this.#pipe.on('error', () => {}); // its end is told by 'close'
    this.#pipe.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#complaints.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    this.#process.on('error', (error) => this.#died(messageOf(error), null));
    this.#process.on('close', (code, signal) => this.#died(`it ended with ${signal ?? code}`, signal));
  }

  /** A warm child; rejects where it does not start. */
  static async start(order: LaunchOrder): Promise<SandboxChild> {
    const child = new SandboxChild(order);
    const ending = await new Promise<Ending | 'ready'>((done) => {
      child.#timer = setTimeout(
        () => done({ kind: 'stalled', detail: 'it did not start in time' }),
        START_MS,
      );
      child.#flight = {
        token: '',
        options: { fresh: true, timeMs: START_MS, memoryBytes: 0, outputBytes: 0 },
        end: done,
        began: false,
      };
      child.#onBegan = () => done('ready');
    });
    if (child.#timer !== null) clearTimeout(child.#timer);
    child.#flight = null;
    child.#onBegan = () => child.#startClock();
    if (ending !== 'ready') {
      child.kill();
      const detail = 'detail' in ending ? ending.detail : ending.kind;
      throw new Error(`The sandbox did not start: ${detail}. ${child.#stderr.trim().slice(-1000)}`);
    }
    child.#restingBytes = (await residentBytes(child.pid)) ?? 0;
    child.#hold(false);
    return child;
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get usable(): boolean {
    return !this.#dead && !this.worn;
  }

  kill(): void {
    this.#dead = true;
    this.#process.kill('SIGKILL');
    this.#pipe.destroy();
  }

  /** Sends a request and waits for its ending. One at a time. */
  async exchange(request: GuestRequest, options: ExchangeOptions): Promise<Ending> {
    if (this.#dead) return { kind: 'died', detail: 'it had ended before', signal: null };
    const token = randomBytes(16).toString('hex');
    this.#hold(true);
    this.#spentMs = 0;
    this.grantedBytes = Math.max(this.grantedBytes, options.memoryBytes);
    const ending = await new Promise<Ending>((end) => {
      this.#flight = { token, options, end, began: false };
      this.#timer = setTimeout(() => this.#overdue(), options.beginMs ?? BEGIN_MS);
      this.#watch = setInterval(() => void this.#watchMemory(), WATCH_MS);
      const { stdin = '', fresh, memoryBytes, outputBytes, timeMs } = options;
      this.#send({ token, request, stdin, fresh, memoryBytes, outputBytes, timeMs } satisfies ChildRequest);
    });
    this.#flight = null;
    this.#stopClock();
    if (this.#watch !== null) clearInterval(this.#watch);
    this.lastMs = this.#spentMs;
    if (ending.kind !== 'result') this.kill();
    if (this.#dead) this.worn = true;
    this.#hold(false);
    return ending;
  }

  #onBegan: () => void = () => this.#startClock();

  #send(message: unknown): void {
    this.#pipe.write(`${JSON.stringify(message)}\n`);
  }

  /** A waiting child keeps no process alive. */
  #hold(keep: boolean): void {
    for (const handle of [this.#process, this.#pipe, this.#complaints] as unknown as {
      ref?: () => void;
      unref?: () => void;
    }[]) {
      if (keep) handle.ref?.();
      else handle.unref?.();
    }
  }

  #receive(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    const allowed = 8 * (this.#flight?.options.outputBytes ?? 0) + LINE_OVERHEAD;
    if (this.#receivedBytes > allowed) return this.#end({ kind: 'output' });
    if (!bytes.includes(10)) return;
    const text = Buffer.concat(this.#received).toString('utf8');
    const lines = text.split('\n');
    const rest = Buffer.from(lines.pop() ?? '', 'utf8');
    this.#received = [rest];
    this.#receivedBytes = rest.length;
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const flight = this.#flight;
    const reply = flight === null ? null : parseReply(line);
    if (flight === null || reply === null || reply.token !== flight.token) return this.#forged();
    if (!flight.began) {
      if (reply.type !== 'began') return this.#forged();
      flight.began = true;
      return this.#onBegan();
    }
    switch (reply.type) {
      case 'began':
        return this.#forged();
      case 'output':
        return this.#end({ kind: 'output' });
      case 'bridge':
        return void this.#bridge(flight, reply.text ?? '');
      case 'fatal':
        return this.#end(fatalEnding(reply));
      case 'done': {
        const result = parseResult(reply.text);
        if (result === null) return this.#forged();
        this.worn ||= reply.worn !== false;
        return this.#end({ kind: 'result', result, stdout: reply.stdout ?? '', stderr: reply.stderr ?? '' });
      }
    }
  }

  async #bridge(flight: Flight, text: string): Promise<void> {
    if (flight.options.onBridge === undefined) return this.#forged();
    this.#stopClock();
    // Whoever answers has limits of its own; were its answer lost, this child must not wait for ever.
    this.#timer = setTimeout(
      () => {
        if (this.#flight === flight)
          this.#end({ kind: 'stalled', detail: 'its question was never answered' });
      },
      START_MS + BEGIN_MS + STALL_FACTOR * flight.options.timeMs,
    );
    const answer = await flight.options.onBridge(text);
    if (this.#flight !== flight) return;
    this.#startClock();
    this.#send({ text: answer });
  }

  #forged(): void {
    if (this.#flight !== null) this.#end({ kind: 'forged' });
    else this.kill();
    this.worn = true;
  }

  #end(ending: Ending): void {
    this.#flight?.end(ending);
  }

  #died(detail: string, signal: string | null): void {
    this.#dead = true;
    this.worn = true;
    const said = this.#stderr.trim().slice(-300);
    this.#end({ kind: 'died', detail: said === '' ? detail : `${detail}: ${said}`, signal });
  }

  #startClock(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#startedAt = performance.now();
    this.#waitedAt = waitedMs(this.pid);
    this.#timer = setTimeout(
      () => this.#overdue(),
      Math.max(1, (this.#flight?.options.timeMs ?? 0) - this.#spentMs),
    );
  }

  #stopClock(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#startedAt !== 0) this.#spentMs += this.#ownMs();
    this.#startedAt = 0;
  }

  #ownMs(): number {
    return Math.max(0, performance.now() - this.#startedAt - (waitedMs(this.pid) - this.#waitedAt));
  }

  /** Lets what already waits in the pipe be read first: a late host is not a late program. */
  #overdue(): void {
    const flight = this.#flight;
    setImmediate(() => {
      if (flight === null || this.#flight !== flight) return;
      if (!flight.began) return this.#end({ kind: 'stalled', detail: 'it did not begin in time' });
      const { timeMs } = flight.options;
      const left = timeMs - this.#spentMs - this.#ownMs();
      if (left <= 0) return this.#end({ kind: 'time' });
      if (performance.now() - this.#startedAt > STALL_FACTOR * timeMs) {
        return this.#end({ kind: 'stalled', detail: 'the machine gave it no time to run' });
      }
      this.#timer = setTimeout(() => this.#overdue(), Math.max(10, left));
    });
  }

  async #watchMemory(): Promise<void> {
    const flight = this.#flight;
    if (flight === null) return;
    const resident = await residentBytes(this.pid);
    if (resident === null || this.#flight !== flight) return;
    if (resident > this.#restingBytes + flight.options.memoryBytes + RESIDENT_SLACK)
      this.#end({ kind: 'memory' });
  }
}

function fatalEnding(reply: ChildReply): Ending {
  if (typeof reply.status === 'number') {
    return { kind: 'exit', status: reply.status, stdout: reply.stdout ?? '', stderr: reply.stderr ?? '' };
  }
  return { kind: 'died', detail: reply.text ?? '', signal: null };
}

const replySchema = z.object({
  token: z.string(),
  type: z.enum(['began', 'bridge', 'output', 'done', 'fatal']),
  text: z.string().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  worn: z.boolean().optional(),
  status: z.number().nullish(),
});

const errorSchema = z.object({
  type: z.string(),
  message: z.string(),
  kind: z.enum(['raised', 'syntax', 'missing', 'exit', 'memory', 'time']),
  line: z.number().nullable(),
  source: z.string().optional(),
});

const resultSchema = z.object({
  error: errorSchema.nullable(),
  value: z.unknown().optional(),
  text: z.string().optional(),
});

const parseReply = (line: string): ChildReply | null => parseAs<ChildReply>(line, replySchema);

/** The result as the interpreter wrote it; a program may have changed what writes it, so its form is checked. */
const parseResult = (text: string | undefined): GuestResult | null =>
  parseAs<GuestResult>(text ?? '', resultSchema);

function parseAs<T>(text: string, schema: z.ZodType): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as T) : null;
  } catch {
    return null;
  }
}
