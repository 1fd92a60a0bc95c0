// The bench still fits what it measures: `npm run bench` runs its sections that need nothing but the engine. Nothing
// about how long anything takes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../bench/main.mjs', import.meta.url));

function bench(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

it('prints a JSON line for each figure and a table for each section', () => {
  const { stdout, stderr, status } = bench(
    ...['--only', 'step,linear', '--models', 'tiny', '--dtypes', 'fp32', '--threads', '1', '--quick'],
  );
  expect(status, stderr).toBe(0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const records = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const steps = records.filter(({ section }) => section === 'step');
  expect(steps.map(({ variant }) => variant)).toEqual(['tiny', 'long prompt']);
  for (const step of steps) {
    expect(step).toMatchObject({ system: 'guiderail', dtype: 'fp32', completions: 16, newTokens: 64 });
    expect(step.endToEndTokensPerSecond).toBeGreaterThan(0);
    expect(step.peakMemoryMiB).toBeGreaterThan(10);
  }
  expect(records.filter(({ section }) => section === 'linear')).toHaveLength(4);
  expect(lines.filter((line) => line.startsWith('### '))).toHaveLength(4);
});

it('refuses a section that does not exist, with the ones that do', () => {
  const { stderr, status } = bench('--only', 'gem');
  expect(status).toBe(2);
  expect(stderr).toBe(
    'Expected --only of machine, gemm, generate, llama, train, step, linear, largest, got gem.\n',
  );
});
