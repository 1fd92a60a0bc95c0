// Whole data sets, where the machine has them: GUIDERAIL_GSM8K names a folder with train.jsonl and test.jsonl
// ({question, answer} with "#### n" at the end of the answer), GUIDERAIL_MATH_CASES a file of
// {gold, response, expected} lines.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

function rows<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

const gsm8k = process.env['GUIDERAIL_GSM8K'] ?? '';
it.skipIf(gsm8k === '').each(['train.jsonl', 'test.jsonl'].filter((name) => existsSync(join(gsm8k, name))))(
  'GSM8K %s: every gold is found in its own solution, and in its neighbour only where the numbers are equal',
  (name) => {
    const problems = rows<{ answer: string }>(join(gsm8k, name));
    const golds = problems.map(({ answer }) => answer.slice(answer.lastIndexOf('####') + 4).trim());
    const numbers = golds.map((gold) => Number(gold.replaceAll(',', '')));
    for (const [index, gold] of golds.entries()) {
      const next = (index + 1) % golds.length;
      expect(gradeMath(problems[index].answer, gold).kind).toBe('correct');
      const neighbour = gradeMath(problems[next].answer, gold).kind === 'correct';
      expect(neighbour, `row ${index} and its neighbour`).toBe(numbers[index] === numbers[next]);
    }
  },
);

const cases = process.env['GUIDERAIL_MATH_CASES'] ?? '';
it.skipIf(cases === '')('agrees with every labelled case', () => {
  const differing = rows<{ id: string; gold: string; response: string; expected: boolean }>(cases).filter(
    ({ gold, response, expected }) => (gradeMath(response, gold).kind === 'correct') !== expected,
  );
  expect(differing.map(({ id }) => id)).toEqual([]);
});
