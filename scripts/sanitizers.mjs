// npm run check:sanitizers: the C++ core's tests with the address and undefined-behaviour sanitizers and, apart, with the
// thread sanitizer, and the engine's tests through an addon that was built with the former. Any report fails. Sources and
// flags are read from binding.gyp, so that a file added there is here as well; builds stand in build/sanitize-*. Arguments
// are those wanted, address or thread.
// It needs Linux and GCC with its sanitizers, and takes minutes, so that it is no part of npm test.
import { execSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CXX ?? 'g++';
const SANITIZERS = { address: 'address,undefined', thread: 'thread' };
/** No bit depends on how much is optimised. */
const FLAGS = ['-O2', '-g', '-fno-omit-frame-pointer'];
/**
 * Unless the caller's say otherwise. Fresh memory is filled with NaN, so that a number which was never written shows in
 * results.
 */
const ENVIRONMENT = {
  ASAN_OPTIONS:
    'detect_leaks=0:max_malloc_fill_size=1073741824:malloc_fill_byte=255:allow_user_segv_handler=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
};
/** Tests that reach the addon: golden numbers and conformance, exactness, and what happens to handles and threads. */
const ENGINE_TESTS = ['native', 'exactness', 'saving'].map((name) => `src/engine/native/${name}.test.ts`);

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** A library of the compiler's, by its whole path. */
function libraryPath(name) {
  const found = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' });
  const path = (found.stdout ?? '').trim();
  if (path.startsWith('/') && existsSync(path)) return path;
  return fail(
    `Expected ${compiler} to be GCC with its sanitizers on Linux, and it has no ${name}; install g++ (and libasan, ` +
      'libubsan and libtsan where they are packages of their own), or name another compiler in CXX.',
  );
}

const isComment = (line) => line.trimStart().startsWith('#');
/** binding.gyp, which is JSON but for lines of comments. */
const gyp = JSON.parse(
  readFileSync(join(root, 'binding.gyp'), 'utf8')
    .split('\n')
    .map((line) => (isComment(line) ? '' : line))
    .join('\n'),
);

/** A target with what its conditions add on this machine. */
function targetOf(name) {
  const target = gyp.targets.find(({ target_name }) => target_name === name);
  const parts = [target];
  for (const [condition, then, otherwise] of target.conditions ?? []) {
    const arch = /^target_arch=='(\w+)'$/.exec(condition)?.[1];
    if (arch === undefined)
      fail(`binding.gyp: expected a condition on target_arch, got ${condition} (${name}).`);
    parts.push(arch === process.arch ? then : (otherwise ?? {}));
  }
  const all = (key) => parts.flatMap((part) => part[key] ?? []);
  return {
    sources: all('sources'),
    cflags: all('cflags'),
    dependencies: all('dependencies'),
    defines: all('defines').map((define) => `-D${define}`),
    includes: all('include_dirs').map((folder) => {
      const command = /^<!\((.*)\)$/.exec(folder)?.[1];
      return `-isystem${command === undefined ? folder : execSync(command, { cwd: root, encoding: 'utf8' }).trim()}`;
    }),
  };
}

/** Sources of a target and of those it depends on, each with its flags. */
function compilationsOf(name) {
  const target = targetOf(name);
  const flags = [...target.cflags, ...target.defines, ...target.includes];
  const own = target.sources.map((source) => ({ source, flags }));
  return [...target.dependencies.flatMap(compilationsOf), ...own];
}

function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

const modified = (path) => statSync(path).mtimeMs;
/** When the newest of what every object depends on was changed: headers, the list of flags, this file. */
const newestHeader = Math.max(
  modified(join(root, 'binding.gyp')),
  modified(fileURLToPath(import.meta.url)),
  ...readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => name.endsWith('.hpp'))
    .map((name) => modified(join(root, 'native', name))),
);

/** Compiles what is older than its source, a few at a time, and links it. */
async function build(folder, target, product, flags, linkFlags) {
  const { cflags, cflags_cc } = gyp.target_defaults;
  const compilations = compilationsOf(target).map(({ source, flags: own }) => {
    const object = join(folder, source.replaceAll('/', '_').replace(/\.cpp$/, '.o'));
    return { source, object, args: [...cflags, ...cflags_cc, ...own, ...flags, '-c', source, '-o', object] };
  });
  const waiting = compilations.filter(
    ({ source, object }) =>
      !existsSync(object) || modified(object) < Math.max(newestHeader, modified(join(root, source))),
  );
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if ((await run(compiler, next.args)) !== 0)
        fail(`Could not compile ${next.source}; the messages are above.`);
    }
  };
  mkdirSync(folder, { recursive: true });
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const path = join(folder, product);
  const objects = compilations.map(({ object }) => object);
  if ((await run(compiler, [...objects, ...flags, ...linkFlags, '-pthread', '-o', path])) !== 0) {
    fail(`Could not link ${path}; the messages are above.`);
  }
  return path;
}

/** Runs something that a report of a sanitizer ends with another code than 0. */
async function check(what, command, args, environment = {}) {
  process.stdout.write(`sanitizers: ${what}\n`);
  const code = await run(command, args, { env: { ...ENVIRONMENT, ...process.env, ...environment } });
  if (code !== 0) fail(`sanitizers: ${what} failed (${code})`);
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SANITIZERS);
for (const name of wanted) {
  if (!Object.hasOwn(SANITIZERS, name)) {
    fail(`Expected some of ${Object.keys(SANITIZERS).join(', ')}, or nothing for all of them, got ${name}.`);
  }
  const kinds = SANITIZERS[name];
  libraryPath(name === 'thread' ? 'libtsan.so' : 'libubsan.so');
  const folder = join(root, 'build', `sanitize-${name}`);
  const flags = [...FLAGS, `-fsanitize=${kinds}`];
  process.stdout.write(`sanitizers: building with ${kinds}\n`);
  const tests = await build(folder, 'core_tests', 'core_tests', flags, []);
  await check(`tests of the core, ${kinds}`, tests, []);
  if (name !== 'address') continue;
  const addon = await build(folder, 'guiderail', 'guiderail.node', flags, ['-shared']);
  // node is not built with the sanitizer, so its library comes first; that of C++ before the first exception is thrown.
  const preloaded = ['libasan.so', 'libstdc++.so.6'].map(libraryPath).join(' ');
  await check(
    `tests of the engine, ${kinds}`,
    'npx',
    ['vitest', 'run', '--testTimeout=600000', ...ENGINE_TESTS],
    {
      LD_PRELOAD: preloaded,
      GUIDERAIL_ADDON: addon,
    },
  );
}
process.stdout.write('sanitizers: no report\n');
