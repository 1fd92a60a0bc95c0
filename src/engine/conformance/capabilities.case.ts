// What an engine declares, it does; what it does not declare, it refuses in a sentence.
import { expect } from 'vitest';
import { EngineError } from '../../errors.ts';
import { LORA_TARGETS } from '../../model/adapter.ts';
import type { ModelSpec } from '../engine.ts';
import type { Check } from './bench.case.ts';
import {
  TRAINING,
  accumulate,
  expectSame,
  expectWithin,
  exportedWeights,
  goldenFolder,
  logprobsOf,
  openModel,
  unevenCotangents,
} from './bench.case.ts';

const SEQUENCES = [
  { promptTokens: Int32Array.of(5, 17, 2), responseTokens: Int32Array.of(8, 21, 0) },
  { promptTokens: Int32Array.of(31), responseTokens: Int32Array.of(7) },
];
const MODEL: ModelSpec = {
  folder: goldenFolder('qwen2'),
  head: 'lm',
  adapter: { kind: 'none' },
  trainable: true,
};
const LORA: ModelSpec = {
  ...MODEL,
  adapter: { kind: 'lora', rank: 4, alpha: 8, targets: LORA_TARGETS, seed: 1 },
};

export function capabilityChecks(check: Check): void {
  check('a value head regresses to its targets, or is refused', async (bench) => {
    const spec: ModelSpec = { ...MODEL, head: 'value' };
    if (!bench.engine.capabilities.valueHead) {
      await expect(bench.engine.open(spec)).rejects.toThrow(EngineError);
      return;
    }
    const model = await bench.engine.open(spec);
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      const pass = await model.forward(SEQUENCES, { gradient: true, want: { values: true }, temperature: 1 });
      // ½(value − target)², with targets that differ by sequence and token.
      const errors = pass.values!.map((row, i) => row.map((value, t) => value - (i - 0.5 * t)));
      losses.push(errors.reduce((sum, row) => sum + row.reduce((a, error) => a + error * error, 0) / 2, 0));
      await model.backward(pass, { values: errors });
      await model.step({ ...TRAINING, learningRate: 1e-2, weightDecay: 0 });
    }
    expect(losses.at(-1)).toBeLessThan(losses[0] / 10);
  });

  check('a LoRA model starts as its base and learns without moving it, or is refused', async (bench) => {
    if (!bench.engine.capabilities.lora) {
      await expect(bench.engine.open(LORA)).rejects.toThrow(EngineError);
      return;
    }
    const base = await openModel(bench, MODEL.folder, false);
    const expected = await logprobsOf(base, SEQUENCES);
    const model = await bench.engine.open({ ...LORA, sharesBaseWith: base });
    expectSame(bench, false, await logprobsOf(model, SEQUENCES), expected, 'before training: sequence');
    for (let step = 0; step < 3; step++) {
      await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
      expect((await model.step(TRAINING)).applied).toBe(true);
    }
    expect((await logprobsOf(model, SEQUENCES))[0]).not.toEqual(expected[0]);
    expectSame(bench, true, await logprobsOf(base, SEQUENCES), expected, 'the base after training: sequence');
  });

  check('a LoRA model exports the weights it computes with, or is refused', async (bench) => {
    if (!bench.engine.capabilities.lora) {
      await expect(bench.engine.open(LORA)).rejects.toThrow(EngineError);
      return;
    }
    const model = await bench.engine.open(LORA);
    await accumulate(model, SEQUENCES, unevenCotangents(SEQUENCES));
    await model.step({ ...TRAINING, learningRate: 1e-2 });
    await exportedWeights(bench, model, 'merged');
    const merged = await openModel(bench, `${bench.folder}/merged`, false);
    const expected = await logprobsOf(model, SEQUENCES);
    for (const [i, row] of (await logprobsOf(merged, SEQUENCES)).entries()) {
      expectWithin(row, expected[i], bench.tolerances.mergedLogprobs, `sequence ${i}`);
    }
  });

  check('gradients of entropies are taken, or refused', async (bench) => {
    const model = await openModel(bench, MODEL.folder);
    const entropies = unevenCotangents(SEQUENCES).logprobs!;
    if (!bench.engine.capabilities.entropyGradient) {
      await expect(accumulate(model, SEQUENCES, { entropies })).rejects.toThrow(EngineError);
      return;
    }
    await accumulate(model, SEQUENCES, { entropies });
    expect((await model.step(TRAINING)).gradNorm).toBeGreaterThan(1e-3);
  });

  check('the engine describes itself in one line', async (bench) => {
    expect(bench.engine.name).toMatch(/^[a-z]+$/);
    expect(bench.engine.description).toMatch(/^.+$/);
  });
}
