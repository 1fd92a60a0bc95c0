import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { HintGenerator, type GenerateSettings, type HintCheck } from './generate.ts';
import { DEFAULT_PROMPTS, loadPrompts } from './prompts.ts';
import { ReplyCache } from './reply-cache.ts';
import { Spending } from './spending.ts';
import { RequestError, TeacherError, type Teacher, type TeacherReply } from './teacher.ts';

const root = mkdtempSync(join(tmpdir(), 'guiderail-generate-'));
const opened: ReplyCache[] = [];
afterAll(() => {
  for (const cache of opened) cache.close();
  rmSync(root, { recursive: true });
});
const prompts = await loadPrompts(DEFAULT_PROMPTS);

const problem = (name: string): Problem => ({
  id: name,
  messages: [{ role: 'user', content: `What is ${name}?` }],
  answer: '42',
  verifier: 'exact',
  hints: [],
  solution: 'Multiply.',
  source: 's',
});

/** Answers in order, the last for ever; a string is the text of a reply, an error is thrown. */
function teacherOf(...answers: (readonly string[] | string | Error)[]) {
  const asked: string[] = [];
  const teacher: Teacher = {
    model: 'm',
    parameters: {},
    ask: async ({ messages }): Promise<TeacherReply> => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(messages.at(-1)!.content);
      if (answer instanceof Error) throw answer;
      const text = typeof answer === 'string' ? answer : JSON.stringify({ hints: answer });
      return { text, finish: 'stop', usage: { promptTokens: 100, completionTokens: 10 } };
    },
  };
  return { teacher, asked };
}

async function generatorOf(teacher: Teacher, more: Partial<GenerateSettings> = {}, dir = `${opened.length}`) {
  const cache = more.cache ?? (await ReplyCache.open(join(root, dir)));
  opened.push(cache);
  const spending = new Spending({});
  const bounds = { levels: 2, attempts: 3, maxNewTokens: 50, signal: new AbortController().signal };
  return new HintGenerator({ teacher, prompts, cache, spending, ...bounds, ...more });
}

/** Refuses what names the answer. */
const noAnswer: HintCheck = async ({ answer, hints }, level) => ({
  ok: !hints[level - 1].includes(answer),
  reason: `It names the result (level ${level}).`,
});

describe('HintGenerator', () => {
  it('asks once where the reply can be used', async () => {
    const { teacher, asked } = teacherOf(['think of six', 'think of seven']);
    const generator = await generatorOf(teacher, { check: noAnswer });
    expect(await generator.generate(problem('a'))).toEqual({
      status: 'complete',
      hints: ['think of six', 'think of seven'],
      dropped: [],
      attempts: 1,
    });
    expect(asked).toHaveLength(1);
  });

  it('asks again with the fault named, and takes the reply that can be used', async () => {
    const { teacher, asked } = teacherOf('Just multiply.', ['one hint alone'], ['first way', 'second way']);
    const generator = await generatorOf(teacher);
    expect(await generator.generate(problem('a'))).toMatchObject({ status: 'complete', attempts: 3 });
    expect(asked[0]).not.toContain('EARLIER ATTEMPT');
    expect(asked[1]).toContain('- The reply was no JSON object: "Just multiply."');
    expect(asked[2]).toContain('had 1 strings where 2 were asked for');
    expect(asked[2]).not.toContain('Just multiply.');
    expect(generator.counts.useless).toBe(2);
  });

  it('keeps a problem without hints after its last attempt, and says why', async () => {
    const { teacher, asked } = teacherOf('never JSON');
    const generator = await generatorOf(teacher);
    const result = await generator.generate(problem('a'));
    expect(result).toMatchObject({ status: 'failed', hints: [], attempts: 3 });
    expect(result.reason).toContain('no JSON object');
    expect(asked).toHaveLength(3);
  });

  it('asks for a refused hint again with the reason, and keeps those that were accepted', async () => {
    const { teacher, asked } = teacherOf(['good way', 'it is 42'], ['worse way', 'product of both']);
    const generator = await generatorOf(teacher, { check: noAnswer });
    expect(await generator.generate(problem('a'))).toMatchObject({
      status: 'complete',
      hints: ['good way', 'product of both'],
      attempts: 2,
    });
    expect(asked[1]).toContain('- Hint 2 was "it is 42". It names the result (level 2).');
    expect(generator.counts.refusedHints).toBe(1);
  });

  it('names the refused hint again where the reply to that cannot be read', async () => {
    const { teacher, asked } = teacherOf(['good way', 'it is 42'], 'sorry', ['good way', 'product of both']);
    const generator = await generatorOf(teacher, { check: noAnswer });
    expect(await generator.generate(problem('a'))).toMatchObject({ status: 'complete', attempts: 3 });
    expect(asked[2]).toContain('"sorry"');
    expect(asked[2]).toContain('Hint 2 was "it is 42"');
  });

  it('drops a hint that stays refused, and leaves its place empty', async () => {
    const { teacher } = teacherOf(['good way', '42 it is', 'the whole plan']);
    const generator = await generatorOf(teacher, { check: noAnswer, levels: 3, attempts: 2 });
    expect(await generator.generate(problem('a'))).toEqual({
      status: 'partial',
      hints: ['good way', null, 'the whole plan'],
      dropped: [{ level: 2, reason: 'It names the result (level 2).' }],
      attempts: 2,
    });
  });

  it('has no hint where all stay refused', async () => {
    const { teacher } = teacherOf(['so 42', 'or 42']);
    const generator = await generatorOf(teacher, { check: noAnswer, attempts: 1 });
    expect(await generator.generate(problem('a'))).toMatchObject({
      status: 'failed',
      hints: [],
      reason: 'It names the result (level 1).',
    });
  });

  it('shows the check the hints of the other levels as well', async () => {
    const { teacher } = teacherOf(['good way', 'good way'], ['other way', 'product of both']);
    const noTwins: HintCheck = async ({ hints }, level) => ({
      ok: hints.indexOf(hints[level - 1]) === level - 1,
      reason: 'It is a hint again.',
    });
    const generator = await generatorOf(teacher, { check: noTwins });
    expect((await generator.generate(problem('a'))).hints).toEqual(['good way', 'product of both']);
  });

  it('refuses a hint that is copied from the request', async () => {
    const { teacher } = teacherOf(['What is a?', 'product of both']);
    const result = await (await generatorOf(teacher, { attempts: 1 })).generate(problem('a'));
    expect(result.reason).toContain('Hint 1 was copied');
  });

  it('walks through the cache in a second life and asks for nothing, whatever went wrong in the first', async () => {
    const dir = 'second-life';
    const first = teacherOf('torn', ['good way', 'it is 42'], ['good way', 'product of both']);
    const cache = await ReplyCache.open(join(root, dir));
    const before = await (
      await generatorOf(first.teacher, { cache, check: noAnswer })
    ).generate(problem('a'));
    cache.close();
    const second = teacherOf(new TeacherError('must not be asked'));
    const generator = await generatorOf(second.teacher, { check: noAnswer }, dir);
    expect(await generator.generate(problem('a'))).toEqual(before);
    expect([second.asked.length, generator.counts.fromCache]).toEqual([0, 3]);
  });

  it('asks once for a problem that comes twice at the same time', async () => {
    const { teacher, asked } = teacherOf(['first way', 'second way']);
    const generator = await generatorOf(teacher);
    const both = await Promise.all([generator.generate(problem('a')), generator.generate(problem('a'))]);
    expect(both[0]).toEqual(both[1]);
    expect(asked).toHaveLength(1);
  });

  it('leaves a problem without hints whose request fails, and keeps no reply', async () => {
    const { teacher, asked } = teacherOf(new RequestError('Too long.'), ['first way', 'second way']);
    const generator = await generatorOf(teacher);
    expect(await generator.generate(problem('a'))).toMatchObject({
      status: 'failed',
      reason: 'Too long.',
      attempts: 0,
    });
    expect(await generator.generate(problem('a'))).toMatchObject({ status: 'complete' });
    expect(asked).toHaveLength(2);
  });

  it('ends with an error where the teacher cannot be used', async () => {
    const { teacher } = teacherOf(new TeacherError('No such model.'));
    await expect((await generatorOf(teacher)).generate(problem('a'))).rejects.toThrow('No such model.');
  });

  it('asks nothing once it is told to stop, but gives what the cache has', async () => {
    const stop = new AbortController();
    const { teacher, asked } = teacherOf(['first way', 'second way']);
    const generator = await generatorOf(teacher, { signal: stop.signal });
    await generator.generate(problem('a'));
    stop.abort(new Error('stopped'));
    expect(await generator.generate(problem('a'))).toMatchObject({ status: 'complete' });
    await expect(generator.generate(problem('b'))).rejects.toThrow('stopped');
    expect(asked).toHaveLength(1);
  });

  it('does not ask beyond the limit of spending', async () => {
    const { teacher, asked } = teacherOf(['first way', 'second way']);
    // One request reserves its prompt and 50 tokens, and uses 110; the prompt alone has more than 500.
    const spending = new Spending({ tokens: 1700 });
    const generator = await generatorOf(teacher, { spending });
    const results = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
      results.push((await generator.generate(problem(name))).status);
    expect(results.at(-1)).toBe('notAsked');
    expect(results.filter((status) => status === 'complete')).toHaveLength(asked.length);
    expect(spending.spent.promptTokens + spending.spent.completionTokens).toBe(110 * asked.length);
  });

  it('estimates what a teacher does not say it used', async () => {
    const teacher: Teacher = {
      model: 'm',
      parameters: {},
      ask: async () => ({ text: '{"hints": ["first way", "second way"]}', finish: 'stop', usage: null }),
    };
    const spending = new Spending({});
    const generator = await generatorOf(teacher, { spending });
    await generator.generate(problem('a'));
    expect(generator.counts.unmetered).toBe(1);
    // 38 bytes at 3.5 to a token.
    expect(spending.spent.completionTokens).toBe(11);
    expect(spending.spent.promptTokens).toBeGreaterThan(500);
  });
});
