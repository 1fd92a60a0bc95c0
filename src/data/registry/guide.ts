// The data set of the Guide paper (arXiv 2506.13923), with hints: `hint` is a whole hinted conversation, and so is `cot`,
// the stronger level. Its one idea: the whole hinted prompts are kept, and a hint is what the plain prompt has not.
import { z } from 'zod';
import { dataset, finalAnswer, text, type DatasetEntry } from './entry.ts';

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: text });
const conversation = z.array(message).min(1, { error: 'must not be empty' });

export const guide: DatasetEntry = dataset(
  {
    name: 'guide',
    title: 'The official data set of Guide: mathematics with a hint for each problem',
    task: 'math',
    verifier: 'math',
    hub: {
      repo: 'vaskarnath/guide_math_rl_dataset',
      splits: { train: 'train', validation: 'validation', test: 'test' },
    },
    licence: 'Apache-2.0',
    source: 'math/guide',
    schema: {
      seen: 'https://github.com/vaskar-open-source-research/guide_rl verl/verl/utils/dataset/rl_dataset.py (prompt, hint, cot) and verl/verl/workers/reward_manager/rift_grader.py (data_source, reward_model); files at https://www.huggingface.co/datasets/vaskarnath/guide_math_rl_dataset/tree/main',
    },
    note: 'Hints are whole hinted prompts; the hint itself is what a hinted prompt has beyond the plain one. How they are worded was not seen.',
  },
  {
    data_source: text,
    prompt: conversation,
    hint: conversation.nullish(),
    cot: conversation.nullish(),
    reward_model: z.object({
      ground_truth: z.union([finalAnswer, z.tuple([finalAnswer])], { error: 'expected one answer' }),
    }),
  },
  ({ data_source: source, prompt, hint, cot, reward_model: { ground_truth: truth } }) => {
    if (cot && !hint) return { field: 'hint', reason: 'is missing, and cot is there' };
    const hintedPrompts = [hint, cot].filter((level) => level !== null && level !== undefined);
    const hints = hintedPrompts.map((hinted) => addedBy(prompt, hinted));
    const same = hints.indexOf('');
    if (same >= 0) return { field: ['hint', 'cot'][same]!, reason: 'is the prompt itself, without a hint' };
    const answer = typeof truth === 'string' ? truth : truth[0];
    return { messages: prompt, answer, ...(hints.length > 0 && { hints, hintedPrompts }), source };
  },
);

type Conversation = z.output<typeof conversation>;

/** Of each message from the end: what was inserted, or the whole of one that is new or was changed in another way. */
function addedBy(plain: Conversation, hinted: Conversation): string {
  const shift = plain.length - hinted.length;
  const pieces = hinted.map(({ role, content }, index) => {
    const before = plain[index + shift];
    return before?.role === role ? inserted(before.content, content) : content;
  });
  return pieces
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .join('\n');
}

function inserted(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  const tail = before.slice(start);
  return after.length >= before.length && after.endsWith(tail)
    ? after.slice(start, after.length - tail.length)
    : after;
}
