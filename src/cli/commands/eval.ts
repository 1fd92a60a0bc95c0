// guiderail eval: pass@k of a model folder on a problem file, hint-free or hinted.
import { resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_PROMPT_OPTIONS, promptOptionsSchema } from '../../data/prompts.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import type { Sampler } from '../../engine/engine.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { evaluate, problemCounts, type EvaluationResult } from '../../eval/evaluate.ts';
import { writeAside } from '../../model/safetensors.ts';
import { fitsContext, type ResponderSettings } from '../../rollout/responder.ts';
import { recordToJson } from '../../runs/record-json.ts';
import { checkedPlan } from '../../train/memory.ts';
import { handleRejected, loadProblems, quoteProblem, responderOf } from '../../train/prepare.ts';
import { contextOfLevel, hintLevel, type Context, type Problem, type Rollout } from '../../types.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { addEngineOptions, engineFrom, type EngineOptions } from '../engine-options.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgress, type Progress } from '../progress.ts';
import { formatReport } from '../train-reporter.ts';

interface EvalOptions extends EngineOptions {
  readonly model: string;
  readonly problems: string;
  readonly samples: number;
  readonly context: 'plain' | 'hint';
  readonly level?: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly maxNewTokens: number;
  readonly stopString: readonly string[];
  readonly seed: number;
  readonly limit?: number;
  readonly hintTemplate: string;
  readonly systemPrompt?: string;
  readonly dropUnusable: boolean;
  readonly custom: readonly string[];
  readonly counts?: string;
  readonly json: boolean;
}

export function evalCommand(io: CommandIO): Command {
  return addCustomOption(addEngineOptions(new Command('eval')))
    .description('measure pass@k of a model on problems, with bootstrap intervals')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--problems <file>', 'problems as JSONL')
    .requiredOption('--samples <n>', 'samples for each problem', positiveInteger)
    .addOption(
      new Option('--context <context>', 'with or without a hint').choices(['plain', 'hint']).default('plain'),
    )
    .addOption(
      new Option('--level <n>', 'hint level, from 1; asks for --context hint (whose default is 1)')
        .argParser(positiveInteger)
        .implies({ context: 'hint' }),
    )
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
    .option('--limit <n>', 'use the first n problems', positiveInteger)
    .option(
      '--hint-template <text>',
      'how a hint enters the last user message; prompt.hintTemplate of the recipe',
      hintTemplate,
      DEFAULT_PROMPT_OPTIONS.hintTemplate,
    )
    .option('--system-prompt <text>', 'prompt.systemPrompt of the recipe')
    .option('--drop-unusable', 'leave out rows that cannot be used instead of refusing the file', false)
    .option(
      '--counts <file>',
      'also write {id, source, context, correct, evidence} of each problem as JSONL, which problems.order.rates of a recipe reads',
    )
    .option('--json', 'print one JSON object', false)
    .action((options: EvalOptions) => runEval(io, options));
}

/** What --json prints, and the text is made from; docs/metrics.md (evals.jsonl) has the figures. */
export interface EvaluationReport extends EvaluationResult {
  readonly seconds: { readonly total: number };
  readonly model: string;
  readonly file: string;
  readonly seed: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly maxNewTokens: number;
  readonly stopStrings: readonly string[];
}

async function runEval(io: CommandIO, options: EvalOptions): Promise<void> {
  const progress = createProgress(io.stderr);
  const folder = resolve(io.cwd, options.model);
  const context = contextOf(options);
  const verifiers = new VerifierPool({ custom: customModules(options.custom, io.cwd) });
  const problems = await problemsFor(context, options, verifiers, io.cwd, progress);
  const { hintTemplate: template, systemPrompt, maxNewTokens, temperature, seed } = options;
  const { stopString: stopStrings } = options;
  const truncation = { topK: options.topK, topP: options.topP, minP: options.minP };
  const responder = responderOf(
    await loadTokenizer(folder),
    { hintTemplate: template, ...(systemPrompt !== undefined && { systemPrompt }) },
    { maxNewTokens, temperature, truncation, stopStrings, runSeed: seed, verifierFor: verifiers.verifierFor },
  );
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = engineFrom(options);
  try {
    await verifiers.checkCustom();
    const sampler = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    requireRoom(problems, context, responder, sampler, options);
    const longest = Math.max(...problems.map((problem) => responder.renderPrompt(problem, context).length));
    const memory = checkedPlan(sampler, {
      sampled: problems.length * options.samples,
      sampledPrompts: problems.length,
      trained: 0,
      trainedPrompts: 0,
      promptTokens: longest,
      newTokens: maxNewTokens,
    });
    if (memory !== null) progress.note(memory);
    const started = performance.now();
    const { result: figures, rollouts } = await measure({
      sampler,
      responder,
      problems,
      context,
      samples: options.samples,
      signal: interrupt.signal,
      progress,
    });
    const seconds = { total: (performance.now() - started) / 1000 };
    const { model, problems: file } = options;
    const settings = { seed, temperature, ...truncation, maxNewTokens, stopStrings };
    const report: EvaluationReport = { model, file, ...settings, ...figures, seconds };
    if (options.counts !== undefined) {
      const rows = problemCounts(problems, rollouts).map((row) => `${JSON.stringify(row)}\n`);
      await writeAside(resolve(io.cwd, options.counts), (file) => file.writeFile(rows.join('')));
    }
    io.stdout.write(`${options.json ? recordToJson(report) : formatReport(report)}\n`);
  } finally {
    progress.done();
    interrupt.dispose();
    await verifiers.close();
    await engine.close();
  }
}

function contextOf({ context, level }: EvalOptions): Context {
  if (context === 'hint') return contextOfLevel(level ?? 1);
  if (level === undefined) return 'plain';
  throw new ConfigError(
    `Expected --level ${level} with --context hint, got --context plain; leave one of them out.`,
  );
}

/** The problems that have what the context asks for. */
async function problemsFor(
  context: Context,
  options: EvalOptions,
  verifiers: VerifierPool,
  cwd: string,
  progress: Progress,
): Promise<Problem[]> {
  const limit = options.limit === undefined ? {} : { limit: options.limit };
  const { problems, rejected } = await loadProblems(
    { file: resolve(cwd, options.problems), ...limit },
    verifiers.verifierFor,
  );
  const warnings: string[] = [];
  handleRejected(
    rejected,
    options.problems,
    options.dropUnusable ? 'drop' : 'refuse',
    warnings,
    'pass --drop-unusable',
  );
  for (const sentence of warnings) progress.note(sentence);
  const level = hintLevel(context);
  if (level === 0) return problems;
  const hinted = problems.filter(({ hints }) => hints.length >= level);
  if (hinted.length === 0) {
    const highest = Math.max(...problems.map(({ hints }) => hints.length));
    throw new ConfigError(
      `Expected problems with a hint of level ${level} in ${options.problems}, but ` +
        (highest === 0
          ? 'none has a hint; add hints, or leave out --context hint.'
          : `the highest level there is ${highest}; lower --level.`),
    );
  }
  if (hinted.length < problems.length) {
    progress.note(
      `${problems.length - hinted.length} of ${problems.length} problems have no hint of level ${level} and are left out.`,
    );
  }
  return hinted;
}

function requireRoom(
  problems: readonly Problem[],
  context: Context,
  responder: ResponderSettings,
  sampler: Sampler,
  options: EvalOptions,
): void {
  for (const problem of problems) {
    const { length } = responder.renderPrompt(problem, context);
    if (!fitsContext(responder, sampler, length))
      throw tooLong(problem, length, sampler.info.maxSequenceLength, options);
  }
}

async function measure(inputs: {
  readonly sampler: Sampler;
  readonly responder: ResponderSettings;
  readonly problems: readonly Problem[];
  readonly context: Context;
  readonly samples: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}): Promise<{ result: EvaluationResult; rollouts: Rollout[] }> {
  const { progress, ...rest } = inputs;
  const started = performance.now();
  let done = 0;
  const evaluated = await evaluate({
    ...rest,
    passAt: passAtFor(inputs.samples),
    step: 0,
    policyVersion: 0,
    onRollout: () =>
      progress.update({
        label: 'evaluating',
        step: ++done,
        totalSteps: inputs.problems.length * inputs.samples,
        startStep: 0,
        seconds: (performance.now() - started) / 1000,
        figures: {},
      }),
  });
  progress.done();
  return evaluated;
}

/** Powers of two up to the number of samples, and that number itself. */
export function passAtFor(samples: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < samples; k *= 2) ks.push(k);
  return [...ks, samples];
}

function tooLong(problem: Problem, length: number, limit: number, options: EvalOptions): DataError {
  return new DataError(
    `Expected every prompt to leave room for ${options.maxNewTokens} new tokens within the ${limit} that the model takes, but ` +
      `that of ${quoteProblem(problem)} has ${length}; lower --max-new-tokens or take the problem out of ${options.problems}.`,
  );
}

function hintTemplate(text: string): string {
  const parsed = promptOptionsSchema.shape.hintTemplate.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]!.message}.`);
}

function addStopString(text: string, others: readonly string[]): string[] {
  if (text === '') throw new InvalidArgumentError('Expected a text of one character or more.');
  return [...others, text];
}

function wholeNumber(text: string): number {
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
