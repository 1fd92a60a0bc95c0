import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer.ts';
import { createReferenceEngine } from '../engine/reference/reference.ts';
import { openGguf } from './gguf.ts';
import { openModel } from './open.ts';

const FIXTURE = join(import.meta.dirname, '../../test/fixtures/models/tiny-llama.gguf');
const numbers = z.array(z.number());
const golden = z
  .object({
    dequantised: z.record(z.string(), numbers),
    sums: z.record(z.string(), z.number()),
    q_proj: numbers,
    promptTokens: numbers,
    responseTokens: numbers,
    logprobs: numbers,
  })
  .parse(JSON.parse(await readFile(join(import.meta.dirname, '../../oracles/golden/gguf.json'), 'utf8')));

let folder: string;
let original: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guiderail-gguf-'));
  original = await readFile(FIXTURE);
});
afterAll(() => rm(folder, { recursive: true }));

/** The fixture after `change`, as a file of its own. */
async function changed(change: (bytes: Buffer) => Buffer): Promise<string> {
  const path = join(folder, 'changed.gguf');
  await writeFile(path, change(Buffer.from(original)));
  return path;
}
/** Overwrites every occurrence of a text by one of the same length. */
const renamed = (from: string, to: string) =>
  changed((bytes) => Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1'));

describe('a GGUF file', () => {
  it('is dequantised as gguf-py dequantises it, bit for bit', async () => {
    const file = await openGguf(FIXTURE);
    for (const [name, values] of Object.entries(golden.dequantised)) {
      const read = await file.read(name);
      expect([name, ...read.slice(0, values.length)]).toEqual([name, ...values]);
    }
    for (const [name, sum] of Object.entries(golden.sums)) {
      expect((await file.read(name)).reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 6);
    }
  });

  it('has the rows of queries in the order of Hugging Face', async () => {
    const model = await openModel(FIXTURE);
    const q = await model.readTensor('model.layers.0.self_attn.q_proj.weight');
    expect(golden.q_proj.map((_, row) => q[row * 32])).toEqual(golden.q_proj);
  });

  it('gives the log-probs that transformers gives of it, and so does the folder it is exported to', async () => {
    const engine = createReferenceEngine();
    const score = async (path: string) => {
      const spec = { folder: path, head: 'lm', adapter: { kind: 'none' }, trainable: false } as const;
      const model = await engine.open(spec);
      const sequence = {
        promptTokens: Int32Array.from(golden.promptTokens),
        responseTokens: Int32Array.from(golden.responseTokens),
      };
      const options = { gradient: false, want: { logprobs: true }, temperature: 1 };
      const { logprobs } = await model.forward([sequence], options);
      return { model, logprobs: [...logprobs![0]] };
    };
    const { model, logprobs } = await score(FIXTURE);
    logprobs.forEach((value, t) => expect(value).toBeCloseTo(golden.logprobs[t], 4));
    const exported = join(folder, 'exported');
    await model.exportWeights(exported);
    expect((await score(exported)).logprobs).toEqual(logprobs);
    const messages = [{ role: 'user', content: 'hello world 1234 é' }] as const;
    const [ofFile, ofFolder] = [await loadTokenizer(FIXTURE), await loadTokenizer(exported)];
    expect(ofFolder.renderChat(messages)).toEqual(ofFile.renderChat(messages));
    expect(ofFolder.stopTokens).toEqual([2]);
    await engine.close();
  });

  it('tokenizes with its merges, digits one by one, and comes back to the text', async () => {
    const tokenizer = await loadTokenizer(FIXTURE);
    const tokens = tokenizer.encode('hello w12é<|im_end|>');
    // "hello", " w", "1", "2" although a merge "12" exists, the two bytes of é, and the control token.
    expect(tokens).toHaveLength(7);
    expect(tokens.at(-1)).toBe(2);
    expect(tokenizer.decode(tokens)).toBe('hello w12é<|im_end|>');
    expect(tokenizer.decode(tokenizer.renderChat([{ role: 'user', content: 'hello' }]))).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it.each([0, 3, 23, 24, 100, 2000, 9000])('cut to %i bytes is refused in a sentence', async (length) => {
    const path = await changed((bytes) => bytes.subarray(0, length));
    await expect(openModel(path)).rejects.toThrow(/changed\.gguf.*\.$/s);
  });

  it('cut off within its tensors names the tensor', async () => {
    const path = await changed((bytes) => bytes.subarray(0, bytes.length - 64));
    await expect(openModel(path)).rejects.toThrow(/Tensor "blk\.1\..*cut off/);
  });

  it('with a count the file cannot hold is refused before anything is allocated', async () => {
    const path = await changed((bytes) => (bytes.writeBigUInt64LE(2n ** 60n, 8), bytes));
    await expect(openModel(path)).rejects.toThrow(/claims .* entries/);
  });

  it('with a layer count it cannot have is refused', async () => {
    const path = await changed((bytes) => {
      const at = bytes.indexOf('llama.block_count') + 'llama.block_count'.length + 4;
      bytes.writeUInt32LE(0xffffffff, at);
      return bytes;
    });
    await expect(openModel(path)).rejects.toThrow(/claims 4294967295 layers/);
  });

  it('of another architecture, with a key, a tensor or a pre-tokenizer nobody knows, is refused by name', async () => {
    await expect(openModel(await renamed('llama', 'gemma'))).rejects.toThrow(/architecture "gemma"/);
    await expect(openModel(await renamed('llama.vocab_size', 'llama.vocab_sort'))).rejects.toThrow(
      /llama\.vocab_sort, which is not supported/,
    );
    await expect(openModel(await renamed('blk.1.attn_q', 'blk.1.attn_x'))).rejects.toThrow(/blk\.1\.attn_q/);
    await expect(loadTokenizer(await renamed('smollm', 'gemma9'))).rejects.toThrow(/tokenizer\.ggml\.pre/);
  });
});
