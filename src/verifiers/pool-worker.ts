// One thread as its host sees it: takes one request at a time and says how it came out, always. It knows nothing of
// queues. Its one idea: the thread is trusted with nothing. It has a limit of memory from its start and a limit of
// time on each request; a thread that breaks either, or ends for another reason, is over, and so is its request.
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { threadReplySchema, type HostSettings, type Outcome, type VerifyRequest } from './pool-messages.ts';

const THREAD = new URL('./pool-thread.js', import.meta.url);

interface Task {
  readonly number: number;
  readonly request: VerifyRequest;
  readonly settle: (outcome: Outcome) => void;
}

export class PoolWorker {
  readonly #limits: HostSettings['limits'];
  readonly #worker: Worker;
  readonly #loadedKinds = new Set<string>();
  #task: Task | null = null;
  #requests = 0;
  #ready = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ limits, custom }: HostSettings) {
    this.#limits = limits;
    this.#worker = new Worker(THREAD, {
      workerData: custom,
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMiB, maxYoungGenerationSizeMb: 32 },
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    }
    this.#worker.on('message', (message: unknown) => this.#take(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#end('error', memory ? `it used more than ${limits.memoryMiB} MiB of memory` : messageOf(error));
    });
    this.#worker.on('exit', (code) => this.#end('error', `its thread ended with exit code ${code}`));
  }

  /** It takes no more requests. */
  get over(): boolean {
    return this.#over;
  }

  /** One at a time. */
  run(request: VerifyRequest): Promise<Outcome> {
    return new Promise((settle) => {
      this.#task = { number: ++this.#requests, request, settle };
      if (this.#ready) this.#begin();
      else this.#limit(this.#limits.loadTimeoutMs, 'starting its thread');
    });
  }

  #begin(): void {
    const { number, request } = this.#task!;
    this.#worker.postMessage({ number, request });
    if (this.#loadedKinds.has(request.kind)) this.#limitVerdict();
    else this.#limit(this.#limits.loadTimeoutMs, 'loading the verifier');
  }

  #limitVerdict(): void {
    this.#limit(this.#limits.timeoutMs, 'verifying one response');
  }

  #limit(milliseconds: number, work: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#end('timeout', `${work} took more than ${milliseconds / 1000} s`),
      milliseconds,
    );
  }

  #take(message: unknown): void {
    const parsed = threadReplySchema.safeParse(message);
    if (!parsed.success) return this.#end('error', 'its thread sent a message that is no reply');
    const reply = parsed.data;
    if (reply.type === 'ready') {
      const first = !this.#ready;
      this.#ready = true;
      if (first && this.#task !== null) this.#begin();
      return;
    }
    // A second reply to an earlier request says nothing of this one.
    if (reply.number !== this.#task?.number) return;
    const { kind, input } = this.#task.request;
    if (reply.type === 'loaded') {
      this.#loadedKinds.add(kind);
      if (input === null) this.#settle({ type: 'loaded' });
      else this.#limitVerdict();
      return;
    }
    if (reply.type === 'failed') this.#settle({ type: 'error', reason: reply.reason });
    else this.#settle({ type: 'verdict', verdict: reply.verdict, milliseconds: reply.milliseconds });
  }

  #settle(outcome: Outcome): void {
    const task = this.#task;
    clearTimeout(this.#timer);
    this.#task = null;
    task?.settle(outcome);
  }

  #end(type: 'error' | 'timeout', reason: string): void {
    if (this.#over) return;
    this.#over = true;
    void this.#worker.terminate();
    this.#settle({ type, reason });
  }
}
