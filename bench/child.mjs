// A process that answers each line of input with a line: the kernels' program and the peers. So each side keeps what
// it loaded while they take turns, and only one computes at a time.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Threads of either side wait in a loop for more work for a moment; until then they would take the other's time. */
const SETTLE_MS = 5;

export class Child {
  #process;
  #lines;
  #failure = '';
  #name;

  /** @param name for the sentence that says it failed. */
  constructor(name, command, args) {
    this.#name = name;
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: tmpdir() });
    this.#process.on('error', (error) => (this.#failure += `${error.message}\n`));
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.on('data', (data) => (this.#failure = `${this.#failure}${data}`.slice(-4000)));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** The next line it writes. */
  async read() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#name} ended early:\n${this.#failure.trim()}`);
    return value;
  }

  async ask(question) {
    await sleep(SETTLE_MS);
    this.#process.stdin.write(`${question}\n`);
    return this.read();
  }

  /** Lets it end. */
  close() {
    this.#process.stdin.end();
  }
}
