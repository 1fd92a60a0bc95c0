// guiderail grade: verdicts on given responses, as JSON Lines in and out, by the function that grades in training. Its
// one idea: a bad row is a row of its own in the output, with its line, so that one bad row in a million costs one.
import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { z } from 'zod';
import { problemId } from '../../data/problems.ts';
import { ConfigError, DataError, messageOf } from '../../errors.ts';
import { writeAside } from '../../model/safetensors.ts';
import { isEvidence, type VerdictKind } from '../../types.ts';
import { gradeResponse } from '../../verifiers/grade.ts';
import { VerifierPool } from '../../verifiers/pool.ts';
import { verifierKinds } from '../../verifiers/registry.ts';
import type { CommandIO } from '../command-io.ts';
import { addCustomOption, customModules, MOST_JOBS, positiveIntegerUpTo } from '../custom-option.ts';
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

/** As verification.timeoutSeconds of a recipe. */
const MOST_SECONDS = 3600;

/** Other fields of a row are its own business. */
const rowSchema = z.object({
  id: z.union([z.string(), z.number()], { error: 'expected a text or a number' }),
  response: z.string(),
  /** As `answer` of a problem; an object is its JSON text. */
  gold: z.union([z.string().trim().min(1), z.number(), z.record(z.string(), z.unknown())], {
    error: 'expected a text that is not empty, a number or an object',
  }),
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
    .option(
      '--out <file>',
      'where to write {id, verdict, extracted, reason, ms}, ms the time of the verifier; standard output by default',
    )
    .option('--jobs <n>', 'responses graded at once', positiveIntegerUpTo(MOST_JOBS), availableParallelism())
    .option('--timeout <seconds>', 'time for one response', positiveIntegerUpTo(MOST_SECONDS), 10)
    .action((options: GradeOptions) => runGrade(io, options));
}

async function runGrade(io: CommandIO, options: GradeOptions): Promise<void> {
  const pool = new VerifierPool({
    size: options.jobs,
    timeoutMs: options.timeout * 1000,
    custom: customModules(options.custom, io.cwd),
  });
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  // Ends what is being graded, which the check before each row that is written takes for no verdict.
  interrupt.signal.addEventListener('abort', () => void pool.close());
  const counts = { rows: 0, bad: 0, faults: 0 };
  const out = options.out === undefined ? null : resolve(io.cwd, options.out);
  try {
    if (out !== null) await assertFolderOf(out);
    pool.verifierFor(options.kind);
    await pool.checkCustom();
    const write = async (sink: (line: string) => unknown) => {
      const lines = linesOf(io, options.in, interrupt.signal);
      const results = inOrder(lines, options.jobs, (line) => gradeLine(line, options.kind, pool));
      for await (const result of results) {
        interrupt.signal.throwIfAborted();
        counts.rows++;
        if ('error' in result) counts.bad++;
        else if (!isEvidence({ ...result, kind: result.verdict })) counts.faults++;
        await sink(`${JSON.stringify(result)}\n`);
        if (out === null && io.stdout.writable === false) break; // as of `| head`
      }
    };
    if (out === null) await write((line) => io.stdout.write(line));
    else await writeAside(out, (file) => write((line) => file.writeFile(line)));
  } finally {
    interrupt.dispose();
    await pool.close();
  }
  report(io, counts);
}

/** Faults of the grader are said, and are no error: there is a verdict. A row that is none is one. */
function report(io: CommandIO, { rows, bad, faults }: Record<'rows' | 'bad' | 'faults', number>): void {
  if (faults > 0) {
    io.stderr.write(
      `${faults} of ${rows} verdicts are graderError or graderTimeout, which say nothing of the response.\n`,
    );
  }
  if (bad > 0) {
    throw new DataError(
      `${bad} of ${rows} rows could not be graded; their rows in the output have "line" and "error" instead of a verdict.`,
    );
  }
}

async function assertFolderOf(path: string): Promise<void> {
  await access(dirname(path)).catch(() => {
    throw new ConfigError(
      `Expected the folder ${dirname(path)} to exist, to write ${path} there; make it first.`,
    );
  });
}

type Result =
  | {
      readonly id: string | number;
      readonly verdict: VerdictKind;
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
  // In the pool the verifier's own time; that of one which is called here, or was stopped, is the time of the call.
  const milliseconds = pool.millisecondsOf(verdict) ?? performance.now() - started;
  const ms = Math.round(milliseconds * 10) / 10;
  return { id, verdict: verdict.kind, extracted: verdict.extracted, reason: verdict.reason, ms };
}

function idOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'id' in json ? json.id : null;
}
