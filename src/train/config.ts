// What a recipe may say. Each option is documented at its field (docs/recipes.md is made from that) with its
// default; unknown keys are refused by the schema (strictObject) and explained by the caller. Names of methods
// become values here and nowhere else: past train/compose.ts no code compares a mode string.
import { z } from 'zod';
import { promptOptionsSchema } from '../data/prompts.ts';
import { machinesConfigSchema } from '../data/synthetic/machines.ts';
import { engineConfigSchema, modelSchema } from './model-config.ts';
import { orderSchema, overlapSchema } from './order-config.ts';
import { verificationSchema } from './verification-config.ts';

const positiveInteger = z.number().int().positive();
const count = z.number().int().min(0);
const fraction = z.number().min(0).max(1);

/** A problem source: a JSONL file, or the synthetic family "machines". */
export const problemSourceSchema = z.union([
  z.strictObject({
    file: z.string().min(1).describe('JSONL file of problems, relative to the working directory.'),
    limit: positiveInteger.optional().describe('Use only the first n usable problems.'),
  }),
  z.strictObject({
    machines: machinesConfigSchema.describe('The synthetic family of problems to make, instead of a file.'),
    split: z.enum(['train', 'heldOut']).describe('Words of the two splits are disjoint.'),
    count: positiveInteger.describe('How many problems of the split to make.'),
  }),
]);

/** Several sources of training problems; with a weight each, or without any. */
const weightedSourceSchema = z.strictObject({
  from: problemSourceSchema.describe('As problems.train with one source.'),
  weight: z.number().positive().optional(),
});

const problemsSchema = z
  .strictObject({
    train: z
      .union([problemSourceSchema, z.array(weightedSourceSchema).min(1)])
      .describe(
        'Problems that are trained on: a source, or a list of {from: source, weight}. With weights, each source has exactly its share of the draws, in epochs of its own; without, they are one pool.',
      ),
    weights: z
      .record(z.string().min(1), z.number().positive())
      .optional()
      .describe(
        'Weights by the beginning of the source path that problems have, such as math/gsm8k, instead of weights in a list; the longest path counts.',
      ),
    order: orderSchema.describe('The order in which problems are drawn.'),
    heldOut: problemSourceSchema
      .optional()
      .describe('Problems of the evaluations; none means no evaluation.'),
    unusable: z
      .enum(['refuse', 'drop'])
      .default('refuse')
      .describe(
        'A row that cannot be used, or a prompt too long for the model: refuse to start, or drop and count it.',
      ),
    nearDuplicates: z
      .enum(['report', 'drop', 'refuse'])
      .default('report')
      .describe(
        'Training problems that repeat the text and the answer of an earlier one but for case, spaces and punctuation: say which, leave them out, or refuse to start. Exact repetitions are unusable rows.',
      ),
    overlap: overlapSchema.prefault({}),
  })
  .superRefine(({ train, weights }, context) => {
    if (!Array.isArray(train)) return;
    const weighted = train.filter(({ weight }) => weight !== undefined).length;
    if (weighted > 0 && weighted < train.length) {
      const message = `has a weight in ${weighted} of ${train.length} sources; give one to each of them or to none`;
      context.addIssue({ code: 'custom', path: ['train'], message });
    }
    if (weighted > 0 && weights !== undefined) {
      const message = 'are given by path here and by source in problems.train; leave one of them out';
      context.addIssue({ code: 'custom', path: ['weights'], message });
    }
  });

const samplingSchema = z.strictObject({
  k: z.number().int().min(2).default(8).describe('Rollouts of a group.'),
  groupsPerStep: positiveInteger.default(16).describe('Groups with signal that make a full batch.'),
  promptsPerRound: positiveInteger
    .optional()
    .describe('Problems drawn in one round of dynamic sampling; default groupsPerStep.'),
  maxRounds: positiveInteger
    .default(8)
    .describe('Rounds of one step at most; a batch still short after them is trained short, and said so.'),
  surplusMaxAgeSteps: count
    .default(1)
    .describe('Steps that surplus groups may wait before they are dropped; 0 drops them at once.'),
  temperature: z.number().positive().default(1).describe('Of sampling, and of the ratios in the loss.'),
  maxNewTokens: positiveInteger.describe('Longest response in tokens.'),
  stopStrings: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'A response ends when its text contains one of these, in training and in evaluations. The verifier sees the text before it; the tokens are trained on as sampled.',
    ),
});

const guidanceSchema = z.strictObject({
  strategy: z
    .enum(['none', 'whole', 'mixin', 'joint'])
    .default('joint')
    .describe(
      'none: groups of mixed results only (GRPO with dynamic sampling). whole, mixin: as the official Guide code. joint: plain failures and guided rows normalised together.',
    ),
  level: positiveInteger.default(1).describe('Hint level of the guided context.'),
  minEvidence: positiveInteger
    .optional()
    .describe('Rollouts with evidence that a failed group needs before it is guided; default k.'),
  retention: z
    .number()
    .min(0)
    .default(0.1)
    .describe('Weight of the likelihood term that retains guided ability; 0 for none.'),
  lift: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .describe('What guiderail hints lift --out wrote, relative to the working directory.'),
      above: z
        .number()
        .min(-1)
        .max(1)
        .default(0)
        .describe('A hint is used where it raises the share of right responses by more than this.'),
    })
    .optional()
    .describe(
      'Guides only with hints that were measured to help before training; others are as if they were not there.',
    ),
});

const shapingSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('With none, f(r) = r.') }),
    z.strictObject({
      kind: z.literal('constant'),
      gamma: z.number().positive().describe('With constant, f(r) = r / (r + gamma).'),
    }),
    z.strictObject({
      kind: z.literal('percentile'),
      quantile: fraction.describe(
        'With percentile, f(r) = r / (r + γ), where γ is this quantile of the ratios of the off-context rows of the minibatch.',
      ),
      perSequence: z
        .boolean()
        .default(false)
        .describe('true: γ per row, as the official code in effect has it.'),
    }),
    z.strictObject({
      kind: z.literal('power'),
      gamma: z.number().positive().describe('With power, f(r) = r ^ gamma.'),
    }),
  ])
  .default({ kind: 'constant', gamma: 0.1 });

const lossSchema = z.strictObject({
  clipLow: z
    .number()
    .positive()
    .max(1)
    .default(0.2)
    .describe('Ratios of on-context rows are clipped to [1 - clipLow, 1 + clipHigh].'),
  clipHigh: z.number().positive().default(0.2).describe('See clipLow.'),
  shaping: shapingSchema.describe('How the ratio of off-context rows enters the loss.'),
  aggregation: z
    .union([
      z.enum(['tokenMean', 'sequenceMean']),
      z.strictObject({
        fixedLength: positiveInteger.describe(
          'Sums over tokens are divided by this length and the number of sequences.',
        ),
      }),
    ])
    .default('tokenMean')
    .describe('Batch-wide mean over tokens, over sequences, or over sequences of a fixed length.'),
  normalizeByStd: z
    .boolean()
    .default(true)
    .describe("Divide centred rewards by the group's standard deviation."),
});

export const optimizerSchema = z.strictObject({
  learningRate: z.number().positive().describe('Peak learning rate of AdamW.'),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe('How the learning rate goes from its peak to the end of the run.'),
  warmupSteps: count
    .default(0)
    .describe('Steps over which the learning rate rises from 0; all updates of a step have the same rate.'),
  finalFraction: fraction
    .default(0)
    .describe('The share of the learning rate that linear and cosine end at.'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('Decay of the first moment.'),
  beta2: z.number().min(0).lt(1).default(0.95).describe('Decay of the second moment.'),
  epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment.'),
  weightDecay: z.number().min(0).default(0).describe('Decoupled; of matrices only.'),
  maxGradNorm: z.number().positive().default(1).describe('Global gradient norm is clipped to this.'),
});

const evaluationSchema = z.strictObject({
  everySteps: positiveInteger
    .default(50)
    .describe(
      'Steps between evaluations; there is one before the first step and one after the last as well.',
    ),
  samples: positiveInteger.default(8).describe('Samples of each problem.'),
  passAt: z
    .array(positiveInteger)
    .min(1)
    .default([1, 8])
    .describe('k of the pass@k figures; each at most `samples`.'),
  temperature: z.number().min(0).default(1).describe('Of sampling in evaluations; 0 is greedy.'),
  topK: count
    .default(0)
    .describe(
      'Evaluations sample among the so many most likely tokens; 0 for all. Training always samples from the whole distribution.',
    ),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Then among the fewest most likely that have this share of the probability; 1 for all.'),
  minP: fraction
    .default(0)
    .describe("Then among those with at least this share of the most likely token's probability; 0 for all."),
  guided: z.boolean().default(true).describe('Also evaluate with the hint of `guidance.level` in context.'),
});

export const checkpointSchema = z.strictObject({
  everySteps: positiveInteger
    .default(50)
    .describe('Steps between checkpoints; there is one at the end as well.'),
  keep: positiveInteger.default(2).describe('Newest checkpoints kept.'),
});

export const trainRecipeSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes and underscores')
      .describe('Run directory is runs/<name> unless --out says otherwise.'),
    seed: count.default(1).describe('Names every random draw of the run.'),
    steps: positiveInteger.describe('Training steps: each samples a batch and updates on it.'),
    tokenBudget: positiveInteger
      .optional()
      .describe('Stop after the step in which this many tokens have been sampled in all.'),
    engine: engineConfigSchema.prefault({}),
    model: modelSchema,
    problems: problemsSchema,
    prompt: promptOptionsSchema.prefault({}),
    sampling: samplingSchema,
    verification: verificationSchema.prefault({}),
    guidance: guidanceSchema.prefault({}),
    loss: lossSchema.prefault({}),
    optimizer: optimizerSchema,
    minibatches: positiveInteger.default(2).describe('Minibatches, and so updates, of one step.'),
    evaluation: evaluationSchema.prefault({}),
    checkpoint: checkpointSchema.prefault({}),
    maxBadSteps: positiveInteger
      .default(10)
      .describe(
        'Stop after this many updates in a row were refused for non-finite numbers, or steps in a row had no group.',
      ),
    record: z
      .strictObject({
        rolloutsEverySteps: count
          .default(1)
          .describe('Write every rollout of every n-th step to rollouts/; 0 for never.'),
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
        message: `asks for pass@${tooLarge} from ${samples} samples; raise evaluation.samples to at least ${tooLarge} or leave ${tooLarge} out`,
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
    const { format, parts } = recipe.verification;
    if (
      parts !== undefined &&
      parts.format > 0 &&
      !format.thinkTags &&
      !format.boxed &&
      format.pattern === undefined
    ) {
      context.addIssue({
        code: 'custom',
        path: ['verification', 'parts', 'format'],
        message:
          'rewards a form that verification.format does not ask for; set verification.format or leave it out',
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
export type ProblemsConfig = z.output<typeof problemsSchema>;
export type ModelConfig = z.output<typeof modelSchema>;

/** Shape of a model that warm-up starts from nothing. */
const initialShapeSchema = z.strictObject({
  family: z
    .enum(['llama', 'qwen2', 'qwen3'])
    .default('llama')
    .describe('qwen2 has biases on queries, keys and values; qwen3 normalises queries and keys.'),
  hiddenSize: positiveInteger.describe('Width of the residual stream.'),
  intermediateSize: positiveInteger.describe('Width of the feed-forward layers.'),
  layers: positiveInteger.describe('Decoder layers.'),
  heads: positiveInteger.describe('Query heads.'),
  keyValueHeads: positiveInteger.describe('Key and value heads; divides heads.'),
  headDim: positiveInteger.describe('Width of a head; even.'),
  maxSequenceLength: positiveInteger.describe('Longest sequence, prompt and response together, in tokens.'),
  initializerRange: z
    .number()
    .positive()
    .default(0.02)
    .describe('Standard deviation of the initial matrices; widths under about 100 want 0.1.'),
});

export const sftRecipeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'must be letters, digits, dots, dashes and underscores')
    .describe('Run directory is runs/<name> unless --out says otherwise.'),
  seed: count.default(1).describe('Names every random draw of the run.'),
  steps: positiveInteger.describe('Updates.'),
  batchSize: positiveInteger.describe('Demonstrations of one update.'),
  engine: engineConfigSchema.prefault({}),
  model: z
    .union([
      modelSchema,
      z.strictObject({
        initialize: initialShapeSchema.describe(
          'A new model of this shape, with the vocabulary of demonstrations.machines.',
        ),
      }),
    ])
    .describe('What is fine-tuned.'),
  demonstrations: z
    .union([
      z.strictObject({
        machines: machinesConfigSchema.describe(
          'Worked responses of the synthetic family, half of them with the hint in the prompt.',
        ),
      }),
      z.strictObject({
        file: z
          .string()
          .min(1)
          .describe('JSONL file of {messages | prompt, response}, relative to the working directory.'),
      }),
    ])
    .describe('What is imitated.'),
  optimizer: optimizerSchema,
  checkpoint: checkpointSchema.prefault({}),
  maxBadSteps: positiveInteger
    .default(10)
    .describe('Stop after this many updates in a row were refused for non-finite numbers.'),
});

export type SftRecipe = z.output<typeof sftRecipeSchema>;
