// From a model folder in Hugging Face layout to a tokenizer that speaks chat: text to tokens, tokens to text,
// messages to the prompt tokens of the model's own chat template. It knows nothing of problems or hints. The
// files are untrusted: each is parsed once here, and what is wrong with one is said with its name. Its one
// idea: the model's own files, unchanged, and no token that the files do not name.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as library from '@huggingface/tokenizers';
import { z } from 'zod';
import { DataError, messageOf } from '../errors.ts';
import { isGguf } from '../model/gguf.ts';
import { ggufTokenizerFiles } from '../model/gguf-tokenizer.ts';
import type { ChatMessage } from '../types.ts';
import { chatTemplateField, findChatTemplate, parseChatTemplate } from './chat-template.ts';

/** What is used of the library, whose own declarations do not resolve for ES modules (no file extensions). */
interface Tokenizer {
  /** The library leaves a hole in `ids` for a piece it has no token for. */
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): { ids: (number | undefined)[]; tokens: string[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
}
const { Tokenizer } = library as unknown as {
  Tokenizer: new (contents: object, config: object) => Tokenizer;
};

export interface ChatTokenizer {
  /** One more than the largest token id; the model's own vocabulary may be padded beyond it. */
  readonly vocabularySize: number;
  /** Tokens that end a response, without repetition: the tokenizer's own end of sequence first. */
  readonly stopTokens: readonly number[];
  /** The tokens of a text as it stands: no beginning or end of sequence is added. */
  encode(text: string): Int32Array;
  /**
   * The text of tokens, exactly as written: no space is cleaned up. `skipSpecial` leaves special tokens out.
   * Ids beyond the tokenizer's vocabulary (padding of the model's) have no text.
   */
  decode(tokens: ArrayLike<number>, options?: { readonly skipSpecial?: boolean }): string;
  /** The prompt tokens of a conversation, ending with what opens the assistant's turn. */
  renderChat(messages: readonly ChatMessage[]): Int32Array;
}

export interface TokenizerOptions {
  /**
   * What to do with a folder that has no chat template: `refuse` (default) with a DataError, or `concatenate`
   * the contents of the messages, separated and ended by a blank line, as a base model reads them.
   */
  readonly withoutChatTemplate?: 'refuse' | 'concatenate';
  /** Variables the chat template may read beside messages and special tokens, such as enable_thinking. */
  readonly templateVariables?: Readonly<Record<string, unknown>>;
}

/** A special token, written as its text or as an added-token object. */
const specialToken = z
  .union([z.string(), z.object({ content: z.string() })])
  .nullish()
  .transform((token) => (typeof token === 'object' ? token?.content : token));

const SPECIAL_TOKEN_NAMES = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;
const specialTokens = {
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
};
type SpecialTokens = Partial<Record<(typeof SPECIAL_TOKEN_NAMES)[number], string | undefined>>;

const tokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string() })).default([]),
  normalizer: z.looseObject({}).nullable().default(null),
  pre_tokenizer: z.looseObject({}).nullable().default(null),
  model: z.looseObject({ vocab: z.union([z.record(z.string(), z.int().min(0)), z.array(z.unknown())]) }),
  post_processor: z.looseObject({}).nullable().default(null),
  decoder: z.looseObject({}).nullable().default(null),
});
const tokenizerConfigFile = z.looseObject({ ...specialTokens, chat_template: chatTemplateField });
const specialTokensFile = z.looseObject(specialTokens);
const endOfSequenceFile = z.looseObject({
  eos_token_id: z.union([z.int().min(0), z.array(z.int().min(0))]).nullish(),
});

/**
 * Loads the tokenizer of a GGUF file, or of a model folder: tokenizer.json, and where present tokenizer_config.json,
 * special_tokens_map.json, chat_template.jinja, generation_config.json and config.json (the latter two for
 * their end-of-sequence ids). DataError if a file is missing, malformed or of no use, naming it.
 */
export async function loadTokenizer(folder: string, options: TokenizerOptions = {}): Promise<ChatTokenizer> {
  const readText = await textReader(folder);
  const readJson: ReadJson = async (file, schema) => parseJson(await readText(file), file, schema);
  const at = (name: string) => path.join(folder, name);
  const file = await readJson(at('tokenizer.json'), tokenizerFile);
  if (file === null) {
    await requireFolder(folder);
    throw new DataError(
      `Expected a tokenizer in ${folder}, but there is no tokenizer.json; point at a model folder in Hugging Face layout.`,
    );
  }
  const config =
    (await readJson(at('tokenizer_config.json'), tokenizerConfigFile)) ?? tokenizerConfigFile.parse({});
  const specialMap =
    (await readJson(at('special_tokens_map.json'), specialTokensFile)) ?? specialTokensFile.parse({});
  const special = mergeSpecialTokens(config, specialMap);
  const tokenizer = createTokenizer(at('tokenizer.json'), file, { ...config, ...special });
  const stopTokens = await collectStopTokens(tokenizer, special.eos_token, folder, readJson);
  const encode = (text: string, addSpecial: boolean) => encodeText(tokenizer, text, addSpecial, folder);

  return {
    vocabularySize: largestId(tokenizer) + 1,
    stopTokens,
    encode: (text) => encode(text, false),
    decode: (tokens, { skipSpecial = false } = {}) => decodeTokens(tokenizer, tokens, skipSpecial),
    renderChat: await chatRenderer(
      folder,
      readText,
      config.chat_template,
      special,
      options,
      encode,
      stopTokens,
    ),
  };
}

async function requireFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return;
  throw new DataError(
    `Expected a model folder at ${folder}, but there is no such folder; check the path. A model of the ` +
      'Hugging Face hub is not looked up by its name: download it and name the folder.',
  );
}

type ReadText = (file: string) => Promise<string | null>;
type ReadJson = <Schema extends z.ZodType>(file: string, schema: Schema) => Promise<z.output<Schema> | null>;

/** Reads the files of a folder, or those that a GGUF file stands for; null for one that is not there. */
async function textReader(model: string): Promise<ReadText> {
  if (!isGguf(model)) return readText;
  const files = await ggufTokenizerFiles(model);
  return async (file) => files.get(path.basename(file)) ?? null;
}

function parseJson<Schema extends z.ZodType>(
  text: string | null,
  file: string,
  schema: Schema,
): z.output<Schema> | null {
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`Expected JSON in ${file}: ${messageOf(error)}; fetch the file again.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DataError(
    `${file} is not what its name promises: at ${issue?.path.join('.') || 'its root'}: ${issue?.message}.`,
  );
}

async function readText(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    // ENOTDIR: the "folder" is a file.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw new DataError(`Cannot read ${file}: ${messageOf(error)}`);
  }
}

/** The tokenizer config's word goes before that of special_tokens_map.json. */
function mergeSpecialTokens(config: SpecialTokens, map: SpecialTokens): SpecialTokens {
  const merged: SpecialTokens = {};
  for (const name of SPECIAL_TOKEN_NAMES) {
    const token = config[name] ?? map[name];
    if (token !== undefined) merged[name] = token;
  }
  return merged;
}

const digitsStep = z.looseObject({
  type: z.literal('Digits'),
  individual_digits: z.boolean().default(false),
});
const sequenceStep = z.looseObject({ type: z.literal('Sequence'), pretokenizers: z.array(z.unknown()) });

/**
 * The pre-tokenizer with Digits said as a Split. To Hugging Face's tokenizers (digits.rs, char::is_numeric) every number
 * of Unicode is a digit; to the library here 0 to 9 alone.
 */
function withUnicodeDigits(step: unknown): unknown {
  const sequence = sequenceStep.safeParse(step);
  if (sequence.success) {
    return { ...sequence.data, pretokenizers: sequence.data.pretokenizers.map(withUnicodeDigits) };
  }
  const digits = digitsStep.safeParse(step);
  if (!digits.success) return step;
  const pattern = { Regex: digits.data.individual_digits ? '\\p{N}' : '\\p{N}+' };
  return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
}

function createTokenizer(file: string, contents: z.output<typeof tokenizerFile>, config: object): Tokenizer {
  try {
    return new Tokenizer({ ...contents, pre_tokenizer: withUnicodeDigits(contents.pre_tokenizer) }, config);
  } catch (error) {
    throw new DataError(`The tokenizer described by ${file} cannot be built: ${messageOf(error)}`);
  }
}

function largestId(tokenizer: Tokenizer): number {
  let largest = -1;
  for (const id of tokenizer.get_vocab().values()) largest = Math.max(largest, id);
  return largest;
}

async function collectStopTokens(
  tokenizer: Tokenizer,
  endOfSequence: string | undefined,
  folder: string,
  readJson: ReadJson,
): Promise<number[]> {
  const ids = new Set<number>();
  if (endOfSequence !== undefined) {
    const id = tokenizer.token_to_id(endOfSequence);
    if (id === undefined) {
      throw new DataError(
        `Expected the eos_token "${endOfSequence}" of ${folder} to be in the vocabulary of its tokenizer.json, but it is not there.`,
      );
    }
    ids.add(id);
  }
  for (const name of ['generation_config.json', 'config.json']) {
    const file = await readJson(path.join(folder, name), endOfSequenceFile);
    for (const id of [file?.eos_token_id ?? []].flat()) ids.add(id);
  }
  if (ids.size === 0) {
    throw new DataError(
      `Expected an end-of-sequence token, or responses would never end, but neither tokenizer_config.json, ` +
        `special_tokens_map.json, generation_config.json nor config.json in ${folder} names one.`,
    );
  }
  return [...ids];
}

function encodeText(tokenizer: Tokenizer, text: string, addSpecial: boolean, folder: string): Int32Array {
  const { ids, tokens } = tokenizer.encode(text, { add_special_tokens: addSpecial });
  const unknown = ids.findIndex((id) => id === undefined);
  if (unknown !== -1) {
    throw new DataError(
      `The tokenizer in ${folder} has no token for "${tokens[unknown]}" and none for unknown words; ` +
        'use only words of its vocabulary in problems, hints and templates.',
    );
  }
  return Int32Array.from(ids as number[]);
}

function decodeTokens(tokenizer: Tokenizer, tokens: ArrayLike<number>, skipSpecial: boolean): string {
  const known = Array.from(tokens).filter((id) => tokenizer.id_to_token(id) !== undefined);
  if (known.length === 0) return '';
  return tokenizer.decode(known, {
    skip_special_tokens: skipSpecial,
    // Clean-up would rewrite "x = 1 , 2" before the verifier sees it.
    clean_up_tokenization_spaces: false,
  });
}

async function chatRenderer(
  folder: string,
  readText: ReadText,
  field: z.output<typeof chatTemplateField>,
  special: SpecialTokens,
  options: TokenizerOptions,
  encode: (text: string, addSpecial: boolean) => Int32Array,
  stopTokens: readonly number[],
): Promise<ChatTokenizer['renderChat']> {
  const jinjaPath = path.join(folder, 'chat_template.jinja');
  const jinjaText = await readText(jinjaPath);
  const source = findChatTemplate(
    jinjaText === null ? null : { text: jinjaText, path: jinjaPath },
    field,
    path.join(folder, 'tokenizer_config.json'),
  );
  if (source !== null) {
    const template = parseChatTemplate(source, { ...special, ...options.templateVariables });
    return (messages) => encode(template.render(messages), false);
  }
  if (options.withoutChatTemplate !== 'concatenate') {
    throw new DataError(
      `Expected a chat template in ${folder}, but there is no chat_template.jinja and tokenizer_config.json has ` +
        'no chat_template; take the instruct variant of the model, or add a template.',
    );
  }
  return (messages) => {
    // With the special tokens the tokenizer frames a text with (a beginning of sequence), but never an end.
    const tokens = encode(messages.map(({ content }) => `${content}\n\n`).join(''), true);
    const last = tokens[tokens.length - 1];
    return last !== undefined && stopTokens.includes(last) ? tokens.slice(0, -1) : tokens;
  };
}
