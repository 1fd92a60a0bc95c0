// What a recipe may say of the order in which problems are drawn, and of training problems that share text with
// evaluation problems.
import { z } from 'zod';

export const orderSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('shuffle').describe('shuffle: every problem once an epoch, in an order of its own.'),
    }),
    z.strictObject({
      kind: z
        .literal('passRate')
        .describe(
          'passRate: problems that the run has measured come less often the further their pass rate is from `target`; unmeasured ones, and those a hint rescued in their last draw, come every epoch.',
        ),
      target: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.5)
        .describe('With passRate: the pass rate that is drawn most.'),
      floor: z
        .number()
        .gt(0)
        .max(1)
        .default(0.1)
        .describe(
          'With passRate: the share of epochs in which a problem comes that is always or never solved; so it is back after 1 / floor epochs at most.',
        ),
      rates: z
        .string()
        .min(1)
        .optional()
        .describe(
          'JSONL file of pass rates measured before the run, {id, samples, correct}, such as `guiderail eval --counts` and `guiderail hints lift --out` write.',
        ),
    }),
    z.strictObject({
      kind: z
        .literal('easyToHard')
        .describe('easyToHard: every epoch goes from the highest pass rates of the file to the lowest.'),
      buckets: z
        .number()
        .int()
        .min(2)
        .default(4)
        .describe('With easyToHard: intervals of the pass rate; within each, problems are shuffled.'),
      rates: z.string().min(1).describe('Optional with passRate.'),
    }),
  ])
  .default({ kind: 'shuffle' });

export const overlapSchema = z.strictObject({
  handling: z
    .enum(['report', 'drop', 'refuse'])
    .default('report')
    .describe(
      'Training problems that share text with an evaluation problem: say which, with the text; or also leave them out of training; or refuse to start.',
    ),
  words: z
    .number()
    .int()
    .min(5)
    .default(13)
    .describe(
      'So many words in a row are an overlap (13 as in GPT-3, arXiv 2005.14165, appendix C), case and punctuation aside; shorter problems must be equal. What many evaluation problems share is a template and does not count.',
    ),
  against: z
    .array(z.string().min(1))
    .default([])
    .describe('Further files of evaluation problems to compare with, beside problems.heldOut.'),
});
