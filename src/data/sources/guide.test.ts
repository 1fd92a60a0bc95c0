import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { contextOfLevel, type ChatMessage, type Problem } from '../../types.ts';
import { problemId, problemOf, rowOf } from '../problem-row.ts';
import { renderMessages } from '../prompts.ts';
import { parseCodeTask } from '../../verifiers/code/task.ts';
import { guideProblemRow, hintIn, isGuideRow } from './guide.ts';
import { collectProblems } from './source.ts';
import { writeProblems } from './write-problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'guiderail-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));
const user = (content: string): ChatMessage => ({ role: 'user', content });

/** A row as the official data set has it: every prompt a whole conversation. */
const official = {
  data_source: 'math/deepscaler/algebra',
  prompt: [user('What is 2+3?\nBox it.')],
  hint: [user('What is 2+3?\nHint: count on from 2.\nBox it.')],
  cot: [{ role: 'system', content: 'Follow: 2, 3, 4, 5.' }, user('What is 2+3?\nBox it.')],
  ref_prompt: [user('?')],
  ability: 'math',
  reward_model: { style: 'rule', ground_truth: '5' },
  extra_info: { index: 7 },
};
const problemFrom = (row: object): Problem =>
  problemOf(guideProblemRow(row as Record<string, unknown>), { verifier: 'exact', source: 's' }) as Problem;

describe('a row of the official data set', () => {
  it('keeps its hinted prompts whole, by level, and its hints are what they have that the prompt has not', () => {
    const problem = problemFrom(official);
    expect(problem).toMatchObject({
      ...{ answer: '5', verifier: 'math', source: 'math/deepscaler/algebra', messages: official.prompt },
      hints: ['Hint: count on from 2.', 'Follow: 2, 3, 4, 5.'],
    });
    expect(renderMessages(problem, 'plain')).toEqual(official.prompt);
    expect(renderMessages(problem, 'hint1')).toEqual(official.hint);
    expect(renderMessages(problem, 'hint2')).toEqual(official.cot);
  });

  it('may lack a level below another', () => {
    const problem = problemFrom({ ...official, hint: null });
    expect(problem).toMatchObject({
      hints: ['', 'Follow: 2, 3, 4, 5.'],
      hintedPrompts: [null, official.cot],
    });
  });

  it.each([
    ['math', 'math'],
    ['stem', 'science'],
    ['llm', 'exact'],
    [null, 'exact'],
  ])('of the ability %s is graded by %s', (ability, verifier) => {
    expect(problemFrom({ ...official, ability }).verifier).toBe(verifier);
  });

  it('of the ability code has tests, of standard input or of a function', () => {
    const answerOf = (truth: unknown) =>
      parseCodeTask(
        problemFrom({ ...official, ability: 'code', reward_model: { ground_truth: truth } }).answer,
      );
    expect(answerOf(JSON.stringify({ inputs: ['1 2\n', ['3', '4']], outputs: ['3\n', 7] }))).toMatchObject({
      style: 'stdio',
      tests: [
        { stdin: '1 2\n', stdout: '3\n' },
        { stdin: '3\n4', stdout: '7' },
      ],
    });
    expect(answerOf({ fn_name: 'add', inputs: [[1, 2]], outputs: [3] })).toMatchObject({
      ...{ style: 'function', entryPoint: 'add', tests: [{ args: [1, 2], returns: 3 }] },
    });
  });

  it.each([
    [{ hint: official.prompt }, 'hint', /is the prompt itself/],
    [{ prompt: [] }, 'prompt', /./],
    [{ hint: 'only text' }, 'hint', /./],
    [{ reward_model: { ground_truth: ['5', 'five'] } }, 'reward_model.ground_truth', /has 2 answers/],
    [{ reward_model: {} }, 'reward_model.ground_truth', /is missing/],
    [{ ability: 'code' }, 'reward_model.ground_truth', /tests/],
  ])('with %j is refused', (change, field, reason) => {
    const row = guideProblemRow({ ...official, ...change });
    expect(row).toEqual({ field, reason: expect.stringMatching(reason) as string });
  });

  it('is known by what it has, and a list of one answer is that answer', () => {
    expect(isGuideRow(official)).toBe(true);
    expect(isGuideRow({ prompt: 'Q', reward_model: {} })).toBe(false);
    expect(problemFrom({ ...official, reward_model: { ground_truth: ['5'] } }).answer).toBe('5');
  });
});

describe('the hint in a hinted conversation', () => {
  it.each([
    ['put before', [user('Q')], [user('Hint: h\n\nQ')], 'Hint: h'],
    ['put after', [user('Q')], [user('Q\n\nHint: h')], 'Hint: h'],
    ['put within', [user('ab')], [user('a [h] b')], '[h]'],
    ['put where letters repeat', [user('aa')], [user('aaa')], 'a'],
    ['worded anew', [user('Q one')], [user('R two')], 'R two'],
    ['in a message of its own', [user('Q')], [{ role: 'system', content: 'h' } as const, user('Q')], 'h'],
  ])('%s', (_, plain, hinted, hint) => expect(hintIn(plain, hinted)).toBe(hint));
});

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((t) => t.trim() !== '');
const trimmed = text.map((t) => t.trim());
const problems = fc.array(
  fc
    .record({
      system: fc.option(text),
      question: text,
      answer: trimmed,
      verifier: fc.constantFrom('exact', 'math', 'science', 'mine'),
      // A level may be without a hint, the last one aside.
      hints: fc
        .array(fc.oneof({ weight: 4, arbitrary: trimmed }, fc.constant('')), { maxLength: 4 })
        .map((hints) => hints.slice(0, hints.findLastIndex((hint) => hint !== '') + 1)),
      solution: fc.option(trimmed),
      source: trimmed,
    })
    .map(({ system, question, solution, ...rest }): Problem => {
      const messages = [
        ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
        user(question),
      ];
      return {
        id: problemId(messages, rest.answer),
        messages,
        ...rest,
        ...(solution !== null && { solution }),
      };
    }),
  { minLength: 1, maxLength: 8 },
);

describe('problems written and read again', () => {
  it('are the same in JSON Lines, and their row gives them back', () => {
    fc.assert(
      fc.property(problems, (all) => {
        for (const problem of all) {
          const row = JSON.parse(JSON.stringify(rowOf(problem))) as unknown;
          expect(problemOf(row, { verifier: '-', source: '-' })).toEqual(problem);
        }
      }),
    );
  });

  it('in the Guide schema are the same, and under every hint the model sees what the template made of it', async () => {
    const template = fc.constantFrom(
      '{content}\n\nHint: {hint}',
      '[{hint}] {content}',
      '{content}{hint}{content}',
    );
    const file = join(folder, 'round.parquet');
    await fc.assert(
      fc.asyncProperty(problems, template, async (some, hintTemplate) => {
        const all = [...new Map(some.map((problem) => [problem.id, problem])).values()];
        const levels = Math.max(...all.map(({ hints }) => hints.length));
        await writeProblems(file, all, { levels, prompt: { hintTemplate } });
        const { problems: read, rejected } = await collectProblems({ file });
        expect(rejected).toEqual([]);
        const bare = (problem: Problem) => ({ ...problem, hintedPrompts: undefined });
        expect(read.map(bare)).toEqual(all.map(bare));
        for (const [index, problem] of all.entries()) {
          for (let level = 0; level <= problem.hints.length; level++) {
            const context = contextOfLevel(level);
            if (level > 0 && problem.hints[level - 1] === '') continue;
            // Read with another template: what the file brings is whole.
            expect(renderMessages(read[index], context, { hintTemplate: '{hint}{content}' })).toEqual(
              renderMessages(problem, context, { hintTemplate }),
            );
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('have the columns of the official data set', async () => {
    const file = join(folder, 'columns.parquet');
    await writeProblems(file, [problemFrom(official)], { levels: 2 });
    const bytes = readFileSync(file);
    const [row] = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    });
    const { data_source, prompt, hint, cot, ability, reward_model } = official;
    expect(row).toMatchObject({ data_source, prompt, hint, cot, ability, reward_model });
  });

  it('leave no file behind when a problem cannot be had, and an older one as it was', async () => {
    const file = join(folder, 'kept.jsonl');
    writeFileSync(file, 'before');
    async function* broken(): AsyncGenerator<Problem> {
      yield problemFrom(official);
      throw await Promise.resolve(new Error('no more'));
    }
    await expect(writeProblems(file, broken(), { levels: 0 })).rejects.toThrow('no more');
    expect(readFileSync(file, 'utf8')).toBe('before');
  });
});
