// From a problem and a context to prompt tokens, and from a demonstration to the pair that fine-tuning reads:
// the one place where a hint meets a prompt, so that warm-up, training and evaluation show it alike. It knows
// nothing of why a hint is shown. A prompt that is too long is the caller's to notice: it has the tokens.
import { z } from 'zod';
import { DataError } from '../errors.ts';
import { hintLevel, type ChatMessage, type Context, type Problem } from '../types.ts';
import type { ChatTokenizer } from './tokenizer.ts';

export const DEFAULT_HINT_TEMPLATE = '{content}\n\nHint: {hint}';

export const promptOptionsSchema = z.strictObject({
  hintTemplate: z
    .string()
    .refine((template) => ['{content}', '{hint}'].every((place) => template.includes(place)), {
      error: 'must contain both {content} (the last user message) and {hint}',
    })
    .default(DEFAULT_HINT_TEMPLATE)
    .describe('What becomes of the last user message under a hint; {content} is that message.'),
  systemPrompt: z
    .string()
    .min(1)
    .optional()
    .describe('Put before everything; a system message of the problem itself follows it after a blank line.'),
});

export type PromptOptions = z.output<typeof promptOptionsSchema>;

export const DEFAULT_PROMPT_OPTIONS: PromptOptions = { hintTemplate: DEFAULT_HINT_TEMPLATE };

/**
 * The messages the model sees for a problem in a context: its own, those that the data set brings for the level, or its
 * own with the hint put in by the template. DataError if there is no hint of that level.
 */
export function renderMessages(
  problem: Problem,
  context: Context,
  options: PromptOptions = DEFAULT_PROMPT_OPTIONS,
): ChatMessage[] {
  const level = hintLevel(context);
  const whole = level === 0 ? problem.messages : problem.hintedPrompts?.[level - 1];
  const messages = withSystemPrompt(whole ?? problem.messages, options.systemPrompt);
  if (whole) return messages;
  const hint = problem.hints[level - 1];
  if (hint === undefined) {
    throw new DataError(
      `Problem ${problem.id} (${problem.source}) was asked for with the hint of level ${level}, but it has ` +
        `${problem.hints.length} hint(s); add the hint, or choose a guidance strategy without that level.`,
    );
  }
  const last = messages.findLastIndex((message) => message.role === 'user');
  const asked = messages[last];
  if (asked === undefined) {
    throw new DataError(`Problem ${problem.id} (${problem.source}) has no user message to put a hint into.`);
  }
  const content = fill(options.hintTemplate, { content: asked.content, hint });
  return messages.with(last, { ...asked, content });
}

/** The prompt tokens of a problem in a context, ending with what opens the assistant's turn. */
export function renderPrompt(
  tokenizer: ChatTokenizer,
  problem: Problem,
  context: Context,
  options: PromptOptions = DEFAULT_PROMPT_OPTIONS,
): Int32Array {
  return tokenizer.renderChat(renderMessages(problem, context, options));
}

/** A response to imitate, and the prompt it answers. */
export interface Demonstration {
  readonly problem: Problem;
  readonly context: Context;
  /** As text, without the stop token. */
  readonly response: string;
}

/** The tokens of a demonstration: the prompt as sampling would see it, and the response with its stop token. */
export function renderDemonstration(
  tokenizer: ChatTokenizer,
  { problem, context, response }: Demonstration,
  options: PromptOptions = DEFAULT_PROMPT_OPTIONS,
): { promptTokens: Int32Array; responseTokens: Int32Array } {
  return {
    promptTokens: renderPrompt(tokenizer, problem, context, options),
    responseTokens: Int32Array.of(...tokenizer.encode(response), ...tokenizer.stopTokens.slice(0, 1)),
  };
}

function withSystemPrompt(messages: readonly ChatMessage[], systemPrompt: string | undefined): ChatMessage[] {
  if (systemPrompt === undefined) return [...messages];
  const [first, ...rest] = messages;
  return first?.role === 'system'
    ? [{ role: 'system', content: `${systemPrompt}\n\n${first.content}` }, ...rest]
    : [{ role: 'system', content: systemPrompt }, ...messages];
}

/** In one pass, so that a placeholder or a `$` inside a message or a hint stays as it is. */
function fill(template: string, values: { readonly content: string; readonly hint: string }): string {
  return template.replace(/\{(content|hint)\}/g, (_, name: 'content' | 'hint') => values[name]);
}
