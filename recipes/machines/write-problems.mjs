// Writes the demo's held-out problems with their hints as JSON Lines, for commands that read files:
//   node recipes/machines/write-problems.mjs > runs/machines-held-out.jsonl
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { machinesConfigSchema, machinesProblems } from '../../dist/data/synthetic/machines.js';

const { problems } = parse(readFileSync(new URL('demo.yaml', import.meta.url), 'utf8'), { merge: true });
const { machines, split, count } = problems.heldOut;
for (const { messages, answer, hints, source, verifier } of machinesProblems(
  machinesConfigSchema.parse(machines),
  split,
  count,
)) {
  process.stdout.write(`${JSON.stringify({ messages, answer, hints, source, verifier })}\n`);
}
