// Problem and demonstration files of the micro machines, good and bad, for the tests of options.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { hintHash } from '../src/hints/measurements.ts';
import type { Problem } from '../src/types.ts';
import { MACHINES } from './micro.case.ts';
import { scratch } from './options.case.ts';

export const files = {
  problems: join(scratch, 'problems.jsonl'),
  others: join(scratch, 'others.jsonl'),
  impossible: join(scratch, 'impossible.jsonl'),
  damaged: join(scratch, 'damaged.jsonl'),
  table: join(scratch, 'table.csv'),
  socratic: join(scratch, 'socratic.jsonl'),
  otherSocratic: join(scratch, 'other-socratic.jsonl'),
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
  writeFileSync(files.table, tableOf(problems));
  const socratic = problems.map(({ messages, hints }) => ({
    question: messages[0].content,
    answer: `${hints[0]} ** a\n#### 3`,
  }));
  writeFileSync(files.socratic, jsonl(socratic.slice(0, 6)));
  writeFileSync(files.otherSocratic, jsonl(socratic.slice(6)));
  const demonstrations = problems.map(({ messages, answer }) => ({ messages, response: `#### ${answer}` }));
  writeFileSync(files.demonstrations, jsonl(demonstrations.slice(0, 6)));
  writeFileSync(files.otherDemonstrations, jsonl(demonstrations.slice(6)));
}

/** Every column of problems twice, the second time with something else in it: no hint at all in half of the rows. */
function tableOf(problems: readonly Problem[]): string {
  const rows = problems.map(({ messages, answer, hints }, index) => {
    const [question, other] = [messages[0].content, problems.at(-1 - index)!.messages[0].content];
    const talk = (content: string) => JSON.stringify([{ role: 'user', content }]);
    return [
      ...[question, other, talk(question), talk(other), answer, answer.split(' ').reverse().join(' ')],
      ...[hints[0], index % 2 ? hints[0] : '', 'math/a', index % 2 ? 'math/b' : 'math/c', 'exact', 'exakt'],
    ];
  });
  const names = ['prompt', 'talk', 'answer', 'hint', 'source', 'kind'].flatMap((name) => [name, `${name}2`]);
  return [names, ...rows]
    .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\n');
}

/** What a data set of the hub has in these tests. */
export function hubFiles(): Record<string, { content: Buffer }> {
  return {
    'train.jsonl': { content: readFileSync(files.problems) },
    'test.jsonl': { content: readFileSync(files.others) },
  };
}
