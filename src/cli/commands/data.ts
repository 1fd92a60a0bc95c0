// guiderail data check FILE: whether problems can be used for what they are meant for. Every gold answer goes through
// its own verifier as a response; a gold that its verifier refuses would make every response to that problem wrong.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { readProblems } from '../../data/problems.ts';
import { DataError, messageOf } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { gradeResponse } from '../../verifiers/grade.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, MOST_JOBS, positiveIntegerUpTo } from '../custom-option.ts';
import { linesOf } from '../json-lines.ts';
import { inOrder } from '../ordered-work.ts';
import { dataInspectCommand } from './data-inspect.ts';
import { dataSetsCommand } from './data-sets.ts';

interface CheckOptions {
  readonly jobs: number;
  readonly custom: readonly string[];
}

export function dataCommand(io: CommandIO): Command {
  const check = addCustomOption(new Command('check'))
    .description('grade every gold answer by its own verifier; list rows that cannot be used')
    .argument('<file>', 'problems as JSONL')
    .option('--jobs <n>', 'answers graded at once', positiveIntegerUpTo(MOST_JOBS), availableParallelism())
    .action((file: string, options: CheckOptions) => runCheck(io, file, options));
  return new Command('data')
    .description('look after problem files')
    .addCommand(check)
    .addCommand(dataInspectCommand(io))
    .addCommand(dataSetsCommand(io));
}

const OUTCOMES = ['accepted', 'refused', 'ungradable', 'unchecked'] as const;
/** accepted; refused: graded wrong or malformed; ungradable: the verifier failed; unchecked: no response can be made of it. */
type Outcome = (typeof OUTCOMES)[number];

interface Checked {
  readonly line: number;
  readonly kind: string;
  readonly outcome: Outcome;
  readonly reason: string;
}

interface Finding {
  readonly line: number;
  readonly text: string;
}

async function runCheck(io: CommandIO, file: string, options: CheckOptions): Promise<void> {
  const path = resolve(io.cwd, file);
  const { problems, rejected } = await readProblems(path);
  const lines = await linesOfProblems(io, file, new Set(rejected.map(({ line }) => line)));
  const findings: Finding[] = rejected.map(({ line, field, reason }) => ({
    line,
    text: `(${field}): ${reason}`,
  }));
  const counts = new Map<string, Record<Outcome, number>>();
  const pool = new VerifierPool({ size: options.jobs, custom: customModules(options.custom, io.cwd) });
  try {
    await pool.checkCustom();
    for (const repeat of repeated(problems, lines)) findings.push(await findingOf(repeat, pool));
    const rows = numbered(problems, lines);
    for await (const checked of inOrder(rows, options.jobs, (row) => checkGold(row, pool))) {
      const { line, kind, outcome, reason } = checked;
      const count = counts.get(kind) ?? { accepted: 0, refused: 0, ungradable: 0, unchecked: 0 };
      counts.set(kind, count);
      count[outcome]++;
      if (outcome === 'refused' || outcome === 'ungradable')
        findings.push({ line, text: `(answer, ${kind}): ${outcome}: ${reason}` });
    }
  } finally {
    await pool.close();
  }
  findings.sort((a, b) => a.line - b.line);
  io.stdout.write(`${summary(counts, rejected.length)}\n`);
  for (const { line, text } of findings) io.stdout.write(`${file}:${line} ${text}\n`);
  const bad = new Set(findings.map(({ line }) => line)).size;
  if (bad > 0)
    throw new DataError(`${bad} of ${problems.length + rejected.length} rows of ${file} cannot be used.`);
}

/** The lines on which the problems stand: those that are neither blank nor rejected. */
async function linesOfProblems(
  io: CommandIO,
  file: string,
  rejected: ReadonlySet<number>,
): Promise<number[]> {
  const lines: number[] = [];
  for await (const { number } of linesOf(io, file)) if (!rejected.has(number)) lines.push(number);
  return lines;
}

interface NumberedProblem {
  readonly problem: Problem;
  readonly line: number;
}

async function* numbered(
  problems: readonly Problem[],
  lines: readonly number[],
): AsyncGenerator<NumberedProblem> {
  for (const [index, problem] of problems.entries()) yield { problem, line: lines[index]! };
}

/** A row that asks what an earlier one asks, and answers it differently. */
interface Repeat {
  readonly earlier: NumberedProblem;
  readonly later: NumberedProblem;
}

/** Spaces and line ends do not make another question. */
function repeated(problems: readonly Problem[], lines: readonly number[]): Repeat[] {
  const first = new Map<string, NumberedProblem>();
  const found: Repeat[] = [];
  for (const [index, problem] of problems.entries()) {
    const key = JSON.stringify(
      problem.messages.map(({ role, content }) => [role, content.replace(/\s+/g, ' ').trim()]),
    );
    const later = { problem, line: lines[index]! };
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, later);
    else found.push({ earlier, later });
  }
  return found;
}

/** At most one of two answers is right, unless they are one to the verifier, such as 1/2 and 0.5. */
async function findingOf({ earlier, later }: Repeat, pool: VerifierPool): Promise<Finding> {
  const answer = `"${shortened(later.problem.answer)}"`;
  const { outcome } = await checkGold(earlier, pool, later.problem.answer);
  const text =
    outcome === 'accepted'
      ? `(row): the messages of line ${earlier.line} with the same answer, written as ${answer}`
      : `(answer): the messages of line ${earlier.line} with another answer: ${answer}, not "${shortened(earlier.problem.answer)}"`;
  return { line: later.line, text };
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Grades `answer`, by default the problem's own, as a response to the problem. */
async function checkGold(
  { problem, line }: NumberedProblem,
  pool: VerifierPool,
  answer = problem.answer,
): Promise<Checked> {
  const { verifier: kind } = problem;
  const checked = (outcome: Outcome, reason: string): Checked => ({ line, kind, outcome, reason });
  let response: string | null;
  try {
    const verifier = pool.verifierFor(kind);
    response = verifier.goldResponse ? verifier.goldResponse(answer) : `#### ${answer}\n\\boxed{${answer}}`;
  } catch (error) {
    return checked('ungradable', messageOf(error));
  }
  if (response === null) return checked('unchecked', 'its answer is not a response');
  const { verdict } = await gradeResponse(pool, { problem, response, finish: 'stop' });
  switch (verdict.kind) {
    case 'correct':
      return checked('accepted', verdict.reason);
    case 'graderError':
    case 'graderTimeout':
      return checked('ungradable', verdict.reason);
    case 'wrong':
    case 'malformed':
    case 'truncated':
      return checked('refused', verdict.reason);
  }
}

function summary(counts: ReadonlyMap<string, Record<Outcome, number>>, rejected: number): string {
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => [kind, ...OUTCOMES.map((outcome) => String(count[outcome]))]);
  const table = [['verifier', ...OUTCOMES], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const text = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...text, `rows that are no problems: ${rejected}`].join('\n');
}
