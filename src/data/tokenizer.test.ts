import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import type { ChatMessage } from '../types.ts';
import { loadTokenizer } from './tokenizer.ts';

const root = path.resolve(import.meta.dirname, '../..');
const fixture = (name: string) => path.join(root, 'test/fixtures/data', name);

interface GoldenTokenizer {
  vocabularySize: number;
  texts: { text: string; ids: number[]; decoded: string; withoutSpecial: string }[];
  chats: { messages: ChatMessage[]; ids: number[] }[];
  framed: { text: string; ids: number[] };
}
const golden = JSON.parse(
  await readFile(path.join(root, 'oracles/golden/tokenizers.json'), 'utf8'),
) as Record<'byte-level' | 'digits' | 'machines-micro', GoldenTokenizer>;

// A copy of the byte-level fixture that a test may damage.
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tokenizer-'));
  await cp(fixture('byte-level'), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));
const write = (name: string, contents: unknown) =>
  writeFile(path.join(folder, name), typeof contents === 'string' ? contents : JSON.stringify(contents));
const readConfig = async () =>
  JSON.parse(await readFile(path.join(folder, 'tokenizer_config.json'), 'utf8')) as Record<string, unknown>;
const user = (content: string): ChatMessage[] => [{ role: 'user', content }];
async function refusal(): Promise<DataError> {
  const error: unknown = await loadTokenizer(folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

describe.each(['byte-level', 'digits', 'machines-micro'] as const)(
  'the %s tokenizer, as Hugging Face has it',
  (name) => {
    const expected = golden[name];

    it('encodes and decodes the same', async () => {
      const tokenizer = await loadTokenizer(fixture(name));
      expect(tokenizer.vocabularySize).toBe(expected.vocabularySize);
      for (const { text, ids, decoded, withoutSpecial } of expected.texts) {
        expect([...tokenizer.encode(text)]).toEqual(ids);
        expect(tokenizer.decode(ids)).toBe(decoded);
        expect(tokenizer.decode(Int32Array.from(ids), { skipSpecial: true })).toBe(withoutSpecial);
      }
    });

    it('renders the same chats', async () => {
      const tokenizer = await loadTokenizer(fixture(name));
      for (const { messages, ids } of expected.chats) {
        expect([...tokenizer.renderChat(messages)]).toEqual(ids);
      }
    });
  },
);

describe('decode', () => {
  it('leaves spaces as the model wrote them, whatever the configuration says of clean-up', async () => {
    await write('tokenizer_config.json', { ...(await readConfig()), clean_up_tokenization_spaces: true });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.encode("a , b . do n't"))).toBe("a , b . do n't");
  });

  it('gives no text for nothing, nor for ids that only pad the model’s vocabulary', async () => {
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([400, 512])).toBe('');
    expect(tokenizer.decode([...tokenizer.encode('half'), 511])).toBe('half');
  });
});

describe('stop tokens', () => {
  it('are the end of sequence of the tokenizer, then those of generation_config.json and config.json', async () => {
    // <|eot_id|> is 399 and <|end_of_text|> 396.
    expect((await loadTokenizer(folder)).stopTokens).toEqual([399, 396]);
    await write('config.json', { eos_token_id: 395 });
    expect((await loadTokenizer(folder)).stopTokens).toEqual([399, 396, 395]);
  });

  it('take the end of sequence from special_tokens_map.json where the configuration has none', async () => {
    await write('tokenizer_config.json', { ...(await readConfig()), eos_token: null });
    await write('generation_config.json', {});
    await write('special_tokens_map.json', { eos_token: { content: '<|end_of_text|>' } });
    expect((await loadTokenizer(folder)).stopTokens).toEqual([396]);
  });

  it('must exist, or responses would never end', async () => {
    await write('tokenizer_config.json', { ...(await readConfig()), eos_token: null });
    await write('generation_config.json', { eos_token_id: null });
    expect((await refusal()).message).toContain('end-of-sequence');
  });

  it('must be in the vocabulary', async () => {
    await write('tokenizer_config.json', { ...(await readConfig()), eos_token: '</s>' });
    expect((await refusal()).message).toMatch(/eos_token "<\/s>"/);
  });
});

describe('the chat template', () => {
  it('of chat_template.jinja goes before that of tokenizer_config.json', async () => {
    await write('chat_template.jinja', "{{ messages[0]['content'] }}:{{ bos_token }}");
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('half:<|begin_of_text|>');
  });

  it('is the one named default of several', async () => {
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: "{{ messages[0]['role'] }}" },
    ];
    await write('tokenizer_config.json', { ...(await readConfig()), chat_template: named });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('user');

    await write('tokenizer_config.json', { ...(await readConfig()), chat_template: named.slice(0, 1) });
    expect((await refusal()).message).toMatch(/named "default", got "tool_use"/);
  });

  it('reads the variables the caller gives it', async () => {
    await write('chat_template.jinja', '{% if enable_thinking %}think{% else %}answer{% endif %}');
    const tokenizer = await loadTokenizer(folder, { templateVariables: { enable_thinking: true } });
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('think');
  });

  it('finds tools and documents to be none, as transformers passes them', async () => {
    await write(
      'chat_template.jinja',
      '{% if tools is not none or documents is not none %}use{% else %}no{% endif %}',
    );
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('no');
  });

  it('keeps a line break at its beginning', async () => {
    await write('chat_template.jinja', "\n{{ messages[0]['content'] }}");
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('\nhalf');
  });

  it('never sees the real date', async () => {
    await write('chat_template.jinja', "{{ strftime_now('%Y-%m-%d %B') }}");
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.renderChat(user('half')))).toBe('2024-07-26 July');
  });

  it('may refuse messages, and its words are passed on', async () => {
    await write(
      'chat_template.jinja',
      "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}x",
    );
    const tokenizer = await loadTokenizer(folder);
    expect(() => tokenizer.renderChat([{ role: 'system', content: 'Be brief.' }, ...user('half')])).toThrow(
      /refuses messages with the roles system, user: .*System role not supported/,
    );
  });

  it('that does not parse is refused with its place', async () => {
    await write('chat_template.jinja', '{% if %}');
    expect((await refusal()).message).toMatch(/chat_template\.jinja.*does not parse/);
  });

  it('is missing: the sentence names both places; the caller may ask for plain concatenation', async () => {
    await write('tokenizer_config.json', { ...(await readConfig()), chat_template: null });
    expect((await refusal()).message).toMatch(/chat_template\.jinja.*tokenizer_config\.json/);

    const tokenizer = await loadTokenizer(folder, { withoutChatTemplate: 'concatenate' });
    const { text, ids } = golden['byte-level'].framed;
    expect([...tokenizer.renderChat(user(text))]).toEqual(ids);
  });
});

describe('files that are of no use', () => {
  it.each([
    ['tokenizer.json', '{"model": ', /Expected JSON in .*tokenizer\.json/],
    ['tokenizer.json', [], /tokenizer\.json is not what its name promises/],
    ['tokenizer.json', { model: { type: 'BPE', vocab: { a: 'b' } } }, /tokenizer\.json.* at model\.vocab/],
    ['tokenizer.json', { model: { type: 'BPE', vocab: { a: 0 } } }, /tokenizer\.json cannot be built/],
    ['tokenizer_config.json', { eos_token: 3 }, /tokenizer_config\.json.* at eos_token/],
    ['generation_config.json', { eos_token_id: 'end' }, /generation_config\.json.* at eos_token_id/],
    ['config.json', 'null', /config\.json.* at its root/],
  ])('%s with %j is named in the error', async (name, contents, message) => {
    await write(name, contents);
    expect((await refusal()).message).toMatch(message);
  });

  it('a folder without tokenizer.json is named', async () => {
    await rm(path.join(folder, 'tokenizer.json'));
    expect((await refusal()).message).toContain(`a tokenizer in ${folder}`);
  });
});

it('a word without a token is an error that quotes it, where there is no token for unknown words', async () => {
  const tokenizer = await loadTokenizer(fixture('machines-micro'));
  expect(() => tokenizer.encode('reverse : z')).toThrow(/no token for "z"/);
});
