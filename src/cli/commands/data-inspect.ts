// guiderail data inspect FILE: what is in a problem file, before anything is trained on it.
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { Inspection, type EvaluationPlace, type InspectionSettings } from '../../data/audit/inspection.ts';
import { DEFAULT_OVERLAP_WORDS, OverlapIndex } from '../../data/audit/overlap.ts';
import { problemRows } from '../../data/problems.ts';
import { DEFAULT_PROMPT_OPTIONS } from '../../data/prompts.ts';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { ConfigError } from '../../errors.ts';
import { recordToJson } from '../../runs/record-json.ts';
import type { CommandIO } from '../command-io.ts';
import { positiveInteger } from '../custom-option.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { formatInspection, type InspectReport } from '../inspection-text.ts';
import { createProgress, type Progress } from '../progress.ts';
import { hintTemplate, wholeNumber } from '../sampling-options.ts';

interface InspectOptions {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly against: readonly string[];
  readonly words: number;
  readonly maxPrompt?: number;
  readonly examples: number;
  readonly seed: number;
  readonly hintTemplate: string;
  readonly systemPrompt?: string;
  readonly json: boolean;
}

export function dataInspectCommand(io: CommandIO): Command {
  return new Command('inspect')
    .description(
      'what is in a problem file: counts, lengths, repetitions, overlap with evaluation problems, examples',
    )
    .argument('<file>', 'problems as JSONL')
    .option('--model <dir>', 'model folder or GGUF file, for lengths in tokens and for its chat template')
    .option('--tokenizer <dir>', 'folder with a tokenizer, instead of a model')
    .option('--against <file...>', 'evaluation problems that training must not share text with', [])
    .option('--words <n>', 'words in a row that are an overlap', overlapWords, DEFAULT_OVERLAP_WORDS)
    .option(
      '--max-prompt <n>',
      'count prompts that are longer, in tokens (characters without a model)',
      positiveInteger,
    )
    .option('--examples <n>', 'problems to show as they are rendered', wholeNumber, 2)
    .option('--seed <n>', 'names the draw of the examples', wholeNumber, 1)
    .option(
      '--hint-template <text>',
      'how a hint enters the last user message; prompt.hintTemplate of the recipe',
      hintTemplate,
      DEFAULT_PROMPT_OPTIONS.hintTemplate,
    )
    .option('--system-prompt <text>', 'prompt.systemPrompt of the recipe')
    .option('--json', 'print one JSON object', false)
    .action((file: string, options: InspectOptions) => runInspect(io, file, options));
}

function overlapWords(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 5)
    throw new InvalidArgumentError('Expected a whole number from 5 up.');
  return value;
}

async function runInspect(io: CommandIO, file: string, options: InspectOptions): Promise<void> {
  const { model, tokenizer: own } = options;
  if (model !== undefined && own !== undefined) {
    throw new ConfigError('Expected --model or --tokenizer, got both; leave one of them out.');
  }
  const folder = model ?? own;
  const tokenizer = folder === undefined ? null : await loadTokenizer(resolve(io.cwd, folder));
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const started = performance.now();
  try {
    const { signal } = interrupt;
    const against =
      options.against.length > 0 ? await evaluationProblems(io, options, progress, signal) : null;
    const inspection = new Inspection({
      tokenizer,
      prompt: {
        hintTemplate: options.hintTemplate,
        ...(options.systemPrompt !== undefined && { systemPrompt: options.systemPrompt }),
      },
      maxPromptLength: options.maxPrompt ?? null,
      against,
      examples: options.examples,
      seed: options.seed,
    });
    for await (const row of watchedRows(resolve(io.cwd, file), 'inspecting', progress, signal))
      inspection.add(row);
    progress.done();
    const seconds = { total: (performance.now() - started) / 1000 };
    const report: InspectReport = { file, against: options.against, ...inspection.report(), seconds };
    io.stdout.write(`${options.json ? recordToJson(report) : formatInspection(report)}\n`);
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

async function evaluationProblems(
  io: CommandIO,
  { against, words }: InspectOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<InspectionSettings['against']> {
  const index = new OverlapIndex(words);
  const places: EvaluationPlace[] = [];
  for (const file of against) {
    let rejected = 0;
    for await (const row of watchedRows(resolve(io.cwd, file), 'reading', progress, signal)) {
      if ('field' in row) {
        rejected++;
        continue;
      }
      index.addEvaluation(row.problem);
      places.push({ file, line: row.line, id: row.problem.id });
    }
    if (rejected > 0) progress.note(`${rejected} rows of ${file} are no problems and are not compared with.`);
  }
  return { index, places };
}

async function* watchedRows(
  path: string,
  label: string,
  progress: Progress,
  signal: AbortSignal,
): ReturnType<typeof problemRows> {
  const totalSteps = await countLines(path);
  const started = performance.now();
  let step = 0;
  for await (const row of problemRows(path)) {
    signal.throwIfAborted();
    yield row;
    step = Math.max(step + 1, row.line);
    const seconds = (performance.now() - started) / 1000;
    progress.update({ label, step, totalSteps, unit: 'rows', startStep: 0, seconds, figures: {} });
  }
}

/** For the time left alone; where the file cannot be read, whoever reads it next says so. */
async function countLines(path: string): Promise<number> {
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    }
  } catch {
    return 0;
  }
  return lines;
}
