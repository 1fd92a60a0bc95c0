// Problem and demonstration files of the micro machines, good and bad, for the tests of options.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { hintHash } from '../src/hints/measurements.ts';
import { MACHINES } from './micro.case.ts';
import { scratch } from './options.case.ts';

export const files = {
  problems: join(scratch, 'problems.jsonl'),
  others: join(scratch, 'others.jsonl'),
  impossible: join(scratch, 'impossible.jsonl'),
  damaged: join(scratch, 'damaged.jsonl'),
  ownVerifier: join(scratch, 'own-verifier.jsonl'),
  lifts: join(scratch, 'lifts.jsonl'),
  fewerLifts: join(scratch, 'fewer-lifts.jsonl'),
  demonstrations: join(scratch, 'demonstrations.jsonl'),
  otherDemonstrations: join(scratch, 'other-demonstrations.jsonl'),
  near: join(scratch, 'near.jsonl'),
  rates: join(scratch, 'rates.jsonl'),
  otherRates: join(scratch, 'other-rates.jsonl'),
};
/** Custom verifiers. The slow one waits on its first call in a process, the large one takes 100 MB for a moment. */
export const verifiers = {
  even: join(scratch, 'even.mjs'),
  odd: join(scratch, 'odd.mjs'),
  slow: join(scratch, 'slow.mjs'),
  large: join(scratch, 'large.mjs'),
};
const VERIFIER_CODE = {
  even: '',
  odd: 'kinds.reverse();',
  slow: 'if (first) { first = false; await new Promise((resolve) => setTimeout(resolve, 300)); }',
  large: 'Array.from({ length: 2_000_000 }, (_, index) => [index]);',
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
  writeFileSync(files.ownVerifier, jsonl(rows.slice(0, 6).map((row) => ({ ...row, verifier: 'own' }))));
  for (const [name, path] of Object.entries(verifiers)) {
    writeFileSync(
      path,
      `let first = true;
       export default async ({ response }) => {
         const kinds = ['correct', 'wrong'];
         ${VERIFIER_CODE[name as keyof typeof verifiers]}
         return { kind: kinds[response.length % 2], reason: 'by its length', extracted: null };
       };`,
    );
  }
  const [first] = rows;
  const again = [{ ...first.messages[0], content: `${first.messages[0].content} .` }];
  writeFileSync(files.near, jsonl([...rows.slice(0, 3), { ...first, messages: again }]));
  const rates = problems.map(({ id }, index) => ({ id, samples: 4, correct: index % 5 }));
  writeFileSync(files.rates, jsonl(rates));
  writeFileSync(files.otherRates, jsonl(rates.map((row) => ({ ...row, correct: 4 - row.correct }))));
  // Right responses of 8 with the hint; none without.
  const measured = (correct: (index: number) => number) => [
    { guiderail: 'hint-lift', settings: {} },
    ...problems.slice(0, 6).flatMap(({ id, source, hints }, index) =>
      [null, hintHash(hints[0])].map((hint) => ({
        id,
        source,
        context: hint === null ? 'plain' : 'hint1',
        hint,
        samples: 8,
        correct: hint === null ? 0 : correct(index),
        truncated: 0,
        copied: 0,
      })),
    ),
  ];
  writeFileSync(files.lifts, jsonl(measured((index) => (index === 0 ? 8 : 4))));
  writeFileSync(files.fewerLifts, jsonl(measured((index) => (index === 0 ? 4 : 0))));
  writeFileSync(files.damaged, jsonl([...rows, { prompt: 'What comes out ?' }]));
  const demonstrations = problems.map(({ messages, answer }) => ({ messages, response: `#### ${answer}` }));
  writeFileSync(files.demonstrations, jsonl(demonstrations.slice(0, 6)));
  writeFileSync(files.otherDemonstrations, jsonl(demonstrations.slice(6)));
}
