// Inside the reference engine, where float64 is not yet rounded by an export: logits, gradients and weights
// against PyTorch as tightly as float64 allows.
import { describe, expect, it } from 'vitest';
import {
  FAMILIES,
  expectWithin,
  goldenFolder,
  goldenSequences,
  readGolden,
} from '../conformance/bench.case.ts';
import { readModelFolder } from '../../model/folder.ts';
import { parameterTable } from '../../model/shape.ts';
import { adamwStep, clipFactor, gradientNorm } from './adamw.ts';
import {
  emptyCache,
  emptyTrace,
  logitsBackward,
  logitsForward,
  positionForward,
  sequenceBackward,
} from './decoder.ts';
import { distributionBackward } from './distribution.ts';
import type { Tensors } from './weights.ts';
import { decoderWeights, readWeights, zerosLike } from './weights.ts';

const CLOSE = { absolute: 1e-12, relative: 1e-11, reason: 'float64, other order of sums' };
const AFTER_TEN_STEPS = {
  absolute: 1e-11,
  relative: 1e-9,
  reason: 'rounding grows where a second moment is near 0',
};

describe.each(FAMILIES)('%s', (family) => {
  async function open() {
    const golden = await readGolden(family);
    const folder = await readModelFolder(goldenFolder(family));
    const { shape } = folder;
    const weights = await readWeights(folder);
    const tree = decoderWeights(shape, weights);
    const sequences = goldenSequences(golden);
    /** The gradients of one golden case at the present weights. */
    const gradientsAt = (temperature: number, entropies: boolean): Tensors => {
      const gradients = zerosLike(parameterTable(shape));
      const gradientTree = decoderWeights(shape, gradients);
      sequences.forEach(({ promptTokens, responseTokens }, i) => {
        const cache = emptyCache(shape);
        const trace = emptyTrace(shape, cache);
        for (const token of [...promptTokens, ...responseTokens])
          positionForward(shape, tree, token, cache, trace);
        const dFinal = trace.final_T_H.map((final, t) => {
          const r = t - (promptTokens.length - 1);
          if (r < 0 || r >= responseTokens.length) return new Float64Array(shape.hiddenSize);
          const dLogits = distributionBackward(
            logitsForward(shape, tree, final),
            temperature,
            responseTokens[r],
            golden.logprobCoefficients[i][r],
            entropies ? golden.entropyCoefficients[i][r] : 0,
          );
          return logitsBackward(shape, tree, final, dLogits, gradientTree);
        });
        sequenceBackward(shape, tree, trace, dFinal, gradientTree);
      });
      return gradients;
    };
    return { golden, shape, weights, tree, gradientsAt };
  }

  it('logits of every position', async () => {
    const { golden, shape, tree } = await open();
    for (const { promptTokens, responseTokens, logits } of golden.sequences) {
      const cache = emptyCache(shape);
      const actual = [...promptTokens, ...responseTokens].map((token) =>
        logitsForward(shape, tree, positionForward(shape, tree, token, cache, null)),
      );
      actual.forEach((row, t) => expectWithin(row, logits[t], CLOSE, `logits at position ${t}`));
      expect(actual).toHaveLength(logits.length);
    }
  });

  it('every number of the gradients, and their norm', async () => {
    const { golden, gradientsAt } = await open();
    for (const expected of golden.gradients) {
      const gradients = gradientsAt(expected.temperature, expected.entropies);
      for (const [name, gradient] of gradients) {
        expectWithin(gradient, expected.gradients[name], CLOSE, `gradient of ${name}`);
      }
      expectWithin([gradientNorm(gradients)], [expected.norm], CLOSE, 'norm');
    }
  });

  it('weights after ten steps of AdamW with clipping', async () => {
    const { golden, shape, weights, gradientsAt } = await open();
    const table = parameterTable(shape);
    const [first, second] = [zerosLike(table), zerosLike(table)];
    const { update, steps } = golden.training;
    for (const [i, { gradNorm }] of steps.entries()) {
      const gradients = gradientsAt(1, false);
      const norm = gradientNorm(gradients);
      expectWithin([norm], [gradNorm], AFTER_TEN_STEPS, `norm of step ${i}`);
      adamwStep(
        table,
        weights,
        gradients,
        first,
        second,
        i + 1,
        clipFactor(norm, update.maxGradNorm),
        update,
      );
    }
    for (const [name, data] of weights) {
      const expected = golden.training.weights[name];
      const actual = expected.indices.map((index) => data[index]);
      expectWithin(actual, expected.entries, AFTER_TEN_STEPS, `trained ${name}`);
      const sum = data.reduce((a, b) => a + b, 0);
      expectWithin([sum], [expected.sum], { ...AFTER_TEN_STEPS, absolute: 1e-9 }, `sum of trained ${name}`);
    }
  });
});
