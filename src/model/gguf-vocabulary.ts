// A tokenizer of Hugging Face's files as the metadata of a GGUF file. It knows no weights. Its one idea: llama.cpp takes
// byte-level BPE with a way of splitting that it knows by name; whatever else a tokenizer does is refused, for the file
// would load and read text as other tokens.
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import type { GgufValue } from './gguf-encoding.ts';
import { TOKEN_TYPES, splittingName } from './gguf-splittings.ts';
import type { ModelShape } from './shape.ts';

/** The text of one of the tokenizer's files; null where there is none of that name. */
export type ReadTokenizerFile = (name: string) => Promise<string | null>;

const id = z.int().nonnegative();
const merge = z.union([
  z.string().regex(/^\S+ \S+$/),
  z.tuple([z.string(), z.string()]).transform((pair) => pair.join(' ')),
]);
/** Ids by token. z.record would leave out a token __proto__. */
const vocab = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((at) => id.safeParse(at).success),
  { error: 'expected an id for each token' },
);
/** What it takes a tokenizer to be: anything besides is a step that llama.cpp would not take. */
const tokenizerSchema = z.object({
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  added_tokens: z
    .array(z.object({ id, content: z.string(), special: z.boolean().default(false) }))
    .default([]),
  model: z.object({
    type: z.literal('BPE', { error: 'llama.cpp takes byte-level BPE alone' }),
    vocab,
    merges: z.array(merge),
    ignore_merges: z.boolean().default(false),
    byte_fallback: z.literal(false).default(false),
    continuing_subword_prefix: z.literal('').nullish(),
    end_of_word_suffix: z.literal('').nullish(),
  }),
});
type TokenizerFile = z.output<typeof tokenizerSchema>;

const specialToken = z
  .union([z.string(), z.object({ content: z.string() })])
  .nullish()
  .transform((token) => (typeof token === 'object' ? token?.content : token));
const namedTemplate = z.object({ name: z.string(), template: z.string() });
const configSchema = z.object({
  bos_token: specialToken,
  eos_token: specialToken,
  unk_token: specialToken,
  pad_token: specialToken,
  chat_template: z.union([z.string(), z.array(namedTemplate)]).nullish(),
});
const generationSchema = z.object({ eos_token_id: z.union([id, z.array(id)]).nullish() });

/** The place of the text among what a template adds. */
const TEXT = Symbol('text');
/** Post-processors that add nothing, and the one that may put a token before the text. */
const piece = z.union([
  z.object({ SpecialToken: z.object({ id: z.string() }) }).transform(({ SpecialToken }) => SpecialToken.id),
  z.object({ Sequence: z.object({ id: z.literal('A') }) }).transform(() => TEXT),
]);
const template = z.object({ type: z.literal('TemplateProcessing'), single: z.array(piece) });
const step = z.union([template, z.object({ type: z.literal('ByteLevel') })]);
const processors = z.union([
  z.null().transform(() => []),
  step.transform((only) => [only]),
  z.object({ type: z.literal('Sequence'), processors: z.array(step) }).transform((all) => all.processors),
]);

/**
 * Metadata below "tokenizer.".
 * @param shape of the model: ids below its vocabulary size that the tokenizer does not use are filled up.
 * @param where names the tokenizer in errors.
 * @throws ModelError for what llama.cpp would read otherwise.
 */
export async function ggufVocabulary(
  read: ReadTokenizerFile,
  shape: Pick<ModelShape, 'vocabularySize' | 'eosTokenIds'>,
  where: string,
): Promise<Map<string, GgufValue>> {
  const file = await parsed(read, 'tokenizer.json', tokenizerSchema, where);
  if (file === null)
    throw new ModelError(`Expected a tokenizer.json in ${where}, for a GGUF file holds its tokenizer.`);
  const fallback = configSchema.parse({});
  const config = (await parsed(read, 'tokenizer_config.json', configSchema, where)) ?? fallback;
  const map = (await parsed(read, 'special_tokens_map.json', configSchema, where)) ?? fallback;
  const generation = await parsed(read, 'generation_config.json', generationSchema, where);
  const { normalizer, pre_tokenizer } = file;
  const pre = splittingName({ normalizer, pre_tokenizer, ignoreMerges: file.model.ignore_merges });
  if (pre === undefined) {
    throw new ModelError(
      `The pre-tokenizer of ${where} is none of those of SmolLM2, Llama 3, Qwen2 and GPT-2, which llama.cpp knows by name; export a folder instead of a GGUF file.`,
    );
  }
  const { tokens, types } = tokenList(file, shape.vocabularySize, where);
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: pre }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: types }],
    ['tokenizer.ggml.merges', { type: 'strings', value: file.model.merges }],
  ]);
  const named = (name: string, token: string | null | undefined) => {
    const at = token === null || token === undefined ? -1 : tokens.indexOf(token);
    if (at >= 0) metadata.set(`tokenizer.ggml.${name}_token_id`, { type: 'uint32', value: at });
  };
  const bos = config.bos_token ?? map.bos_token;
  const ends = [...[generation?.eos_token_id ?? []].flat(), ...shape.eosTokenIds].map((end) => tokens[end]);
  const eos = config.eos_token ?? map.eos_token ?? ends[0];
  named('bos', bos);
  named('eos', eos);
  named(
    'eot',
    ends.find((end) => end !== eos),
  );
  named('unknown', config.unk_token ?? map.unk_token);
  named('padding', config.pad_token ?? map.pad_token);
  // llama.cpp would take token 11.
  if (!metadata.has('tokenizer.ggml.eos_token_id')) {
    throw new ModelError(
      `Expected the tokenizer of ${where} to name a token of its own that ends a sequence.`,
    );
  }
  metadata.set('tokenizer.ggml.add_bos_token', { type: 'bool', value: addsBeginning(file, bos, where) });
  const chat = chatTemplate(await read('chat_template.jinja'), config.chat_template);
  if (chat !== null) metadata.set('tokenizer.chat_template', { type: 'string', value: chat });
  return metadata;
}

/** @returns null where the file is missing. */
async function parsed<Schema extends z.ZodType>(
  read: ReadTokenizerFile,
  name: string,
  schema: Schema,
  where: string,
): Promise<z.output<Schema> | null> {
  const text = await read(name);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ModelError(`Expected ${name} of ${where} to be JSON: ${messageOf(error)}.`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ModelError(
    `${name} of ${where} cannot be written to a GGUF file: at ${issue?.path.join('.') || 'its root'}: ${issue?.message}; export a folder instead.`,
  );
}

/** Every id's text and kind. */
function tokenList(file: TokenizerFile, size: number, where: string): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: size }, (_, at) => `[PAD${at}]`);
  const types = Array<number>(size).fill(TOKEN_TYPES.unused);
  const place = (text: string, at: number, type: number) => {
    if (at >= size) {
      throw new ModelError(
        `Token ${JSON.stringify(text)} of ${where} has id ${at}, but the model has ${size} embeddings; the tokenizer is another model's.`,
      );
    }
    tokens[at] = text;
    types[at] = type;
  };
  for (const [text, at] of Object.entries(file.model.vocab)) place(text, at, TOKEN_TYPES.normal);
  for (const { id: at, content, special } of file.added_tokens) {
    place(content, at, special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  }
  return { tokens, types };
}

/** Whether the post-processor puts a beginning of sequence before a text. @throws ModelError if it does more. */
function addsBeginning(file: TokenizerFile, bos: string | null | undefined, where: string): boolean {
  const steps = processors.safeParse(file.post_processor ?? null);
  if (steps.success) {
    const pieces = steps.data.flatMap((one) => ('single' in one ? one.single : []));
    const [first, second] = pieces;
    if (pieces.length === 0 || (pieces.length === 1 && first === TEXT)) return false;
    if (pieces.length === 2 && first === bos && second === TEXT) return true;
  }
  throw new ModelError(
    `The post-processor of ${where} does more to a text than to put its beginning of sequence before it, and llama.cpp would not; export a folder instead of a GGUF file.`,
  );
}

function chatTemplate(
  jinja: string | null,
  field: z.output<typeof configSchema>['chat_template'],
): string | null {
  if (jinja !== null) return jinja;
  if (typeof field === 'string') return field;
  return field?.find(({ name }) => name === 'default')?.template ?? null;
}
