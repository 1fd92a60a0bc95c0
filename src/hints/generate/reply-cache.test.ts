import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { ReplyCache, requestKey, type RequestContent } from './reply-cache.ts';

const root = mkdtempSync(join(tmpdir(), 'guiderail-replies-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const folder = () => join(root, String(folders++), 'deep');
const reply = (text: string) => ({
  text,
  finish: 'stop' as const,
  usage: { promptTokens: 7, completionTokens: 2 },
});

describe('ReplyCache', () => {
  it('gives back what was added, in another life too, and what each model has used', async () => {
    const dir = folder();
    const first = await ReplyCache.open(dir);
    await first.add('a', 'm', reply('one\nline'));
    await first.add('b', 'n', reply('Infinity'));
    expect(first.get('a')).toEqual(reply('one\nline'));
    first.close();
    const second = await ReplyCache.open(dir);
    await second.add('c', 'm', reply('three'));
    second.close();
    const third = await ReplyCache.open(dir);
    expect([third.size, third.get('a'), third.get('b'), third.get('c')]).toEqual([
      3,
      reply('one\nline'),
      reply('Infinity'),
      reply('three'),
    ]);
    expect(third.spentOn('m')).toEqual({ promptTokens: 14, completionTokens: 4 });
    expect(third.spentOn('other')).toEqual({ promptTokens: 0, completionTokens: 0 });
    third.close();
  });

  it('has a reply on file as soon as add resolves', async () => {
    const cache = await ReplyCache.open(folder());
    await cache.add('a', 'm', reply('x'));
    expect(JSON.parse(readFileSync(cache.path, 'utf8'))).toMatchObject({ key: 'a', text: 'x' });
    cache.close();
  });

  it('loses a torn last line and nothing else, wherever it was torn', async () => {
    const dir = folder();
    const cache = await ReplyCache.open(dir);
    await cache.add('a', 'm', reply('kept'));
    const whole = statSync(cache.path).size;
    await cache.add('b', 'm', reply('torn'));
    const end = statSync(cache.path).size;
    cache.close();
    const bytes = readFileSync(cache.path);
    for (const length of [whole + 1, end - 2]) {
      writeFileSync(cache.path, bytes);
      truncateSync(cache.path, length);
      const again = await ReplyCache.open(dir);
      expect([again.get('a')?.text, again.get('b')]).toEqual(['kept', undefined]);
      await again.add('c', 'm', reply('after'));
      again.close();
      const later = await ReplyCache.open(dir);
      expect([later.size, later.get('c')?.text]).toEqual([2, 'after']);
      later.close();
    }
  });

  it('passes over lines that are no replies', async () => {
    const dir = folder();
    const cache = await ReplyCache.open(dir);
    await cache.add('a', 'm', reply('kept'));
    cache.close();
    appendFileSync(cache.path, 'nonsense\n{"key": "b"}\n');
    const again = await ReplyCache.open(dir);
    expect(again.size).toBe(1);
    again.close();
  });

  it('has one writer', async () => {
    const dir = folder();
    const cache = await ReplyCache.open(dir);
    await expect(ReplyCache.open(dir)).rejects.toThrow(/Another process generates hints.*--cache/);
    cache.close();
    (await ReplyCache.open(dir)).close();
  });
});

describe('requestKey', () => {
  const problem: Problem = {
    id: 'p',
    messages: [{ role: 'user', content: 'q' }],
    answer: '1',
    verifier: 'exact',
    hints: [],
    solution: 's',
    source: 'x',
  };
  const request: RequestContent = {
    problem,
    messages: [{ role: 'user', content: 'ask' }],
    levels: 2,
    attempt: 1,
  };
  const teacher = { model: 'm', parameters: { temperature: 0.7, maxNewTokens: 10 } };
  const key = requestKey(request, teacher);

  it('is a SHA-256 that the order of parameters, hints and the source do not change', () => {
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(requestKey(request, { model: 'm', parameters: { maxNewTokens: 10, temperature: 0.7 } })).toBe(key);
    const other = { ...problem, hints: ['h'], source: 'y' };
    expect(requestKey({ ...request, problem: other }, teacher)).toBe(key);
  });

  it.each<[string, Partial<RequestContent>, Partial<typeof teacher>]>([
    ['problem', { problem: { ...problem, id: 'q' } }, {}],
    ['solution', { problem: { ...problem, solution: 't' } }, {}],
    ['words of the prompt', { messages: [{ role: 'user', content: 'Ask' }] }, {}],
    ['role of a message', { messages: [{ role: 'system', content: 'ask' }] }, {}],
    ['number of levels', { levels: 3 }, {}],
    ['attempt', { attempt: 2 }, {}],
    ['model', {}, { model: 'n' }],
    ['parameters', {}, { parameters: { temperature: 0.8, maxNewTokens: 10 } }],
  ])('changes with the %s', (_, content, by) => {
    expect(requestKey({ ...request, ...content }, { ...teacher, ...by })).not.toBe(key);
  });
});
