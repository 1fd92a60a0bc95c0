// Brings a checkout to a state in which it runs: checks Node, installs the locked packages and builds.
// Plain Node with no packages, since it runs before there are any. Does nothing that is already done.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildNative } from './build-native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** major.minor, from the only kind of range there is: >=20.19 */
const MINIMUM = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  .engines.node.replace('>=', '')
  .split('.')
  .map(Number);

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function run(what, command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0)
    fail(`Could not ${what}: \`${command} ${args.join(' ')}\` failed; its messages are above.`);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

export function setup() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    fail(
      `guiderail needs Node ${MINIMUM.join('.')} or newer, and this is ${process.versions.node}; install a current Node.`,
    );
  }
  if (modified(`${root}/node_modules/.package-lock.json`) < modified(`${root}/package-lock.json`)) {
    process.stderr.write('Installing packages …\n');
    run('install the packages', 'npm', ['ci', '--no-audit', '--no-fund']);
  }
  run('build', 'npx', ['tsc', '-b', 'tsconfig.build.json']);
  buildNative();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup();
