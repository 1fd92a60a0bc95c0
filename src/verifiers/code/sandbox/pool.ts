// Warm sandbox children of one kind, lent out one at a time and taken back: those that a program left worn are
// ended and replaced. The children are the processes' only resource here; the pool ends them with the process.
import { createRequire } from 'node:module';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SandboxChild } from './child.ts';
import { pythonSnapshot } from './python-snapshot.ts';
import { ALL_LAYERS, type LaunchOrder, type LayerName } from './layers.ts';

export type ChildKind = 'python' | 'javascript';
/** What a child is for: a program of a model, or the tests that judge one. They never share a child. */
export type ChildRole = 'program' | 'checker';

export interface PoolOptions {
  /** Children at once. */
  readonly size: number;
  readonly layers?: ReadonlySet<LayerName>;
}

export class SandboxPool {
  readonly #order: () => Promise<LaunchOrder>;
  readonly #size: number;
  readonly #idle: SandboxChild[] = [];
  readonly #all = new Set<SandboxChild>();
  readonly #waiting: ((child: SandboxChild | Error) => void)[] = [];
  #starting = 0;
  #closed = false;

  constructor(kind: ChildKind, role: ChildRole, { size, layers = ALL_LAYERS }: PoolOptions) {
    this.#order = () => orderOf(kind, role, layers);
    this.#size = size;
    process.once('exit', () => this.close());
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

  /** Starts all children now, so that the first program does not wait for one. */
  async warm(): Promise<void> {
    const missing = this.#size - this.#all.size - this.#starting;
    for (const child of await Promise.all(Array.from({ length: missing }, () => this.#start()))) {
      this.#takeBack(child);
    }
  }

  close(): void {
    this.#closed = true;
    for (const child of this.#all) child.kill();
    this.#all.clear();
    this.#idle.length = 0;
    for (const waiting of this.#waiting.splice(0)) waiting(new Error('The sandboxes were closed.'));
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
    } finally {
      this.#starting--;
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

/** How a child of a kind is started, and what it may read: its scripts, its interpreter, and their manifests. */
export async function orderOf(
  kind: ChildKind,
  role: ChildRole,
  layers: ReadonlySet<LayerName>,
): Promise<LaunchOrder> {
  const { folder, root } = builtScripts();
  const script = join(folder, `${kind}-child.js`);
  const manifests = ancestors(folder, root).map((path) => join(path, 'package.json'));
  const scripts = ['channel', 'memory-cap', 'protocol', `${kind}-harness`].map((name) =>
    join(folder, `${name}.js`),
  );
  const require = createRequire(import.meta.url);
  const packageFolder = (name: string) => realpathSync(dirname(require.resolve(`${name}/package.json`)));
  if (kind === 'python') {
    const pyodide = packageFolder('pyodide');
    const snapshot = await pythonSnapshot(join(folder, 'python-snapshot-child.js'), pyodide);
    return {
      script,
      args: [pyodide, role, snapshot],
      readable: [...scripts, ...manifests, join(pyodide, sep), snapshot],
      layers,
    };
  }
  const quickjs = packageFolder('quickjs-emscripten');
  const modules = dirname(quickjs);
  const packages = ['quickjs-emscripten', 'quickjs-emscripten-core', '@jitl'].map((name) =>
    join(modules, name, sep),
  );
  const library = realpathSync(require.resolve('quickjs-emscripten'));
  return { script, args: [library, role], readable: [...scripts, ...manifests, ...packages], layers };
}

/** The compiled scripts, also where this module itself runs from its source. */
function builtScripts(): { folder: string; root: string } {
  const here = dirname(fileURLToPath(import.meta.url));
  const inSource = `${sep}src${sep}verifiers${sep}code${sep}sandbox`;
  const folder = here.endsWith(inSource)
    ? join(here.slice(0, -inSource.length), 'dist', 'verifiers', 'code', 'sandbox')
    : here;
  if (!existsSync(join(folder, 'python-child.js'))) {
    throw new Error(`Expected the sandbox's scripts in ${folder}; run npm run build.`);
  }
  const real = realpathSync(folder);
  return { folder: real, root: join(real, '..', '..', '..', '..') };
}

function ancestors(folder: string, root: string): string[] {
  const found = [folder];
  for (let path = folder; path !== root && dirname(path) !== path; path = dirname(path))
    found.push(dirname(path));
  return found;
}
