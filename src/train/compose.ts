// From a validated recipe to the values the loop works with. The only place where the names of methods are
// compared; everything past it holds functions and objects.
import { resolve } from 'node:path';
import { fixedLength, sequenceMean, tokenMean, type Aggregation } from '../algorithms/aggregation.ts';
import {
  constantShaping,
  percentileShaping,
  powerShaping,
  unshaped,
  type Shaping,
} from '../algorithms/shaping.ts';
import { guideJoint } from '../guidance/guide-joint.ts';
import { guideMixin } from '../guidance/guide-mixin.ts';
import { guideWhole } from '../guidance/guide-whole.ts';
import { noGuidance } from '../guidance/no-guidance.ts';
import { withRetention } from '../guidance/retention.ts';
import type { GuidanceStrategy } from '../guidance/strategy.ts';
import type { BatchSettings } from '../rollout/collect-batch.ts';
import type { AdapterSpec } from '../engine/engine.ts';
import type { PoolOptions } from '../verifiers/pool.ts';
import type { ModelConfig, TrainRecipe } from './config.ts';
import type { PolicyObjective } from './update.ts';

export function strategyOf(recipe: TrainRecipe): GuidanceStrategy {
  const { strategy: name, level, retention } = recipe.guidance;
  const minEvidence = recipe.guidance.minEvidence ?? recipe.sampling.k;
  const strategies = {
    none: () => noGuidance({ minEvidence }),
    whole: () => guideWhole({ minEvidence, level }),
    mixin: () => guideMixin({ minEvidence, level }),
    joint: () => guideJoint({ minEvidence, level }),
  };
  const strategy = strategies[name]();
  return retention > 0 ? withRetention(strategy) : strategy;
}

/** What is trained of the model: all of it, or an adapter whose start the run's seed names. */
export function adapterOf(model: ModelConfig, seed: number): AdapterSpec {
  return model.adapter === undefined ? { kind: 'none' } : { kind: 'lora', ...model.adapter, seed };
}

export function objectiveOf(recipe: TrainRecipe): PolicyObjective {
  const { clipLow, clipHigh, normalizeByStd } = recipe.loss;
  return {
    clipLow,
    clipHigh,
    normalizeByStd,
    shaping: shapingOf(recipe.loss.shaping),
    aggregation: aggregationOf(recipe.loss.aggregation),
    retentionWeight: recipe.guidance.retention,
  };
}

export function batchSettingsOf(recipe: TrainRecipe): BatchSettings {
  const { k, groupsPerStep, promptsPerRound, maxRounds, surplusMaxAgeSteps } = recipe.sampling;
  return {
    k,
    groupsPerStep,
    promptsPerRound: promptsPerRound ?? groupsPerStep,
    maxRounds,
    surplusMaxAgeSteps,
  };
}

/** Modules of custom verifiers are found from the working directory, as every path of a recipe. */
export function poolOptionsOf({ verification }: Pick<TrainRecipe, 'verification'>): PoolOptions {
  const { custom, timeoutSeconds, memoryMiB, processes } = verification;
  return {
    custom: Object.fromEntries(Object.entries(custom).map(([kind, path]) => [kind, resolve(path)])),
    timeoutMs: timeoutSeconds * 1000,
    memoryMiB,
    ...(processes !== undefined && { size: processes }),
  };
}

function shapingOf(config: TrainRecipe['loss']['shaping']): Shaping {
  switch (config.kind) {
    case 'none':
      return unshaped;
    case 'constant':
      return constantShaping(config.gamma);
    case 'percentile':
      return percentileShaping(config.quantile, { perSequence: config.perSequence });
    case 'power':
      return powerShaping(config.gamma);
  }
}

function aggregationOf(config: TrainRecipe['loss']['aggregation']): Aggregation {
  if (config === 'tokenMean') return tokenMean;
  if (config === 'sequenceMean') return sequenceMean;
  return fixedLength(config.fixedLength);
}
