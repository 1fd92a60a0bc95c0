// What llama.cpp only names of a byte-level tokenizer and tokenizer.json describes: how text is cut into words before
// merges. For reading GGUF files and for writing them; a description that has no name here is not to be written.
import { z } from 'zod';

/** llama.cpp's enum llama_token_type. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 };

/** What tokenizer.json says of a pre-tokenizer that llama.cpp only names. */
export interface Splitting {
  readonly pre_tokenizer: object;
  readonly normalizer?: object;
  /** A word that is a token is that token, whatever merges would make of it. */
  readonly ignoreMerges?: true;
  /** What llama.cpp takes where tokenizer.ggml.add_bos_token is left out. */
  readonly addsBos?: true;
}

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });
/** Every match and every gap between matches is a word of its own. */
const split = (Regex: string) => ({
  ...{ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
});
const splitting = (...patterns: string[]) =>
  sequence(...patterns.map(split), { ...BYTE_LEVEL, use_regex: false });

/** The pattern of GPT-4's manner; `digits` matches a run of digits. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}` +
  '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

/**
 * By tokenizer.ggml.pre: the tokenizer.json of HuggingFaceTB/SmolLM2, meta-llama/Llama-3, Qwen/Qwen2 and gpt2. What
 * llama.cpp calls default no model of Hugging Face has: it is spelled out as llama-vocab.cpp has it.
 */
export const SPLITTINGS: Readonly<Record<string, Splitting>> = {
  smollm: { pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, BYTE_LEVEL) },
  'llama-bpe': { pre_tokenizer: splitting(words('\\p{N}{1,3}')), ignoreMerges: true, addsBos: true },
  qwen2: { pre_tokenizer: splitting(words('\\p{N}')), normalizer: { type: 'NFC' } },
  'gpt-2': { pre_tokenizer: BYTE_LEVEL },
  default: {
    pre_tokenizer: splitting('[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2_WORDS, '\\p{N}+', '[0-9][0-9][0-9]'),
  },
};

/** What decides the words, with the defaults of Hugging Face; trim_offsets, left out here, moves no token. */
const step = z.union([
  z.object({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean().default(true),
    use_regex: z.boolean().default(true),
  }),
  z.object({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
  z.object({
    type: z.literal('Split'),
    pattern: z.strictObject({ Regex: z.string() }),
    behavior: z.string(),
    invert: z.boolean().default(false),
  }),
]);
const described = z.union([
  step.transform((only) => [only]),
  z
    .object({ type: z.literal('Sequence'), pretokenizers: z.array(step) })
    .transform((all) => all.pretokenizers),
]);

/** The parts of a tokenizer.json that a name stands for. */
export interface DescribedSplitting {
  readonly pre_tokenizer: unknown;
  readonly normalizer: unknown;
  readonly ignoreMerges: boolean;
}

/** The tokenizer.ggml.pre that stands for a description; undefined where llama.cpp has none that is known here. */
export function splittingName(one: DescribedSplitting): string | undefined {
  const form = (pre: unknown, normalizer: unknown, ignoreMerges: boolean): string | undefined => {
    const steps = described.safeParse(pre);
    return steps.success ? JSON.stringify([steps.data, normalizer ?? null, ignoreMerges]) : undefined;
  };
  const wanted = form(one.pre_tokenizer, one.normalizer, one.ignoreMerges);
  if (wanted === undefined) return undefined;
  return Object.keys(SPLITTINGS).find((name) => {
    const { pre_tokenizer, normalizer, ignoreMerges = false } = SPLITTINGS[name];
    return form(pre_tokenizer, normalizer, ignoreMerges) === wanted;
  });
}
