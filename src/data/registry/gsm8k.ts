// GSM8K (Cobbe et al. 2021, arXiv 2110.14168): grade-school word problems, whose answer is worked in steps and ends with
// `#### number`. In the socratic form each step has a sub-question before `**`; the sub-questions are the hint.
import { dataset, text, type DatasetEntry, type RowFault } from './entry.ts';

const about = {
  task: 'math',
  verifier: 'exact',
  licence: 'MIT',
} as const;
const splits = { train: 'train', test: 'test' };
const columns = { question: text, answer: text };

interface Worked {
  readonly answer: string;
  readonly steps: readonly string[];
}

function worked(answer: string): Worked | RowFault {
  const [steps = '', final] = answer.split(/\n?####/);
  const number = final?.trim().replaceAll(',', '');
  if (number === undefined || !/^-?\d+(\.\d+)?$/.test(number))
    return { field: 'answer', reason: 'expected a number after ####' };
  return { answer: number, steps: steps.split('\n') };
}

/** Without sub-questions and the calculator marks <<3*4=12>>. */
function solutionOf(answer: string): string {
  const lines = answer.split('\n').map((line) => line.replace(/^.*? \*\* /, '').replace(/<<[^>]*>>/g, ''));
  return lines.join('\n');
}

export const gsm8k: readonly DatasetEntry[] = [
  dataset(
    {
      ...about,
      name: 'gsm8k',
      title: 'GSM8K, grade-school word problems',
      hub: { repo: 'openai/gsm8k', config: 'main', splits },
      source: 'math/gsm8k',
      schema: {
        seen: 'https://huggingface.co/datasets/openai/gsm8k/commit/2c868b8af0ba15693ce607396871eb07802efab1 (card)',
      },
    },
    columns,
    ({ question, answer }) => {
      const final = worked(answer);
      if ('reason' in final) return final;
      return { prompt: question, answer: final.answer, solution: solutionOf(answer) };
    },
  ),
  dataset(
    {
      ...about,
      name: 'gsm8k-socratic',
      title: 'GSM8K in its socratic form, sub-questions as hints',
      hub: { repo: 'openai/gsm8k', config: 'socratic', splits },
      source: 'math/gsm8k/socratic',
      schema: {
        seen: 'https://huggingface.co/datasets/openai/gsm8k/commit/60b4b82b84c2dac2b54f7d7f3056eae01514f12e (card), and the file test_socratic.jsonl of github.com/openai/grade-school-math',
      },
      note: 'One hint a problem: its sub-questions, numbered, without what they come to.',
    },
    columns,
    ({ question, answer }) => {
      const final = worked(answer);
      if ('reason' in final) return final;
      const questions = final.steps.filter((step) => step.includes('**'));
      if (questions.length === 0) return { field: 'answer', reason: 'expected sub-questions before **' };
      const hint = questions.map((step, index) => `${index + 1}. ${step.split('**')[0]!.trim()}`).join('\n');
      return { prompt: question, answer: final.answer, hints: [hint], solution: solutionOf(answer) };
    },
  ),
];
