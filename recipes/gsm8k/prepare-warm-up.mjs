// Writes the files of warm-up.yaml and study.yaml from GSM8K's socratic test file:
//   node recipes/gsm8k/prepare-warm-up.mjs path/to/test_socratic.jsonl [folder, default runs/gsm8k-data]
// Of the 1,000 problems to train on (in the order of their content hashes) the first 400 become demonstrations of their
// worked solutions, each without and with the hint, and the others problems to practise on: nothing that reinforcement
// learning sees was imitated before.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitSocraticGsm8k } from '../../dist/data/gsm8k.js';
import { renderMessages } from '../../dist/data/prompts.js';

const IMITATED = 400;
const [file, folder = 'runs/gsm8k-data'] = process.argv.slice(2);
if (!file) {
  process.stderr.write(
    'Expected the path of test_socratic.jsonl: node recipes/gsm8k/prepare-warm-up.mjs FILE [FOLDER]\n',
  );
  process.exit(1);
}

try {
  const { train, heldOut } = splitSocraticGsm8k(readFileSync(file, 'utf8'), file);
  const demonstrations = train.slice(0, IMITATED).flatMap((problem) =>
    ['plain', 'hint1'].map((context) => ({
      messages: renderMessages(problem, context),
      response: problem.solution,
    })),
  );
  const rows = ({ messages, answer, hints, source, verifier }) => ({
    messages,
    answer,
    hints,
    source,
    verifier,
  });
  mkdirSync(folder, { recursive: true });
  for (const [name, values] of Object.entries({
    demonstrations,
    practice: train.slice(IMITATED).map(rows),
    'held-out': heldOut.map(rows),
  })) {
    writeFileSync(
      join(folder, `${name}.jsonl`),
      `${values.map((value) => JSON.stringify(value)).join('\n')}\n`,
    );
  }
  process.stdout.write(
    `${demonstrations.length} demonstrations of ${IMITATED} problems, ${train.length - IMITATED} problems to practise on, ` +
      `${heldOut.length} held out, in ${folder}.\n`,
  );
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
