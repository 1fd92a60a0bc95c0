import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadTokenizer } from '../data/tokenizer.ts';
import { StopTokens } from './stop-tokens.ts';

const TINY = join(import.meta.dirname, '../../test/fixtures/models/tiny-llama.gguf');

it('ends at tokens whose text holds a stop string, and at those of the tokenizer', async () => {
  const tokenizer = await loadTokenizer(TINY);
  const stop = new StopTokens(tokenizer, 1000);
  const texts = (strings: string[]) =>
    stop
      .for(strings)
      .filter((token) => !tokenizer.stopTokens.includes(token))
      .map((token) => tokenizer.decode([token]));
  expect(texts(['ll'])).toEqual(['ll', 'hell', 'hello']);
  expect(texts(['hello', '!'])).toEqual(['!', 'hello']);
  // Bytes that are part of no character hold no string, and special tokens no text.
  expect(texts(['é', '<|im_start|>'])).toEqual([]);
  expect(stop.for(['x'])).toContain(tokenizer.stopTokens[0]);
  expect(stop.for([])).toBe(tokenizer.stopTokens);
  // The model knows fewer tokens than its tokenizer.
  const few = new StopTokens(tokenizer, 10);
  expect(few.for(['!', 'hello']).map((token) => tokenizer.decode([token]))).toEqual(['<|im_end|>', '!']);
});
