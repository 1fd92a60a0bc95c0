// What a recipe may say of grading: the format gate, the parts of a reward, verifiers of one's own, limits. Documented at the
// fields, as all of train/config.ts.
import { z } from 'zod';
import { DEFAULT_LIMITS } from '../verifiers/pool.ts';

const isRegularExpression = (text: string) => {
  try {
    return Boolean(new RegExp(text, 's'));
  } catch {
    return false;
  }
};

const formatSchema = z.strictObject({
  thinkTags: z
    .boolean()
    .default(false)
    .describe(
      'The response must have one </think> with thoughts before it and an answer behind it, and <think> at its very beginning unless the prompt ends with it.',
    ),
  boxed: z.boolean().default(false).describe('The answer must be in `\\boxed{…}`.'),
  pattern: z
    .string()
    .min(1)
    .refine(isRegularExpression, { error: 'must be a regular expression' })
    .optional()
    .describe('The response must match this regular expression; a dot matches line ends too.'),
});

const partsSchema = z.strictObject({
  correctness: z.number().positive().default(1).describe('Reward for a correct response.'),
  format: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Reward for a response that passes the format gate, correct or not; asks for verification.format.',
    ),
});

export const verificationSchema = z.strictObject({
  format: formatSchema
    .prefault({})
    .describe(
      'A gate before the verifier: a response that does not pass it is malformed, and no verifier sees it.',
    ),
  parts: partsSchema
    .optional()
    .describe(
      'Makes the reward a sum of named parts, each recorded. Guidance looks at verdicts and never at rewards.',
    ),
  custom: z
    .record(z.string().regex(/^[\w-]+$/), z.string().min(1))
    .default({})
    .describe(
      'Verifiers of your own: modules, relative to the working directory, by the kind that problems name (CONTRIBUTING.md says what a module exports).',
    ),
  timeoutSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(DEFAULT_LIMITS.timeoutMs / 1000)
    .describe(
      'Time for one response. A verifier that takes longer is stopped; its rollout is left out and counted (graderTimeout).',
    ),
  memoryMiB: z
    .number()
    .int()
    .min(32)
    .default(DEFAULT_LIMITS.memoryMiB)
    .describe(
      'JavaScript heap for each response that is verified; with more, its rollout is left out and counted.',
    ),
  processes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('Responses verified at once; default: the cores this process may use. Changes no result.'),
});
