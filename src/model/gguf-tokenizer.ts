// The tokenizer of a GGUF file, as the files a folder in Hugging Face layout would have. It knows nothing of chat or
// of tokenizing. Its one idea: llama.cpp names a pre-tokenizer instead of describing it, so only names whose
// description is known here are taken.
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { openGguf } from './gguf.ts';
import { SPLITTINGS, TOKEN_TYPES } from './gguf-splittings.ts';

const id = z.int().nonnegative().optional();
const metadataSchema = z.looseObject({
  'tokenizer.ggml.model': z.literal('gpt2'),
  'tokenizer.ggml.pre': z.enum(Object.keys(SPLITTINGS)),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.token_type': z.array(z.int().min(TOKEN_TYPES.normal).max(TOKEN_TYPES.unused)),
  'tokenizer.ggml.merges': z.array(z.string().regex(/^\S+ \S+$/)),
  'tokenizer.ggml.bos_token_id': id,
  'tokenizer.ggml.eos_token_id': id,
  'tokenizer.ggml.eot_token_id': id,
  'tokenizer.ggml.unknown_token_id': id,
  'tokenizer.ggml.padding_token_id': id,
  'tokenizer.ggml.add_bos_token': z.boolean().optional(),
  'tokenizer.ggml.add_eos_token': z.literal(false).optional(),
  'tokenizer.ggml.add_space_prefix': z.literal(false).optional(),
  'tokenizer.chat_template': z.string().optional(),
});

/** Contents by file name: tokenizer.json, tokenizer_config.json, generation_config.json. @throws ModelError */
export async function ggufTokenizerFiles(path: string): Promise<Map<string, string>> {
  return tokenizerFiles((await openGguf(path)).metadata, path);
}

/** From the metadata of the file that `path` names in errors. */
export function tokenizerFiles(all: ReadonlyMap<string, unknown>, path: string): Map<string, string> {
  const parsed = metadataSchema.safeParse(Object.fromEntries(all));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ModelError(
      `The tokenizer of ${path} is not supported: at ${issue?.path.join(' ') ?? 'its metadata'}: ${issue?.message}. ` +
        'Use the folder in Hugging Face layout that the file was made from.',
    );
  }
  const metadata = parsed.data;
  const tokens = metadata['tokenizer.ggml.tokens'];
  const types = metadata['tokenizer.ggml.token_type'];
  if (types.length !== tokens.length || new Set(tokens).size !== tokens.length) {
    throw new ModelError(
      `Expected the ${tokens.length} tokens of ${path} to differ and each to have a type; the file is damaged.`,
    );
  }
  const token = (name: 'bos' | 'eos' | 'unknown' | 'padding'): string | null => {
    const at = metadata[`tokenizer.ggml.${name}_token_id`];
    if (at === undefined) return null;
    if (at >= tokens.length)
      throw new ModelError(`${path} names token ${at} as ${name}, but has only ${tokens.length}.`);
    return tokens[at];
  };
  const tokenizerConfig = {
    // GPT2Tokenizer of transformers 5 would put its own pre-tokenizer in place of the file's.
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    bos_token: token('bos'),
    eos_token: token('eos'),
    unk_token: token('unknown'),
    pad_token: token('padding'),
    ...(metadata['tokenizer.chat_template'] !== undefined && {
      chat_template: metadata['tokenizer.chat_template'],
    }),
  };
  const ends = [metadata['tokenizer.ggml.eos_token_id'], metadata['tokenizer.ggml.eot_token_id']];
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  return new Map([
    ['tokenizer.json', json(tokenizerJson(metadata))],
    ['tokenizer_config.json', json(tokenizerConfig)],
    ['generation_config.json', json({ eos_token_id: [...new Set(ends.filter((end) => end !== undefined))] })],
  ]);
}

/** What stands before every text; null for nothing. */
function beginning(metadata: z.output<typeof metadataSchema>): object | null {
  const bos = metadata['tokenizer.ggml.bos_token_id'];
  const adds =
    metadata['tokenizer.ggml.add_bos_token'] ?? SPLITTINGS[metadata['tokenizer.ggml.pre']].addsBos ?? false;
  if (!adds || bos === undefined) return null;
  const token = metadata['tokenizer.ggml.tokens'][bos];
  const [bosPiece, text] = [
    { SpecialToken: { id: token, type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
  ];
  return {
    type: 'TemplateProcessing',
    single: [bosPiece, text],
    pair: [bosPiece, text, { ...bosPiece }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { [token]: { id: token, ids: [bos], tokens: [token] } },
  };
}

function tokenizerJson(metadata: z.output<typeof metadataSchema>): object {
  const splitting = SPLITTINGS[metadata['tokenizer.ggml.pre']];
  const tokens = metadata['tokenizer.ggml.tokens'];
  const added = metadata['tokenizer.ggml.token_type'].flatMap((type, at) => {
    if (type === TOKEN_TYPES.normal || type === TOKEN_TYPES.unused) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id: at, content: tokens[at], ...flags, special: type !== TOKEN_TYPES.userDefined }];
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: splitting.normalizer ?? null,
    pre_tokenizer: splitting.pre_tokenizer,
    post_processor: beginning(metadata),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: splitting.ignoreMerges ?? false,
      vocab: Object.fromEntries(tokens.map((text, at) => [text, at])),
      merges: metadata['tokenizer.ggml.merges'],
    },
  };
}
