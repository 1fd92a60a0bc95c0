import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer.ts';
import { ModelError } from '../errors.ts';
import { tokenizerFiles } from './gguf-tokenizer.ts';

const numbers = z.array(z.number());
const strings = z.array(z.string());
const golden = z
  .object({
    tokens: strings,
    types: numbers,
    merges: strings,
    texts: strings,
    ids: z.record(z.string(), z.array(numbers)),
  })
  .parse(
    JSON.parse(
      await readFile(join(import.meta.dirname, '../../oracles/golden/gguf-tokenizers.json'), 'utf8'),
    ),
  );

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-gguf-tokenizer-'));
});
afterEach(() => rm(folder, { recursive: true }));

const filesOf = (pre: string, changes: Readonly<Record<string, unknown>> = {}) =>
  tokenizerFiles(
    new Map<string, unknown>(
      Object.entries({
        'tokenizer.ggml.model': 'gpt2',
        'tokenizer.ggml.pre': pre,
        'tokenizer.ggml.tokens': golden.tokens,
        'tokenizer.ggml.token_type': golden.types,
        'tokenizer.ggml.merges': golden.merges,
        'tokenizer.ggml.bos_token_id': 0,
        'tokenizer.ggml.eos_token_id': 1,
        ...changes,
      }),
    ),
    'x.gguf',
  );

async function tokenizerOf(pre: string, changes: Readonly<Record<string, unknown>> = {}) {
  for (const [name, text] of filesOf(pre, changes)) await writeFile(join(folder, name), text);
  return loadTokenizer(folder, { withoutChatTemplate: 'concatenate' });
}

describe.each(Object.entries(golden.ids))('the pre-tokenizer %s', (pre, ids) => {
  it('splits as the tokenizer.json it stands for does', async () => {
    const tokenizer = await tokenizerOf(pre);
    golden.texts.forEach((text, i) => {
      expect([text, ...tokenizer.encode(text)]).toEqual([text, ...ids[i]]);
      // Qwen composes accents, so its text comes back composed.
      expect(tokenizer.decode(ids[i])).toBe(pre === 'qwen2' ? text.normalize('NFC') : text);
    });
  });

  it('frames a text with a beginning of sequence where llama.cpp would', async () => {
    const messages = [{ role: 'user', content: 'wow' }] as const;
    const frames = async (changes = {}) => (await tokenizerOf(pre, changes)).renderChat(messages)[0] === 0;
    expect(await frames()).toBe(pre === 'llama-bpe');
    expect(await frames({ 'tokenizer.ggml.add_bos_token': true })).toBe(true);
    expect(await frames({ 'tokenizer.ggml.add_bos_token': false })).toBe(false);
  });
});

it.each([
  [{ 'tokenizer.ggml.model': 'llama' }, /tokenizer\.ggml\.model/],
  [{ 'tokenizer.ggml.pre': 'tekken' }, /tokenizer\.ggml\.pre/],
  [{ 'tokenizer.ggml.pre': '__proto__' }, /tokenizer\.ggml\.pre/],
  [{ 'tokenizer.ggml.add_eos_token': true }, /tokenizer\.ggml\.add_eos_token/],
  [{ 'tokenizer.ggml.tokens': [...golden.tokens.slice(1), 'a'] }, /to differ/],
  [{ 'tokenizer.ggml.token_type': golden.types.slice(1) }, /each to have a type/],
  [{ 'tokenizer.ggml.bos_token_id': 9999 }, /token 9999 as bos/],
])('refuses by name %j', (changes, message) => {
  expect(() => filesOf('smollm', changes)).toThrow(ModelError);
  expect(() => filesOf('smollm', changes)).toThrow(message);
});
