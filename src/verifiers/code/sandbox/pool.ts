// Warm sandbox children of one kind, lent out one at a time and taken back: those that a program left worn are
// ended and replaced. The children are the only resource here; the pool ends them with the process. It does not
// know what runs in them.
import { SandboxChild } from './child.ts';
import type { LaunchOrder } from './layers.ts';

export class SandboxPool {
  readonly #order: () => Promise<LaunchOrder>;
  readonly #size: number;
  readonly #idle: SandboxChild[] = [];
  readonly #all = new Set<SandboxChild>();
  readonly #waiting: ((child: SandboxChild | Error) => void)[] = [];
  #starting = 0;
  #closed = false;
  readonly #onExit = () => this.close();

  /** `order` says how a child is started, `size` how many there are at once. */
  constructor(order: () => Promise<LaunchOrder>, size: number) {
    this.#order = order;
    this.#size = size;
    process.once('exit', this.#onExit);
  }

  /**
   * Lends a child to `work`. Rejects where no child can be started. WebAssembly memory does not shrink, so a child
   * that once was granted more than `memoryBytes` could not be held to them, and is replaced.
   */
  async lend<T>(memoryBytes: number, work: (child: SandboxChild) => Promise<T>): Promise<T> {
    let child = await this.#lease();
    if (child.grantedBytes > memoryBytes) {
      this.#discard(child);
      child = await this.#start();
    }
    try {
      return await work(child);
    } catch (error) {
      child.worn = true; // whatever it was doing, it may still be doing it
      throw error;
    } finally {
      this.#takeBack(child);
    }
  }

  close(): void {
    this.#closed = true;
    process.off('exit', this.#onExit);
    for (const child of this.#all) child.kill();
    this.#all.clear();
    this.#idle.length = 0;
    this.#refuse(new Error('The sandboxes were closed.'));
  }

  async #lease(): Promise<SandboxChild> {
    if (this.#closed) throw new Error('The sandboxes were closed.');
    for (let child = this.#idle.pop(); child !== undefined; child = this.#idle.pop()) {
      if (child.usable) return child;
      this.#discard(child);
    }
    if (this.#all.size + this.#starting < this.#size) return this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.push((child) => {
        if (child instanceof Error) reject(child);
        else resolve(child);
      });
    });
  }

  async #start(): Promise<SandboxChild> {
    this.#starting++;
    try {
      const child = await SandboxChild.start(await this.#order());
      this.#all.add(child);
      if (this.#closed) child.kill();
      return child;
    } catch (error) {
      // Where none is left and none can be started, nobody would ever come for those that wait.
      if (this.#all.size === 0 && this.#starting === 1) this.#refuse(error);
      throw error;
    } finally {
      this.#starting--;
    }
  }

  #refuse(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #takeBack(child: SandboxChild): void {
    if (child.usable && !this.#closed) {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(child);
      else next(child);
      return;
    }
    this.#discard(child);
    const next = this.#waiting.shift();
    if (this.#closed) return;
    // A replacement is started at once: a program that waits gets it, and otherwise the next one finds it warm.
    this.#start().then(
      (fresh) => (next === undefined ? this.#takeBack(fresh) : next(fresh)),
      (error: unknown) => next?.(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #discard(child: SandboxChild): void {
    child.kill();
    this.#all.delete(child);
  }
}
