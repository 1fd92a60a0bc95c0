// The options of a command that samples responses to problems without a recipe, and what they become. Their names follow
// those of a recipe.
import { InvalidArgumentError, type Command } from 'commander';
import { DEFAULT_PROMPT_OPTIONS, promptOptionsSchema } from '../data/prompts.ts';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import type { Sampler } from '../engine/engine.ts';
import { DataError } from '../errors.ts';
import { fitsContext, type ResponderSettings } from '../rollout/responder.ts';
import { quoteProblem, responderOf } from '../train/prepare.ts';
import type { Context, Problem } from '../types.ts';
import type { VerifierPool } from '../verifiers/pool.ts';
import { positiveInteger } from './custom-option.ts';

export interface SamplingOptions {
  readonly samples: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly maxNewTokens: number;
  readonly stopString: readonly string[];
  readonly seed: number;
  readonly hintTemplate: string;
  readonly systemPrompt?: string;
}

export function addSamplingOptions(command: Command): Command {
  return command
    .requiredOption('--samples <n>', 'samples for each problem', positiveInteger)
    .option('--temperature <t>', 'sampling temperature; 0 is greedy', nonNegative, 1)
    .option('--top-k <n>', 'sample among the n most likely tokens; 0 for all', wholeNumber, 0)
    .option('--top-p <p>', 'then among the fewest with this share of the probability', topShare, 1)
    .option('--min-p <p>', "then among those with at least p times the likeliest token's", fraction, 0)
    .option('--max-new-tokens <n>', 'longest response in tokens', positiveInteger, 256)
    .option(
      '--stop-string <text>',
      'end a response when its text contains this; may be given several times',
      addStopString,
      [],
    )
    .option('--seed <n>', 'names every draw', wholeNumber, 1)
    .option(
      '--hint-template <text>',
      'how a hint enters the last user message; prompt.hintTemplate of the recipe',
      hintTemplate,
      DEFAULT_PROMPT_OPTIONS.hintTemplate,
    )
    .option('--system-prompt <text>', 'prompt.systemPrompt of the recipe');
}

/** What decides the figures, under the names of a report. */
export function settingsOf({
  seed,
  temperature,
  topK,
  topP,
  minP,
  maxNewTokens,
  stopString,
}: SamplingOptions) {
  return { seed, temperature, topK, topP, minP, maxNewTokens, stopStrings: stopString };
}

export function responderFor(
  tokenizer: ChatTokenizer,
  options: SamplingOptions,
  verifiers: VerifierPool,
): ResponderSettings {
  const { hintTemplate: template, systemPrompt, maxNewTokens, temperature, seed } = options;
  return responderOf(
    tokenizer,
    { hintTemplate: template, ...(systemPrompt !== undefined && { systemPrompt }) },
    {
      maxNewTokens,
      temperature,
      truncation: { topK: options.topK, topP: options.topP, minP: options.minP },
      stopStrings: options.stopString,
      runSeed: seed,
      verifierFor: verifiers.verifierFor,
    },
  );
}

/** DataError for the first problem that leaves no room for a response. @returns the longest prompt, in tokens. */
export function requireRoom(
  problems: readonly Problem[],
  contextsOf: (problem: Problem) => readonly Context[],
  responder: ResponderSettings,
  sampler: Sampler,
  file: string,
): number {
  let longest = 1;
  for (const problem of problems) {
    for (const context of contextsOf(problem)) {
      const { length } = responder.renderPrompt(problem, context);
      if (!fitsContext(responder, sampler, length)) {
        throw new DataError(
          `Expected every prompt to leave room for ${responder.maxNewTokens} new tokens within the ` +
            `${sampler.info.maxSequenceLength} that the model takes, but that of ${quoteProblem(problem)} has ${length}; ` +
            `lower --max-new-tokens or take the problem out of ${file}.`,
        );
      }
      longest = Math.max(longest, length);
    }
  }
  return longest;
}

/** Powers of two up to the number of samples, and that number itself. */
export function passAtFor(samples: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < samples; k *= 2) ks.push(k);
  return [...ks, samples];
}

export function hintTemplate(text: string): string {
  const parsed = promptOptionsSchema.shape.hintTemplate.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]!.message}.`);
}

function addStopString(text: string, others: readonly string[]): string[] {
  if (text === '') throw new InvalidArgumentError('Expected a text of one character or more.');
  return [...others, text];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('Expected a whole number from 0 up.');
  return value;
}

function fraction(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return value;
}

function topShare(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('Expected a number above 0, up to 1.');
  return value;
}

function nonNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number from 0 up.');
  return value;
}
