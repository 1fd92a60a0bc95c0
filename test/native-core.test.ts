// The C++ core's own tests (native/tests), for every instruction set of this machine, each as a test of its own here;
// and its generator against that of TypeScript, because a seed must mean the same draws on every engine.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../src/engine/native/addon.ts';
import { uniformAt } from '../src/random.ts';

const suffix = process.platform === 'win32' ? '.exe' : '';
const program = fileURLToPath(new URL(`../build/Release/core_tests${suffix}`, import.meta.url));
if (!existsSync(program)) {
  throw new Error(
    `The core's tests are not built (${program} is missing); run \`npm run build:native -- core_tests\`.`,
  );
}

function lines(...args: string[]): string[] {
  const { stdout, signal } = spawnSync(program, args, { encoding: 'utf8' });
  return [
    ...stdout.split('\n').filter((line) => line !== ''),
    ...(signal ? [`failed\tends\t${signal}`] : []),
  ];
}

describe('the native core', () => {
  const results = lines().map((line) => line.split('\t'));

  it.each(results)('%s: %s', (outcome, name, why) => {
    expect(outcome, `${name}: ${why}`).toBe('ok');
  });

  it('is tested on every instruction set that the engine may use', () => {
    const sets = results.flatMap(([, name]) => /^(\w+): every element of a product is/.exec(name)?.[1] ?? []);
    expect(sets).toEqual(loadAddon().instructionSets());
  });

  it('draws the uniforms that TypeScript draws, at positions of one word and of two', () => {
    const positions = [0, 1, 2, 1000, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 12345, 2 ** 53 - 1];
    for (const seed of [0n, 1n, 0x123456789abcdefn, 2n ** 63n, 2n ** 64n - 1n]) {
      const native = lines('uniforms', String(seed), ...positions.map(String)).map(Number);
      expect(native).toEqual(positions.map((position) => uniformAt(seed, position)));
    }
  });
});
