import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, ModelError } from '../errors.ts';
import { readModelFolder } from './folder.ts';
import { pullModel, type PullOptions, type PullProgress } from './hub.ts';
import { ScriptedHub, type HubFile } from './scripted-hub.case.ts';

const BASE = join(import.meta.dirname, '../../test/fixtures/micro-base');
const small = (name: string): HubFile => ({ content: readFileSync(join(BASE, name)) });
const text = (content: string): HubFile => ({ content: Buffer.from(content) });
const WEIGHTS = readFileSync(join(BASE, 'model.safetensors'));
const FOLDER = {
  'config.json': small('config.json'),
  'tokenizer.json': small('tokenizer.json'),
  'tokenizer_config.json': small('tokenizer_config.json'),
  'model.safetensors': { content: WEIGHTS, large: true },
  'README.md': text('# tiny'),
  'pytorch_model.bin': { content: Buffer.alloc(10), large: true },
  'chat_template.jinja': text(''),
};
const NEEDED = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

let dir: string;
let hub: ScriptedHub;
const open = async (files: Record<string, HubFile>) => {
  hub = new ScriptedHub(files);
  await hub.start();
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'guiderail-hub-'));
});
afterEach(async () => {
  await hub.stop();
  rmSync(dir, { recursive: true });
});
const pull = (more: Partial<PullOptions> = {}) =>
  pullModel({
    ...{ repo: 'org/tiny', revision: 'main', dir, hubUrl: hub.url, signal: new AbortController().signal },
    ...more,
  });
const content = (name: string) => readFileSync(join(dir, name));
const partials = () => readdirSync(dir).filter((name) => name.endsWith('.partial'));

describe('a model of the hub', () => {
  it('is fetched with what it needs and nothing else', async () => {
    await open(FOLDER);
    const { files, bytes } = await pull();
    expect([...files].sort()).toEqual(NEEDED);
    expect(readdirSync(dir).sort()).toEqual(NEEDED);
    expect(bytes).toBe(NEEDED.reduce((sum, name) => sum + content(name).length, 0));
    expect((await readModelFolder(dir)).shape.family).toBe('llama');
  });

  it('is not fetched again', async () => {
    await open(FOLDER);
    await pull();
    hub.requests.length = 0;
    await pull();
    expect(hub.requests.map(({ path }) => path)).toEqual(['/api/models/org/tiny/tree/main']);
  });

  it('comes in shards, as the index says', async () => {
    const index = {
      weight_map: { a: 'part-b.safetensors', b: 'part-a.safetensors', c: 'part-a.safetensors' },
    };
    await open({
      'config.json': FOLDER['config.json'],
      'model.safetensors.index.json': text(JSON.stringify(index)),
      'part-a.safetensors': { content: Buffer.from('aa'), large: true },
      'part-b.safetensors': { content: Buffer.from('bb'), large: true },
      'consolidated.safetensors': { content: Buffer.from('not this'), large: true },
    });
    expect((await pull()).files).toEqual([
      'part-a.safetensors',
      'part-b.safetensors',
      'model.safetensors.index.json',
      'config.json',
    ]);
    expect(content('part-b.safetensors').toString()).toBe('bb');
  });

  it('may be one file, also of a folder within the repository', async () => {
    await open({ ...FOLDER, 'q4/tiny.gguf': { content: Buffer.from('GGUF'), large: true } });
    expect((await pull({ file: 'q4/tiny.gguf' })).files).toEqual(['tiny.gguf']);
    expect(readdirSync(dir)).toEqual(['tiny.gguf']);
  });

  it('goes on where a connection broke, and tells what has come', async () => {
    await open(FOLDER);
    hub.cuts.push(1000, 500);
    const seen: PullProgress[] = [];
    const onProgress = (progress: PullProgress) => {
      seen.push(progress);
      hub.cut();
    };
    await pull({ onProgress });
    expect(hub.fetches()).toEqual([undefined, 'bytes=1000-', 'bytes=1500-']);
    expect(content('model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(seen.map(({ bytes }) => bytes)).toEqual([...seen.map(({ bytes }) => bytes)].sort((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ bytes: seen.at(-1)!.totalBytes, file: 'model.safetensors' });
  });

  it('gives up where nothing more comes, keeps what came, and goes on in another run', async () => {
    await open(FOLDER);
    hub.cuts.push(1000, 0, 0, 0);
    await expect(pull({ onProgress: () => hub.cut() })).rejects.toThrow(
      /the same command goes on from there/,
    );
    expect(readdirSync(dir)).not.toContain('config.json');
    hub.requests.length = 0;
    const seen: PullProgress[] = [];
    await pull({ onProgress: (progress) => seen.push(progress) });
    expect(hub.fetches()).toEqual(['bytes=1000-']);
    expect(seen[0].bytesBefore).toBeGreaterThanOrEqual(1000);
    expect(content('model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(partials()).toEqual([]);
  });

  it('begins again where the server sends all of a file', async () => {
    await open(FOLDER);
    hub.cuts.push(1000);
    hub.ignoresRange = true;
    await pull({ onProgress: () => hub.cut() });
    expect(hub.fetches()).toEqual([undefined, 'bytes=1000-']);
    expect(content('model.safetensors').equals(WEIGHTS)).toBe(true);
  });

  it('keeps what came when it is interrupted, and no name appears', async () => {
    await open(FOLDER);
    const controller = new AbortController();
    const reason = new Error('interrupted');
    hub.cuts.push(1000);
    const asked = pull({
      signal: controller.signal,
      onProgress: ({ file }) => {
        if (file === 'model.safetensors') controller.abort(reason);
      },
    });
    await expect(asked).rejects.toBe(reason);
    expect(readdirSync(dir).filter((name) => NEEDED.includes(name))).toEqual([]);
    await pull();
    expect(hub.fetches().at(-1)).toBe('bytes=1000-');
    expect(readdirSync(dir).sort()).toEqual(NEEDED);
  });

  it.each([
    ['model.safetensors', 'sha256'],
    ['tokenizer.json', 'gitBlob'],
  ] as const)('refuses a %s whose %s is another, and removes it', async (name, kind) => {
    await open(FOLDER);
    const wrong = Buffer.from(FOLDER[name].content);
    wrong[100] ^= 1;
    hub.served.set(name, wrong);
    await expect(pull()).rejects.toThrow(new RegExp(`${name} is not what the server lists.*${kind}`));
    expect(readdirSync(dir)).not.toContain(name);
    expect(partials().filter((partial) => partial.includes(name))).toEqual([]);
    hub.served.clear();
    await pull();
    expect(content(name).equals(FOLDER[name].content)).toBe(true);
  });

  it('refuses files that are shorter or longer than listed', async () => {
    await open(FOLDER);
    hub.served.set('model.safetensors', Buffer.concat([WEIGHTS, Buffer.alloc(5)]));
    await expect(pull()).rejects.toThrow(/not what the server lists/);
    hub.served.set('model.safetensors', WEIGHTS.subarray(0, -5));
    await expect(pull()).rejects.toThrow(ModelError);
  });

  it('never replaces a file that is another', async () => {
    await open(FOLDER);
    writeFileSync(join(dir, 'tokenizer.json'), 'mine');
    await expect(pull()).rejects.toThrow(/tokenizer\.json is there and is not the file of org\/tiny/);
    expect(content('tokenizer.json').toString()).toBe('mine');
  });

  it('shows its token to the hub alone', async () => {
    await open(FOLDER);
    await pull({ token: 'hf_secret' });
    const seen = (name: string) =>
      new Set(hub.requests.filter(({ server }) => server === name).map(({ authorization }) => authorization));
    expect(seen('hub')).toEqual(new Set(['Bearer hf_secret']));
    expect(seen('store')).toEqual(new Set([undefined]));
  });

  it.each([
    [401, /check the name.*HF_TOKEN/],
    [403, /accept its terms at .*\/org\/tiny.*HF_TOKEN/],
    [404, /no org\/tiny at revision main/],
    [503, /answered 503.*again/],
  ])('says what a %s of the listing, or of a file, means', async (status, sentence) => {
    await open(FOLDER);
    const token = 'hf_secret';
    hub.status = status;
    const refusals = [await pull({ token }).catch((error: unknown) => error)];
    hub.status = 200;
    hub.fileStatus = status;
    refusals.push(await pull({ token }).catch((error: unknown) => error));
    for (const refusal of refusals) {
      expect(refusal).toBeInstanceOf(ModelError);
      expect((refusal as Error).message).toMatch(sentence);
      expect((refusal as Error).message).not.toContain('secret');
    }
  });

  it('says that there is no network', async () => {
    await open(FOLDER);
    // Discard: nothing listens there.
    await expect(pull({ hubUrl: 'http://127.0.0.1:9' })).rejects.toThrow(
      /Cannot reach http:\/\/127\.0\.0\.1:9/,
    );
  });

  it.each([
    [{ 'a.gguf': text('GGUF'), 'b.gguf': text('GGUF') }, {}, /--file: a\.gguf, b\.gguf/],
    [{ 'config.json': FOLDER['config.json'] }, {}, /weights as safetensors/],
    [{ ...FOLDER, 'a.gguf': text('GGUF') }, { file: 'b.gguf' }, /no file "b\.gguf".*a\.gguf/],
    [{ ...FOLDER, 'config.json': text('{"model_type": "mamba"}') }, {}, /"mamba", which is not supported/],
    [{ ...FOLDER, 'config.json': text('<html>') }, {}, /config\.json of the hub to be JSON/],
  ])('refuses what cannot be used before weights are fetched (%#)', async (files, more, sentence) => {
    await open(files);
    await expect(pull(more)).rejects.toThrow(sentence);
    expect(hub.fetches()).toEqual([]);
  });

  it('refuses an index that leads out of the folder', async () => {
    await open({
      'config.json': FOLDER['config.json'],
      'model.safetensors.index.json': text('{"weight_map": {"a": "../../evil.safetensors"}}'),
    });
    await expect(pull()).rejects.toThrow(/names the shard "\.\.\/\.\.\/evil\.safetensors"/);
  });

  it.each([
    [{ repo: 'tiny' }, /org\/name, got "tiny"/],
    [{ repo: '../../etc/passwd' }, /org\/name/],
    [{ token: 'secret' }, /HF_TOKEN to begin with "hf_"/],
    [{ hubUrl: 'hub' }, /HF_ENDPOINT to be a URL/],
  ])('refuses the options %j', async (more, sentence) => {
    await open(FOLDER);
    const refusal = await pull(more).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as Error).message).toMatch(sentence);
    expect((refusal as Error).message).not.toContain('"secret"');
  });
});
