import { describe, expect, test } from 'vitest';
import { TrainingError } from '../errors.ts';
import { fixedLength, sequenceMean, tokenMean } from './aggregation.ts';
import type { Aggregation } from './aggregation.ts';
import { likelihoodLoss, policyLoss } from './losses.ts';
import type { PolicyLossOptions, PolicyLossRow } from './losses.ts';
import { constantShaping, percentileShaping, unshaped } from './shaping.ts';

const options: PolicyLossOptions = { clipLow: 0.2, clipHigh: 0.2, shaping: unshaped, aggregation: tokenMean };

/** A row with these ratios exactly, as far as exp and log allow. */
function row(ratios: number[], advantage: number, offContext = false): PolicyLossRow {
  return {
    logprobs_T: Float64Array.from(ratios, (ratio) => Math.log(ratio) - 1),
    behaviourLogprobs_T: new Float64Array(ratios.length).fill(-1),
    advantage,
    offContext,
  };
}

const close = (actual: ArrayLike<number>, expected: number[]) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 12));
};

describe('on-context rows', () => {
  test('the four sides of the clip: only gains that were already taken lose their gradient', () => {
    // A > 0: above 1.2 clipped, below 0.8 not. A < 0: below 0.8 clipped, above 1.2 not.
    const result = policyLoss([row([1.5, 0.5], 2), row([1.5, 0.5], -2)], options);
    close(result.dLogprobs[0], [0, (-2 * 0.5) / 4]);
    close(result.dLogprobs[1], [(2 * 1.5) / 4, 0]);
    expect(result.loss).toBeCloseTo((-2 * 1.2 - 2 * 0.5 + 2 * 1.5 + 2 * 0.8) / 4, 12);
    expect(result.clipFraction).toBe(0.5);
    expect(result.lossOffContext).toBe(0);
  });

  test('on policy, the gradient is exactly −A times the weight and nothing is clipped', () => {
    const logprobs_T = Float64Array.from([-0.3, -2.7]);
    const onPolicy = { logprobs_T, behaviourLogprobs_T: logprobs_T, advantage: 3, offContext: false };
    const result = policyLoss([onPolicy], options);
    expect([...result.dLogprobs[0]]).toEqual([-1.5, -1.5]);
    expect([...result.ratios[0]]).toEqual([1, 1]);
    expect(result.clipFraction).toBe(0);
  });

  test('exactly on a boundary the gradient is half, and the token does not count as clipped', () => {
    for (const kink of [
      { ...options, clipLow: 0 },
      { ...options, clipHigh: 0 },
    ]) {
      const logprobs_T = Float64Array.from([-0.5]);
      const rows = [1, -1].map((advantage) => {
        return { logprobs_T, behaviourLogprobs_T: logprobs_T, advantage, offContext: false };
      });
      const result = policyLoss(rows, kink);
      expect(result.dLogprobs.map((d) => d[0])).toEqual([-0.25, 0.25]);
      expect(result.clipFraction).toBe(0);
    }
  });

  test('an advantage of 0 is no clipping, however far the ratio', () => {
    expect(policyLoss([row([5, 0.01], 0)], options).clipFraction).toBe(0);
  });

  test('the two sides of the clip are separate options', () => {
    const wide = policyLoss([row([1.25], 1)], { ...options, clipHigh: 0.28 });
    expect(wide.dLogprobs[0][0]).toBeCloseTo(-1.25, 12);
    const deep = policyLoss([row([0.75], -1)], { ...options, clipLow: 0.3 });
    expect(deep.dLogprobs[0][0]).toBeCloseTo(0.75, 12);
  });
});

describe('off-context rows', () => {
  test('are shaped and never clipped, and count in no clip fraction', () => {
    // γ = 0.1, r = 0.1: f = 1/2, slope = 0.1·0.1/0.04 = 1/4.
    const shaped = { ...options, shaping: constantShaping(0.1) };
    const result = policyLoss([row([0.1], 1, true), row([1.5], 1)], shaped);
    close(result.weights[0], [0.5]);
    close(result.dLogprobs[0], [-0.25 / 2]);
    expect(result.lossOffContext).toBeCloseTo(-0.5 / 2, 12);
    expect(result.lossOnContext).toBeCloseTo(-1.2 / 2, 12);
    expect(result.loss).toBe(result.lossOnContext + result.lossOffContext);
    expect(result.clipFraction).toBe(1);
    expect(policyLoss([row([9], 1, true)], shaped).clipFraction).toBe(0);
  });

  test('γ and weights are listed for off-context rows only, in their order', () => {
    const rows = [row([0.5], 1), row([0.2, 0.4], 1, true), row([0.5], -1), row([0.8], 1, true)];
    const result = policyLoss(rows, { ...options, shaping: percentileShaping(0.5, { perSequence: true }) });
    close(result.gammas, [0.3, 0.8]);
    close(result.weights[1], [0.5]);
    expect(result.ratios.length).toBe(4);
  });

  test('γ of the minibatch comes from off-context tokens, not from on-context ones', () => {
    const rows = [row([100, 100, 100], 1), row([0.2, 0.4, 0.9], 1, true)];
    close(policyLoss(rows, { ...options, shaping: percentileShaping(0.5) }).gammas, [0.4]);
  });
});

describe('the normaliser is that of the minibatch', () => {
  const rows = [row([1, 1.1], 1), row([0.9, 0.3, 0.5], 0.5, true), row([1.3], -1), row([0.7, 1, 1, 0.1], -2)];
  const aggregations: [string, Aggregation][] = [
    ['tokenMean', tokenMean],
    ['sequenceMean', sequenceMean],
    ['fixedLength', fixedLength(7)],
  ];
  test.each(aggregations)(
    '%s: two micro-batches with the weights and γ of the whole sum to the whole',
    (_, aggregation) => {
      const shaping = percentileShaping(0.9);
      const whole = policyLoss(rows, { ...options, shaping, aggregation });
      const weights_R = aggregation(rows.map((each) => each.logprobs_T.length));
      for (const cut of [1, 2, 3]) {
        const parts = [
          [0, cut],
          [cut, rows.length],
        ].map(([from, to]) =>
          policyLoss(rows.slice(from, to), {
            ...options,
            shaping: constantShaping(whole.gammas[0]),
            aggregation: () => weights_R.slice(from, to),
          }),
        );
        expect(parts[0].loss + parts[1].loss).toBeCloseTo(whole.loss, 14);
        expect(parts.flatMap((part) => part.dLogprobs)).toEqual(whole.dLogprobs);
      }
    },
  );

  test('and recomputed on each micro-batch it is not', () => {
    const whole = policyLoss(rows, options);
    const part = policyLoss(rows.slice(0, 1), options);
    expect(part.dLogprobs[0][0]).not.toBeCloseTo(whole.dLogprobs[0][0], 3);
  });
});

describe('what is not finite is not hidden', () => {
  const overflow = (advantage: number, offContext: boolean): PolicyLossRow => ({
    logprobs_T: Float64Array.from([-1]),
    behaviourLogprobs_T: Float64Array.from([-1000]),
    advantage,
    offContext,
  });
  test('a ratio of Infinity makes the gradient of an off-context row non-finite under every shaping', () => {
    for (const shaping of [unshaped, constantShaping(0.1), percentileShaping(0.9)]) {
      const result = policyLoss([overflow(1, true)], { ...options, shaping });
      expect(result.ratios[0][0]).toBe(Infinity);
      expect(Number.isFinite(result.dLogprobs[0][0])).toBe(false);
      expect(Number.isFinite(result.loss)).toBe(false);
    }
  });
  test('on context it is non-finite where the row has a gradient, and clipped where the clip holds', () => {
    expect(policyLoss([overflow(-1, false)], options).dLogprobs[0][0]).toBe(Infinity);
    const held = policyLoss([overflow(1, false)], options);
    expect(held.loss).toBeCloseTo(-1.2, 12);
    expect(held.dLogprobs[0][0]).toBe(0);
    expect(held.ratios[0][0]).toBe(Infinity);
  });
  test('a NaN log-prob reaches the gradient instead of passing as clipped', () => {
    const broken = { ...row([1], 1), logprobs_T: Float64Array.from([NaN]) };
    const result = policyLoss([broken], options);
    expect(result.dLogprobs[0][0]).toBeNaN();
    expect(result.loss).toBeNaN();
    expect(result.clipFraction).toBe(0);
  });
});

test('lengths that differ are refused with the row', () => {
  const broken = { ...row([1, 1], 1), behaviourLogprobs_T: new Float64Array(3) };
  expect(() => policyLoss([row([1], 1), broken], options)).toThrow(TrainingError);
  expect(() => policyLoss([row([1], 1), broken], options)).toThrow(/row 1 of the minibatch, got 3 and 2/);
});

test('an empty minibatch has loss 0', () => {
  expect(policyLoss([], options)).toMatchObject({ loss: 0, dLogprobs: [], clipFraction: 0 });
});

describe('likelihoodLoss', () => {
  const logprobs_RT = [Float64Array.from([-1, -2, -3]), Float64Array.from([-4])];
  test('is the weighted negative log-likelihood: (1 + 2 + 3 + 4) / 4 · 0.1', () => {
    const { loss, dLogprobs } = likelihoodLoss(logprobs_RT, { weight: 0.1, aggregation: tokenMean });
    expect(loss).toBeCloseTo(0.25, 14);
    close(dLogprobs[0], [-0.025, -0.025, -0.025]);
    close(dLogprobs[1], [-0.025]);
  });
  test('takes the aggregation: by sequence it is ((2 + 4) / 2) · 0.1', () => {
    const { loss, dLogprobs } = likelihoodLoss(logprobs_RT, { weight: 0.1, aggregation: sequenceMean });
    expect(loss).toBeCloseTo(0.3, 14);
    close(dLogprobs[1], [-0.05]);
  });
  test('without rows is 0', () => {
    expect(likelihoodLoss([], { weight: 1, aggregation: tokenMean })).toEqual({ loss: 0, dLogprobs: [] });
  });
});
