// What a model takes of memory, counted before it is opened; and what it is planned to hold for given work against what
// its buffers hold at most, in a process of its own, because buffers are counted by the process.
import { spawnSync } from 'node:child_process';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../errors.ts';
import type { ModelShape } from '../../model/shape.ts';
import { LARGER } from '../conformance/bench.case.ts';
import type { Workload } from '../engine.ts';
import { availableMemory, modelBytes, requireMemory } from './memory.ts';

const NOTHING = { trainable: false, adapter: null };
const ALL = { trainable: true, adapter: null };

describe('the memory of a model', () => {
  // Embedding and output 2 · 700 · 32; each of 2 layers: queries, keys, values, out 32 · (32 + 16 + 16 + 32), gate, up and
  // down 3 · 32 · 48, two norms of 32; the last norm.
  const parameters = 2 * 700 * 32 + 2 * (32 * 96 + 3 * 32 * 48 + 2 * 32) + 32;
  const packed = 700 * 32 + 2 * (32 * 96 + 3 * 32 * 48);

  it('is counted: weights, copies of what is multiplied with, and where it trains gradients and two moments', () => {
    expect(modelBytes(LARGER, NOTHING, 'fp32')).toBe(4 * (parameters + packed));
    expect(modelBytes(LARGER, ALL, 'fp32')).toBe(4 * (4 * parameters + packed));
    expect(modelBytes(LARGER, NOTHING, 'bf16')).toBe(4 * parameters + 2 * packed);
    expect(modelBytes(LARGER, ALL, 'bf16')).toBe(16 * parameters + 4 * packed);
    // Rank 2 beside the queries of each of 2 layers: A 2 · 32, B 32 · 2.
    const adapter = { rank: 2, alpha: 4, targets: ['q_proj'] as const };
    expect(modelBytes(LARGER, { trainable: true, adapter }, 'fp32')).toBe(
      4 * (parameters + packed + 256 * 5),
    );
  });

  it('is bounded by what is free on Windows, and not on macOS, which calls little free', () => {
    expect(availableMemory('win32', 4096)).toBe(4096);
    expect(availableMemory('win32', Infinity)).toBeLessThanOrEqual(totalmem());
    expect(availableMemory('darwin', 4096)).toBe(availableMemory('win32', Infinity));
    expect(availableMemory('linux', 4096)).toBeGreaterThan(4096);
  });

  it('a model that does not fit is refused with what it needs, what there is and what to do', () => {
    const big = { ...LARGER, vocabularySize: 150_000, hiddenSize: 4096 };
    const needed = (modelBytes(big, ALL, 'fp32') / 2 ** 30).toFixed(1);
    requireMemory(big, ALL, 'fp32', 'models/big', modelBytes(big, ALL, 'fp32'));
    expect(() => requireMemory(big, ALL, 'fp32', 'models/big', 3 * 2 ** 30)).toThrow(
      new RegExp(
        `models/big .*1\\d{3}M parameters takes ${needed} GiB .* can have 3\\.0 GiB of .*; .*smaller model`,
      ),
    );
    expect(() =>
      requireMemory(big, NOTHING, 'fp32', 'models/big', modelBytes(big, NOTHING, 'fp32') - 1),
    ).toThrow(EngineError);
  });
});

/** Sampling and three updates of that work by a random model; the plan and the peak of the buffers, in bytes. */
function planAndPeak(shape: ModelShape, work: Workload, options: object, trainable: boolean, lora = false) {
  const built = (path: string) => JSON.stringify(new URL(`../../../dist/${path}`, import.meta.url).href);
  const program = `
    import { mkdtemp, rm } from 'node:fs/promises';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { loadAddon } from ${built('engine/native/addon.js')};
    import { createNativeEngine } from ${built('engine/native/native.js')};
    import { writeModelFolder } from ${built('model/folder.js')};
    import { initializeModel } from ${built('model/initialize.js')};
    const [shape, work, options, trainable, lora] = ${JSON.stringify([shape, work, options, trainable, lora])};
    const dir = await mkdtemp(join(tmpdir(), 'guiderail-plan-'));
    await writeModelFolder(join(dir, 'model'), shape, initializeModel(shape, 1));
    const engine = createNativeEngine(options);
    const adapter = lora ? { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'up_proj', 'down_proj'], seed: 1 } : { kind: 'none' };
    const model = await engine.open({ folder: join(dir, 'model'), head: 'lm', adapter, trainable });
    await rm(dir, { recursive: true });
    const plan = model.planMemory(work);
    loadAddon().memoryUse();
    const tokens = (length, n) => Int32Array.from({ length }, (_, i) => (7 * i + 31 * n) % shape.vocabularySize);
    for (let round = 0; round < 3; round++) {
      const requests = Array.from({ length: work.sampled }, (_, i) => ({
        promptTokens: tokens(work.promptTokens, i % work.sampledPrompts), maxNewTokens: work.newTokens, temperature: 1,
        stopTokens: [], seed: BigInt(i) }));
      for await (const _ of model.sample(requests));
      if (!trainable) continue;
      const sequences = Array.from({ length: work.trained }, (_, i) => ({
        promptTokens: tokens(work.promptTokens, Math.floor((i * work.trainedPrompts) / work.trained)),
        responseTokens: tokens(work.newTokens, i) }));
      const pass = await model.forward(sequences, { gradient: true, want: { logprobs: true, entropies: true }, temperature: 1 });
      await model.backward(pass, { logprobs: pass.logprobs.map((row) => row.map(() => 1)) });
      await model.step({ learningRate: 1e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 });
    }
    process.stdout.write(JSON.stringify({ plan, peak: loadAddon().memoryUse().peakBytes }));
    await engine.close();
  `;
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  });
  expect(ended.stderr).toBe('');
  return JSON.parse(ended.stdout) as {
    plan: { bytes: number; parts: { name: string; bytes: number }[] };
    peak: number;
  };
}

describe('a memory plan', () => {
  const shape: ModelShape = {
    ...LARGER,
    vocabularySize: 3000,
    hiddenSize: 128,
    intermediateSize: 352,
    layers: 4,
    heads: 4,
    keyValueHeads: 2,
    headDim: 32,
    maxSequenceLength: 1024,
  };
  const work = {
    sampled: 64,
    sampledPrompts: 8,
    trained: 64,
    trainedPrompts: 8,
    promptTokens: 60,
    newTokens: 40,
  };
  const cases: [string, ModelShape, Workload, object, boolean, boolean?][] = [
    ['activations kept', shape, work, {}, true],
    ['activations kept, bf16', shape, work, { dtype: 'bf16' }, true],
    ['activations computed again', shape, work, { activationBudgetMiB: 4 }, true],
    ['an adapter', shape, work, { dtype: 'bf16' }, true, true],
    [
      'queries and keys normed, tied',
      { ...shape, family: 'qwen3', qkNorm: true, tiedEmbeddings: true },
      work,
      {},
      true,
    ],
    [
      'long prompts',
      shape,
      { ...work, promptTokens: 700, newTokens: 20, sampledPrompts: 4, trainedPrompts: 4 },
      { dtype: 'bf16' },
      true,
    ],
    ['a prompt for each response', shape, { ...work, sampledPrompts: 64, trainedPrompts: 64 }, {}, true],
    [
      'sampling alone',
      shape,
      { ...work, trained: 0, trainedPrompts: 0, newTokens: 200 },
      { dtype: 'bf16' },
      false,
    ],
  ];
  it.each(cases)('is within a tenth of what is held at most: %s', (_, ...given) => {
    const { plan, peak } = planAndPeak(...given);
    const said = `planned ${plan.bytes}, held ${peak}: ${JSON.stringify(plan.parts)}`;
    expect(Math.abs(plan.bytes / peak - 1), said).toBeLessThan(0.1);
  });
});
