import { describe, expect, it } from 'vitest';
import type { MemoryPlan, Sampler } from '../engine/engine.ts';
import { EngineError } from '../errors.ts';
import { trainRecipeSchema } from './config.ts';
import { checkedPlan, describePlan, workloadOf } from './memory.ts';

const recipe = (guidance: object) =>
  trainRecipeSchema.parse({
    name: 'x',
    steps: 1,
    model: { folder: 'm' },
    problems: { train: { file: 'p' } },
    sampling: { k: 4, groupsPerStep: 6, promptsPerRound: 10, maxNewTokens: 32 },
    guidance,
    minibatches: 4,
    optimizer: { learningRate: 1e-4 },
    evaluation: { samples: 3, passAt: [1] },
  });

describe('the work of a recipe', () => {
  it('samples a round or an evaluation, whichever is more, and trains the rows of one minibatch', () => {
    // 6 groups in 4 minibatches: 2 at most.
    const plain = workloadOf(recipe({ strategy: 'none' }), 20, 0);
    expect(plain).toEqual({
      sampled: 40,
      sampledPrompts: 10,
      trained: 8,
      trainedPrompts: 2,
      promptTokens: 20,
      newTokens: 32,
    });
    expect(workloadOf(recipe({ strategy: 'none' }), 20, 30)).toMatchObject({
      sampled: 90,
      sampledPrompts: 30,
    });
  });

  it('a joint group has twice the rows, and retention a row in the hinted context for each guided one', () => {
    expect(workloadOf(recipe({ strategy: 'joint', retention: 0 }), 20, 0)).toMatchObject({
      trained: 16,
      trainedPrompts: 2,
    });
    expect(workloadOf(recipe({ strategy: 'joint', retention: 0.1 }), 20, 0)).toMatchObject({
      trained: 24,
      trainedPrompts: 4,
    });
    expect(workloadOf(recipe({ strategy: 'mixin', retention: 0.1 }), 20, 0)).toMatchObject({
      trained: 16,
      trainedPrompts: 4,
    });
  });
});

describe('a memory plan', () => {
  const plan: MemoryPlan = {
    parts: [
      { name: 'weights', bytes: 2 ** 29 },
      { name: 'activations', bytes: 2 ** 30 },
    ],
    bytes: 3 * 2 ** 29,
    availableBytes: 3 * 2 ** 29,
  };
  const planning = (answer: MemoryPlan) => ({ planMemory: () => answer }) as unknown as Sampler;
  const work = workloadOf(recipe({}), 20, 0);

  it('is told by its parts', () => {
    expect(describePlan(plan)).toBe('weights 512 MiB, activations 1.0 GiB: 1.5 GiB in all');
    expect(checkedPlan(planning(plan), work)).toBe(
      'Memory at most: weights 512 MiB, activations 1.0 GiB: 1.5 GiB in all.',
    );
    expect(checkedPlan({} as Sampler, work)).toBeNull();
  });

  it('that does not fit is refused with what it takes, what there is and what to do', () => {
    const tight = planning({ ...plan, availableBytes: plan.bytes - 1 });
    expect(() => checkedPlan(tight, work)).toThrow(EngineError);
    expect(() => checkedPlan(tight, work)).toThrow(
      /1\.5 GiB that .* takes weights 512 MiB.*activationBudgetMiB.*model\.adapter/,
    );
    expect(() => checkedPlan(tight, { ...work, trained: 0 })).toThrow(/bf16 or shorter responses/);
  });
});
