import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { createNativeEngine } from '../../engine/native/native.ts';
import { runCli } from '../program.ts';
import { Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const ROOT = join(import.meta.dirname, '../../..');
const numbers = z.array(z.number());
const outSchema = z.strictObject({
  id: z.union([z.string(), z.number()]),
  responseTokens: numbers.optional(),
  logprobs: numbers,
});
const parse = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => outSchema.parse(JSON.parse(line)));
const score = (model: string, ...more: string[]) =>
  scratch.run(['score', '--model', model, '--in', 'rows.jsonl', ...more]);
const golden = z
  .object({ promptTokens: numbers, responseTokens: numbers, logprobs: numbers })
  .parse(JSON.parse(await readFile(join(ROOT, 'oracles/golden/gguf.json'), 'utf8')));
const TINY = join(ROOT, 'test/fixtures/models/tiny-llama.gguf');

describe('guiderail score', () => {
  it('gives the log-probs that transformers gives, in input order across batches', async () => {
    const { promptTokens, responseTokens } = golden;
    const rows = Array.from({ length: 20 }, (_, id) => ({
      ...{ id, promptTokens, responseTokens: responseTokens.slice(0, 1 + (id % 7)) },
    }));
    scratch.writeRows('rows.jsonl', rows);
    const { code, out } = await score(TINY, '--engine', 'reference');
    expect(code).toBe(0);
    const scored = parse(out);
    expect(scored.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    for (const [index, { logprobs }] of scored.entries()) {
      expect(logprobs).toHaveLength(1 + (index % 7));
      logprobs.forEach((value, t) => expect(value).toBeCloseTo(golden.logprobs[t], 4));
    }
  });

  it('multiplies what --dtype says: bf16 is near float32 and not the same', async () => {
    const { promptTokens, responseTokens } = golden;
    scratch.writeRows('rows.jsonl', [{ id: 1, promptTokens, responseTokens }]);
    const scores = async (dtype: string) => parse((await score(TINY, '--dtype', dtype)).out)[0].logprobs;
    const [exact, rounded] = [await scores('fp32'), await scores('bf16')];
    const differences = exact.map((value, t) => Math.abs(value - rounded[t]));
    expect(Math.max(...differences)).toBeGreaterThan(1e-5);
    expect(Math.max(...differences)).toBeLessThan(0.1);
  });

  it('reads text and messages, and writes a whole file', async () => {
    scratch.writeRows('rows.jsonl', [
      {
        id: 'text',
        prompt: '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n',
        response: 'hello 12',
      },
      { id: 'chat', messages: [{ role: 'user', content: 'hello' }], response: 'hello 12' },
    ]);
    const { code, out } = await score(TINY, '--out', 'scores.jsonl', '--engine', 'reference');
    expect([code, out]).toEqual([0, '']);
    const [fromText, fromChat] = parse(scratch.read('scores.jsonl'));
    expect(fromText.responseTokens).toHaveLength(fromText.logprobs.length);
    expect({ ...fromChat, id: 'text' }).toEqual(fromText);
  });

  it.each([
    [{ id: 1, promptTokens: [1], responseTokens: [] }, /line 2 of rows\.jsonl.*"responseTokens"/],
    [{ id: 1, promptTokens: [1], responseTokens: [9999] }, /responseTokens on line 2.*9999/],
    [{ id: 1, prompt: 'a', reply: 'b' }, /line 2.*"response"/],
    ['{', /Expected JSON on line 2/],
    [
      { id: 'long', promptTokens: Array<number>(200).fill(1), responseTokens: [1] },
      /"long".*201 tokens.*128/,
    ],
  ])('refuses a file with the bad row %j before anything is scored', async (bad, sentence) => {
    scratch.writeRows('rows.jsonl', [{ id: 0, promptTokens: [1], responseTokens: [2] }, bad]);
    const { code, out, err } = await score(TINY, '--out', 'none.jsonl', '--engine', 'reference');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(sentence);
    expect(existsSync(scratch.at('none.jsonl'))).toBe(false);
  });
});

describe('guiderail score from standard input', () => {
  const { promptTokens, responseTokens } = golden;
  const rowOf = (id: number) => JSON.stringify({ id, promptTokens, responseTokens });
  const rows = (count: number) => Array.from({ length: count }, (_, id) => rowOf(id));

  /** The input comes in pieces that end within lines. */
  async function pipe(lines: readonly string[], ...more: string[]) {
    return pipeFrom(Readable.from(lines.join('\n').match(/.{1,100}/gs) ?? []), ...more);
  }

  /** Everything that is written, in order. */
  async function pipeFrom(stdin: Readable, ...more: string[]) {
    const written: { readonly to: 'out' | 'err'; readonly text: string }[] = [];
    const streamTo = (to: 'out' | 'err') => ({ write: (text: string) => written.push({ to, text }) });
    const code = await runCli(['score', '--model', TINY, '--engine', 'reference', ...more], {
      ...{ stdout: streamTo('out'), stderr: streamTo('err'), stdin },
      ...{ cwd: scratch.dir, env: {} },
    });
    const textTo = (stream: 'out' | 'err') =>
      written.map(({ to, text }) => (to === stream ? text : '')).join('');
    return { code, written, out: textTo('out'), err: textTo('err') };
  }

  it('scores rows as from a file, blank lines and a last line without its end among them', async () => {
    scratch.write('rows.jsonl', rows(18).join('\n'));
    const { out: expected } = await score(TINY, '--engine', 'reference');
    const { code, out, err } = await pipe([...rows(17), '', rowOf(17)]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(expected);
    expect(parse(out)).toHaveLength(18);
  });

  it.each([1, 16, 19])('writes the %i good rows before a bad one, then names its line', async (good) => {
    const { code, written, out, err } = await pipe([...rows(good), '{', ...rows(2)]);
    expect(code).toBe(1);
    expect(parse(out).map(({ id }) => id)).toEqual(Array.from({ length: good }, (_, id) => id));
    for (const { logprobs } of parse(out)) {
      logprobs.forEach((value, t) => expect(value).toBeCloseTo(golden.logprobs[t], 4));
    }
    expect(err).toMatch(new RegExp(`Expected JSON on line ${good + 1} of standard input`));
    const order = written.map(({ to }) => to);
    expect(order.lastIndexOf('out')).toBeLessThan(order.indexOf('err'));
  });

  it('lets go of an input that goes on after a bad row', async () => {
    const endless = new Readable({ read: () => {} });
    endless.push(`${rowOf(0)}\n{\n`);
    expect((await pipeFrom(endless)).code).toBe(1);
    expect(endless.destroyed).toBe(true);
  });

  it('leaves no result file behind a bad row', async () => {
    const { code, err } = await pipe([...rows(2), '{'], '--out', 'half.jsonl');
    expect([code, err]).toEqual([1, expect.stringContaining('line 3 of standard input')]);
    expect(existsSync(scratch.at('half.jsonl'))).toBe(false);
  });
});

const REAL = process.env['GUIDERAIL_SMOLLM2_GGUF'];
describe.skipIf(REAL === undefined)(
  'SmolLM2 (needs GUIDERAIL_SMOLLM2_GGUF, the path of its Q4_1 GGUF)',
  () => {
    it('decodes and scores as transformers does', { timeout: 120_000 }, async () => {
      const cases = z
        .array(
          z.object({
            content: z.string(),
            promptTokens: numbers,
            responseTokens: numbers,
            logprobs: numbers,
          }),
        )
        .parse(JSON.parse(await readFile(join(ROOT, 'oracles/golden/smollm2.json'), 'utf8')));
      const tokenizer = await loadTokenizer(REAL!);
      const engine = createNativeEngine({});
      const spec = { folder: REAL!, head: 'lm', adapter: { kind: 'none' }, trainable: false } as const;
      const model = await engine.open(spec);
      const requests = cases.map(({ content }) => ({
        promptTokens: tokenizer.renderChat([{ role: 'user', content }]),
        ...{ maxNewTokens: 48, temperature: 0, stopTokens: tokenizer.stopTokens, seed: 1n },
      }));
      expect(requests.map(({ promptTokens }) => [...promptTokens])).toEqual(
        cases.map((one) => one.promptTokens),
      );
      for await (const { index, tokens } of model.sample(requests)) {
        expect([...tokens]).toEqual(cases[index].responseTokens);
      }
      await engine.close();
      scratch.writeRows(
        'rows.jsonl',
        cases.map(({ promptTokens, responseTokens }, id) => ({ id, promptTokens, responseTokens })),
      );
      const { out } = await score(REAL!);
      for (const [index, { logprobs }] of parse(out).entries()) {
        const differences = logprobs.map((value, t) => Math.abs(value - cases[index].logprobs[t]));
        expect(Math.max(...differences)).toBeLessThan(1e-4);
      }
    });
  },
);
