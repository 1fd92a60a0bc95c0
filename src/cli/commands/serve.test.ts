import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../data/tokenizer.ts';
import type { CommandIO } from '../command-io.ts';
import { runCli } from '../program.ts';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';
import { recordedIO, recordedStream } from '../test-io.case.ts';

const TINY = join(import.meta.dirname, '../../../test/fixtures/models/tiny-llama.gguf');

/** Runs `guiderail serve` until `use` has ended, then presses Ctrl-C. */
async function serving(argv: string[], use: (url: string, ready: string) => Promise<void>, env = {}) {
  const interrupts = new FakeInterrupts();
  const err = recordedStream();
  let onReady: (line: string) => void = () => {};
  const ready = new Promise<string>((resolve) => (onReady = resolve));
  const io: CommandIO = {
    stdout: { write: (line) => onReady(line) },
    stderr: err.stream,
    cwd: '/',
    env,
    interrupts,
  };
  const ended = runCli(['serve', '--port', '0', ...argv], io);
  const line = await Promise.race([ready, ended.then((code) => `ended with ${code}: ${err.text()}`)]);
  await use(/http:\S+/.exec(line)?.[0] ?? '', line);
  interrupts.press();
  return { code: await ended, err: err.text(), listeners: interrupts.listeners() };
}

describe('guiderail serve', () => {
  it('serves until Ctrl-C, with the log-probs of guiderail score', async () => {
    const scratch = new Scratch();
    const tokens = [...(await loadTokenizer(TINY)).encode('hello 12')];
    const row = { id: 1, promptTokens: tokens.slice(0, 1), responseTokens: tokens.slice(1) };
    scratch.writeRows('rows.jsonl', [row]);
    const { out } = await scratch.run(['score', '--model', TINY, '--in', 'rows.jsonl']);
    scratch.remove();
    const scored = (JSON.parse(out) as { logprobs: number[] }).logprobs;

    const { code, err, listeners } = await serving(['--model', TINY], async (url, ready) => {
      expect(ready).toMatch(/^Serving tiny-llama at http:\/\/127\.0\.0\.1:\d+\/v1 /);
      const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
      const { choices } = await client.completions.create({
        ...{ model: 'tiny-llama', prompt: 'hello 12', echo: true, logprobs: 0, max_tokens: 0 },
      });
      expect(choices[0].logprobs!.token_logprobs).toEqual([null, ...scored]);
    });
    expect({ code, listeners }).toEqual({ code: 0, listeners: 0 });
    expect(err).toMatch(/^POST \/v1\/completions 200 · 4 \+ 0 tokens/);
  });

  it('takes its token from the environment, and the reference engine', async () => {
    const options = ['--model', TINY, '--engine', 'reference', '--token-env', 'MY_TOKEN'];
    const { code, err } = await serving(
      options,
      async (url) => {
        const asked = (apiKey: string) => new OpenAI({ baseURL: url, apiKey, maxRetries: 0 }).models.list();
        await expect(asked('none')).rejects.toMatchObject({ status: 401 });
        expect((await asked('hush')).data[0].id).toBe('tiny-llama');
      },
      { MY_TOKEN: 'hush' },
    );
    expect(code).toBe(0);
    expect(err).not.toContain('hush');
  });

  it.each([
    [['--host', '0.0.0.0'], {}, /GUIDERAIL_SERVE_TOKEN/],
    [['--host', '0.0.0.0', '--token-env', 'MY_TOKEN'], {}, /MY_TOKEN, but it is not set/],
    [['--host', '0.0.0.0'], { GUIDERAIL_SERVE_TOKEN: '' }, /GUIDERAIL_SERVE_TOKEN, but it is empty/],
    [['--port', '70000'], {}, /port from 0 to 65535/],
    [['--model', '/no/such/folder'], {}, /\/no\/such\/folder/],
  ])('refuses %j with %j', async (options, env, sentence) => {
    const io = { ...recordedIO('/'), env };
    const code = await runCli(['serve', '--model', TINY, '--port', '0', ...options], io);
    expect(code).toBe(1);
    expect(io.err()).toMatch(sentence);
  });
});
