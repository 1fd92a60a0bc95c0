// Multiple choice in the sciences: SciQ, GPQA, MMLU-Pro, ScienceQA. The science verifier grades the letter, or the text of
// the option.
import { z } from 'zod';
import { choice, letterOf, shuffledChoice } from './choices.ts';
import { dataset, isFault, maybeText, text, wholeNumber, within, type DatasetEntry } from './entry.ts';

const about = { task: 'science', verifier: 'science' } as const;

const sciq = dataset(
  {
    ...about,
    name: 'sciq',
    title: 'SciQ, crowd-sourced science questions with four options (Welbl et al. 2017)',
    hub: { repo: 'allenai/sciq', splits: { train: 'train', validation: 'validation', test: 'test' } },
    licence: 'CC-BY-NC-3.0',
    source: 'science/sciq',
    schema: { seen: 'https://huggingface.co/datasets/sciq/blob/main/README.md' },
    note: 'The right option stands in a column of its own, so the options are put in an order that depends on their content. The supporting passage is the solution, and not shown.',
  },
  {
    ...{ question: text, correct_answer: text, distractor1: text, distractor2: text, distractor3: text },
    support: maybeText,
  },
  (row) => {
    const others = [row.distractor1, row.distractor2, row.distractor3];
    const made = shuffledChoice(row.question, row.correct_answer, others, 'correct_answer');
    return isFault(made) ? made : { ...made, solution: row.support };
  },
);

const gpqaDiamond = dataset(
  {
    ...about,
    name: 'gpqa-diamond',
    title: 'GPQA diamond, 198 graduate-level questions (Rein et al. 2023)',
    hub: { repo: 'Idavidrein/gpqa', config: 'gpqa_diamond', splits: { test: 'train' } },
    licence: 'CC-BY-4.0',
    source: 'science/gpqa-diamond',
    schema: {
      seen: 'https://github.com/EleutherAI/lm-evaluation-harness lm_eval/tasks/gpqa/generative/utils.py (questions and options), and https://huggingface.co/datasets/MaxLSB/gpqa-fr/blob/main/README.md (Explanation, of a translation)',
    },
    note: 'Access must be asked for on the hub, and HF_TOKEN set. The right option stands in a column of its own, so the options are put in an order that depends on their content.',
  },
  {
    Question: text,
    'Correct Answer': text,
    'Incorrect Answer 1': text,
    'Incorrect Answer 2': text,
    'Incorrect Answer 3': text,
    Explanation: maybeText,
  },
  (row) => {
    const others = [row['Incorrect Answer 1'], row['Incorrect Answer 2'], row['Incorrect Answer 3']];
    const made = shuffledChoice(row.Question, row['Correct Answer'], others, 'Correct Answer');
    return isFault(made) ? made : { ...made, solution: row.Explanation };
  },
);

const mmluPro = dataset(
  {
    ...about,
    name: 'mmlu-pro',
    title: 'MMLU-Pro, questions of fourteen subjects with up to ten options (Wang et al. 2024)',
    hub: { repo: 'TIGER-Lab/MMLU-Pro', splits: { test: 'test', validation: 'validation' } },
    licence: 'MIT',
    source: 'science/mmlu-pro',
    schema: {
      seen: 'https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro/blob/e271e78142cac5b294fbe3b63bef10e217dbb3b5/README.md, and https://github.com/TIGER-AI-Lab/MMLU-Pro evaluate_from_api.py (options "N/A")',
    },
    note: 'Options in the order of the data, letters A to J; options "N/A" at the end only fill up and are left out.',
  },
  {
    question: text,
    options: z.array(z.string()),
    answer: text,
    answer_index: wholeNumber,
    category: maybeText,
    cot_content: maybeText,
  },
  ({ question, options, answer, answer_index: right, category, cot_content: solution }) => {
    const last = options.findLastIndex((option) => option.trim() !== 'N/A');
    const shown = options.slice(0, last + 1);
    const letters = shown.map((_, index) => letterOf(index));
    if (letters[right] === undefined)
      return { field: 'answer_index', reason: `is ${right}, and there are ${shown.length} options` };
    if (answer.trim() !== letters[right])
      return { field: 'answer', reason: `is ${answer}, and answer_index says ${letters[right]}` };
    const made = choice(question, shown, right, 'options');
    return isFault(made) ? made : { ...made, solution, source: within('science/mmlu-pro', category ?? '') };
  },
);

const scienceqa = dataset(
  {
    ...about,
    name: 'scienceqa',
    title: 'ScienceQA, school questions with lectures and explanations (Lu et al. 2022)',
    hub: {
      repo: 'derek-thomas/ScienceQA',
      splits: { train: 'train', validation: 'validation', test: 'test' },
    },
    licence: 'CC-BY-SA-4.0',
    source: 'science/scienceqa',
    schema: {
      seen: 'https://huggingface.co/datasets/lmms-lab/ScienceQA/blob/7d5be0f9a868f835ee26f74cba3baa743c1be07d/README.md (columns, of a copy); splits at https://huggingface.co/datasets/derek-thomas/ScienceQA/viewer/default/train',
    },
    note: 'Questions with an image are refused. Its column hint is context that belongs to the question, and is shown; lecture and solution are the solution.',
  },
  {
    image: z.unknown().optional(),
    question: text,
    choices: z.array(z.string()),
    answer: wholeNumber,
    hint: maybeText,
    ...{ lecture: maybeText, solution: maybeText, topic: maybeText },
  },
  ({ image, question, choices, answer: right, hint, lecture, solution, topic }) => {
    if (image !== null && image !== undefined)
      return { field: 'image', reason: 'the question needs an image' };
    if (choices[right] === undefined)
      return { field: 'answer', reason: `is ${right}, and there are ${choices.length} choices` };
    const asked = hint === null ? question : `${hint.trim()}\n\n${question}`;
    const made = choice(asked, choices, right, 'choices');
    if (isFault(made)) return made;
    const explained = [lecture, solution].filter((part) => part !== null).join('\n\n');
    return { ...made, solution: explained, source: within('science/scienceqa', topic ?? '') };
  },
);

export const science: readonly DatasetEntry[] = [sciq, gpqaDiamond, mmluPro, scienceqa];
