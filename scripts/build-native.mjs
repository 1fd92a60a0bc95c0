// npm run build:native: builds the C++ addon where its sources are newer than it. Headers come from packages of
// the registry (node-api-headers), so nothing else is downloaded.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, 'build', 'Release', 'guiderail.node');

function newest(path) {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
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

export function buildNative() {
  const sources = [join(root, 'binding.gyp'), join(root, 'native')];
  if (existsSync(addon) && statSync(addon).mtimeMs > Math.max(...sources.map(newest))) return;
  requireTools();
  process.stderr.write('Building the native engine …\n');
  const result = spawnSync('npx', ['node-gyp', 'rebuild', '--silent', `--nodedir=${headersFolder()}`], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
    fail(
      "Could not build the native engine; the compiler's messages are above (it needs C++20: GCC 11, Clang 14 or newer).",
    );
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) buildNative();
