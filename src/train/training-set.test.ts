import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import { trainRecipeSchema, type ProblemsConfig } from './config.ts';
import { drawOrderOf } from './training-set.ts';

const dir = mkdtempSync(join(tmpdir(), 'training-set-'));
afterAll(() => rmSync(dir, { recursive: true }));

const parse = (problems: object) =>
  trainRecipeSchema.safeParse({
    name: 'n',
    steps: 1,
    model: { folder: 'm' },
    sampling: { maxNewTokens: 1 },
    optimizer: { learningRate: 1 },
    problems: { train: { file: 'x.jsonl' }, ...problems },
  });
const config = (problems: object): ProblemsConfig => parse(problems).data!.problems;
const named = (names: string, source = 'test') => [...names].map((name) => problemNamed(name, { source }));
const letters = named('abcd', 'letters/latin');
const digits = named('12', 'digits/arabic');
const drawn = async (
  problems: object,
  count: number,
  bySource = [letters, digits],
  warnings: string[] = [],
) => {
  const order = await drawOrderOf(config(problems), bySource, 3, warnings);
  const reading = order.from(0);
  return Array.from({ length: count }, (_, ordinal) => reading.problemAt(ordinal).id).join('');
};
const two = (...weights: (number | undefined)[]) =>
  weights.map((weight, index) => ({
    from: { file: `${index}.jsonl` },
    ...(weight !== undefined && { weight }),
  }));

test('sources without weights are one pool: as one file with all their rows', async () => {
  const pool = await drawn({ train: two(undefined, undefined) }, 12);
  expect([...pool.slice(0, 6)].sort().join('')).toBe('12abcd');
  expect(await drawn({}, 12, [[...letters, ...digits]])).toBe(pool);
});

test('weights by source and weights by path give the same shares', async () => {
  for (const problems of [{ train: two(1, 3) }, { weights: { letters: 0.5, 'digits/arabic': 1.5 } }]) {
    const text = await drawn(problems, 400);
    expect(text.replaceAll(/[a-d]/g, '').length).toBe(300);
  }
});

test('a single weighted source is drawn as without a weight', async () => {
  expect(await drawn({ train: two(2) }, 8, [letters])).toBe(await drawn({}, 8, [letters]));
});

test('weights for some sources only, or twice over, are refused', () => {
  const why = (problems: object) => parse(problems).error?.issues[0]?.message;
  expect(why({ train: two(1, undefined) })).toContain('has a weight in 1 of 2 sources');
  expect(why({ train: two(1, 1), weights: { a: 1 } })).toContain('leave one of them out');
  expect(why({ train: two(0, 1) })).toBeDefined();
});

test('a source whose problems were all dropped is refused: its share would go to the others unsaid', async () => {
  await expect(drawn({ train: two(1, 3) }, 1, [letters, []])).rejects.toThrow(/none is left of number 2/);
});

test('pass rates of other problems are refused, and of some are said', async () => {
  const file = join(dir, 'rates.jsonl');
  const rates = (...ids: string[]) => {
    writeFileSync(file, ids.map((id) => JSON.stringify({ id, samples: 4, correct: 1 })).join('\n'));
    return { order: { kind: 'easyToHard', rates: file } };
  };
  await expect(drawn(rates('z'), 1)).rejects.toThrow(/none of its 1 ids is among their 6/);
  const warnings: string[] = [];
  await drawn(rates('a', 'b', '1'), 1, [letters, digits], warnings);
  expect(warnings).toEqual([
    expect.stringMatching(/^3 of 6 training problems have no pass rate in .*rates\.jsonl/),
  ]);
});
