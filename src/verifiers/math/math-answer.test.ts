// The finish reason beside the verdict: cut off, silent, or answered before the limit.
import { expect, it } from 'vitest';
import type { FinishReason, Problem } from '../../types.ts';
import { mathAnswer } from './math-answer.ts';

async function kindOf(answer: string, response: string, finish: FinishReason) {
  const problem: Problem = {
    id: '0'.repeat(16),
    messages: [{ role: 'user', content: 'How many?' }],
    answer,
    verifier: 'math',
    hints: [],
    source: 'test',
  };
  return (await mathAnswer.verify({ problem, response, finish })).kind;
}

it('tells cut off from silent, and grades what was given before the limit', async () => {
  expect(await kindOf('18', '', 'length')).toBe('truncated');
  expect(await kindOf('18', 'so that x = 18', 'length')).toBe('truncated');
  expect(await kindOf('18', 'so that x = 18', 'stop')).toBe('correct');
  expect(await kindOf('18', '', 'stop')).toBe('malformed');
  expect(await kindOf('18', '\\boxed{18} and', 'length')).toBe('correct');
  expect(await kindOf('18', '\\boxed{19}', 'stop')).toBe('wrong');
});
