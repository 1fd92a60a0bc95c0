// guiderail grade: verdicts on given responses, as JSON Lines in and out, by the function that grades in training. Its
// one idea: a bad row is a row of its own in the output, with its line, so that one bad row in a million costs one.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { z } from 'zod';
import { problemId } from '../../data/problems.ts';
import { DataError, messageOf } from '../../errors.ts';
import { writeAside } from '../../model/safetensors.ts';
import { gradeResponse } from '../../verifiers/grade.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import { verifierKinds } from '../../verifiers/registry.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, positiveInteger } from '../custom-option.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { linesOf, type Line } from '../json-lines.ts';
import { inOrder } from '../ordered-work.ts';

interface GradeOptions {
  readonly kind: string;
  readonly in?: string;
  readonly out?: string;
  readonly jobs: number;
  readonly timeout: number;
  readonly custom: readonly string[];
}

/** Other fields of a row are its own business. */
const rowSchema = z.object({
  id: z.union([z.string(), z.number()]),
  response: z.string(),
  /** As `answer` of a problem; an object is its JSON text. */
  gold: z.union([z.string().trim().min(1), z.number(), z.record(z.string(), z.unknown())]),
  prompt: z.string().optional(),
  finish: z.enum(['stop', 'length']).default('stop'),
});

export function gradeCommand(io: CommandIO): Command {
  return addCustomOption(new Command('grade'))
    .description('verdicts on given responses, one JSON object a line')
    .requiredOption('--kind <kind>', `verifier: ${verifierKinds().join(', ')}, or one of --custom`)
    .option(
      '--in <file>',
      'rows as JSONL with id, response and gold, and if need be prompt and finish (stop, length); standard input by default',
    )
    .option('--out <file>', 'where to write {id, verdict, extracted, reason, ms}; standard output by default')
    .option('--jobs <n>', 'responses graded at once', positiveInteger, availableParallelism())
    .option('--timeout <seconds>', 'time for one response', positiveInteger, 10)
    .action((options: GradeOptions) => runGrade(io, options));
}

async function runGrade(io: CommandIO, options: GradeOptions): Promise<void> {
  const pool = new VerifierPool({
    size: options.jobs,
    timeoutMs: options.timeout * 1000,
    custom: customModules(options.custom, io.cwd),
  });
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  let rows = 0;
  let bad = 0;
  try {
    pool.verifierFor(options.kind);
    await pool.checkCustom();
    const write = async (sink: (line: string) => unknown) => {
      const results = inOrder(linesOf(io, options.in), options.jobs, (line) =>
        gradeLine(line, options.kind, pool),
      );
      for await (const result of results) {
        interrupt.signal.throwIfAborted();
        rows++;
        if ('error' in result) bad++;
        await sink(`${JSON.stringify(result)}\n`);
      }
    };
    if (options.out === undefined) await write((line) => io.stdout.write(line));
    else await writeAside(resolve(io.cwd, options.out), (file) => write((line) => file.writeFile(line)));
  } finally {
    interrupt.dispose();
    await pool.close();
  }
  if (bad > 0) {
    throw new DataError(
      `${bad} of ${rows} rows could not be graded; their rows in the output have "line" and "error" instead of a verdict.`,
    );
  }
}

type Result =
  | {
      readonly id: string | number;
      readonly verdict: string;
      readonly extracted: string | null;
      readonly reason: string;
      readonly ms: number;
    }
  | { readonly id: unknown; readonly line: number; readonly error: string };

async function gradeLine(line: Line, kind: string, pool: VerifierPool): Promise<Result> {
  const bad = (error: string, id: unknown = null): Result => ({ id, line: line.number, error });
  if (line.cut) return bad('The line is too long to be a row.');
  let json: unknown;
  try {
    json = JSON.parse(line.text);
  } catch (error) {
    return bad(`Expected JSON: ${messageOf(error)}.`);
  }
  const parsed = rowSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return bad(
      `Expected a row to grade, but "${path.join('.') || 'the row'}" is not valid: ${message}.`,
      idOf(json),
    );
  }
  const { id, response, gold, prompt = '', finish } = parsed.data;
  const answer = typeof gold === 'object' ? JSON.stringify(gold) : String(gold);
  const messages = [{ role: 'user' as const, content: prompt }];
  const problem = {
    id: problemId(messages, answer),
    messages,
    answer,
    verifier: kind,
    hints: [],
    source: 'grade',
  };
  const started = performance.now();
  const { verdict } = await gradeResponse(pool, { problem, response, finish });
  const ms = Math.round((performance.now() - started) * 10) / 10;
  return { id, verdict: verdict.kind, extracted: verdict.extracted, reason: verdict.reason, ms };
}

function idOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'id' in json ? json.id : null;
}
