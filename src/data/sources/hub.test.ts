import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import { ScriptedHub, type HubFile } from '../../model/scripted-hub.case.ts';
import { fetchSplit, hubAccessFrom, type HubAccess } from './hub.ts';
import { parseHub } from './source-config.ts';
import { collectProblems, pinned } from './source.ts';

const row = (n: number) => `{"prompt": "${n}+${n}?", "answer": ${2 * n}}\n`;
const file = (content: string, large = true): HubFile => ({ content: Buffer.from(content), large });
const CARD = `---
license: mit
configs:
- config_name: easy
  default: true
  data_files:
  - split: train
    path: easy/train-*
  - split: test
    path: easy/test.jsonl
- config_name: hard
  data_files:
  - split: train
    path: hard/train.jsonl
---
# Sums
`;
const FILES = {
  'README.md': file(CARD, false),
  'easy/train-1.jsonl': file(row(3) + row(4)),
  'easy/train-0.jsonl': file(row(1) + row(2)),
  'easy/test.jsonl': file(row(9)),
  'hard/train.jsonl': file(row(100)),
  'train.py': file('print()'),
};
const FIRST = '1'.repeat(40);
const SECOND = '2'.repeat(40);

let cacheDir: string;
let hub: ScriptedHub;
let access: HubAccess;
beforeEach(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), 'guiderail-data-hub-'));
  hub = new ScriptedHub(FILES, 'dataset');
  await hub.start();
  access = { cacheDir, hubUrl: hub.url };
});
afterEach(async () => {
  await hub.stop();
  rmSync(cacheDir, { recursive: true });
});
const fetched = async (text: string, more: Partial<HubAccess> = {}) => {
  const { commit, paths } = await fetchSplit(parseHub(text)!, { ...access, ...more });
  return { commit, names: paths.map((path) => relative(join(cacheDir, 'datasets/org/tiny', commit), path)) };
};
const answers = async (text: string) =>
  (await collectProblems({ hub: text }, { hub: access })).problems.map(({ answer }) => answer);

describe('a split of the hub', () => {
  it('is the files that the card names, in order, and nothing else is fetched', async () => {
    expect(await fetched('org/tiny')).toEqual({
      commit: FIRST,
      names: ['easy/train-0.jsonl', 'easy/train-1.jsonl'],
    });
    expect(await fetched('hub:org/tiny[hard]/train@main')).toEqual({
      commit: FIRST,
      names: ['hard/train.jsonl'],
    });
    expect(hub.requests.some(({ path }) => path.endsWith('train.py'))).toBe(false);
  });

  it('gives problems, numbered through its files', async () => {
    const read = await collectProblems({ hub: 'org/tiny[easy]/train' }, { hub: access });
    expect(read.problems.map(({ answer }) => answer)).toEqual(['2', '4', '6', '8']);
    expect(read.lines).toEqual([1, 2, 3, 4]);
    expect(read.problems[0].source).toBe('hub/org/tiny');
  });

  it('needs no network when its commit is named and was fetched', async () => {
    await fetched('org/tiny');
    hub.requests.length = 0;
    await hub.stop();
    expect((await fetched(`org/tiny@${FIRST}`)).names).toHaveLength(2);
    expect(hub.requests).toEqual([]);
    await expect(fetched('org/tiny')).rejects.toThrow(/Cannot reach http/);
    await hub.start();
  });

  it('stays what it was at its commit, whatever its branch becomes', async () => {
    const source = await pinned({ hub: 'org/tiny[hard]/train' }, access);
    expect(source.hub).toBe(`org/tiny[hard]/train@${FIRST}`);
    hub.push(SECOND, { ...FILES, 'hard/train.jsonl': file(row(500)) });
    expect(await answers(source.hub)).toEqual(['200']);
    expect(await answers('org/tiny[hard]/train')).toEqual(['1000']);
  });

  it('is fetched anew where a file of the cache is gone or was changed', async () => {
    await fetched('org/tiny[hard]');
    const path = join(cacheDir, 'datasets/org/tiny', FIRST, 'hard/train.jsonl');
    rmSync(path);
    expect(await answers('org/tiny[hard]')).toEqual(['200']);
    writeFileSync(path, 'longer than it was, and of someone else\n');
    await expect(fetched('org/tiny[hard]')).rejects.toThrow(/is there and is not the file of org\/tiny/);
  });

  it('is looked up again where the list of its files is damaged', async () => {
    await fetched('org/tiny[hard]');
    writeFileSync(join(cacheDir, 'datasets/org/tiny', FIRST, '.hard.train.json'), '{"files": [');
    expect(await answers('org/tiny[hard]')).toEqual(['200']);
  });

  it('goes on where a connection broke, and a damaged file never gets its name', async () => {
    const long = Array.from({ length: 200 }, (_, i) => row(i)).join('');
    hub.push(SECOND, { 'train.jsonl': file(long) });
    hub.cuts.push(1000);
    await fetched('org/tiny', { onProgress: () => hub.cut() });
    expect(hub.fetches()).toEqual([undefined, 'bytes=1000-']);
    hub.push('3'.repeat(40), { 'train.jsonl': file(long) });
    hub.served.set('train.jsonl', Buffer.from(long.replace('1', '2')));
    await expect(fetched('org/tiny')).rejects.toThrow(/train\.jsonl is not what the server lists/);
    expect(readdirSync(join(cacheDir, 'datasets/org/tiny', '3'.repeat(40)))).toEqual([]);
  });

  it('is cancelled with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(fetched('org/tiny', { signal: controller.signal })).rejects.toBe(reason);
  });

  it('shows its token to the hub alone', async () => {
    await fetched('org/tiny', { token: 'hf_secret' });
    const seen = (server: string) =>
      new Set(
        hub.requests.filter((request) => request.server === server).map(({ authorization }) => authorization),
      );
    expect([seen('hub'), seen('store')]).toEqual([new Set(['Bearer hf_secret']), new Set([undefined])]);
  });

  it.each([
    [401, /private or gated data set set HF_TOKEN/],
    [403, /accept its terms at .*\/datasets\/org\/tiny/],
    [404, /no org\/tiny at revision main/],
    [500, /answered 500.*again/],
  ])('says what a %s means', async (status, sentence) => {
    hub.status = status;
    const refusal = await fetched('org/tiny').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DataError);
    expect((refusal as Error).message).toMatch(sentence);
  });

  it('that is not there is refused with those that are', async () => {
    await expect(fetched('org/tiny/validation')).rejects.toThrow(/got "validation"; there are train, test/);
    await expect(fetched('org/tiny[harder]')).rejects.toThrow(
      /configs of hub:org\/tiny.*easy, hard.*got "harder"/,
    );
    await expect(fetched('org/tiny@v7')).rejects.toThrow(/no org\/tiny at revision v7/);
  });

  it('never leads out of its folder', async () => {
    hub.push(SECOND, { 'a\\..\\..\\evil-train.jsonl': file(row(1)) });
    await expect(fetched('org/tiny')).rejects.toThrow(/leads out of its repository/);
    hub.push('3'.repeat(40), { '../../evil-train.jsonl': file(row(1)) });
    await expect(fetched('org/tiny')).rejects.toThrow(/no file of rows/);
  });
});

it('of a data set of the registry is the one that its entry names, and can be fixed too', async () => {
  const socratic = { question: 'Q?', answer: 'How many? ** 2+1=<<2+1=3>>3\n#### 3' };
  const content = file(`${JSON.stringify(socratic)}\n`);
  const files = { 'socratic/test.jsonl': content, 'main/test.jsonl': file('no') };
  const other = new ScriptedHub(files, 'dataset', 'openai/gsm8k');
  await other.start();
  try {
    const at = { ...access, hubUrl: other.url };
    const source = await pinned({ dataset: 'gsm8k-socratic', split: 'test' }, at);
    expect(source).toEqual({ dataset: 'gsm8k-socratic', split: 'test', revision: FIRST });
    other.push(SECOND, {});
    const { problems } = await collectProblems(source, { hub: at });
    expect(problems).toMatchObject([{ answer: '3', hints: ['1. How many?'], source: 'math/gsm8k/socratic' }]);
  } finally {
    await other.stop();
  }
});

it('is reached as the environment says', () => {
  const env = { HF_TOKEN: '', HF_ENDPOINT: 'http://hub', XDG_CACHE_HOME: '/cache' };
  expect(hubAccessFrom(env)).toEqual({
    token: undefined,
    hubUrl: 'http://hub',
    cacheDir: '/cache/guiderail',
  });
});

it('refuses a token that is none', async () => {
  await expect(fetched('org/tiny', { token: 'secret' })).rejects.toThrow(ConfigError);
});

it('reads what it fetched byte for byte', async () => {
  await fetched('org/tiny/test');
  const path = join(cacheDir, 'datasets/org/tiny', FIRST, 'easy/test.jsonl');
  expect(readFileSync(path, 'utf8')).toBe(row(9));
});
