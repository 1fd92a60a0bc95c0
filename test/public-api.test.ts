// The package as another project imports it: by its name, from what is built, with types.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'guiderail-user-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules', 'guiderail'), 'dir');
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(project, { recursive: true }));

const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });

test('a program gets losses, strategies and engines by name', () => {
  const program = `
    import { createNativeEngine, groupAdvantages, guideJoint, passAtK, policyLoss, tokenMean, unshaped } from 'guiderail';
    const engine = createNativeEngine({ threads: 1 });
    await engine.close();
    const [advantage] = groupAdvantages([1, 0], { normalizeByStd: false });
    const row = { logprobs_T: Float64Array.of(0), behaviourLogprobs_T: Float64Array.of(0), advantage, offContext: false };
    const options = { clipLow: 0.2, clipHigh: 0.2, shaping: unshaped, aggregation: tokenMean };
    process.stdout.write(JSON.stringify([engine.capabilities.exactLogprobs, typeof guideJoint, passAtK(2, 1, 1),
      policyLoss([row], options).loss]));`;
  const { stdout, stderr } = run('--input-type=module', '--eval', program);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([true, 'function', 0.5, -0.5]);
});

test('a verifier of one’s own is held to its type', () => {
  const verifier = (kind: string) => `
    import type { Verifier } from 'guiderail';
    const verify: Verifier['verify'] = async ({ response }) => ({ kind: '${kind}', reason: response, extracted: null });
    export default verify;`;
  writeFileSync(join(project, 'right.ts'), verifier('correct'));
  writeFileSync(join(project, 'misspelt.ts'), verifier('corect'));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2023',
    skipLibCheck: true,
  };
  const check = (file: string) => {
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
    return run(join(root, 'node_modules/typescript/bin/tsc'), '--project', '.');
  };
  expect(check('right.ts')).toMatchObject({ status: 0, stdout: '' });
  expect(check('misspelt.ts').stdout).toContain('"corect"');
}, 60_000);
