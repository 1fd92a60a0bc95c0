// The native engine against the reference engine on shapes that no golden file has.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  accumulate,
  accumulatedGradients,
  expectWithin,
  makeModel,
  openModel,
  unevenCotangents,
} from '../src/engine/conformance/bench.case.ts';
import type { Cotangents, Engine, ScoredSequence } from '../src/engine/engine.ts';
import { AWKWARD, sequencesOf } from '../src/engine/native/awkward.case.ts';
import { createNativeEngine } from '../src/engine/native/native.ts';
import { createReferenceEngine } from '../src/engine/reference/reference.ts';
import { TOLERANCES } from '../src/engine/tolerances.ts';

it.each(Object.entries(AWKWARD))('gradients, whether prompts are shared or not: %s', async (_, shape) => {
  const folder = await mkdtemp(join(tmpdir(), 'guiderail-agree-'));
  /** The gradients that the calls add up to. */
  const gradientsOf = async (
    name: string,
    engine: Engine,
    calls: readonly { sequences: readonly ScoredSequence[]; cotangents: Cotangents }[],
  ) => {
    const bench = { engine, tolerances: TOLERANCES.float32, folder };
    const model = await openModel(bench, await makeModel(bench, name, shape));
    for (const { sequences, cotangents } of calls) await accumulate(model, sequences, cotangents);
    const gradients = await accumulatedGradients(bench, model, `${name}-export`);
    await engine.close();
    return gradients;
  };
  const sequences = sequencesOf(shape, 14, 40);
  const cotangents = unevenCotangents(sequences);
  const all = [{ sequences, cotangents }];
  const each = sequences.map((sequence, i) => ({
    sequences: [sequence],
    cotangents: { logprobs: [cotangents.logprobs![i]] },
  }));
  const expected = await gradientsOf('reference', createReferenceEngine(), all);
  const together = await gradientsOf('together', createNativeEngine({ threads: 2 }), all);
  const apart = await gradientsOf('apart', createNativeEngine({ threads: 2 }), each);
  expect(expected.size).toBeGreaterThan(0);
  for (const [name, gradient] of expected) {
    const size = Math.max(...gradient.map(Math.abs));
    const tolerance = { absolute: 2e-5 * size, relative: 1e-4, reason: 'float32 sums of thousands of terms' };
    expectWithin(together.get(name)!, gradient, tolerance, `together: ${name}`);
    expectWithin(apart.get(name)!, gradient, tolerance, `apart: ${name}`);
  }
  await rm(folder, { recursive: true, force: true });
});
