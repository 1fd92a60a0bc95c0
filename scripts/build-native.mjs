// npm run build:native: builds the C++ addon, or the program of binding.gyp that is named, where its sources are newer
// than it. Headers come from packages of the registry (node-api-headers), so nothing else is downloaded.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Targets of binding.gyp: the file that each makes and the folders whose sources go into it. */
const TARGETS = {
  guiderail: { product: 'guiderail.node', sources: ['native/core', 'native/binding'] },
  core_tests: { product: 'core_tests', sources: ['native/core', 'native/tests'] },
  kernel_bench: { product: 'kernel_bench', sources: ['native/core', 'bench/kernels'] },
};

/** When a source file of the folder was last changed, in milliseconds. */
function newestSource(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => /\.[ch]pp$/.test(name));
  return Math.max(...files.map((name) => statSync(join(folder, name)).mtimeMs));
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const COMPILER = {
  linux: 'install one with `apt install g++ make` (Debian, Ubuntu) or `dnf install gcc-c++ make` (Fedora)',
  darwin: 'install one with `xcode-select --install`',
  win32: 'install the Visual Studio Build Tools with "Desktop development with C++"',
};

function requireTools() {
  const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  if (
    process.platform !== 'win32' &&
    (!compilers.some((name) => works(name, '--version')) || !works('make', '--version'))
  ) {
    fail(
      `guiderail's native engine needs a C++20 compiler and make, and there is none; ${COMPILER[process.platform] ?? COMPILER.linux}.`,
    );
  }
  if (!['python3', 'python', 'py'].some((name) => works(name, '--version'))) {
    fail(
      'Building the native engine needs Python 3 for node-gyp (training does not); install it with your package manager.',
    );
  }
}

/**
 * A folder laid out as node-gyp expects Node's own headers, made of the headers package: only the C headers of
 * Node-API are used, and node-gyp itself wants two gyp includes to be there.
 */
function headersFolder() {
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const folder = join(root, 'build-headers');
  const include = join(folder, 'include', 'node');
  mkdirSync(include, { recursive: true });
  for (const name of readdirSync(headers)) {
    if (name.endsWith('.h'))
      writeFileSync(join(include, name), `#include "${join(headers, name).replaceAll('\\', '/')}"\n`);
  }
  writeFileSync(join(include, 'common.gypi'), '{}\n');
  writeFileSync(join(include, 'config.gypi'), JSON.stringify({ target_defaults: {}, variables: {} }));
  return folder;
}

/** The path of what the target makes. */
export function nativeProduct(target) {
  const suffix = process.platform === 'win32' && target !== 'guiderail' ? '.exe' : '';
  return join(root, 'build', 'Release', TARGETS[target].product + suffix);
}

export function buildNative(target = 'guiderail') {
  if (!Object.hasOwn(TARGETS, target)) {
    fail(`Expected one of ${Object.keys(TARGETS).join(', ')} to build, got ${target}.`);
  }
  const product = nativeProduct(target);
  const gyp = join(root, 'binding.gyp');
  const newest = Math.max(
    statSync(gyp).mtimeMs,
    ...TARGETS[target].sources.map((folder) => newestSource(join(root, folder))),
  );
  if (existsSync(product) && statSync(product).mtimeMs > newest) return;
  requireTools();
  process.stderr.write(`Building ${target === 'guiderail' ? 'the native engine' : target} …\n`);
  // make compiles only what changed; rebuilding all would be `node-gyp rebuild`.
  for (const step of [
    ['configure', `--nodedir=${headersFolder()}`],
    ['build', target, '--jobs=max'],
  ]) {
    const result = spawnSync('npx', ['node-gyp', ...step, '--silent'], {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (result.status === 0) continue;
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
    fail(
      `Could not build ${product}; the compiler's messages are above (it needs C++20: GCC 11, Clang 14 or newer).`,
    );
  }
  // Where make had nothing to do, the product is as new as it can be.
  utimesSync(product, new Date(), new Date());
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) buildNative(process.argv[2]);
