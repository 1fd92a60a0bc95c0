// An engine against PyTorch: log-probs, entropies, every number of the gradients, and ten steps of AdamW, for
// each family.
import { expect } from 'vitest';
import type { Bench, Check, Family } from './bench.case.ts';
import {
  FAMILIES,
  accumulate,
  accumulatedGradients,
  arraysOf,
  expectWithin,
  exportedWeights,
  goldenFolder,
  goldenSequences,
  openModel,
  readGolden,
} from './bench.case.ts';

async function checkScores(bench: Bench, family: Family, quantity: 'logprobs' | 'entropies'): Promise<void> {
  const golden = await readGolden(family, bench.golden);
  const model = await openModel(bench, goldenFolder(family), false);
  for (const [k, { temperature }] of golden.sequences[0].scored.entries()) {
    const pass = await model.forward(goldenSequences(golden), {
      gradient: false,
      want: { [quantity]: true },
      temperature,
    });
    golden.sequences.forEach(({ scored }, i) => {
      const where = `${quantity} of sequence ${i} at temperature ${temperature}`;
      expectWithin(pass[quantity]![i], scored[k][quantity], bench.tolerances[quantity], where);
    });
    pass.release();
  }
}

async function checkGradients(bench: Bench, family: Family, entropies: boolean): Promise<void> {
  const golden = await readGolden(family, bench.golden);
  const expected = golden.gradients.find((one) => one.entropies === entropies)!;
  const model = await openModel(bench, goldenFolder(family));
  const cotangents = {
    logprobs: arraysOf(golden.logprobCoefficients),
    ...(entropies ? { entropies: arraysOf(golden.entropyCoefficients) } : {}),
  };
  await accumulate(model, goldenSequences(golden), cotangents, expected.temperature);
  const gradients = await accumulatedGradients(bench, model, 'gradients');
  expect([...gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
  for (const [name, gradient] of gradients) {
    expectWithin(gradient, expected.gradients[name], bench.tolerances.gradients, `gradient of ${name}`);
  }
}

async function checkTraining(bench: Bench, family: Family): Promise<void> {
  const golden = await readGolden(family, bench.golden);
  const model = await openModel(bench, goldenFolder(family));
  const norms: number[] = [];
  for (let step = 0; step < golden.training.steps.length; step++) {
    await accumulate(model, goldenSequences(golden), { logprobs: arraysOf(golden.logprobCoefficients) });
    const result = await model.step(golden.training.update);
    expect(result.applied).toBe(true);
    norms.push(result.gradNorm);
  }
  const expectedNorms = golden.training.steps.map(({ gradNorm }) => gradNorm);
  expectWithin(norms, expectedNorms, bench.tolerances.gradientNorms, 'gradient norm of step');
  for (const [name, data] of await exportedWeights(bench, model, 'trained')) {
    const expected = golden.training.weights[name];
    const actual = [
      Float64Array.from(data).reduce((sum, w) => sum + w, 0),
      Math.sqrt(Float64Array.from(data).reduce((sum, w) => sum + w * w, 0)),
      ...expected.indices.map((index) => data[index]),
    ];
    const numbers = [expected.sum, expected.norm, ...expected.entries];
    expectWithin(
      actual,
      numbers,
      bench.tolerances.trainedWeights,
      `sum, norm and entries of trained ${name}`,
    );
  }
}

export function goldenChecks(check: Check): void {
  for (const family of FAMILIES) {
    check(`${family}: log-probs equal PyTorch's`, (bench) => checkScores(bench, family, 'logprobs'));
    check(`${family}: entropies equal PyTorch's`, (bench) => checkScores(bench, family, 'entropies'));
    check(`${family}: gradients of log-probs equal PyTorch's`, (bench) =>
      checkGradients(bench, family, false),
    );
    check(`${family}: gradients of log-probs and entropies at temperature 0.7 equal PyTorch's`, (bench) =>
      checkGradients(bench, family, true),
    );
    check(`${family}: ten steps of AdamW follow PyTorch's`, (bench) => checkTraining(bench, family));
  }
}
