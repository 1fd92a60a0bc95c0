// The tokenizer of a GGUF file, as the files a folder in Hugging Face layout would have. It knows nothing of chat or
// of tokenizing. Its one idea: llama.cpp names a pre-tokenizer instead of describing it, so only names whose
// description is known here are taken.
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { openGguf } from './gguf.ts';

/** tokenizer.json's pre_tokenizer by tokenizer.ggml.pre. smollm: as in HuggingFaceTB/SmolLM2-135M-Instruct. */
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const PRE_TOKENIZERS: Readonly<Record<string, object>> = {
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, BYTE_LEVEL] },
};
/** llama.cpp's enum llama_token_type. */
const TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 };

const id = z.int().nonnegative().optional();
const metadataSchema = z.looseObject({
  'tokenizer.ggml.model': z.literal('gpt2'),
  'tokenizer.ggml.pre': z.enum(Object.keys(PRE_TOKENIZERS)),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.token_type': z.array(z.int().min(TYPES.normal).max(TYPES.unused)),
  'tokenizer.ggml.merges': z.array(z.string().regex(/^\S+ \S+$/)),
  'tokenizer.ggml.bos_token_id': id,
  'tokenizer.ggml.eos_token_id': id,
  'tokenizer.ggml.eot_token_id': id,
  'tokenizer.ggml.unknown_token_id': id,
  'tokenizer.ggml.padding_token_id': id,
  'tokenizer.ggml.add_bos_token': z.literal(false).optional(),
  'tokenizer.ggml.add_eos_token': z.literal(false).optional(),
  'tokenizer.ggml.add_space_prefix': z.literal(false).optional(),
  'tokenizer.chat_template': z.string().optional(),
});

/** Contents by file name: tokenizer.json, tokenizer_config.json, generation_config.json. @throws ModelError */
export async function ggufTokenizerFiles(path: string): Promise<Map<string, string>> {
  const parsed = metadataSchema.safeParse(Object.fromEntries((await openGguf(path)).metadata));
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

function tokenizerJson(metadata: z.output<typeof metadataSchema>): object {
  const tokens = metadata['tokenizer.ggml.tokens'];
  const added = metadata['tokenizer.ggml.token_type'].flatMap((type, at) => {
    if (type === TYPES.normal || type === TYPES.unused) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id: at, content: tokens[at], ...flags, special: type !== TYPES.userDefined }];
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: PRE_TOKENIZERS[metadata['tokenizer.ggml.pre']],
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((text, at) => [text, at])),
      merges: metadata['tokenizer.ggml.merges'],
    },
  };
}
