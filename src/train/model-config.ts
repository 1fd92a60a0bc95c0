// What a recipe may say of the model and of what computes it. Documented at the fields, as all of train/config.ts.
import { z } from 'zod';
import { LORA_TARGETS } from '../model/adapter.ts';

const positiveInteger = z.number().int().positive();

/** Which engine computes. */
export const engineConfigSchema = z.strictObject({
  kind: z
    .enum(['native', 'reference'])
    .default('native')
    .describe(
      'native: the C++ addon. reference: readable TypeScript in float64, for tiny models and as an oracle.',
    ),
  dtype: z
    .enum(['fp32', 'bf16'])
    .default('fp32')
    .describe(
      'Of the factors that the linear layers of the native engine multiply. bf16 rounds them to 8 bits and is about twice as fast where the processor multiplies such pairs; weights, moments, sums, attention and softmax are float32 in both.',
    ),
  threads: positiveInteger
    .optional()
    .describe('Threads of the native engine; default: the cores this process may use. Changes no result.'),
  activationBudgetMiB: positiveInteger
    .default(1024)
    .describe(
      'Memory that the native engine may use for activations between forward and backward; what is over is computed again. Changes no result.',
    ),
});

const adapterSchema = z.strictObject({
  rank: positiveInteger.describe('Rank of the two matrices that stand beside each adapted weight.'),
  alpha: z
    .number()
    .positive()
    .describe('What an adapter adds is multiplied by alpha / rank; twice the rank is a usual choice.'),
  targets: z
    .array(z.enum(LORA_TARGETS))
    .min(1)
    .default([...LORA_TARGETS])
    .describe('Linear layers that get one.'),
});

/** The model that is trained, and whether all of it. */
export const modelSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .describe(
      'The base model: a folder in Hugging Face layout or a GGUF file, relative to the working directory.',
    ),
  adapter: adapterSchema
    .optional()
    .describe(
      'Trains low-rank adapters (LoRA) beside weights that stay as they are. Checkpoints hold a PEFT adapter folder; the trained model is exported with the adapter merged.',
    ),
});

export type EngineConfig = z.output<typeof engineConfigSchema>;
