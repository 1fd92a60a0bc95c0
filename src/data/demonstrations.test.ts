import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { readDemonstrations } from './demonstrations.ts';

const folder = mkdtempSync(join(tmpdir(), 'guiderail-demonstrations-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
  const file = join(folder, `${files++}.jsonl`);
  writeFileSync(file, text);
  return file;
}

describe('readDemonstrations', () => {
  test('reads messages, and a prompt as one user message, in the order of the file', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: '1 + 1?' },
    ];
    const file = fileOf(
      `${JSON.stringify({ messages, response: '2' })}\n{"prompt": "2 + 2?", "response": "4"}\n`,
    );
    const demonstrations = await readDemonstrations(file);
    expect(
      demonstrations.map(({ problem, context, response }) => [problem.messages, context, response]),
    ).toEqual([
      [messages, 'plain', '2'],
      [[{ role: 'user', content: '2 + 2?' }], 'plain', '4'],
    ]);
  });

  test('bears blank lines, CRLF, a byte-order mark and a last line without its end', async () => {
    const row = '{"prompt": "a", "response": "b"}';
    const file = fileOf(`\uFEFF${row}\r\n\r\n  \n${row}`);
    expect((await readDemonstrations(file)).length).toBe(2);
  });

  test('does not cut a line at the line separators that JSON strings may hold', async () => {
    const file = fileOf('{"prompt": "a\u2028b", "response": "c\u2029d"}\n');
    expect((await readDemonstrations(file))[0].response).toBe('c\u2029d');
  });

  test.each([
    ['not JSON', '{"prompt": "a", "response": ', /expected a JSON object/],
    ['an array', '["a", "b"]', /expected a map, got a list/],
    ['no response', '{"prompt": "a"}', /response/],
    ['an empty response', '{"prompt": "a", "response": ""}', /response/],
    ['neither prompt nor messages', '{"response": "b"}', /either messages or prompt/],
    [
      'both',
      '{"prompt": "a", "messages": [{"role": "user", "content": "a"}], "response": "b"}',
      /either messages or prompt/,
    ],
    ['no messages', '{"messages": [], "response": "b"}', /messages/],
    ['an unknown role', '{"messages": [{"role": "tool", "content": "a"}], "response": "b"}', /role/],
    ['a misspelt field', '{"prompt": "a", "response": "b", "respnse": "c"}', /respnse/],
  ])('refuses a row with %s, naming file and line', async (_, row, reason) => {
    const file = fileOf(`{"prompt": "a", "response": "b"}\n\n${row}\n`);
    const error = await readDemonstrations(file).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).toContain(`${file}:3`);
  });

  test('refuses a file without rows and one that is not there', async () => {
    await expect(readDemonstrations(fileOf('\n'))).rejects.toThrow(/it has no rows/);
    await expect(readDemonstrations(join(folder, 'none.jsonl'))).rejects.toThrow(DataError);
  });
});
