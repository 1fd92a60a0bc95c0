// Mathematics that is evaluated on: MATH and its 500, AIME, AMC, OlympiadBench, Minerva. Gold answers are LaTeX as the data
// has it; the math verifier reads it.
import { z } from 'zod';
import { lastBoxed } from './boxed.ts';
import { dataset, finalAnswer, maybeText, text, within, type DatasetEntry } from './entry.ts';

const about = { task: 'math', verifier: 'math' } as const;

const math = dataset(
  {
    ...about,
    name: 'math',
    title: 'MATH, competition problems with worked solutions (Hendrycks et al. 2021)',
    hub: { repo: 'DigitalLearningGmbH/MATH-lighteval', splits: { train: 'train', test: 'test' } },
    licence: 'MIT',
    source: 'math/math',
    schema: {
      seen: 'https://github.com/volcengine/verl examples/data_preprocess/math_dataset.py (problem, solution, splits), and https://huggingface.co/datasets/ivanvmoreno/math-lighteval-mt/blob/main/README.md (all columns, of a copy)',
    },
    note: 'The answer is what stands in the last box of the solution. MATH-500 is a part of its test split.',
  },
  { problem: text, solution: text, type: maybeText },
  ({ problem, solution, type }) => {
    const answer = lastBoxed(solution);
    if (answer === null) return { field: 'solution', reason: 'expected an answer in \\boxed{…}' };
    return { prompt: problem, answer, solution, source: within('math/math', type ?? '') };
  },
);

const math500 = dataset(
  {
    ...about,
    name: 'math500',
    title: 'MATH-500, the test problems of "Let’s verify step by step"',
    hub: { repo: 'HuggingFaceH4/MATH-500', splits: { test: 'test' } },
    licence: null,
    source: 'math/math500',
    schema: {
      seen: 'https://huggingface.co/datasets/HuggingFaceH4/MATH-500/blob/main/eval.yaml (problem, answer), and https://huggingface.co/datasets/macabdul9/MATH-500/blob/main/README.md (all columns, of a copy)',
    },
  },
  { problem: text, answer: finalAnswer, solution: maybeText, subject: maybeText },
  ({ problem, answer, solution, subject }) => ({
    ...{ prompt: problem, answer, solution, source: within('math/math500', subject ?? '') },
  }),
);

const aime24 = dataset(
  {
    ...about,
    name: 'aime24',
    title: 'AIME 2024, both papers',
    hub: { repo: 'HuggingFaceH4/aime_2024', splits: { test: 'train' } },
    licence: null,
    source: 'math/aime24',
    schema: { seen: 'https://huggingface.co/datasets/HuggingFaceH4/aime_2024/blob/main/README.md' },
    note: 'Its one split is called train on the hub; here it is test, which it is meant for.',
  },
  { problem: text, answer: finalAnswer, solution: maybeText },
  ({ problem, answer, solution }) => ({ prompt: problem, answer, solution }),
);

const aime25 = dataset(
  {
    ...about,
    name: 'aime25',
    title: 'AIME 2025, both papers',
    hub: { repo: 'math-ai/aime25', splits: { test: 'test' } },
    licence: null,
    source: 'math/aime25',
    schema: {
      seen: 'https://github.com/EleutherAI/lm-evaluation-harness lm_eval/tasks/aime/aime25.yaml',
    },
  },
  { problem: text, answer: finalAnswer },
  ({ problem, answer }) => ({ prompt: problem, answer }),
);

const amc23 = dataset(
  {
    ...about,
    name: 'amc23',
    title: 'AMC 12 of 2023, 40 problems with whole-number answers',
    hub: { repo: 'math-ai/amc23', splits: { test: 'test' } },
    licence: null,
    source: 'math/amc23',
    schema: {
      unverified:
        'its card was not to be seen. Public code reads question and answer of it, zwhe99/amc23 has the same two (https://github.com/MikaStars39/Nano-Eval nanoeval/tasks/amc2023.py), and its one file is that of the split test (https://www.huggingface.co/datasets/math-ai/amc23/tree/main)',
    },
  },
  { question: text, answer: finalAnswer },
  ({ question, answer }) => ({ prompt: question, answer }),
);

const olympiadbench = dataset(
  {
    ...about,
    name: 'olympiadbench',
    title: 'OlympiadBench, English text-only open-ended mathematics (He et al. 2024)',
    hub: { repo: 'Hothan/OlympiadBench', config: 'OE_TO_maths_en_COMP', splits: { test: 'train' } },
    licence: 'Apache-2.0',
    source: 'math/olympiadbench',
    schema: {
      seen: 'https://github.com/OpenBMB/OlympiadBench inference/judge.py and inference/code/evaluators/evaluator.py, and https://huggingface.co/datasets/macabdul9/OlympiadBenchMath/blob/main/README.md (all columns, of a copy)',
    },
    note: 'Several answers are one list. Units are outside the box in its own prompt, and no part of the answer here. The tolerance that some rows state (column error) is not used: numbers must be equal.',
  },
  {
    question: text,
    final_answer: z.array(text).min(1, { error: 'has no answer: it is a proof' }),
    solution: z.array(z.string()).nullish(),
    context: maybeText,
    subfield: maybeText,
    image_1: z.unknown().optional(),
  },
  ({ question, final_answer: answers, solution, context, subfield, image_1: image }) => {
    if (image !== undefined && image !== null)
      return { field: 'image_1', reason: 'the problem needs an image' };
    return {
      prompt: context === null ? question : `${context.trim()}\n${question}`,
      answer: answers.join(', '),
      solution: solution?.[0] ?? null,
      source: within('math/olympiadbench', subfield ?? ''),
    };
  },
);

const minerva = dataset(
  {
    ...about,
    name: 'minerva',
    title: 'Minerva’s undergraduate problems from OpenCourseWare (Lewkowycz et al. 2022)',
    hub: { repo: 'math-ai/minervamath', splits: { test: 'test' } },
    licence: null,
    source: 'math/minerva',
    schema: { seen: 'https://huggingface.co/datasets/math-ai/minervamath/blob/main/README.md' },
    note: 'Many answers are rounded numbers; the math verifier takes them without a tolerance.',
  },
  { question: text, answer: finalAnswer },
  ({ question, answer }) => ({ prompt: question, answer }),
);

export const competitionMath: readonly DatasetEntry[] = [
  ...[math, math500, aime24, aime25, amc23, olympiadbench, minerva],
];
