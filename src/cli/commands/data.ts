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
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { linesOf } from '../json-lines.ts';
import { inOrder } from '../ordered-work.ts';
import { dataInspectCommand } from './data-inspect.ts';

interface CheckOptions {
  readonly jobs: number;
  readonly custom: readonly string[];
}

export function dataCommand(io: CommandIO): Command {
  const check = addCustomOption(new Command('check'))
    .description('grade every gold answer by its own verifier; list rows that cannot be used')
    .argument('<file>', 'problems as JSONL')
    .option('--jobs <n>', 'answers graded at once', positiveInteger, availableParallelism())
    .action((file: string, options: CheckOptions) => runCheck(io, file, options));
  return new Command('data')
    .description('look after problem files')
    .addCommand(check)
    .addCommand(dataInspectCommand(io));
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

async function runCheck(io: CommandIO, file: string, options: CheckOptions): Promise<void> {
  const path = resolve(io.cwd, file);
  const { problems, rejected } = await readProblems(path);
  const lines = await linesOfProblems(io, file, new Set(rejected.map(({ line }) => line)));
  const findings = rejected.map(({ line, field, reason }) => ({ line, text: `(${field}): ${reason}` }));
  findings.push(...contradictions(problems, lines));
  const counts = new Map<string, Record<Outcome, number>>();
  const pool = new VerifierPool({ size: options.jobs, custom: customModules(options.custom, io.cwd) });
  try {
    await pool.checkCustom();
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
  for (const { line, text } of findings) io.stdout.write(`${file}:${line} ${text}\n`);
  io.stdout.write(`${summary(counts, rejected.length)}\n`);
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

/** The same messages with another answer: at most one of them is right. */
function contradictions(
  problems: readonly Problem[],
  lines: readonly number[],
): { line: number; text: string }[] {
  const first = new Map<string, number>();
  const found: { line: number; text: string }[] = [];
  for (const [index, { messages }] of problems.entries()) {
    const key = JSON.stringify(messages.map(({ role, content }) => [role, content]));
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, lines[index]!);
    else
      found.push({
        line: lines[index]!,
        text: `(answer): the messages of line ${earlier} with another answer`,
      });
  }
  return found;
}

async function checkGold({ problem, line }: NumberedProblem, pool: VerifierPool): Promise<Checked> {
  const { verifier: kind, answer } = problem;
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
