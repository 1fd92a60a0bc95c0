// The demo family "machines", in which guidance matters and which a tiny model learns in minutes. A machine is
// a name (ZORB) with a fixed, hidden sequence of word operations; a problem feeds it a word and asks what comes
// out; the hint is the sequence in plain words. Everything is a function of the configuration and a seed.
//
// The demonstrations make a base model that follows a procedure it is told and guesses when it is not. So
// they say nothing about the machines: the procedure of every demonstration is drawn afresh, uniformly, for a
// machine name drawn independently. Were a machine's own procedure shown even half the time, the base would
// know it without training and the hint would change nothing. They do show how many steps a name takes,
// so that a guess has the right length.
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { permutation, seedOf, uniformAt, UniformStream } from '../../random.ts';
import type { Problem } from '../../types.ts';
import { problemId } from '../problem-row.ts';
import type { Demonstration } from '../prompts.ts';
import {
  effectOf,
  effectsWithin,
  traceProcedure,
  WORD_OPERATIONS,
  type Procedure,
  type WordOperation,
} from './word-operations.ts';

const NAMES = [
  ...['ZORB', 'FLIM', 'QUAX', 'DREN', 'VOSK', 'MIPT', 'GRUL', 'TANZ', 'HEXO', 'PLIV', 'NARQ', 'SODU'],
  ...['KWEB', 'JUND', 'BOLM', 'CRIX', 'WUGO', 'YARP', 'LEFK', 'OMNU', 'TROV', 'SKLE', 'BIMO', 'DAXI'],
  ...['FOZZ', 'GLEP', 'HURV', 'IXAM', 'KLON', 'MUBB', 'PRYL', 'RUZK'],
];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Longest list of words that is made; it is enumerated, split and shuffled as a whole. */
const MAX_WORDS = 200_000;

export const machinesConfigSchema = z
  .strictObject({
    seed: z
      .int()
      .min(0)
      .default(1)
      .describe('Which procedures the machines have and which words are asked about.'),
    machines: z.int().min(1).max(NAMES.length).default(12).describe('How many machines, easy ones included.'),
    depth: z.int().min(1).max(6).default(4).describe('Operations of a machine.'),
    easyMachines: z
      .int()
      .min(0)
      .default(4)
      .describe('How many of the machines are easy: a base that guesses solves those now and then.'),
    easyDepth: z.int().min(1).max(6).default(1).describe('Operations of an easy machine.'),
    operations: z
      .union([z.int().min(1).max(WORD_OPERATIONS.length), z.array(z.enum(WORD_OPERATIONS)).min(1)])
      .default(WORD_OPERATIONS.length)
      .transform((chosen): WordOperation[] =>
        typeof chosen === 'number' ? WORD_OPERATIONS.slice(0, chosen) : [...new Set(chosen)],
      )
      .describe('The operations there are: the first n of the list of eight, or a list of names.'),
    wordLength: z.int().min(3).max(8).default(6).describe('Letters of a word, all different.'),
    alphabet: z
      .int()
      .min(3)
      .max(LETTERS.length)
      .default(8)
      .describe('Letters there are: the first n of a to z.'),
    heldOutShare: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.2)
      .describe('Share of the words that is held out, from every machine alike.'),
  })
  .superRefine((config, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (config.easyMachines > config.machines) {
      refuse('easyMachines', `must not exceed machines (${config.machines}), which counts them too`);
    }
    if (config.wordLength > config.alphabet) {
      refuse('wordLength', `must not exceed alphabet (${config.alphabet}): the letters of a word all differ`);
    } else if (wordCount(config) > MAX_WORDS) {
      refuse('wordLength', `gives ${wordCount(config)} words with this alphabet; at most ${MAX_WORDS}`);
    }
  });

export type MachinesConfig = z.output<typeof machinesConfigSchema>;

/** For tests: small enough that a model of width 16 to 32 learns it in plain JavaScript. */
export const MICRO_MACHINES: MachinesConfig = machinesConfigSchema.parse({
  machines: 3,
  depth: 2,
  easyMachines: 1,
  easyDepth: 1,
  operations: ['reverse', 'rotate-left', 'swap-first'],
  wordLength: 3,
  alphabet: 4,
  heldOutShare: 0.25,
});

export interface Machine {
  readonly name: string;
  readonly procedure: Procedure;
  readonly easy: boolean;
}

/**
 * The machines of a configuration, the easy ones last. No two do the same, and none does what fewer
 * operations could: its depth is real. ConfigError if there are not enough such procedures.
 */
export function machinesOf(config: MachinesConfig): Machine[] {
  const { operations, wordLength, machines, easyMachines } = config;
  const alphabet = alphabetOf(config);
  const within = (depth: number) => effectsWithin(depth, operations, wordLength, alphabet);
  const shorter = { hard: within(config.depth - 1), easy: within(config.easyDepth - 1) };
  const taken = new Set<string>();
  const stream = new UniformStream(seedOf(config.seed, 'machines/procedures'));
  return NAMES.slice(0, machines).map((name, index) => {
    const easy = index >= machines - easyMachines;
    const depth = easy ? config.easyDepth : config.depth;
    for (let attempt = 0; attempt < 10_000; attempt++) {
      const procedure = drawProcedure(stream, operations, depth);
      const effect = effectOf(procedure, wordLength, alphabet);
      if (taken.has(effect) || (easy ? shorter.easy : shorter.hard).has(effect)) continue;
      taken.add(effect);
      return { name, procedure, easy };
    }
    throw new ConfigError(
      `Expected ${machines} machines that all differ, but ${operations.length} operations on words of ` +
        `${wordLength} letters give fewer procedures that need ${depth} operations (${index} machines were made); ` +
        'ask for fewer machines, more operations or longer words.',
    );
  });
}

/** The hidden procedure of a machine, for tests and diagnostics. ConfigError for a name there is not. */
export function procedureOf(config: MachinesConfig, name: string): Procedure {
  const machines = machinesOf(config);
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine !== undefined) return machine.procedure;
  throw new ConfigError(
    `Expected one of the machines ${machines.map((known) => known.name).join(', ')}, got "${name}".`,
  );
}

/**
 * The first `count` problems of a split, machine after machine, so that any prefix mixes all of them. Words
 * of the two splits are disjoint. ConfigError if the split has fewer problems.
 */
export function machinesProblems(
  config: MachinesConfig,
  split: 'train' | 'heldOut',
  count: number,
): Problem[] {
  const machines = machinesOf(config);
  const words = wordsOf(config, split);
  if (count > machines.length * words.length) {
    throw new ConfigError(
      `Expected ${count} problems of the ${split} split, but ${machines.length} machines and ${words.length} words ` +
        `make ${machines.length * words.length}; ask for fewer problems, or for longer words, a larger alphabet or another heldOutShare.`,
    );
  }
  const order = permutation(words.length, seedOf(config.seed, 'machines/words', split));
  return Array.from({ length: count }, (_, index) => {
    // Each machine walks the same circle of words from a place of its own.
    const which = index % machines.length;
    const start = Math.floor((which * words.length) / machines.length);
    const position = (start + Math.floor(index / machines.length)) % words.length;
    const { name, procedure } = machines[which]!;
    return problemOf(config, name, procedure, words[order[position]!]!);
  });
}

/**
 * The endless stream of demonstrations for the warm-up, on words of the train split. Half have the hint in the
 * prompt and the response follows it; the other half have no hint and the response follows a procedure out of
 * the air. Demonstration i depends on `seed` and i, and not on `config.seed`: nothing of the machines' own
 * procedures is in it. The problem of a demonstration is not one of `machinesProblems`: its answer is what the
 * procedure shown gives.
 */
export function machinesDemonstrations(
  config: MachinesConfig,
  seed: number,
): (index: number) => Demonstration {
  const words = wordsOf(config, 'train');
  const { machines, easyMachines, operations } = config;
  return (index) => {
    const stream = new UniformStream(seedOf(seed, 'machines/demonstrations', index));
    const which = stream.integer(machines);
    const depth = which >= machines - easyMachines ? config.easyDepth : config.depth;
    const procedure = drawProcedure(stream, operations, depth);
    const word = words[stream.integer(words.length)]!;
    return {
      problem: problemOf(config, NAMES[which]!, procedure, word),
      context: stream.next() < 0.5 ? 'plain' : 'hint1',
      response: workedResponse(config, procedure, word),
    };
  };
}

/** Everything that can stand in a prompt with the default hint template, or in a good response. */
export function machinesVocabulary(config: MachinesConfig): string[] {
  const [operation] = config.operations;
  const sentences = [
    questionOf('', ''),
    'Hint:',
    hintOf('', [operation!, operation!]),
    workedResponse(config, [operation!, operation!], alphabetOf(config).slice(0, 3)),
    ...NAMES.slice(0, config.machines),
    ...config.operations,
    ...alphabetOf(config),
  ];
  return [...new Set(sentences.flatMap((sentence) => sentence.split(' ').filter((word) => word !== '')))];
}

function questionOf(name: string, word: string): string {
  return `${name} is fed ${spaced(word)} . What comes out ? Show each step .`;
}

function hintOf(name: string, procedure: Procedure): string {
  return `${name} does ${procedure.join(' then ')} .`;
}

function workedResponse(config: MachinesConfig, procedure: Procedure, word: string): string {
  const trace = traceProcedure(procedure, word, alphabetOf(config));
  const steps = procedure.map((operation, index) => `${operation} : ${spaced(trace[index]!)}`);
  return `${steps.join(' ; ')} #### ${spaced(trace.at(-1)!)}`;
}

function problemOf(config: MachinesConfig, name: string, procedure: Procedure, word: string): Problem {
  const messages = [{ role: 'user' as const, content: questionOf(name, word) }];
  const answer = spaced(traceProcedure(procedure, word, alphabetOf(config)).at(-1)!);
  return {
    id: problemId(messages, answer),
    messages,
    answer,
    verifier: 'exact',
    hints: [hintOf(name, procedure)],
    source: `synthetic/machines/${name}`,
  };
}

function drawProcedure(stream: UniformStream, operations: Procedure, depth: number): Procedure {
  return Array.from({ length: depth }, () => operations[stream.integer(operations.length)]!);
}

function alphabetOf(config: { readonly alphabet: number }): string {
  return LETTERS.slice(0, config.alphabet);
}

function spaced(word: string): string {
  return [...word].join(' ');
}

function wordCount({ wordLength, alphabet }: { wordLength: number; alphabet: number }): number {
  let count = 1;
  for (let used = 0; used < wordLength; used++) count *= alphabet - used;
  return count;
}

/** The words of a split in alphabetical order. A word's split is its own property: no seed can move it. */
function wordsOf(config: MachinesConfig, split: 'train' | 'heldOut'): string[] {
  const words = wordsWithDifferentLetters(alphabetOf(config), config.wordLength).filter((word) => {
    const heldOut = uniformAt(seedOf(0, 'machines/held-out', word), 0) < config.heldOutShare;
    return heldOut === (split === 'heldOut');
  });
  if (words.length === 0) {
    throw new ConfigError(
      `Expected words in the ${split} split, but none of the ${wordCount(config)} words falls into it; change heldOutShare.`,
    );
  }
  return words;
}

function wordsWithDifferentLetters(alphabet: string, length: number): string[] {
  let words = [''];
  for (let position = 0; position < length; position++) {
    words = words.flatMap((word) =>
      [...alphabet].filter((letter) => !word.includes(letter)).map((letter) => word + letter),
    );
  }
  return words;
}
