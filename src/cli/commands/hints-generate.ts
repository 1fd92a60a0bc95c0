// guiderail hints generate FILE: from problems with reference solutions to hints by level, written by a teacher. What is
// paid for is kept in a cache beside the output as it comes; the output itself appears when it is whole, in the order of
// the input, with every row. It knows nothing of prompts, requests or replies: src/hints/generate does.
import { resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import type { RejectedRow } from '../../data/problems.ts';
import { ConfigError, DataError, messageOf } from '../../errors.ts';
import type { Clock } from '../../hints/generate/clock.ts';
import { HintGenerator, type GeneratedHints, type HintCheck } from '../../hints/generate/generate.ts';
import { DEFAULT_PROMPTS, loadPrompts, type HintPrompts } from '../../hints/generate/prompts.ts';
import { ReplyCache } from '../../hints/generate/reply-cache.ts';
import { estimateRequest, Spending, type Prices } from '../../hints/generate/spending.ts';
import {
  addUsage,
  NO_TOKENS,
  TeacherError,
  type Teacher,
  type TokenUsage,
} from '../../hints/generate/teacher.ts';
import { HintChecker } from '../../hints/check/check.ts';
import { writeAside } from '../../model/safetensors.ts';
import { handleRejected } from '../../train/prepare.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { addEngineOptions } from '../engine-options.ts';
import { count, estimateSentence, GenerationReport, type Workload } from '../hint-report.ts';
import { problemRows, withHints, type ProblemRow } from '../hint-rows.ts';
import { InterruptedError, listenForInterrupt } from '../interrupt.ts';
import { inOrder } from '../ordered-work.ts';
import { createProgress, type Progress } from '../progress.ts';
import { withTeacher, type TeacherOptions } from '../teachers.ts';

interface GenerateOptions extends TeacherOptions {
  readonly levels: number;
  readonly out: string;
  readonly attempts: number;
  readonly priceIn?: number;
  readonly priceOut?: number;
  readonly maxTokens?: number;
  readonly maxPrice?: number;
  readonly prompts: string;
  readonly cache?: string;
  readonly limit?: number;
  readonly check: boolean;
  readonly custom: readonly string[];
  readonly replace: boolean;
  readonly dropUnusable: boolean;
  readonly dryRun: boolean;
}

/** What a test puts in the place of time and of the check. */
export interface GenerateTools {
  readonly clock?: Clock;
  readonly check?: HintCheck;
}

/** Longer than this Node's fetch waits for no answer. */
const LONGEST_TIMEOUT_S = 300;
/** Prompts that a dry run shows. */
const SHOWN = 2;

export function hintsGenerateCommand(io: CommandIO, tools: GenerateTools = {}): Command {
  return addCustomOption(addEngineOptions(new Command('generate')))
    .description('write hints by level for problems, by any OpenAI-compatible server or by the policy itself')
    .argument('<file>', 'problems as JSONL, best with a solution each')
    .requiredOption('--teacher <url>', 'server, such as http://127.0.0.1:8000/v1; or self: the model itself')
    .option('--model <name>', 'model of the server (default: its only one); with self, a folder or GGUF file')
    .requiredOption('--out <file>', 'the same rows with hints, as JSONL')
    .option('--levels <n>', 'hints for each problem, from the least help to the most', positiveInteger, 4)
    .option('--jobs <n>', 'requests at once', positiveInteger, 8)
    .option(
      '--attempts <n>',
      'replies asked for until the hints of a problem can be used',
      positiveInteger,
      3,
    )
    .option('--temperature <t>', 'sampling temperature', nonNegative, 0.7)
    .option('--max-new-tokens <n>', 'longest reply in tokens', positiveInteger, 1024)
    .option('--timeout <seconds>', `time for one request, up to ${LONGEST_TIMEOUT_S}`, timeoutSeconds, 120)
    .option(
      '--retries <n>',
      'tries of a request that a busy or silent server gets beyond the first',
      wholeNumber,
      6,
    )
    .option('--price-in <price>', 'of a million tokens of prompts', nonNegative)
    .option('--price-out <price>', 'of a million tokens of replies', nonNegative)
    .option(
      '--max-tokens <n>',
      'stop before more tokens than this are used, prompts and replies',
      positiveInteger,
    )
    .option('--max-price <price>', 'stop before it costs more than this; needs both prices', nonNegative)
    .option('--prompts <dir>', 'prompts of your own (default: those of prompts/hints)', DEFAULT_PROMPTS)
    .option('--cache <dir>', 'where replies are kept (default: the name of the output and .cache)')
    .option('--seed <n>', 'names the draws of self and the length of pauses', wholeNumber, 1)
    .option('--limit <n>', 'only the first n problems', positiveInteger)
    .option('--no-check', 'take hints that leak the result or are not fit to be used')
    .option('--replace', 'write hints anew for rows that have some', false)
    .option('--drop-unusable', 'leave out rows that are no problems instead of refusing the file', false)
    .option('--dry-run', 'show the first prompts and an estimate, and ask nobody', false)
    .action((file: string, options: GenerateOptions) => runGenerate(io, file, options, tools));
}

async function runGenerate(
  io: CommandIO,
  file: string,
  options: GenerateOptions,
  tools: GenerateTools,
): Promise<void> {
  const prices = pricesOf(options);
  const prompts = await loadPrompts(resolve(io.cwd, options.prompts));
  requireLevels(prompts, options);
  const verifiers = new VerifierPool({ custom: customModules(options.custom, io.cwd) });
  const progress = createProgress(io.stderr);
  try {
    await verifiers.checkCustom();
    const survey = await surveyOf(io, file, options, prompts, verifiers);
    const warnings: string[] = [];
    const unusable = options.dropUnusable ? 'drop' : 'refuse';
    handleRejected(survey.rejected, file, unusable, warnings, 'pass --drop-unusable');
    if (survey.rows === 0) throw new DataError(`Expected at least one problem in ${file}, got none.`);
    for (const sentence of warnings) progress.note(sentence);
    const estimate = estimateSentence(survey, options.attempts, prices);
    if (options.dryRun) {
      for (const text of survey.shown) io.stdout.write(`${text}\n\n`);
      io.stdout.write(`${estimate}\nNothing was asked or written.\n`);
      return;
    }
    progress.note(estimate);
    const check = options.check ? { check: tools.check ?? checkOf(verifiers) } : {};
    await generateWith({ io, file, options, survey, progress, prompts, prices, ...check }, tools);
  } finally {
    progress.done();
    await verifiers.close();
  }
}

async function generateWith(
  job: Omit<Job, 'teacher' | 'cache' | 'signal'>,
  { clock }: GenerateTools,
): Promise<void> {
  const { io, options, progress } = job;
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const note = (sentence: string) => progress.note(sentence);
  try {
    await withTeacher(io, options, { clock, note }, async (teacher) => {
      const cache = await ReplyCache.open(resolve(io.cwd, options.cache ?? `${options.out}.cache`));
      try {
        await generateAll({ ...job, teacher, cache, signal: interrupt.signal });
      } finally {
        cache.close();
      }
    });
  } finally {
    interrupt.dispose();
  }
}

/** As `guiderail hints check` judges: a hint that could not be judged is not taken. */
function checkOf({ verifierFor }: VerifierPool): HintCheck {
  const checker = new HintChecker(verifierFor);
  return async (problem, level) => {
    const { kind, reason } = await checker.checkHint(problem, level);
    return { ok: kind === 'ok', reason };
  };
}

interface Survey extends Workload {
  rows: number;
  asked: number;
  withoutSolution: number;
  estimate: TokenUsage;
  /** The first prompts, for people. */
  readonly shown: string[];
  readonly rejected: RejectedRow[];
}

/** Reads the file through, before anything is asked. */
async function surveyOf(
  io: CommandIO,
  file: string,
  options: GenerateOptions,
  prompts: HintPrompts,
  verifiers: VerifierPool,
): Promise<Survey> {
  const survey: Survey = {
    rows: 0,
    asked: 0,
    withoutSolution: 0,
    estimate: NO_TOKENS,
    shown: [],
    rejected: [],
  };
  for await (const row of problemRows(io, file)) {
    if ('field' in row) {
      survey.rejected.push(row);
      continue;
    }
    if (survey.rows === options.limit) break;
    survey.rows++;
    if (keepsHints(row, options)) continue;
    requireVerifier(row, file, verifiers);
    survey.asked++;
    if (row.problem.solution === undefined) survey.withoutSolution++;
    const messages = prompts.messages(row.problem, options.levels, []);
    survey.estimate = addUsage(survey.estimate, estimateRequest(messages, options.levels));
    if (options.dryRun && survey.shown.length < SHOWN) {
      const parts = messages.map(({ role, content }) => `--- ${role}\n${content}`);
      survey.shown.push(`${file}:${row.line}\n${parts.join('\n')}`);
    }
  }
  return survey;
}

/** Hints of a problem that nobody can verify could not be checked, and would be paid for in vain. */
function requireVerifier({ line, problem }: ProblemRow, file: string, verifiers: VerifierPool): void {
  try {
    verifiers.verifierFor(problem.verifier);
  } catch (error) {
    throw new DataError(`${file}:${line}: ${messageOf(error)}`);
  }
}

function keepsHints({ problem }: ProblemRow, { replace }: GenerateOptions): boolean {
  return !replace && problem.hints.some((hint) => hint !== '');
}

interface Job {
  readonly io: CommandIO;
  readonly file: string;
  readonly options: GenerateOptions;
  readonly survey: Survey;
  readonly progress: Progress;
  readonly prompts: HintPrompts;
  readonly teacher: Teacher;
  readonly cache: ReplyCache;
  readonly prices: Prices | null;
  readonly signal: AbortSignal;
  readonly check?: HintCheck;
}

/** What became of a row; an error ends the run. */
type Done =
  { readonly row: ProblemRow; readonly result: GeneratedHints | null } | { readonly error: unknown };

async function generateAll(job: Job): Promise<void> {
  const { io, options, teacher, cache, prompts, prices, progress, survey } = job;
  const { levels, attempts, maxNewTokens, maxTokens, maxPrice, out, jobs } = options;
  const limits = {
    ...(maxTokens !== undefined && { tokens: maxTokens }),
    ...(maxPrice !== undefined && { price: maxPrice }),
  };
  const spending = new Spending(limits, prices ?? undefined, cache.spentOn(teacher.model));
  const ended = new AbortController();
  const signal = AbortSignal.any([job.signal, ended.signal]);
  const bounds = { levels, attempts, maxNewTokens, signal };
  const check = job.check && { check: job.check };
  const generator = new HintGenerator({ teacher, prompts, cache, spending, ...bounds, ...check });
  const underWay = new Set<Promise<unknown>>();
  const work = async (row: ProblemRow): Promise<Done> => {
    if (keepsHints(row, options)) return { row, result: null };
    const generated = generator.generate(row.problem);
    underWay.add(generated);
    try {
      return { row, result: await generated };
    } catch (error) {
      // Requests under way come to their end and are kept; no others are begun.
      ended.abort(error);
      return { error };
    } finally {
      underWay.delete(generated);
    }
  };
  const counted = { file: job.file, out, levels, prices, totalRows: survey.rows };
  const report = new GenerationReport({ ...counted, progress, generator, spending });
  try {
    await writeAside(resolve(io.cwd, out), async (file) => {
      for await (const done of inOrder(usableRows(job), jobs, work)) {
        if ('error' in done) throw done.error;
        report.add(done.row.line, done.result);
        await file.writeFile(`${JSON.stringify(outputRow(job, done.row, done.result))}\n`);
      }
    });
  } catch (error) {
    await Promise.allSettled(underWay);
    const kept = `${count(cache.size, 'reply', 'replies')} kept in ${cache.path}; the same command goes on from there.`;
    if (error instanceof TeacherError) throw new TeacherError(`${error.message} ${kept}`);
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(
      `Interrupted after ${report.rows} of ${count(survey.rows, 'problem')}. ${kept}`,
    );
  }
  progress.done();
  io.stdout.write(`${report.summary()}\n`);
  report.throwIfIncomplete();
}

async function* usableRows({ io, file, options }: Job): AsyncGenerator<ProblemRow> {
  let rows = 0;
  for await (const row of problemRows(io, file)) {
    if ('field' in row) continue;
    if (rows++ === options.limit) return;
    yield row;
  }
}

function outputRow(
  { teacher, prompts }: Job,
  row: ProblemRow,
  result: GeneratedHints | null,
): Record<string, unknown> {
  if (result === null) return row.value;
  const { status, hints, attempts, dropped, reason } = result;
  const note = {
    status,
    model: teacher.model,
    prompts: prompts.version,
    attempts,
    ...(reason !== undefined && { reason }),
    ...(dropped.length > 0 && { dropped }),
  };
  // Hints that it had and that could not be replaced stay.
  return withHints(row, hints.length > 0 ? hints : row.problem.hints.map((hint) => hint || null), note);
}

function requireLevels({ levelNames }: HintPrompts, { levels, prompts }: GenerateOptions): void {
  if (levels <= levelNames.length) return;
  throw new ConfigError(
    `Expected --levels to be at most ${levelNames.length}, as ${prompts} has (${levelNames.join(', ')}), got ${levels}.`,
  );
}

function pricesOf({ priceIn, priceOut, maxPrice }: GenerateOptions): Prices | null {
  if (priceIn !== undefined && priceOut !== undefined) return { in: priceIn, out: priceOut };
  if (priceIn === undefined && priceOut === undefined && maxPrice === undefined) return null;
  throw new ConfigError(
    'Expected both --price-in and --price-out, the prices of a million tokens of prompts and of replies, got ' +
      `${priceIn === undefined && priceOut === undefined ? 'neither' : 'one of them'}.`,
  );
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

function timeoutSeconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= LONGEST_TIMEOUT_S))
    throw new InvalidArgumentError(`Expected a number of seconds up to ${LONGEST_TIMEOUT_S}.`);
  return value;
}
