import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer.ts';
import { createReferenceEngine } from '../engine/reference/reference.ts';
import { GuiderailError } from '../errors.ts';
import type { GgufEntry, GgufValue } from './gguf-encoding.ts';
import { encodeGgufHeader } from './gguf-encoding.ts';
import { openGguf } from './gguf.ts';
import { openModel } from './open.ts';
import { parameterTable } from './shape.ts';

const fixture = (name: string) => join(import.meta.dirname, `../../test/fixtures/models/${name}.gguf`);
const FIXTURE = fixture('tiny-llama');
const readOracle = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(join(import.meta.dirname, '../../oracles/golden', name), 'utf8'));
const numbers = z.array(z.number());
const scored = z.object({ promptTokens: numbers, responseTokens: numbers, logprobs: numbers });
const families = z.record(z.string(), scored).parse(await readOracle('gguf-families.json'));
const golden = z
  .object({
    dequantised: z.record(z.string(), numbers),
    sums: z.record(z.string(), z.number()),
    q_proj: numbers,
    ...scored.shape,
  })
  .parse(await readOracle('gguf.json'));

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

/** The log-probs of the response, and the model that gave them. */
async function score(path: string, sequence: z.output<typeof scored>, trainable = false) {
  const engine = createReferenceEngine();
  const spec = { folder: path, head: 'lm', adapter: { kind: 'none' }, trainable } as const;
  const model = await engine.open(spec);
  const options = { gradient: false, want: { logprobs: true }, temperature: 1 };
  const tokens = {
    promptTokens: Int32Array.from(sequence.promptTokens),
    responseTokens: Int32Array.from(sequence.responseTokens),
  };
  const { logprobs } = await model.forward([tokens], options);
  return { model, logprobs: [...logprobs![0]] };
}

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
    const { model, logprobs } = await score(FIXTURE, golden);
    logprobs.forEach((value, t) => expect(value).toBeCloseTo(golden.logprobs[t], 4));
    const exported = join(folder, 'exported');
    await model.exportWeights(exported);
    expect((await score(exported, golden)).logprobs).toEqual(logprobs);
    const messages = [{ role: 'user', content: 'hello world 1234 é' }] as const;
    const [ofFile, ofFolder] = [await loadTokenizer(FIXTURE), await loadTokenizer(exported)];
    expect(ofFolder.renderChat(messages)).toEqual(ofFile.renderChat(messages));
    expect(ofFolder.stopTokens).toEqual([2]);
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
    await expect(openModel(await renamed('attn_q', 'attn_z'))).rejects.toThrow(
      /lacks tensor "blk\.0\.attn_q/,
    );
    await expect(openModel(await renamed('llama.vocab_size', 'llama.vocab_sort'))).rejects.toThrow(
      /llama\.vocab_sort, which is not supported/,
    );
    await expect(openModel(await renamed('blk.1.attn_q', 'blk.1.attn_x'))).rejects.toThrow(/blk\.1\.attn_q/);
    await expect(loadTokenizer(await renamed('smollm', 'gemma9'))).rejects.toThrow(/tokenizer\.ggml\.pre/);
  });
});

describe.each(Object.entries(families))('a GGUF file of %s', (family, expected) => {
  it('gives the log-probs that transformers gives of its weights, and so does the folder it is exported to; its state can be saved and loaded', async () => {
    const { model, logprobs } = await score(fixture(`tiny-${family}`), expected, true);
    logprobs.forEach((value, t) => expect(value).toBeCloseTo(expected.logprobs[t], 4));
    const exported = join(folder, family);
    await model.exportWeights(exported);
    expect((await score(exported, expected)).logprobs).toEqual(logprobs);
    const state = join(folder, `${family}-state`);
    await model.save(state);
    await model.load(state);
    const config = await readFile(join(exported, 'config.json'), 'utf8');
    expect(JSON.parse(config)).toMatchObject({ model_type: family === 'llama3' ? 'llama' : family });
  });
});

describe('the RoPE scaling of a GGUF file', () => {
  const altered = async (change: (bytes: Buffer) => void) => {
    const bytes = await readFile(fixture('tiny-llama3'));
    change(bytes);
    const path = join(folder, 'scaled.gguf');
    await writeFile(path, bytes);
    return openModel(path);
  };
  /** The value of a 32-bit key stands behind its name and its type. */
  const valueOf = (bytes: Buffer, key: string) => bytes.indexOf(key) + key.length + 4;

  it('of llama3 is told by its factors', async () => {
    expect((await altered(() => undefined)).shape.ropeScaling).toEqual({
      ...{ type: 'llama3', factor: 4, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
      originalMaxPositions: 32,
    });
  });

  it('is refused where the factors are not those of llama3', async () => {
    const original = 'llama.rope.scaling.original_context_length';
    await expect(altered((bytes) => bytes.writeUInt32LE(64, valueOf(bytes, original)))).rejects.toThrow(
      /factors in rope_freqs\.weight that are not those of Llama 3\.1/,
    );
  });
});

describe('the RoPE keys of a GGUF file', () => {
  /** One layer of zeros, with these keys besides those that every model has. */
  async function withKeys(extra: Readonly<Record<string, GgufValue>>, more: GgufEntry[] = []) {
    const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
    const metadata = new Map<string, GgufValue>([
      ['general.architecture', { type: 'string', value: 'llama' }],
      ...Object.entries({
        block_count: 1,
        context_length: 64,
        embedding_length: 8,
        feed_forward_length: 4,
        'attention.head_count': 1,
      }).map(([key, value]): [string, GgufValue] => [`llama.${key}`, uint32(value)]),
      ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
      ...Object.entries(extra),
    ]);
    const matrices: [string, number[]][] = [
      ['token_embd.weight', [5, 8]],
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name): [string, number[]] => [name, [8, 8]]),
      ...['ffn_gate', 'ffn_up'].map((name): [string, number[]] => [name, [4, 8]]),
      ['ffn_down', [8, 4]],
      ...['attn_norm', 'ffn_norm'].map((name): [string, number[]] => [name, [8]]),
      ['output_norm.weight', [8]],
    ];
    const entries = matrices.map(([name, dims]): GgufEntry => {
      return { name: name.includes('.') ? name : `blk.0.${name}.weight`, dims, storage: 'F32' };
    });
    const path = join(folder, 'keys.gguf');
    await writeFile(
      path,
      Buffer.concat([encodeGgufHeader(metadata, [...entries, ...more]), Buffer.alloc(8192)]),
    );
    return (await openModel(path)).shape.ropeScaling;
  }
  const scaling = (type: string | null, factor: number | null): Readonly<Record<string, GgufValue>> => ({
    ...(type !== null && { 'llama.rope.scaling.type': { type: 'string', value: type } }),
    ...(factor !== null && { 'llama.rope.scaling.factor': { type: 'float32', value: factor } }),
  });

  it.each([
    [null, null, undefined],
    ['none', 4, undefined],
    ['linear', null, undefined],
    ['linear', 0, undefined],
    ['linear', 4, { type: 'linear', factor: 4 }],
    // llama.cpp takes linear where the type is left out.
    [null, 4, { type: 'linear', factor: 4 }],
  ])('of type %s and factor %s are %j', async (type, factor, expected) => {
    expect(await withKeys(scaling(type, factor))).toEqual(expected);
  });

  it('are refused where engines do not compute them', async () => {
    await expect(withKeys(scaling('yarn', 4))).rejects.toThrow(/RoPE scaling "yarn"/);
    await expect(withKeys(scaling('linear', -1))).rejects.toThrow(/factor of -1/);
    await expect(withKeys(scaling('linear', NaN))).rejects.toThrow(/factor of NaN/);
    const factors: GgufEntry = { name: 'rope_freqs.weight', dims: [4], storage: 'F32' };
    await expect(withKeys(scaling('linear', 4), [factors])).rejects.toThrow(/another scaling/);
    // Factors of zero.
    await expect(withKeys({}, [factors])).rejects.toThrow(/not those of Llama 3\.1/);
  });
});

describe('a damaged GGUF file', () => {
  it.each(['tiny-llama', 'tiny-llama3', 'tiny-qwen2', 'tiny-qwen3'])(
    '(%s) with any byte of its header changed opens, or says in a sentence why not',
    { timeout: 30_000 },
    async (name) => {
      const bytes = await readFile(fixture(name));
      const path = join(folder, `${name}.gguf`);
      const mutation = fc.record({ at: fc.nat(8000), byte: fc.nat(255), cut: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(mutation, async ({ at, byte, cut }) => {
          const copy = Buffer.from(bytes);
          copy[at] = byte;
          await writeFile(path, cut ? copy.subarray(0, at) : copy);
          for (const open of [readWhole, loadTokenizer]) {
            await open(path).catch((error: unknown) => expect(error).toBeInstanceOf(GuiderailError));
          }
        }),
        { numRuns: 40 },
      );
    },
  );
});

async function readWhole(path: string): Promise<void> {
  const model = await openModel(path);
  for (const { name } of parameterTable(model.shape)) await model.readTensor(name);
}
