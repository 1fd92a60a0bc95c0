// Writes problems.jsonl and held-out.jsonl beside this file: three machines that change words of three letters. Stands
// for whatever makes your problems: a line needs a prompt, an answer, and a hint that says how without saying what.
// Run it with: node recipes/first/make-problems.mjs
import { writeFileSync } from 'node:fs';

const OPERATIONS = {
  'rotate-left': (word) => word.slice(1) + word[0],
  'swap-first': (word) => word[1] + word[0] + word.slice(2),
};
const MACHINES = {
  ZORB: ['rotate-left', 'rotate-left'],
  FLIM: ['swap-first', 'rotate-left'],
  QUAX: ['swap-first'],
};
const LETTERS = [...'abcd'];

const spaced = (word) => [...word].join(' ');
const words = LETTERS.flatMap((a) => LETTERS.flatMap((b) => LETTERS.map((c) => a + b + c))).filter(
  (word) => new Set(word).size === 3,
);

function problemOf(name, word) {
  const procedure = MACHINES[name];
  return {
    prompt: `${name} is fed ${spaced(word)} . What comes out ? Show each step .`,
    answer: spaced(procedure.reduce((before, operation) => OPERATIONS[operation](before), word)),
    hint: `${name} does ${procedure.join(' then ')} .`,
    source: `first/${name}`,
  };
}

function write(file, chosen) {
  const rows = chosen.flatMap((word) => Object.keys(MACHINES).map((name) => problemOf(name, word)));
  writeFileSync(new URL(file, import.meta.url), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

// No word that is trained on is asked about in the evaluation.
write(
  'problems.jsonl',
  words.filter((_, index) => index % 4 !== 3),
);
write(
  'held-out.jsonl',
  words.filter((_, index) => index % 4 === 3),
);
