// guiderail data convert PROBLEMS --out FILE: problems of any source as a file of guiderail's own rows or of the Guide
// schema, divided into training and held-out problems where asked.
import process from 'node:process';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { holdOut } from '../../data/hold-out.ts';
import type { RejectedRow } from '../../data/problem-row.ts';
import { promptOptionsSchema, DEFAULT_HINT_TEMPLATE } from '../../data/prompts.ts';
import { columnsSchema, nameOfSource, type RowSource } from '../../data/sources/source-config.ts';
import { collectProblems, uniqueProblems } from '../../data/sources/source.ts';
import { canWrite, writeProblems } from '../../data/sources/write-problems.ts';
import { parseConfig } from '../../config-errors.ts';
import { ConfigError } from '../../errors.ts';
import { handleRejected } from '../../train/prepare.ts';
import type { Problem } from '../../types.ts';
import type { CommandIO } from '../command-io.ts';
import { positiveInteger } from '../custom-option.ts';
import { InterruptedError, listenForInterrupt } from '../interrupt.ts';
import { hubFor, PROBLEMS, sourceOf } from '../problem-source.ts';
import { createProgress, type Progress } from '../progress.ts';
import { collect } from './train.ts';

interface ConvertOptions {
  readonly out: string;
  readonly as?: string;
  readonly column: readonly string[];
  readonly verifier?: string;
  readonly limit?: number;
  readonly holdOut?: number;
  readonly holdOutTo?: string;
  readonly hintTemplate: string;
  readonly dropUnusable: boolean;
}

export function dataConvertCommand(io: CommandIO): Command {
  return new Command('convert')
    .description('write problems as JSON Lines, or as parquet in the Guide schema (whole hinted prompts)')
    .argument('<problems>', PROBLEMS)
    .requiredOption('--out <file>', 'file to write, .jsonl or .parquet')
    .option('--as <dataset>', 'the file has the rows of this data set of the registry')
    .option(
      '--column <field=column>',
      'which column holds what: prompt, messages, answer, hints (also a,b: one a level), solution, source, verifier; may be given several times',
      collect,
      [],
    )
    .option('--verifier <kind>', 'verifier of rows that name none')
    .option('--limit <n>', 'use the first n usable problems', positiveInteger)
    .option('--hold-out <n>', 'hold out n problems, chosen by the hash of their content', positiveInteger)
    .option('--hold-out-to <file>', 'file for those')
    .option('--hint-template <text>', 'how hints become hinted prompts of parquet', DEFAULT_HINT_TEMPLATE)
    .option('--drop-unusable', 'leave out rows that cannot be used instead of refusing the file', false)
    .action((problems: string, options: ConvertOptions) => runConvert(io, problems, options));
}

async function runConvert(io: CommandIO, text: string, options: ConvertOptions): Promise<void> {
  const outputs = outputsOf(io, options);
  const prompt = parseConfig(promptOptionsSchema, { hintTemplate: options.hintTemplate }, '--hint-template');
  const source = convertedSource(io, text, options);
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const reading = { hub: hubFor(io, progress, interrupt.signal) };
  const rejected: RejectedRow[] = [];
  const checked = () => {
    const warnings: string[] = [];
    const unusable = options.dropUnusable ? 'drop' : 'refuse';
    handleRejected(rejected, nameOfSource(source), unusable, warnings, 'pass --drop-unusable');
    for (const sentence of warnings) progress.note(sentence);
  };
  try {
    const counts = new HintCounts();
    const watched = (problems: AsyncIterable<Problem> | Iterable<Problem>, last: () => void) =>
      watching(problems, counts, progress, interrupt.signal, last);
    const [first, second] = outputs;
    if (second !== undefined) {
      const read = await collectProblems(source, reading);
      rejected.push(...read.rejected);
      checked();
      const { train, heldOut } = holdOut(read.problems, options.holdOut!);
      const levels = Math.max(...read.problems.map(({ hints }) => hints.length));
      await writeProblems(second, heldOut, { levels, prompt });
      await writeProblems(
        first,
        watched(train, () => {}),
        { levels, prompt },
      );
      progress.done();
      io.stdout.write(`${options.holdOutTo}: ${heldOut.length} problems held out\n`);
    } else {
      let levels = 0;
      // The columns of parquet are known before its first row.
      if (first.endsWith('.parquet')) {
        for await (const { hints } of uniqueProblems(source, reading, []))
          levels = Math.max(levels, hints.length);
      }
      const problems = watched(uniqueProblems(source, reading, rejected), checked);
      await writeProblems(first, problems, { levels, prompt });
      progress.done();
    }
    io.stdout.write(`${options.out}: ${counts.describe()}\n`);
  } catch (error) {
    if (error !== interrupt.signal.reason) throw error;
    throw new InterruptedError('Interrupted; nothing was written.');
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** What goes by, counted, until an interrupt. @param last called when all have come, before the file gets its name */
async function* watching(
  problems: AsyncIterable<Problem> | Iterable<Problem>,
  counts: HintCounts,
  progress: Progress,
  signal: AbortSignal,
  last: () => void,
): AsyncGenerator<Problem> {
  const started = performance.now();
  for await (const problem of problems) {
    signal.throwIfAborted();
    counts.add(problem);
    if (counts.problems % 1000 === 0) {
      progress.update({
        ...{
          label: 'problems',
          step: counts.problems,
          totalSteps: counts.problems,
          startStep: 0,
          figures: {},
        },
        ...{ unit: 'problems', seconds: (performance.now() - started) / 1000 },
      });
    }
    yield problem;
  }
  last();
}

class HintCounts {
  problems = 0;
  /** [n - 1]: problems with a hint of level n. */
  readonly #byLevel: number[] = [];

  add({ hints }: Problem): void {
    this.problems++;
    for (const [index, hint] of hints.entries()) {
      this.#byLevel[index] = (this.#byLevel[index] ?? 0) + (hint === '' ? 0 : 1);
    }
  }

  describe(): string {
    const levels = this.#byLevel.map((count, index) => `${count} with a hint of level ${index + 1}`);
    return [`${this.problems} problems`, ...(levels.length === 0 ? ['none with a hint'] : levels)].join(', ');
  }
}

function outputsOf(io: CommandIO, { out, holdOut: count, holdOutTo }: ConvertOptions): [string, string?] {
  if ((count === undefined) !== (holdOutTo === undefined)) {
    throw new ConfigError(
      `Expected --hold-out and --hold-out-to together, got only one; add ${count === undefined ? '--hold-out 100' : '--hold-out-to held-out.jsonl'}.`,
    );
  }
  const wrong = [out, holdOutTo ?? out].find((file) => !canWrite(file));
  if (wrong !== undefined)
    throw new ConfigError(`Expected a file ending in .jsonl or .parquet, got ${wrong}.`);
  return holdOutTo === undefined
    ? [resolve(io.cwd, out)]
    : [resolve(io.cwd, out), resolve(io.cwd, holdOutTo)];
}

function convertedSource(io: CommandIO, text: string, options: ConvertOptions): RowSource {
  const source = sourceOf(io, text, options.limit);
  const { as: dataset, column, verifier } = options;
  const mapped = column.length > 0 || verifier !== undefined;
  if (dataset !== undefined) {
    if (mapped || 'hub' in source || 'dataset' in source) {
      throw new ConfigError(
        'Expected --as with a file, and without --column and --verifier; leave them out.',
      );
    }
    const { file, limit } = source;
    return { dataset, split: 'train', file, ...(limit !== undefined && { limit }) };
  }
  if (!mapped) return source;
  if ('dataset' in source) {
    throw new ConfigError(
      `Expected no --column or --verifier with ${text}; the registry says what its columns hold.`,
    );
  }
  return {
    ...source,
    ...(column.length > 0 && { columns: columnsFrom(column) }),
    ...(verifier !== undefined && { verifier }),
  };
}

function columnsFrom(pairs: readonly string[]) {
  const columns = pairs.map((pair): [string, string | string[]] => {
    const [field = '', ...rest] = pair.split('=');
    const column = rest.join('=');
    if (column === '') throw new ConfigError(`Expected --column field=column, got "${pair}".`);
    return [field, field === 'hints' && column.includes(',') ? column.split(',') : column];
  });
  return parseConfig(columnsSchema, Object.fromEntries(columns), '--column');
}
