// The tokenizer of the "machines" family as files in Hugging Face layout: one token a word, letters, operations
// and names included. There is no token for unknown words on purpose: a prompt template with other words is
// an error that names the word, and not a model that sees nothing.
import { machinesVocabulary, type MachinesConfig } from './machines.ts';

const PAD = '<pad>';
const END = '<eos>';
const ROLES = ['system', 'user', 'assistant'] as const;

// A role's marker, then the content; an assistant's turn ends like a response.
const CHAT_TEMPLATE =
  `{%- for message in messages -%}` +
  `{{ '<' + message['role'] + '> ' + message['content'] + ' ' }}` +
  `{%- if message['role'] == 'assistant' -%}{{ eos_token + ' ' }}{%- endif -%}` +
  `{%- endfor -%}` +
  `{%- if add_generation_prompt -%}{{ '<assistant>' }}{%- endif -%}`;

/** File names and contents, to be written into a model folder: tokenizer.json and tokenizer_config.json. */
export function machinesTokenizerFiles(config: MachinesConfig): Record<string, string> {
  const special = [PAD, END, ...ROLES.map((role) => `<${role}>`)];
  const vocabulary = [...special, ...machinesVocabulary(config)];
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      unk_token: '<unk>',
    },
  };
  const tokenizerConfig = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: END,
    pad_token: PAD,
    clean_up_tokenization_spaces: false,
    chat_template: CHAT_TEMPLATE,
  };
  return {
    'tokenizer.json': `${JSON.stringify(tokenizer, null, 1)}\n`,
    'tokenizer_config.json': `${JSON.stringify(tokenizerConfig, null, 1)}\n`,
  };
}
