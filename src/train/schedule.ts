// Learning-rate schedules: pure functions from the index of an update to a rate.
import type { OptimizerConfig } from './config.ts';
import type { AdamWUpdate } from '../engine/engine.ts';

/** Share of the peak rate at progress 0..1 after warm-up, before the floor is applied. */
const SHAPES: Record<OptimizerConfig['schedule'], (progress: number) => number> = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
};

/**
 * The learning rate of step `step` (from 0) of `steps`: rises linearly over warmupSteps (step w - 1 is the
 * first at full rate), then follows the schedule down to finalFraction at the last step.
 */
export function learningRateAt(config: OptimizerConfig, step: number, steps: number): number {
  const { learningRate, warmupSteps, finalFraction } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (config.schedule === 'constant') return learningRate;
  const span = Math.max(1, steps - 1 - warmupSteps);
  const share = SHAPES[config.schedule](Math.min(1, (step - warmupSteps) / span));
  return learningRate * (finalFraction + (1 - finalFraction) * share);
}

export function adamwUpdate(config: OptimizerConfig, step: number, steps: number): AdamWUpdate {
  const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = config;
  return {
    learningRate: learningRateAt(config, step, steps),
    beta1,
    beta2,
    epsilon,
    weightDecay,
    maxGradNorm,
  };
}
