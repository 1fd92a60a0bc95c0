// npm run check: format, typed lint, types, import direction and cycles, then the tests. The first failure stops it.
import { spawnSync } from 'node:child_process';

const steps = [
  ['format', 'npx', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['types', 'npx', ['tsc', '-b', 'tsconfig.build.json']],
  ['types of tests', 'npx', ['tsc', '-p', 'tsconfig.test.json']],
  ['lint', 'npx', ['eslint', '--max-warnings', '0', '.']],
  ['imports', 'npx', ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src']],
  ['tests', 'node', ['scripts/test.mjs']],
];
for (const [name, command, args] of steps) {
  if (process.argv.includes('--no-tests') && name === 'tests') continue;
  process.stdout.write(`check: ${name}\n`);
  const result = spawnSync(command, args, { stdio: 'inherit' });
  if (result.status !== 0) {
    process.stdout.write(`check: ${name} failed (${command} ${args.join(' ')})\n`);
    process.exit(result.status ?? 1);
  }
}
