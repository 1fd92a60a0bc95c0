import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedHub } from '../../model/scripted-hub.case.ts';
import type { CommandIO } from '../command-io.ts';
import { runCli } from '../program.ts';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';
import { recordedIO } from '../test-io.case.ts';

const ROOT = join(import.meta.dirname, '../../..');
const BASE = join(ROOT, 'test/fixtures/micro-base');
const file = (name: string, large = false) => ({ content: readFileSync(join(BASE, name)), large });
const scratch = new Scratch();
const hub = new ScriptedHub({
  'config.json': file('config.json'),
  'tokenizer.json': file('tokenizer.json'),
  'tokenizer_config.json': file('tokenizer_config.json'),
  'model.safetensors': file('model.safetensors', true),
  'tiny.gguf': { content: readFileSync(join(ROOT, 'test/fixtures/models/tiny-llama.gguf')), large: true },
});
await hub.start();
afterAll(async () => {
  await hub.stop();
  scratch.remove();
});
beforeEach(() => {
  hub.requests.length = 0;
});

async function pull(argv: string[], more: Partial<CommandIO> = {}) {
  const io = { ...recordedIO(scratch.dir), env: { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_hidden' }, ...more };
  const code = await runCli(['models', 'pull', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

describe('guiderail models pull', () => {
  it('fetches a folder that guiderail reads, and keeps the token to itself', async () => {
    const { code, out, err } = await pull(['org/tiny']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^models\/tiny: 4 files, [\d.]+ MiB\n$/)]);
    expect(err).toMatch(/MiB\/s|MiB \d/);
    expect(out + err).not.toContain('hidden');
    expect(hub.requests[0].authorization).toBe('Bearer hf_hidden');
    scratch.writeRows('rows.jsonl', [{ id: 1, promptTokens: [3], responseTokens: [4] }]);
    expect((await scratch.run(['score', '--model', 'models/tiny', '--in', 'rows.jsonl'])).code).toBe(0);
  });

  it('fetches one file to a folder that is named', async () => {
    const { code, out } = await pull(['org/tiny', '--file', 'tiny.gguf', '--out', 'gguf']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^gguf\/tiny\.gguf: 1 files/)]);
  });

  it('names what is wrong with one exit code', async () => {
    const { code, err } = await pull(['org/none']);
    expect([code, err]).toEqual([1, expect.stringMatching(/no org\/none at revision main \(404\)/)]);
  });

  it('stops at Ctrl-C, says how to go on, and does', async () => {
    const interrupts = new FakeInterrupts();
    hub.onLarge = () => interrupts.press();
    hub.cuts.push(1000);
    const stopped = await pull(['org/tiny', '--out', 'later'], { interrupts });
    hub.onLarge = () => {};
    hub.cuts.length = 0;
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain('The same command goes on from there.');
    expect((await pull(['org/tiny', '--out', 'later'])).code).toBe(0);
    expect(scratch.read('later', 'config.json')).toBe(readFileSync(join(BASE, 'config.json'), 'utf8'));
  });
});
