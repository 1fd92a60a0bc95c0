import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { exactAnswer } from '../../verifiers/exact-answer.ts';
import { renderDemonstration, renderPrompt, type Demonstration } from '../prompts.ts';
import { loadTokenizer } from '../tokenizer.ts';
import {
  machinesConfigSchema,
  machinesDemonstrations,
  machinesOf,
  machinesProblems,
  MICRO_MACHINES,
  procedureOf,
  type MachinesConfig,
} from './machines.ts';
import { machinesTokenizerFiles } from './machines-tokenizer.ts';
import { effectOf, effectsWithin, traceProcedure } from './word-operations.ts';

const configOf = (options: object) => machinesConfigSchema.parse(options);
const standard = configOf({});
/** Small, with letter shifts, and an alphabet as long as its words. */
const small = configOf({ machines: 4, easyMachines: 1, depth: 2, wordLength: 5, alphabet: 5 });

const grade = (problem: Problem, response: string) =>
  exactAnswer.verify({ problem, response, finish: 'stop' });
const nameOf = (problem: Problem) => problem.source.split('/')[2];
const wordOf = (problem: Problem) => / is fed ([a-z ]+) \./.exec(problem.messages[0].content)![1];

async function tokenizerOf(config: MachinesConfig) {
  const folder = await mkdtemp(path.join(tmpdir(), 'machines-'));
  try {
    for (const [name, contents] of Object.entries(machinesTokenizerFiles(config))) {
      await writeFile(path.join(folder, name), contents);
    }
    return await loadTokenizer(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('machinesConfigSchema', () => {
  it.each([
    { machines: 3, easyMachines: 4 },
    { wordLength: 6, alphabet: 5 },
    { wordLength: 8, alphabet: 26 },
    { operations: ['rotate'] },
    { operations: 9 },
    { heldOutShare: 1 },
    { depths: 3 },
  ])('refuses %j', (options) => {
    expect(machinesConfigSchema.safeParse(options).success).toBe(false);
  });

  it('takes what it gave', () => {
    expect(configOf(standard)).toEqual(standard);
    expect(configOf({ operations: 2 }).operations).toEqual(['reverse', 'rotate-left']);
  });
});

describe('machinesOf', () => {
  it.each([standard, small, MICRO_MACHINES])('makes machines that differ and need their depth', (config) => {
    const alphabet = 'abcdefgh'.slice(0, config.alphabet);
    const machines = machinesOf(config);
    expect(machines).toHaveLength(config.machines);
    expect(machines.filter(({ easy }) => easy)).toHaveLength(config.easyMachines);
    const effects = machines.map(({ procedure }) => effectOf(procedure, config.wordLength, alphabet));
    expect(new Set(effects).size).toBe(machines.length);
    machines.forEach(({ procedure, easy }, index) => {
      expect(procedure).toHaveLength(easy ? config.easyDepth : config.depth);
      const shorter = effectsWithin(procedure.length - 1, config.operations, config.wordLength, alphabet);
      expect(shorter).not.toContain(effects[index]);
    });
  });

  it('depends on the seed', () => {
    expect(machinesOf(configOf({ seed: 2 }))).not.toEqual(machinesOf(standard));
    expect(machinesOf(configOf({ seed: 1 }))).toEqual(machinesOf(standard));
  });

  it('says so when there are not enough different procedures', () => {
    const config = configOf({ operations: ['swap-first'], depth: 1, machines: 2, easyMachines: 0 });
    expect(() => machinesOf(config)).toThrow(ConfigError);
    expect(() => machinesOf(config)).toThrow(/Expected 2 machines.*1 operations.*\(1 machines were made\)/);
  });
});

describe('machinesProblems', () => {
  it('ask what the machine’s procedure makes of the word, and hint at that procedure', () => {
    for (const problem of machinesProblems(small, 'train', 40)) {
      const procedure = procedureOf(small, nameOf(problem));
      const word = wordOf(problem).replaceAll(' ', '');
      expect(problem.answer).toBe([...traceProcedure(procedure, word, 'abcde').at(-1)!].join(' '));
      expect(problem.hints).toEqual([`${nameOf(problem)} does ${procedure.join(' then ')} .`]);
      expect(new Set(word).size).toBe(5);
    }
  });

  it('are written so', () => {
    expect(machinesProblems(MICRO_MACHINES, 'train', 1)[0]).toMatchObject({
      messages: [
        {
          role: 'user',
          content: expect.stringMatching(
            /^ZORB is fed [a-d] [a-d] [a-d] \. What comes out \? Show each step \.$/,
          ) as string,
        },
      ],
      verifier: 'exact',
      source: 'synthetic/machines/ZORB',
    });
  });

  it('mix the machines evenly in any prefix', () => {
    const names = machinesProblems(standard, 'train', 24).map(nameOf);
    expect(new Set(names.slice(0, 12)).size).toBe(12);
    expect(names.slice(12)).toEqual(names.slice(0, 12));
  });

  it('are all different, with no word in both splits, and together use every word', () => {
    const all = (split: 'train' | 'heldOut') => {
      const words = split === 'train' ? trainWords : heldOutWords;
      return machinesProblems(small, split, words * small.machines);
    };
    // 5! words, held out with probability 1/5 each.
    const heldOutWords = countOf(small, 'heldOut');
    const trainWords = 120 - heldOutWords;
    expect(heldOutWords).toBeGreaterThan(10);
    const train = all('train');
    const heldOut = all('heldOut');
    expect(new Set([...train, ...heldOut].map(({ id }) => id)).size).toBe(120 * small.machines);
    const words = new Set(train.map(wordOf));
    for (const problem of heldOut) expect(words).not.toContain(wordOf(problem));
  });

  it('are a prefix of a longer list, and the same each time', () => {
    expect(machinesProblems(small, 'train', 10)).toEqual(machinesProblems(small, 'train', 30).slice(0, 10));
  });

  it('cannot be more than there are', () => {
    const most = countOf(small, 'heldOut') * small.machines;
    expect(() => machinesProblems(small, 'heldOut', most + 1)).toThrow(/make \d+; ask for fewer problems/);
  });
});

/** Words of a split: the most problems that are not refused, over the machines. */
function countOf(config: MachinesConfig, split: 'train' | 'heldOut'): number {
  try {
    machinesProblems(config, split, 1_000_000);
  } catch (error) {
    return Number(/and (\d+) words/.exec((error as Error).message)![1]);
  }
  throw new Error('a million problems were made');
}

/** The first `count` demonstrations of a seed. */
function demonstrations(config: MachinesConfig, count: number, seed: number): Demonstration[] {
  const demonstrationAt = machinesDemonstrations(config, seed);
  return Array.from({ length: count }, (_, index) => demonstrationAt(index));
}

describe('machinesDemonstrations', () => {
  it.each([standard, small, MICRO_MACHINES])(
    'end in the answer of the procedure they show',
    async (config) => {
      for (const { problem, response } of demonstrations(config, 60, 5)) {
        expect(await grade(problem, response)).toMatchObject({ kind: 'correct' });
      }
    },
  );

  it('follow the hint step by step, and are written so', () => {
    for (const { problem, response } of demonstrations(MICRO_MACHINES, 50, 5)) {
      const shown = response.match(/[a-z]+-?[a-z]+(?= :)/g)!;
      expect(problem.hints).toEqual([`${nameOf(problem)} does ${shown.join(' then ')} .`]);
    }
    const [first] = demonstrations(MICRO_MACHINES, 1, 1);
    expect(wordOf(first.problem)).toBe('d b c');
    expect(first.response).toBe('swap-first : b d c ; reverse : c d b #### c d b');
  });

  it('show the hint about half the time', () => {
    const hinted = demonstrations(small, 1000, 5).filter(({ context }) => context === 'hint1');
    // 500 ± 4 standard deviations of 16.
    expect(Math.abs(hinted.length - 500)).toBeLessThan(64);
  });

  it('say nothing about the machines: other machines, the same demonstrations', () => {
    const other = { ...small, seed: 2 };
    expect(machinesOf(other)).not.toEqual(machinesOf(small));
    expect(demonstrations(other, 50, 5)).toEqual(demonstrations(small, 50, 5));
  });

  it('use words of the train split only', () => {
    const heldOut = machinesProblems(small, 'heldOut', countOf(small, 'heldOut') * small.machines);
    const words = new Set(heldOut.map(wordOf));
    for (const { problem } of demonstrations(small, 300, 5)) expect(words).not.toContain(wordOf(problem));
  });

  it('depend on their seed and ordinal alone', () => {
    expect(demonstrations(small, 20, 5)).toEqual(demonstrations(small, 40, 5).slice(0, 20));
    expect(demonstrations(small, 20, 6)).not.toEqual(demonstrations(small, 20, 5));
  });
});

describe('machinesTokenizerFiles', () => {
  it('are the files that Hugging Face’s tokenizer was tried on', async () => {
    for (const [name, contents] of Object.entries(machinesTokenizerFiles(MICRO_MACHINES))) {
      const fixture = path.resolve(import.meta.dirname, '../../../test/fixtures/data/machines-micro', name);
      expect(contents).toBe(await readFile(fixture, 'utf8'));
    }
  });

  it.each([standard, small, MICRO_MACHINES])(
    'have every word of every prompt and response',
    async (config) => {
      const tokenizer = await tokenizerOf(config);
      for (const problem of machinesProblems(config, 'train', 12)) {
        expect(tokenizer.decode(renderPrompt(tokenizer, problem, 'hint1'))).toBe(
          `<user> ${problem.messages[0].content} Hint: ${problem.hints[0]} <assistant>`,
        );
      }
      for (const demonstration of demonstrations(config, 40, 5)) {
        const { responseTokens } = renderDemonstration(tokenizer, demonstration);
        const text = tokenizer.decode(responseTokens, { skipSpecial: true });
        expect(text).toBe(demonstration.response);
        expect(await grade(demonstration.problem, text)).toMatchObject({ kind: 'correct' });
        expect(tokenizer.decode(responseTokens.slice(-1))).toBe('<eos>');
      }
    },
  );

  it('spend one token on a letter, an operation and a name', async () => {
    const tokenizer = await tokenizerOf(standard);
    const [problem] = machinesProblems(standard, 'train', 1);
    // <user> · name is fed · 6 letters . · What comes out ? · Show each step . · <assistant>
    expect(renderPrompt(tokenizer, problem, 'plain')).toHaveLength(1 + 3 + 7 + 4 + 4 + 1);
    // Hint: · name does · 4 operations and 3 times "then" .
    expect(renderPrompt(tokenizer, problem, 'hint1')).toHaveLength(20 + 1 + 2 + 7 + 1);
  });
});
