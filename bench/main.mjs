// npm run bench: measures what is said to be fast, each thing in turns with what it is held against, and prints a JSON
// line a figure and Markdown tables at the end. bench/README.md says what the sections are.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { DTYPES, SHAPES } from './models.mjs';
import { gemm } from './sections/gemm.mjs';
import { measureGeneration } from './sections/generate.mjs';
import { linear } from './sections/linear.mjs';
import { largest } from './sections/largest.mjs';
import { llama } from './sections/llama.mjs';
import { machine } from './sections/machine.mjs';
import { step } from './sections/step.mjs';
import { train } from './sections/train.mjs';

const SECTIONS = { machine, gemm, generate: measureGeneration, llama, train, step, linear, largest };
const PEERS = ['torch', 'trl', 'llama.cpp'];

function refuse(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function listOf(name, text, known) {
  const values = text.split(',').filter(Boolean);
  const unknown = values.find((value) => !known.includes(value));
  if (unknown !== undefined) refuse(`Expected --${name} of ${known.join(', ')}, got ${unknown}.`);
  return values;
}

function countOf(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) refuse(`Expected --${name} to be 1 or more, got ${text}.`);
  return value;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(SECTIONS).join() },
    models: { type: 'string', default: Object.keys(SHAPES).join() },
    dtypes: { type: 'string', default: DTYPES.join() },
    threads: { type: 'string', default: String(availableParallelism()) },
    isa: { type: 'string', default: process.env.GUIDERAIL_ISA ?? '' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    peer: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    'llama-python': { type: 'string', default: 'python3' },
    gguf: { type: 'string' },
  },
});
const options = {
  models: listOf('models', values.models, Object.keys(SHAPES)),
  dtypes: listOf('dtypes', values.dtypes, DTYPES),
  threads: countOf('threads', values.threads),
  isa: values.isa,
  // Each section has its own default.
  rounds: values.rounds ? countOf('rounds', values.rounds) : values.quick ? 1 : undefined,
  quick: values.quick,
  peers: listOf('peer', values.peer, PEERS),
  python: values.python,
  llamaPython: values['llama-python'],
  gguf: values.gguf,
  print: (record) => process.stdout.write(`${JSON.stringify(record)}\n`),
};

const tables = [];
for (const name of listOf('only', values.only, Object.keys(SECTIONS))) {
  try {
    tables.push(...(await SECTIONS[name](options)));
  } catch (error) {
    process.stderr.write(`Section ${name}: ${error.message}\n`);
    process.exit(1);
  }
}
for (const { title, header, rows } of tables) {
  const lines = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  process.stdout.write(`\n### ${title}\n\n${lines.join('\n')}\n`);
}
