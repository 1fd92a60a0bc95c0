// Mathematics that is trained on: Big-Math, DeepScaleR, DAPO. All hold a problem and a final answer that can be verified.
import { z } from 'zod';
import { dataset, finalAnswer, maybeText, text, within, type DatasetEntry } from './entry.ts';

const about = { task: 'math', verifier: 'math' } as const;

const bigMath = dataset(
  {
    ...about,
    name: 'big-math',
    title: 'Big-Math-RL-Verified, 251,122 problems from ten sources (Albalak et al. 2025)',
    hub: { repo: 'SynthLabsAI/Big-Math-RL-Verified', splits: { train: 'train' } },
    licence: 'Apache-2.0',
    source: 'math/big-math',
    schema: {
      seen: 'https://huggingface.co/datasets/SynthLabsAI/Big-Math-RL-Verified/blob/main/README.md',
    },
    note: 'It holds problems of MATH and GSM8K; check the overlap with what you evaluate on. Discussions on the hub tell of duplicates and of wrong answers.',
  },
  { problem: text, answer: finalAnswer, source: maybeText },
  ({ problem, answer, source }) => ({
    ...{ prompt: problem, answer, source: within('math/big-math', source ?? '') },
  }),
);

const deepscaler = dataset(
  {
    ...about,
    name: 'deepscaler',
    title: 'DeepScaleR-Preview, about 40,000 problems of AIME, AMC, Omni-MATH and STILL',
    hub: { repo: 'agentica-org/DeepScaleR-Preview-Dataset', splits: { train: 'train' } },
    licence: 'MIT',
    source: 'math/deepscaler',
    schema: {
      seen: 'https://huggingface.co/datasets/agentica-org/DeepScaleR-Preview-Dataset/blame/main/README.md',
    },
    note: 'One JSON file, deepscaler.json. It has AIME up to 2023 and AMC before 2023.',
  },
  { problem: text, answer: finalAnswer, solution: maybeText },
  ({ problem, answer, solution }) => ({ prompt: problem, answer, solution }),
);

/** The wording that every prompt of DAPO has around its problem. */
const DAPO_BEFORE =
  'Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n';
const DAPO_AFTER = '\n\nRemember to put your answer on its own line after "Answer:".';

/** The problem alone: how to give the answer is for the recipe to say. A prompt in another form is kept as it is. */
function withoutWording(prompt: string): string {
  const trimmed = prompt.trim();
  if (!trimmed.startsWith(DAPO_BEFORE) || !trimmed.endsWith(DAPO_AFTER)) return prompt;
  return trimmed.slice(DAPO_BEFORE.length, -DAPO_AFTER.length).trim();
}

const dapo = dataset(
  {
    ...about,
    name: 'dapo-math-17k',
    title: 'DAPO-Math-17k, problems with whole-number answers (Yu et al. 2025)',
    hub: { repo: 'BytedTsinghua-SIA/DAPO-Math-17k', splits: { train: 'train' } },
    licence: 'Apache-2.0',
    source: 'math/dapo-math-17k',
    schema: {
      seen: 'https://huggingface.co/datasets/open-r1/DAPO-Math-17k-Processed/blob/main/create_dataset.py, and https://huggingface.co/datasets/koajoel/DAPO-Math-17k-dedup/blob/main/README.md (all columns, of a copy)',
    },
    note: 'On the hub its 17,917 problems stand about a hundred times each, so nearly all of its 1.8 million rows are refused as repetitions. The wording about "Answer:" around each problem is taken off.',
  },
  {
    prompt: z.tuple([z.object({ role: z.literal('user'), content: text })], {
      error: 'expected one message, the user’s',
    }),
    reward_model: z.object({ ground_truth: finalAnswer }),
  },
  ({ prompt: [{ content }], reward_model: { ground_truth: answer } }) => {
    const problem = withoutWording(content);
    return problem === ''
      ? { field: 'prompt.0.content', reason: 'has no problem in its wording' }
      : { prompt: problem, answer };
  },
);

export const trainingMath: readonly DatasetEntry[] = [bigMath, deepscaler, dapo];
