// Loads the built addon in Node 24, which the npm package node@24 brings, and lets it sample, score and train. The
// addon uses Node-API only, so the binary built for this Node must run there unchanged.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'guiderail-node24-'));
const program = `
  const { createNativeEngine } = await import(${JSON.stringify(join(root, 'dist/engine/native/native.js'))});
  const engine = createNativeEngine();
  const model = await engine.open({ folder: ${JSON.stringify(join(root, 'test/fixtures/micro-base'))}, head: 'lm', adapter: { kind: 'none' }, trainable: true });
  const promptTokens = Int32Array.of(3, 4, 5);
  const request = { promptTokens, maxNewTokens: 8, temperature: 1, stopTokens: [], seed: 7n };
  const [sampled] = await Array.fromAsync(model.sample([request]));
  const pass = await model.forward([{ promptTokens, responseTokens: sampled.tokens }], { gradient: true, want: { logprobs: true }, temperature: 1 });
  if (!pass.logprobs[0].every((value, t) => value === sampled.logprobs[t])) throw new Error('sampling and scoring differ');
  await model.backward(pass, { logprobs: [new Float64Array(8).fill(-1)] });
  const { applied, gradNorm } = await model.step({ learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 });
  if (!applied || !(gradNorm > 0)) throw new Error('the update was not applied');
  await engine.close();
  process.stdout.write('Node ' + process.versions.node + ' runs the addon: sample, forward, backward, step (' + engine.instructionSet + ').\\n');
`;
try {
  const install = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', 'node@24'],
    { stdio: ['ignore', 2, 2] },
  );
  if (install.status !== 0) throw new Error('npm could not install node@24');
  const node = join(folder, 'node_modules', 'node', 'bin', 'node');
  const run = spawnSync(node, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
  if (run.status !== 0) throw new Error('the addon does not work in Node 24; its messages are above');
} catch (error) {
  process.stderr.write(`smoke-node24: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
