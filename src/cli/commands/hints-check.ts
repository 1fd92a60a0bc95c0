// guiderail hints check FILE: a verdict on every hint of a problem file: whether it leaks the answer, and whether it is
// of a language and a length that help. Rows go through one by one, so a file of any size needs bounded memory. It
// fails while there is a hint or a row to look at; with --drop the hints that are not in order are left out instead.
import { availableParallelism } from 'node:os';
import { basename, extname, resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { problemOf } from '../../data/problems.ts';
import { rowOfLine } from '../../data/sources/rows.ts';
import { DataError } from '../../errors.ts';
import { DEFAULT_HINT_CHECK, HintChecker } from '../../hints/check/check.ts';
import { withoutHints } from '../../hints/check/drop.ts';
import { isLeak, type HintVerdict, type HintVerdictKind } from '../../hints/check/verdict.ts';
import { writeAside } from '../../model/safetensors.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { linesOf, type Line } from '../json-lines.ts';
import { inOrder } from '../ordered-work.ts';
import { createProgress } from '../progress.ts';

interface HintsCheckOptions {
  readonly out?: string;
  readonly drop?: string | true;
  readonly verifier: string;
  readonly minWords: number;
  readonly maxWords: number;
  readonly maxOverlapWords: number;
  readonly maxOverlapShare: number;
  readonly language?: string;
  readonly jobs: number;
  readonly timeout: number;
  readonly custom: readonly string[];
}

/** Problems under way for each process that verifies: much of a check is not verification. */
const AHEAD = 4;

export function hintsCheckCommand(io: CommandIO): Command {
  return addCustomOption(new Command('check'))
    .description(
      'whether hints leak the answer, the option, the program or the solution, and are fit to be used',
    )
    .argument('<file>', 'problems as JSONL')
    .option('--out <file>', 'where to write the verdict on every hint, as JSONL')
    .option(
      '--drop [file]',
      'write the problems without the hints that are not in order; by default beside FILE, as NAME.checked.jsonl',
    )
    .option('--verifier <kind>', 'verifier of rows that name none', 'exact')
    .option('--min-words <n>', 'words a hint must have', positiveInteger, DEFAULT_HINT_CHECK.minWords)
    .option('--max-words <n>', 'words a hint may have', positiveInteger, DEFAULT_HINT_CHECK.maxWords)
    .option(
      '--max-overlap-words <n>',
      'words a hint may have in a row with the reference solution',
      positiveInteger,
      DEFAULT_HINT_CHECK.maxOverlapWords,
    )
    .option(
      '--max-overlap-share <share>',
      'share of the reference solution a hint may have word for word',
      share,
      DEFAULT_HINT_CHECK.maxOverlapShare,
    )
    .option(
      '--language <code>',
      'language of hints (ISO 639-3, such as eng); that of the problem by default',
      language,
    )
    .option('--jobs <n>', 'processes that verify', positiveInteger, availableParallelism())
    .option('--timeout <seconds>', 'time for one verification', positiveInteger, 10)
    .action((file: string, options: HintsCheckOptions) => runHintsCheck(io, file, options));
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return value;
}

function language(text: string): string {
  if (!/^[a-z]{3}$/.test(text))
    throw new InvalidArgumentError('Expected a code of three letters, such as eng.');
  return text;
}

/** What became of a line. */
type Checked =
  | { readonly line: number; readonly field: string; readonly reason: string }
  | {
      readonly line: number;
      readonly id: string;
      readonly source: string;
      readonly verdicts: readonly HintVerdict[];
      /** The row without the hints that are not in order. */
      readonly kept: () => string;
    };

async function runHintsCheck(io: CommandIO, file: string, options: HintsCheckOptions): Promise<void> {
  const rows = await countLines(io, file);
  const pool = new VerifierPool({
    size: options.jobs,
    timeoutMs: options.timeout * 1000,
    custom: customModules(options.custom, io.cwd),
  });
  const checker = new HintChecker(pool.verifierFor, {
    ...options,
    language: options.language ?? null,
  });
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const progress = createProgress(io.stderr);
  const tally = new Tally();
  const started = performance.now();
  const read = { verifier: options.verifier, source: `jsonl/${basename(file, extname(file))}` };
  const check = (line: Line) => checkLine(line, read, checker);
  const run = async (verdictLine: (text: string) => unknown, rowLine: (text: string) => unknown) => {
    let step = 0;
    for await (const checked of inOrder(linesOf(io, file), options.jobs * AHEAD, check)) {
      interrupt.signal.throwIfAborted();
      for (const text of tally.add(checked, file)) io.stdout.write(`${text}\n`);
      for (const record of recordsOf(checked)) await verdictLine(`${JSON.stringify(record)}\n`);
      if ('verdicts' in checked) await rowLine(`${checked.kept()}\n`);
      const seconds = (performance.now() - started) / 1000;
      const figures = { hints: tally.hints, leaks: tally.leaks, other: tally.other };
      progress.update({
        label: 'checking',
        step: ++step,
        totalSteps: rows,
        unit: 'rows',
        startStep: 0,
        seconds,
        figures,
      });
    }
  };
  const drop = dropPath(file, options.drop);
  try {
    await pool.checkCustom();
    await into(io, options.out, (verdictLine) => into(io, drop, (rowLine) => run(verdictLine, rowLine)));
  } finally {
    progress.done();
    interrupt.dispose();
    await pool.close();
  }
  io.stdout.write(`${tally.summary(drop)}\n`);
  const left = tally.left(drop !== undefined);
  if (left !== null) throw new DataError(left);
}

/** Calls `use` with what writes lines to a file, whole or not at all; without a path they go nowhere. */
async function into(
  io: CommandIO,
  path: string | undefined,
  use: (write: (text: string) => unknown) => Promise<void>,
): Promise<void> {
  if (path === undefined) await use(() => undefined);
  else await writeAside(resolve(io.cwd, path), (file) => use((text) => file.writeFile(text)));
}

function dropPath(file: string, drop: string | true | undefined): string | undefined {
  return drop === true ? `${file.slice(0, file.length - extname(file).length)}.checked.jsonl` : drop;
}

async function countLines(io: CommandIO, file: string): Promise<number> {
  let count = 0;
  for await (const line of linesOf(io, file)) count += line.text === '' ? 0 : 1;
  if (count === 0) throw new DataError(`Expected problems in ${file}, but it is empty.`);
  return count;
}

async function checkLine(
  line: Line,
  read: { verifier: string; source: string },
  checker: HintChecker,
): Promise<Checked> {
  const row = rowOfLine(line);
  if ('field' in row) return row;
  const problem = problemOf(row.value, read);
  if ('field' in problem) return { line: row.line, ...problem };
  const verdicts = await checker.checkProblem(problem);
  const kept = () => JSON.stringify(withoutHints(row.value, problem.hints, verdicts));
  return { line: row.line, id: problem.id, source: problem.source, verdicts, kept };
}

function recordsOf(checked: Checked): object[] {
  if (!('verdicts' in checked)) return [{ line: checked.line, error: `${checked.field}: ${checked.reason}` }];
  const { line, id, source } = checked;
  return checked.verdicts.map(({ level, kind, action, reason, evidence, findings }) => ({
    line,
    id,
    source,
    level,
    verdict: kind,
    action,
    reason,
    evidence,
    others: findings
      .slice(1)
      .map((finding) => ({ verdict: finding.kind, reason: finding.reason, span: finding.span })),
  }));
}

/** Counts by kind of verdict, and the sentences about them. */
class Tally {
  hints = 0;
  leaks = 0;
  other = 0;
  readonly #kinds = new Map<HintVerdictKind, number>();
  #rejected = 0;

  /** Lines to show of a row. */
  add(checked: Checked, file: string): string[] {
    if (!('verdicts' in checked)) {
      this.#rejected++;
      return [`${file}:${checked.line} (${checked.field}): ${checked.reason}`];
    }
    const shown: string[] = [];
    for (const { level, kind, action, reason, evidence } of checked.verdicts) {
      this.hints++;
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
      if (kind === 'ok') continue;
      if (isLeak(kind)) this.leaks++;
      else this.other++;
      const place = evidence === null ? '' : ` at ${evidence.start}`;
      shown.push(`${file}:${checked.line} (hint ${level}${place}): ${kind}: ${reason} → ${action}`);
    }
    return shown;
  }

  summary(drop: string | undefined): string {
    const kinds = [...this.#kinds]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${kind} ${count}`);
    const lines = [
      `hints: ${this.hints}${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`,
      `rows that are no problems: ${this.#rejected}`,
    ];
    if (drop !== undefined) lines.push(`${this.leaks + this.other} hints left out of ${drop}`);
    return lines.join('\n');
  }

  /** What is left to do, as a sentence; null where nothing is. */
  left(dropped: boolean): string | null {
    const bad = dropped ? 0 : this.leaks + this.other;
    if (bad === 0 && this.#rejected === 0) return null;
    const parts: string[] = [];
    if (bad > 0) {
      parts.push(
        `${bad} of ${this.hints} hints are not in order, ${this.leaks} of them leak; generate them again, or leave them out with --drop.`,
      );
    }
    if (this.#rejected > 0) parts.push(`${this.#rejected} rows are no problems; see "guiderail data check".`);
    return parts.join(' ');
  }
}
