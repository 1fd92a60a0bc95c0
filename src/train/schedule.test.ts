import { describe, expect, test } from 'vitest';
import { optimizerSchema, type OptimizerConfig } from './config.ts';
import { adamwUpdate, learningRateAt } from './schedule.ts';

const config = (fields: Partial<OptimizerConfig>) => ({
  ...optimizerSchema.parse({ learningRate: 8 }),
  ...fields,
});
const rates = (fields: Partial<OptimizerConfig>, steps: number) =>
  Array.from({ length: steps }, (_, step) => learningRateAt(config(fields), step, steps));

describe('learningRateAt', () => {
  test('constant stays', () => {
    expect(rates({}, 3)).toEqual([8, 8, 8]);
  });

  test('warm-up rises in equal parts, from one part to the whole', () => {
    expect(rates({ warmupSteps: 4 }, 6)).toEqual([2, 4, 6, 8, 8, 8]);
  });

  test('linear falls in equal parts from the whole in the first step to nothing in the last', () => {
    expect(rates({ schedule: 'linear' }, 5)).toEqual([8, 6, 4, 2, 0]);
  });

  test('linear ends at the floor', () => {
    expect(rates({ schedule: 'linear', finalFraction: 0.5 }, 5)).toEqual([8, 7, 6, 5, 4]);
  });

  test('falls after the warm-up only', () => {
    expect(rates({ schedule: 'linear', warmupSteps: 2 }, 7)).toEqual([4, 8, 8, 6, 4, 2, 0]);
  });

  test('cosine: whole, half in the middle, nothing at the end; slow at both ends', () => {
    const [first, quarter, half, threeQuarters, last] = rates({ schedule: 'cosine' }, 5);
    expect([first, half, last]).toEqual([8, expect.closeTo(4, 12), expect.closeTo(0, 12)]);
    // (1 + cos 45°) / 2 = 0.853553…
    expect(quarter).toBeCloseTo(8 * 0.8535533905932737, 12);
    expect(threeQuarters).toBeCloseTo(8 * 0.14644660940672627, 12);
    expect(rates({ schedule: 'cosine', finalFraction: 0.25 }, 5).at(-1)).toBeCloseTo(2, 12);
  });

  test('a run of one step, or of the warm-up alone, has the whole rate in it', () => {
    expect(rates({ schedule: 'cosine' }, 1)).toEqual([8]);
    expect(rates({ schedule: 'linear', warmupSteps: 2 }, 2)).toEqual([4, 8]);
  });

  test('stays at the floor beyond the last step', () => {
    expect(learningRateAt(config({ schedule: 'linear', finalFraction: 0.5 }), 9, 5)).toBe(4);
  });
});

test('adamwUpdate takes the rate of the step and the rest as it is', () => {
  const fields = {
    schedule: 'linear',
    beta1: 0.1,
    beta2: 0.2,
    epsilon: 0.3,
    weightDecay: 0.4,
    maxGradNorm: 0.5,
  } as const;
  expect(adamwUpdate(config(fields), 1, 5)).toEqual({
    learningRate: 6,
    beta1: 0.1,
    beta2: 0.2,
    epsilon: 0.3,
    weightDecay: 0.4,
    maxGradNorm: 0.5,
  });
});
