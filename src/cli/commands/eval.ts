// guiderail eval: pass@k of a model folder on a problem file, hint-free or hinted.
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_PROMPT_OPTIONS } from '../../data/prompts.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { ConfigError } from '../../errors.ts';
import { evaluate } from '../../eval/evaluate.ts';
import { evaluationLine } from '../../train/loop.ts';
import { handleRejected, loadProblems, responderOf } from '../../train/prepare.ts';
import { fitsContext } from '../../rollout/responder.ts';
import { contextOfLevel, type Context, type Problem } from '../../types.ts';
import type { CommandIO } from '../command-io.ts';
import { createEngine } from '../engines.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { formatEvaluation } from '../train-reporter.ts';
import { engineConfigSchema, type EngineConfig } from '../../train/config.ts';

interface EvalOptions {
  readonly model: string;
  readonly problems: string;
  readonly samples: number;
  readonly context: 'plain' | 'hint';
  readonly level: number;
  readonly temperature: number;
  readonly maxNewTokens: number;
  readonly seed: number;
  readonly limit?: number;
  readonly engine: EngineConfig['kind'];
  readonly hintTemplate: string;
  readonly dropUnusable: boolean;
  readonly json: boolean;
}

export function evalCommand(io: CommandIO): Command {
  return new Command('eval')
    .description('measure pass@k of a model on problems, with bootstrap intervals')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--problems <file>', 'problems as JSONL')
    .requiredOption('--samples <n>', 'samples for each problem', positiveInteger)
    .addOption(
      new Option('--context <context>', 'with or without a hint').choices(['plain', 'hint']).default('plain'),
    )
    .option('--level <n>', 'hint level of --context hint', positiveInteger, 1)
    .option('--temperature <t>', 'sampling temperature; 0 is greedy', nonNegative, 1)
    .option('--max-new-tokens <n>', 'longest response in tokens', positiveInteger, 256)
    .option('--seed <n>', 'names every draw', wholeNumber, 1)
    .option('--limit <n>', 'use the first n problems', positiveInteger)
    .addOption(
      new Option('--engine <kind>', 'what computes')
        .choices(engineConfigSchema.shape.kind.unwrap().options)
        .default(engineConfigSchema.parse({}).kind),
    )
    .option(
      '--hint-template <text>',
      'how a hint enters the last user message',
      DEFAULT_PROMPT_OPTIONS.hintTemplate,
    )
    .option('--drop-unusable', 'leave out rows that cannot be used instead of refusing the file', false)
    .option('--json', 'print one JSON object', false)
    .action((options: EvalOptions) => runEval(io, options));
}

async function runEval(io: CommandIO, options: EvalOptions): Promise<void> {
  const folder = resolve(io.cwd, options.model);
  const context: Context = options.context === 'plain' ? 'plain' : contextOfLevel(options.level);
  const source = {
    file: resolve(io.cwd, options.problems),
    ...(options.limit !== undefined && { limit: options.limit }),
  };
  const { problems, rejected } = await loadProblems(source);
  const warnings: string[] = [];
  handleRejected(rejected, options.problems, options.dropUnusable ? 'drop' : 'refuse', warnings);
  const tokenizer = await loadTokenizer(folder);
  const responder = responderOf(
    tokenizer,
    { hintTemplate: options.hintTemplate },
    { maxNewTokens: options.maxNewTokens, temperature: options.temperature, runSeed: options.seed },
  );
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(process, io.stderr);
  const engine = createEngine({ kind: options.engine });
  for (const sentence of warnings) progress.note(sentence);
  try {
    const model = await engine.open({ folder, head: 'lm', adapter: { kind: 'none' }, trainable: false });
    const usable = problems.filter(
      (problem) => context === 'plain' || problem.hints[options.level - 1] !== undefined,
    );
    if (usable.length < problems.length) {
      progress.note(
        `${problems.length - usable.length} problems have no hint of level ${options.level} and are left out.`,
      );
    }
    for (const problem of usable) {
      const { length } = responder.renderPrompt(problem, context);
      if (!fitsContext(responder, model, length))
        throw tooLong(problem, length, model.info.maxSequenceLength, options);
    }
    if (usable.length === 0)
      throw new ConfigError(
        `Expected problems with a hint of level ${options.level} in ${options.problems}, got none.`,
      );
    const started = performance.now();
    let done = 0;
    const { result } = await evaluate({
      sampler: model,
      responder,
      problems: usable,
      context,
      samples: options.samples,
      passAt: passAtFor(options.samples),
      step: 0,
      policyVersion: 0,
      signal: interrupt.signal,
      onRollout: () =>
        progress.update({
          label: 'evaluating',
          step: ++done,
          totalSteps: usable.length * options.samples,
          startStep: 0,
          seconds: (performance.now() - started) / 1000,
          figures: {},
        }),
    });
    progress.done();
    const line = evaluationLine(0, result, (performance.now() - started) / 1000);
    io.stdout.write(
      options.json ? `${JSON.stringify({ model: options.model, ...line })}\n` : `${formatEvaluation(line)}\n`,
    );
    await model.close();
  } finally {
    progress.done();
    interrupt.dispose();
    await engine.close();
  }
}

/** Powers of two up to the number of samples, and that number itself. */
export function passAtFor(samples: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < samples; k *= 2) ks.push(k);
  return [...ks, samples];
}

function tooLong(problem: Problem, length: number, limit: number, options: EvalOptions): ConfigError {
  return new ConfigError(
    `Expected every prompt to leave room for ${options.maxNewTokens} new tokens within the model's ${limit}, but that of ` +
      `problem ${problem.id} (${problem.source}) has ${length}; lower --max-new-tokens or remove the problem from ${options.problems}.`,
  );
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 up.');
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('Expected a whole number from 0 up.');
  return value;
}

function nonNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number from 0 up.');
  return value;
}
