// Finds and renders a model's chat template: from messages to the text its tokenizer reads. It knows nothing of
// tokens. Its one idea: the same messages give the same text on every day and machine, so the clock a template
// may ask for (strftime_now) is a fixed date and never the real one.
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import { DataError, messageOf } from '../errors.ts';
import type { ChatMessage } from '../types.ts';

/** `chat_template` of tokenizer_config.json: one template, or several by name. */
export const chatTemplateField = z
  .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
  .nullish();

export interface ChatTemplateSource {
  readonly template: string;
  /** Where it stood, for messages. */
  readonly origin: string;
}

/**
 * The template a folder offers, or null. chat_template.jinja goes before tokenizer_config.json, as in
 * transformers; of several named ones the `default` is taken.
 */
export function findChatTemplate(
  jinjaFile: { readonly text: string; readonly path: string } | null,
  field: z.output<typeof chatTemplateField>,
  configPath: string,
): ChatTemplateSource | null {
  if (jinjaFile !== null) return { template: jinjaFile.text, origin: jinjaFile.path };
  if (field === undefined || field === null) return null;
  if (typeof field === 'string') return { template: field, origin: `chat_template in ${configPath}` };
  if (field.length === 0) return null;
  const chosen = field.find((entry) => entry.name === 'default');
  if (chosen === undefined) {
    throw new DataError(
      `Expected one of the chat templates in ${configPath} to be named "default", got ` +
        `${field.map((entry) => `"${entry.name}"`).join(', ')}; rename the one to use, or put it into ` +
        'chat_template.jinja beside that file.',
    );
  }
  return { template: chosen.template, origin: `chat template "default" in ${configPath}` };
}

export interface ChatTemplate {
  /** The text of a conversation, ending with what opens the assistant's turn. */
  render(messages: readonly ChatMessage[]): string;
}

/**
 * Parses a template. `variables` are what it may read beside the messages: special tokens by name, and the
 * caller's own. A template that cannot be parsed, or refuses messages, is a DataError with its own words.
 */
export function parseChatTemplate(
  source: ChatTemplateSource,
  variables: Readonly<Record<string, unknown>>,
): ChatTemplate {
  let template: Template;
  try {
    template = new Template(FIXED_CLOCK + source.template);
  } catch (error) {
    throw new DataError(
      `Expected a Jinja chat template (${source.origin}), but it does not parse: ${messageOf(error)}`,
    );
  }
  return {
    render(messages) {
      try {
        return template.render({
          // As transformers does: some templates ask whether these are none, not whether they are defined.
          tools: null,
          documents: null,
          ...variables,
          messages: messages.map(({ role, content }) => ({ role, content })),
          add_generation_prompt: true,
          fixed_date: fixedDate,
        });
      } catch (error) {
        throw new DataError(
          `The chat template (${source.origin}) refuses messages with the roles ` +
            `${messages.map((message) => message.role).join(', ')}: ${messageOf(error)}`,
        );
      }
    },
  };
}

// The library declares strftime_now itself and refuses a second declaration, but a template may set it. The
// line break is trimmed with the block (trim_blocks), so the template's own beginning stays as it is.
const FIXED_CLOCK = '{% set strftime_now = fixed_date %}\n';

// 26 July 2024 is what Llama 3's own template falls back to where there is no clock.
const FIXED_DATE: Readonly<Record<string, string>> = {
  '%Y': '2024',
  '%m': '07',
  '%d': '26',
  '%b': 'Jul',
  '%B': 'July',
  '%H': '00',
  '%M': '00',
  '%%': '%',
};

function fixedDate(format: string): string {
  return format.replace(/%./g, (directive) => FIXED_DATE[directive] ?? directive);
}
