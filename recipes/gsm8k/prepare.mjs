// Writes the problem files of guide-grpo-smollm2.yaml from GSM8K's socratic test file:
//   node recipes/gsm8k/prepare.mjs path/to/test_socratic.jsonl [folder, default runs/gsm8k-data]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitSocraticGsm8k } from '../../dist/data/gsm8k.js';

const [file, folder = 'runs/gsm8k-data'] = process.argv.slice(2);
if (!file) {
  process.stderr.write(
    'Expected the path of test_socratic.jsonl: node recipes/gsm8k/prepare.mjs FILE [FOLDER]\n',
  );
  process.exit(1);
}
try {
  const { train, heldOut, leaking } = splitSocraticGsm8k(readFileSync(file, 'utf8'), file);
  mkdirSync(folder, { recursive: true });
  for (const [name, problems] of Object.entries({ train, 'held-out': heldOut })) {
    const lines = problems.map(({ messages, answer, hints, source, verifier }) =>
      JSON.stringify({ messages, answer, hints, source, verifier }),
    );
    writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
  }
  process.stdout.write(
    `${train.length} problems to train on, ${heldOut.length} held out, in ${folder}; ${leaking} hints name the answer.\n`,
  );
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
