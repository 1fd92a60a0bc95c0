// How the children of each kind are started: which script, and what it may read. Nothing else in the sandbox knows
// where files are.
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LaunchOrder, LayerName } from './layers.ts';
import { pythonSnapshot } from './python-snapshot.ts';

export type ChildKind = 'python' | 'javascript';
/** What a child is for: a program of a model, or the tests that judge one. They never share a child. */
export type ChildRole = 'program' | 'checker';

/** The scripts that hold what runs inside the interpreter. */
const TEXTS: Readonly<Record<ChildKind, readonly string[]>> = {
  python: ['realm', 'python-harness', 'python-values', 'python-runtime', 'python-checker'],
  javascript: ['javascript-harness', 'javascript-values', 'javascript-assert'],
};

/** How a child of a kind is started, and what it may read: its scripts, its interpreter, and their manifests. */
export async function orderOf(
  kind: ChildKind,
  role: ChildRole,
  layers: ReadonlySet<LayerName>,
): Promise<LaunchOrder> {
  const { folder, root } = builtScripts();
  const script = join(folder, `${kind}-child.js`);
  const manifests = ancestors(folder, root).map((path) => join(path, 'package.json'));
  const scripts = ['channel', 'memory-cap', 'protocol', ...TEXTS[kind]].map((name) =>
    join(folder, `${name}.js`),
  );
  const require = createRequire(import.meta.url);
  const packageFolder = (name: string) => realpathSync(dirname(require.resolve(`${name}/package.json`)));
  if (kind === 'python') {
    const pyodide = packageFolder('pyodide');
    const descriptor = await pythonSnapshot(join(folder, 'python-snapshot-child.js'), pyodide);
    return {
      script,
      args: [pyodide, role],
      descriptor,
      readable: [...scripts, ...manifests, join(pyodide, sep)],
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
