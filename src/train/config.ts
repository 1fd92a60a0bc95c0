// What a recipe may say. Each option is documented at its field with its default; unknown keys are refused by
// the schema (strictObject) and explained by the caller. Names of methods become values here and nowhere
// else: past train/compose.ts no code compares a mode string.
import { z } from 'zod';
import { promptOptionsSchema } from '../data/prompts.ts';
import { machinesConfigSchema } from '../data/synthetic/machines.ts';

const positiveInteger = z.number().int().positive();
const count = z.number().int().min(0);
const fraction = z.number().min(0).max(1);

/** Which engine computes. */
export const engineConfigSchema = z.strictObject({
  /** reference: readable TypeScript in float64, for tiny models and as an oracle. */
  kind: z.enum(['reference']).default('reference'),
});

/** A problem source: a JSONL file, or the synthetic family "machines". */
export const problemSourceSchema = z.union([
  z.strictObject({
    /** JSONL file of problems, relative to the working directory. */
    file: z.string().min(1),
    /** Use only the first n usable problems. */
    limit: positiveInteger.optional(),
  }),
  z.strictObject({
    machines: machinesConfigSchema,
    split: z.enum(['train', 'heldOut']),
    /** How many problems of the split to make. */
    count: positiveInteger,
  }),
]);

const problemsSchema = z.strictObject({
  train: problemSourceSchema,
  /** Problems of the evaluations; none means no evaluation. */
  heldOut: problemSourceSchema.optional(),
  /** A row that cannot be used, or a prompt too long for the model: refuse to start, or drop and count it. */
  unusable: z.enum(['refuse', 'drop']).default('refuse'),
});

const samplingSchema = z.strictObject({
  /** Rollouts of a group. */
  k: z.number().int().min(2).default(8),
  /** Groups with signal that make a full batch. */
  groupsPerStep: positiveInteger.default(16),
  /** Problems drawn in one round of dynamic sampling; default groupsPerStep. */
  promptsPerRound: positiveInteger.optional(),
  /** Rounds of one step at most; a batch still short after them is trained short, and said so. */
  maxRounds: positiveInteger.default(8),
  /** Steps that surplus groups may wait before they are dropped; 0 drops them at once. */
  surplusMaxAgeSteps: count.default(1),
  temperature: z.number().positive().default(1),
  maxNewTokens: positiveInteger,
});

const guidanceSchema = z.strictObject({
  /**
   * none: groups of mixed results only (GRPO with dynamic sampling). whole, mixin: as the official Guide
   * code. joint: plain failures and guided rows normalised together.
   */
  strategy: z.enum(['none', 'whole', 'mixin', 'joint']).default('joint'),
  /** Hint level of the guided context. */
  level: positiveInteger.default(1),
  /** Rollouts with evidence that a failed group needs before it is guided; default k. */
  minEvidence: positiveInteger.optional(),
  /** Weight of the likelihood term that retains guided ability; 0 for none. */
  retention: z.number().min(0).default(0.1),
});

const shapingSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('constant'), gamma: z.number().positive() }),
    z.strictObject({
      kind: z.literal('percentile'),
      quantile: fraction,
      /** true: γ per row, as the official code in effect has it. */
      perSequence: z.boolean().default(false),
    }),
    z.strictObject({ kind: z.literal('power'), gamma: z.number().positive() }),
  ])
  .default({ kind: 'constant', gamma: 0.1 });

const lossSchema = z.strictObject({
  /** Ratios of on-context rows are clipped to [1 - clipLow, 1 + clipHigh]. */
  clipLow: z.number().positive().max(1).default(0.2),
  clipHigh: z.number().positive().default(0.2),
  /** How the ratio of off-context rows enters the loss. */
  shaping: shapingSchema,
  /** Batch-wide mean over tokens, over sequences, or over sequences of a fixed length. */
  aggregation: z
    .union([z.enum(['tokenMean', 'sequenceMean']), z.strictObject({ fixedLength: positiveInteger })])
    .default('tokenMean'),
  /** Divide centred rewards by the group's standard deviation. */
  normalizeByStd: z.boolean().default(true),
});

export const optimizerSchema = z.strictObject({
  learningRate: z.number().positive(),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  /** Steps over which the learning rate rises from 0; all updates of a step have the same rate. */
  warmupSteps: count.default(0),
  /** The share of the learning rate that linear and cosine end at. */
  finalFraction: fraction.default(0),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.95),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
  /** Global gradient norm is clipped to this. */
  maxGradNorm: z.number().positive().default(1),
});

const evaluationSchema = z.strictObject({
  /** Steps between evaluations; there is one before the first step and one after the last as well. */
  everySteps: positiveInteger.default(50),
  samples: positiveInteger.default(8),
  /** k of the pass@k figures; each at most `samples`. */
  passAt: z.array(positiveInteger).min(1).default([1, 8]),
  temperature: z.number().min(0).default(1),
  /** Also evaluate with the hint of `guidance.level` in context. */
  guided: z.boolean().default(true),
});

export const checkpointSchema = z.strictObject({
  everySteps: positiveInteger.default(50),
  /** Newest checkpoints kept. */
  keep: positiveInteger.default(2),
});

export const trainRecipeSchema = z
  .strictObject({
    /** Run directory is runs/<name> unless --out says otherwise. */
    name: z.string().regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes and underscores'),
    seed: count.default(1),
    steps: positiveInteger,
    /** Stop after the step in which this many tokens have been sampled in all. */
    tokenBudget: positiveInteger.optional(),
    engine: engineConfigSchema.prefault({}),
    model: z.strictObject({
      /** A model folder in Hugging Face layout. */
      folder: z.string().min(1),
    }),
    problems: problemsSchema,
    prompt: promptOptionsSchema.prefault({}),
    sampling: samplingSchema,
    guidance: guidanceSchema.prefault({}),
    loss: lossSchema.prefault({}),
    optimizer: optimizerSchema,
    /** Minibatches, and so updates, of one step. */
    minibatches: positiveInteger.default(2),
    evaluation: evaluationSchema.prefault({}),
    checkpoint: checkpointSchema.prefault({}),
    /** Stop after this many updates in a row were refused for non-finite numbers, or steps in a row had no group. */
    maxBadSteps: positiveInteger.default(10),
    record: z
      .strictObject({
        /** Write every rollout of every n-th step to rollouts/; 0 for never. */
        rolloutsEverySteps: count.default(1),
      })
      .prefault({}),
  })
  .superRefine((recipe, context) => {
    const { samples, passAt } = recipe.evaluation;
    const tooLarge = passAt.find((k) => k > samples);
    if (tooLarge !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['evaluation', 'passAt'],
        message: `asks for pass@${tooLarge} from ${samples} samples; raise evaluation.samples to at least ${tooLarge}`,
      });
    }
    const { minEvidence } = recipe.guidance;
    if (minEvidence !== undefined && minEvidence > recipe.sampling.k) {
      context.addIssue({
        code: 'custom',
        path: ['guidance', 'minEvidence'],
        message: `is ${minEvidence}, more than the ${recipe.sampling.k} rollouts of a group (sampling.k), so nothing would ever be guided`,
      });
    }
    if (recipe.minibatches > recipe.sampling.groupsPerStep) {
      context.addIssue({
        code: 'custom',
        path: ['minibatches'],
        message: `is ${recipe.minibatches}, more than sampling.groupsPerStep (${recipe.sampling.groupsPerStep}); a minibatch needs at least one group`,
      });
    }
  });

export type TrainRecipe = z.output<typeof trainRecipeSchema>;
export type OptimizerConfig = z.output<typeof optimizerSchema>;
export type ProblemSource = z.output<typeof problemSourceSchema>;
export type EngineConfig = z.output<typeof engineConfigSchema>;

/** Shape of a model that warm-up starts from nothing. */
const initialShapeSchema = z.strictObject({
  family: z.enum(['llama', 'qwen2', 'qwen3']).default('llama'),
  hiddenSize: positiveInteger,
  intermediateSize: positiveInteger,
  layers: positiveInteger,
  heads: positiveInteger,
  keyValueHeads: positiveInteger,
  headDim: positiveInteger,
  maxSequenceLength: positiveInteger,
  /** Standard deviation of the initial matrices; widths under about 100 want 0.1. */
  initializerRange: z.number().positive().default(0.02),
});

export const sftRecipeSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes and underscores'),
  seed: count.default(1),
  steps: positiveInteger,
  /** Demonstrations of one update. */
  batchSize: positiveInteger,
  engine: engineConfigSchema.prefault({}),
  model: z.union([
    z.strictObject({ folder: z.string().min(1) }),
    z.strictObject({ initialize: initialShapeSchema }),
  ]),
  demonstrations: z.union([
    z.strictObject({ machines: machinesConfigSchema }),
    z.strictObject({
      /** JSONL file of {messages, response}. */
      file: z.string().min(1),
    }),
  ]),
  optimizer: optimizerSchema,
  checkpoint: checkpointSchema.prefault({}),
  maxBadSteps: positiveInteger.default(10),
});

export type SftRecipe = z.output<typeof sftRecipeSchema>;
