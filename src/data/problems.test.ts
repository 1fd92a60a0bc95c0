import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { problemId, problemOf, readProblems } from './problems.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'problems-'));
});
afterEach(() => rm(folder, { recursive: true }));
async function fileOf(contents: string): Promise<string> {
  const file = path.join(folder, 'sums.jsonl');
  await writeFile(file, contents);
  return file;
}

describe('problemId', () => {
  it('is the start of SHA-256 over the canonical JSON', () => {
    // printf '{"answer":"2","messages":[{"content":"1+1?","role":"user"}]}' | sha256sum
    expect(problemId([{ role: 'user', content: '1+1?' }], '2')).toBe('f130491f57b49656');
  });

  it('does not depend on the order of keys, nor on other fields', () => {
    const message = { content: '1+1?', name: 'me', role: 'user' } as const;
    expect(problemId([message], '2')).toBe(problemId([{ role: 'user', content: '1+1?' }], '2'));
  });
});

describe('readProblems', () => {
  it('reads messages or a prompt, hints or a hint, and fills in what a row leaves out', async () => {
    const file = await fileOf(
      [
        '{"prompt":"1+1?","answer":"2"}',
        '{"messages":[{"role":"system","content":"Sums."},{"role":"user","content":"2+2?"}],"answer":4,' +
          '"hints":["a","b"],"verifier":"math","source":"math/sums/easy","extra":true}',
        '{"prompt":"3+3?","answer":" 6 ","hint":"twice 3"}',
        '{"prompt":"4+4?","answer":"8","hint":""}',
      ].join('\n'),
    );
    const { problems, rejected } = await readProblems(file);
    expect(rejected).toEqual([]);
    expect(problems[0]).toEqual({
      id: problemId([{ role: 'user', content: '1+1?' }], '2'),
      messages: [{ role: 'user', content: '1+1?' }],
      answer: '2',
      verifier: 'exact',
      hints: [],
      source: 'jsonl/sums',
    });
    expect(problems[1]).toMatchObject({
      messages: [{ role: 'system' }, { role: 'user' }],
      answer: '4',
      verifier: 'math',
      hints: ['a', 'b'],
      source: 'math/sums/easy',
    });
    expect(problems.slice(2).map(({ answer, hints }) => [answer, hints])).toEqual([
      ['6', ['twice 3']],
      ['8', []],
    ]);
  });

  it('takes the verifier and source of the options for rows that name none', async () => {
    const file = await fileOf('{"prompt":"1+1?","answer":"2"}');
    const { problems } = await readProblems(file, { verifier: 'math', source: 'math/sums' });
    expect(problems[0]).toMatchObject({ verifier: 'math', source: 'math/sums' });
  });

  it('bears a byte-order mark, CRLF, blank lines, a missing last line end and U+2028 inside a text', async () => {
    const file = await fileOf(
      '\uFEFF{"prompt":"a\u2028b","answer":"1"}\r\n\r\n  \n{"prompt":"c","answer":"2"}',
    );
    const { problems, rejected } = await readProblems(file);
    expect(rejected).toEqual([]);
    expect(problems.map(({ messages }) => messages[0].content)).toEqual(['a\u2028b', 'c']);
  });

  it('puts lines together that are longer than one read of the file', async () => {
    const long = 'é'.repeat(100_000);
    const file = await fileOf(`{"prompt":"${long}","answer":"1"}\n{"prompt":"c","answer":"2"}\n`);
    const { problems } = await readProblems(file);
    expect(problems.map(({ messages }) => messages[0].content.length)).toEqual([100_000, 1]);
  });

  it.each([
    ['{"prompt":"x","answer":', 'row', /not JSON/],
    ['[1]', 'row', /object/],
    ['{"prompt":"x","answer":"  "}', 'answer', /must not be empty/],
    ['{"prompt":"x"}', 'answer', /must be a string or a number/],
    ['{"prompt":" ","answer":"1"}', 'prompt', /must not be empty/],
    ['{"answer":"1"}', 'messages', /either messages or prompt/],
    ['{"prompt":"x","messages":[{"role":"user","content":"x"}],"answer":"1"}', 'messages', /not both/],
    ['{"messages":[{"role":"robot","content":"x"}],"answer":"1"}', 'messages.0.role', /system/],
    [
      '{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}],"answer":"1"}',
      'messages',
      /end with a user/,
    ],
    ['{"prompt":"x","answer":"1","hints":["a",""]}', 'hints.1', /./],
    ['{"prompt":"x","answer":"1","hints":["a"],"hint":"b"}', 'hint', /either hints or hint/],
  ])('lists %j with its line and field, and goes on', async (row, field, reason) => {
    const file = await fileOf(`{"prompt":"1+1?","answer":"2"}\n\n${row}\n{"prompt":"2+2?","answer":"4"}\n`);
    const { problems, rejected } = await readProblems(file);
    expect(problems).toHaveLength(2);
    expect(rejected).toEqual([{ line: 3, field, reason: expect.stringMatching(reason) as string }]);
  });

  it('lists a repetition with the line of the first, even if only the hint differs', async () => {
    const file = await fileOf(
      '{"prompt":"1+1?","answer":"2"}\n{"prompt":"1+1?","answer":"2","hint":"h"}\n{"prompt":"1+1?","answer":"3"}',
    );
    const { problems, rejected } = await readProblems(file);
    expect(problems.map(({ answer }) => answer)).toEqual(['2', '3']);
    expect(rejected).toEqual([{ line: 2, field: 'row', reason: 'the same messages and answer as line 1' }]);
  });

  it('is an error when nothing is left, with the first reasons', async () => {
    const file = await fileOf('{"prompt":"x"}\nnonsense\n');
    await expect(readProblems(file)).rejects.toThrow(DataError);
    await expect(readProblems(file)).rejects.toThrow(
      /sums\.jsonl.* 2 were refused \(line 1, answer: .*line 2, row/,
    );
    await expect(readProblems(await fileOf(''))).rejects.toThrow(/it is empty/);
  });

  it('is an error for a file there is not', async () => {
    await expect(readProblems(path.join(folder, 'none.jsonl'))).rejects.toThrow(
      /Expected problems at .*none\.jsonl, but there is no such file/,
    );
  });
});

describe('problemOf', () => {
  const read = (hints: unknown) =>
    problemOf({ prompt: 'q', answer: '1', hints }, { verifier: 'exact', source: 's' });

  it('takes null for a level without a hint, which shifts no other, and refuses an empty text', () => {
    expect(read(['a', null, 'c'])).toMatchObject({ hints: ['a', '', 'c'] });
    expect(read(['a', '', 'c'])).toMatchObject({ field: 'hints.1' });
  });
});
