// A host as the pool sees it: a process that takes one request at a time and says how it came out, always. It knows
// nothing of queues or of limits, which the host keeps: so however busy this process is, no limit is broken by it.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../errors.ts';
import type { HostSettings, Outcome, VerifyRequest } from './pool-messages.ts';

// Hosts run JavaScript. From the sources, as in tests, it is that of the build.
const HOST = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/verifiers/pool-host.js' : './pool-host.js',
    import.meta.url,
  ),
);

export class PoolProcess {
  readonly #child: ChildProcess;
  readonly #onOver: () => void;
  #settle: ((outcome: Outcome) => void) | null = null;
  #over = false;

  /** @param onOver called once when this can take no more requests, before the outcome of its request is said. */
  constructor(settings: HostSettings, onOver: () => void) {
    this.#onOver = onOver;
    this.#child = fork(HOST, [JSON.stringify(settings)], {
      // A Ctrl-C at the terminal is for the run, which may finish its step; hosts end when it does.
      detached: true,
      execArgv: [],
      // What a verifier prints goes to standard error, since standard output is that of a command; what V8 says of a
      // crash goes nowhere, since the verdict says it.
      stdio: ['ignore', 2, 'ignore', 'ipc'],
    });
    this.#child.on('message', (outcome: Outcome) => this.#take(outcome));
    this.#child.on('error', (error) => this.#end(`its process failed: ${messageOf(error)}`));
    this.#child.on('exit', (code, signal) => this.#end(exitSentence(code, signal)));
    this.#hold(false);
  }

  get idle(): boolean {
    return this.#settle === null && !this.#over;
  }

  /** Only when idle. */
  run(request: VerifyRequest): Promise<Outcome> {
    return new Promise((settle) => {
      this.#settle = settle;
      this.#hold(true);
      this.#child.send(request, (error) => {
        if (error !== null) this.#end(`its process cannot be reached: ${messageOf(error)}`);
      });
    });
  }

  /** Ends the process; its request, if it has one, came out as an error. */
  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    const ended =
      exitCode === null && signalCode === null && pid !== undefined ? once(this.#child, 'exit') : null;
    this.#end('the verifiers were closed');
    this.#child.ref();
    await ended;
  }

  #take(outcome: Outcome): void {
    // Some work of V8, such as with large integers, goes on in a thread that was told to end.
    if (outcome.type === 'timeout') this.#over ||= this.#kill();
    const settle = this.#settle;
    this.#settle = null;
    this.#hold(false);
    settle?.(outcome);
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = this.#kill();
    this.#take({ type: 'error', reason });
  }

  #kill(): true {
    this.#onOver();
    this.#child.kill('SIGKILL');
    return true;
  }

  /** Whether this process stays for the host: while it works, and not while it waits. */
  #hold(busy: boolean): void {
    if (busy) {
      this.#child.ref();
      this.#child.channel?.ref();
    } else {
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }
}

function exitSentence(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null
    ? `its process ended with exit code ${code}`
    : `its process was ended by ${signal}, as when one allocation is far over the limit of memory`;
}
