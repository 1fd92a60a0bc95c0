// Problem and demonstration files of the micro machines, good and bad, for the tests of options.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { MACHINES } from './micro.case.ts';
import { scratch } from './options.case.ts';

export const files = {
  problems: join(scratch, 'problems.jsonl'),
  others: join(scratch, 'others.jsonl'),
  impossible: join(scratch, 'impossible.jsonl'),
  damaged: join(scratch, 'damaged.jsonl'),
  demonstrations: join(scratch, 'demonstrations.jsonl'),
  otherDemonstrations: join(scratch, 'other-demonstrations.jsonl'),
};
export function writeFiles(): void {
  const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const problems = machinesProblems(machinesConfigSchema.parse(MACHINES), 'train', 12);
  const asRow = ({ messages, answer, hints, source }: (typeof problems)[number]) => ({
    messages,
    answer,
    // The second level names the operations in the wrong order, so that it can be told from the first.
    hints: [hints[0], hints[0].split(' ').reverse().join(' ')],
    source,
  });
  const rows = problems.map(asRow);
  writeFileSync(files.problems, jsonl(rows.slice(0, 6)));
  writeFileSync(files.others, jsonl(rows.slice(6)));
  writeFileSync(files.impossible, jsonl(rows.map((row) => ({ ...row, answer: 'never' }))));
  writeFileSync(files.damaged, jsonl([...rows, { prompt: 'What comes out ?' }]));
  const demonstrations = problems.map(({ messages, answer }) => ({ messages, response: `#### ${answer}` }));
  writeFileSync(files.demonstrations, jsonl(demonstrations.slice(0, 6)));
  writeFileSync(files.otherDemonstrations, jsonl(demonstrations.slice(6)));
}
