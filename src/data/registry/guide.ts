// The data set of the Guide paper (arXiv 2506.13923), with hints. Its schema is read in sources/guide.ts, for any file has it.
import { GUIDE_FIELDS, guideProblemRow } from '../sources/guide.ts';
import type { DatasetEntry } from './entry.ts';

const source = 'math/guide';
const verifier = 'math';

export const guide: DatasetEntry = {
  name: 'guide',
  title: 'The official data set of Guide: problems with a hint each',
  task: 'math',
  verifier,
  hub: {
    repo: 'vaskarnath/guide_math_rl_dataset',
    splits: { train: 'train', validation: 'validation', test: 'test' },
  },
  licence: 'Apache-2.0',
  source,
  schema: {
    seen: 'https://github.com/vaskar-open-source-research/guide_rl verl/verl/utils/dataset/rl_dataset.py (prompt, hint, cot) and verl/verl/workers/reward_manager/rift_grader.py (data_source, reward_model); files at https://www.huggingface.co/datasets/vaskarnath/guide_math_rl_dataset/tree/main',
  },
  note: 'Hints are whole hinted prompts; the hint itself is what a hinted prompt has beyond the plain one. How they are worded was not seen. The column ability says which verifier grades a row.',
  columns: GUIDE_FIELDS,
  toRow: (raw) => {
    const row = guideProblemRow(raw);
    if ('reason' in row) return row;
    return {
      ...row,
      answer: String(row.answer),
      verifier: row.verifier ?? verifier,
      source: row.source ?? source,
      solution: row.solution ?? null,
    };
  },
};
