import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { problemId } from '../data/problems.ts';
import { DataError } from '../errors.ts';
import type { Problem } from '../types.ts';
import { trainRecipeSchema, type ProblemsConfig } from './config.ts';
import { screenTraining } from './screen.ts';

const dir = mkdtempSync(join(tmpdir(), 'screen-'));
afterAll(() => rmSync(dir, { recursive: true }));

const config = (fields: object): ProblemsConfig => {
  const problems = { train: { file: 'train.jsonl' }, ...fields };
  const rest = {
    name: 'n',
    steps: 1,
    model: { folder: 'm' },
    sampling: { maxNewTokens: 1 },
    optimizer: { learningRate: 1 },
  };
  return trainRecipeSchema.parse({ ...rest, problems }).problems;
};
const problem = (content: string, answer = '1', source = 's'): Problem => {
  const messages = [{ role: 'user' as const, content }];
  return { id: problemId(messages, answer), messages, answer, verifier: 'exact', hints: [], source };
};
const screened = async (bySource: Problem[][], heldOut: Problem[], fields: object) => {
  const warnings: string[] = [];
  const kept = await screenTraining(bySource, heldOut, config(fields), warnings);
  return { kept: kept.map((own) => own.map(({ messages }) => messages[0].content)), warnings };
};

describe('repetitions', () => {
  const twice = [
    [problem('Find x.'), problem('Find y.')],
    [problem('Find x.'), problem('FIND Y')],
  ];

  test('of one problem in several sources are unusable rows: refused, or dropped and counted', async () => {
    await expect(screened(twice, [], {})).rejects.toThrow(DataError);
    await expect(screened(twice, [], {})).rejects.toThrow(
      /there are 1:\n"Find x\." \(\w{16}\) of s repeats "Find x\." .*problems\.unusable: drop/s,
    );
    const { kept, warnings } = await screened(twice, [], { unusable: 'drop' });
    expect(kept).toEqual([['Find x.', 'Find y.'], ['FIND Y']]);
    expect(warnings).toEqual([
      expect.stringContaining('Dropped 1 training problems that are in several sources'),
      expect.stringContaining('Found and kept 1 training problems that repeat another with the same answer'),
    ]);
  });

  test('that are near are dropped or refused where the recipe says so', async () => {
    const near = [[problem('Find y.'), problem('FIND Y'), problem('find y', '2')]];
    const { kept, warnings } = await screened(near, [], { nearDuplicates: 'drop' });
    expect(kept).toEqual([['Find y.', 'find y']]);
    expect(warnings).toEqual([
      expect.stringMatching(/^Dropped 1 .*:\n"FIND Y" \(\w+\) of s repeats "Find y\."/),
    ]);
    await expect(screened(near, [], { nearDuplicates: 'refuse' })).rejects.toThrow(/nearDuplicates: drop/);
  });
});

describe('overlap', () => {
  const shared = 'a farmer has twelve cows and buys seven more from a neighbour in the spring';
  const training = [[problem(`Once ${shared} .`), problem('Find x.')], [problem('Find y.')]];
  const heldOut = [problem('find Y', '9'), problem(`Long ago ${shared} , it is said`)];

  test('is reported with both problems and the shared text, and nothing is dropped by default', async () => {
    const { kept, warnings } = await screened(training, heldOut, {});
    expect(kept).toEqual(training.map((own) => own.map(({ messages }) => messages[0].content)));
    expect(warnings).toHaveLength(1);
    expect(warnings[0].split('\n')).toEqual([
      'Found and kept 2 training problems that share 13 words in a row, or all of a shorter text, with an evaluation problem:',
      expect.stringMatching(
        /^"Once a farmer .*…" \(\w+\) with "Long ago .*…" \(\w+\) of problems\.heldOut: 15 words in a row \(75 % of it\): "a farmer has .* spring"$/,
      ),
      expect.stringMatching(/^"Find y\." .* with "find Y" \(\w+\) of problems\.heldOut: the whole text$/),
    ]);
  });

  test('is dropped from training alone, or refused', async () => {
    const { kept, warnings } = await screened(training, heldOut, { overlap: { handling: 'drop' } });
    expect(kept).toEqual([['Find x.'], []]);
    expect(warnings[0]).toMatch(/^Dropped 2 training problems that share 13/);
    await expect(screened(training, heldOut, { overlap: { handling: 'refuse' } })).rejects.toThrow(
      /Expected no training problems that share .* but there are 2:\n.*overlap\.handling: drop/s,
    );
  });

  test('is looked for in further files, whose bad rows are said', async () => {
    const file = join(dir, 'evaluation.jsonl');
    writeFileSync(file, `{"prompt": "find X", "answer": "3"}\nnonsense\n`);
    const { warnings } = await screened(training, [], { overlap: { against: [file] } });
    expect(warnings).toEqual([
      expect.stringMatching(/^1 rows of .*evaluation\.jsonl .* are not compared with; line 2, row: not JSON/),
      expect.stringMatching(
        /"Find x\." \(\w+\) with "find X" \(\w+\) of .*evaluation\.jsonl: the whole text$/,
      ),
    ]);
  });

  test('lists five and counts the rest', async () => {
    const many = Array.from({ length: 8 }, (_, n) => problem(`Find x${n}.`));
    const { warnings } = await screened([many], many, {});
    expect(warnings[0].split('\n')).toHaveLength(7);
    expect(warnings[0]).toMatch(/… and 3 more$/);
  });

  test('that leaves nothing to train on is refused', async () => {
    const same = [problem('Find x.')];
    await expect(screened([same], same, { overlap: { handling: 'drop' } })).rejects.toThrow(/there is none/);
  });
});
