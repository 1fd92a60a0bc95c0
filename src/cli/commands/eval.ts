// guiderail eval: pass@k of a model folder on a problem file, hint-free or hinted.
import { resolve } from 'node:path';
import process from 'node:process';
import { Command, Option } from 'commander';
import { loadTokenizer } from '../../data/tokenizer.ts';
import type { Sampler } from '../../engine/engine.ts';
import { ConfigError } from '../../errors.ts';
import { evaluate, problemCounts, type EvaluationResult } from '../../eval/evaluate.ts';
import { writeAside } from '../../model/safetensors.ts';
import type { ResponderSettings } from '../../rollout/responder.ts';
import { recordToJson } from '../../runs/record-json.ts';
import { checkedPlan } from '../../train/memory.ts';
import { contextOfLevel, hintLevel, hintOf, type Context, type Problem, type Rollout } from '../../types.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { addEngineOptions, engineFrom, type EngineOptions } from '../engine-options.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { PROBLEMS } from '../problem-source.ts';
import { problemsOf, type LoadOptions } from '../load-problems.ts';
import { createProgress, type Progress } from '../progress.ts';
import {
  addSamplingOptions,
  passAtFor,
  requireRoom,
  responderFor,
  settingsOf,
  type SamplingOptions,
} from '../sampling-options.ts';
import { formatReport } from '../train-reporter.ts';

interface EvalOptions extends EngineOptions, SamplingOptions, LoadOptions {
  readonly model: string;
  readonly problems: string;
  readonly context: 'plain' | 'hint';
  readonly level?: number;
  readonly custom: readonly string[];
  readonly counts?: string;
  readonly json: boolean;
}

export function evalCommand(io: CommandIO): Command {
  return addSamplingOptions(addCustomOption(addEngineOptions(new Command('eval'))))
    .description('measure pass@k of a model on problems, with bootstrap intervals')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--problems <problems>', PROBLEMS)
    .addOption(
      new Option('--context <context>', 'with or without a hint').choices(['plain', 'hint']).default('plain'),
    )
    .addOption(
      new Option('--level <n>', 'hint level, from 1; asks for --context hint (whose default is 1)')
        .argParser(positiveInteger)
        .implies({ context: 'hint' }),
    )
    .option('--limit <n>', 'use the first n problems', positiveInteger)
    .option('--drop-unusable', 'leave out rows that cannot be used instead of refusing the file', false)
    .option(
      '--counts <file>',
      'also write {id, source, context, samples, correct} of each problem as JSONL, which problems.order.rates of a recipe reads',
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
  const problems = await problemsFor(io, context, options, verifiers, progress);
  const responder = responderFor(await loadTokenizer(folder), options, verifiers);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = engineFrom(options);
  try {
    await verifiers.checkCustom();
    const sampler = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const longest = requireRoom(problems, () => [context], responder, sampler, options.problems);
    const memory = checkedPlan(sampler, {
      sampled: problems.length * options.samples,
      sampledPrompts: problems.length,
      trained: 0,
      trainedPrompts: 0,
      promptTokens: longest,
      newTokens: options.maxNewTokens,
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
    const report: EvaluationReport = { model, file, ...settingsOf(options), ...figures, seconds };
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
  io: CommandIO,
  context: Context,
  options: EvalOptions,
  verifiers: VerifierPool,
  progress: Progress,
): Promise<Problem[]> {
  const problems = await problemsOf(io, options.problems, options, verifiers, progress);
  const level = hintLevel(context);
  if (level === 0) return problems;
  const hinted = problems.filter((problem) => hintOf(problem, context) !== null);
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
