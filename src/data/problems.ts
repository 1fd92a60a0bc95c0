// Problems from JSON Lines files. Rows are untrusted: each is checked here, and a bad one is listed with its line
// and field and left out, so that one bad row in a million costs one row. It knows nothing of prompts or verifiers.
// Its one idea: a problem is its content (the id).
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { DataError, messageOf } from '../errors.ts';
import type { ChatMessage, Problem } from '../types.ts';

/**
 * The identity of a problem: 16 hex digits of SHA-256 over the canonical JSON (keys sorted, no spaces) of
 * messages and answer. Hints are excluded, so better hints keep the identity.
 */
export function problemId(messages: readonly ChatMessage[], answer: string): string {
  const canonical = JSON.stringify({
    answer,
    messages: messages.map(({ role, content }) => ({ content, role })),
  });
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16);
}

const message = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string().min(1),
});

const problemRow = z
  .object({
    /** The conversation so far; its last message is the user's. */
    messages: z
      .array(message)
      .min(1)
      .refine((messages) => messages.at(-1)?.role === 'user', { error: 'must end with a user message' })
      .optional(),
    /** Short for one user message. */
    prompt: z
      .string()
      .refine((prompt) => prompt.trim() !== '', { error: 'must not be empty' })
      .optional(),
    answer: z
      .union([z.string(), z.number()], { error: 'must be a string or a number' })
      .transform((answer) => String(answer).trim())
      .refine((answer) => answer !== '', { error: 'must not be empty' }),
    verifier: z.string().min(1).optional(),
    /** By level, the first the mildest; null is a level without a hint. An empty text may be a mistake, so it is refused. */
    hints: z.array(z.string().trim().min(1).nullable()).nullish(),
    /** Short for one level; null or empty is no hint. */
    hint: z.string().trim().nullish(),
    /** How the answer is reached. */
    solution: z.string().trim().nullish(),
    source: z.string().min(1).optional(),
  })
  .superRefine((row, context) => {
    if ((row.messages === undefined) === (row.prompt === undefined)) {
      const error = 'a row has either messages or prompt, and not both';
      context.addIssue({ code: 'custom', path: ['messages'], message: error });
    }
    if (row.hint && row.hints) {
      context.addIssue({ code: 'custom', path: ['hint'], message: 'a row has either hints or hint' });
    }
  });

/** A row that was left out. */
export interface RejectedRow {
  /** From 1. */
  readonly line: number;
  /** Dotted path of the field, or 'row' where the line as a whole is at fault. */
  readonly field: string;
  readonly reason: string;
}

export interface ProblemsRead {
  /** In the order of the file. */
  readonly problems: Problem[];
  readonly rejected: RejectedRow[];
}

export interface ReadProblemsOptions {
  /** Verifier of rows that name none; default 'exact'. */
  readonly verifier?: string;
  /** Source of rows that name none; default jsonl/<name of the file>. */
  readonly source?: string;
}

/**
 * Reads problems from a JSON Lines file, line by line: {messages | prompt, answer, verifier?, hints? | hint?,
 * solution?, source?}; other fields are ignored. Blank lines, CRLF and a byte-order mark are fine. Malformed rows and
 * repetitions of an earlier problem are listed in `rejected`. DataError if the file cannot be read or no row
 * is left.
 */
export async function readProblems(file: string, options: ReadProblemsOptions = {}): Promise<ProblemsRead> {
  const problems: Problem[] = [];
  const rejected: RejectedRow[] = [];
  const lineOfId = new Map<string, number>();
  for await (const row of problemRows(file, options)) {
    if ('field' in row) {
      rejected.push(row);
      continue;
    }
    const { line, problem } = row;
    const earlier = lineOfId.get(problem.id);
    if (earlier !== undefined) {
      rejected.push({ line, field: 'row', reason: `the same messages and answer as line ${earlier}` });
      continue;
    }
    lineOfId.set(problem.id, line);
    problems.push(problem);
  }
  if (problems.length === 0) throw new DataError(nothingLeft(file, rejected));
  return { problems, rejected };
}

/** A row that is a problem, with its line from 1. */
export interface ProblemRow {
  readonly line: number;
  readonly problem: Problem;
}

/** The rows of such a file one by one, repetitions included, in bounded memory. DataError if it cannot be read. */
export async function* problemRows(
  file: string,
  options: ReadProblemsOptions = {},
): AsyncGenerator<ProblemRow | RejectedRow> {
  const verifier = options.verifier ?? 'exact';
  const source = options.source ?? `jsonl/${path.basename(file).replace(/\.jsonl?$/, '')}`;
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() === '') continue;
    const result = parseRow(text, verifier, source);
    yield 'field' in result ? { line, ...result } : { line, problem: result };
  }
}

function nothingLeft(file: string, rejected: readonly RejectedRow[]): string {
  const reasons = rejected.slice(0, 3).map(({ line, field, reason }) => `line ${line}, ${field}: ${reason}`);
  const found =
    rejected.length === 0 ? 'it is empty' : `all ${rejected.length} were refused (${reasons.join('; ')})`;
  return `Expected at least one problem in ${file}, but ${found}. A row is {"prompt": "…", "answer": "…"}.`;
}

function parseRow(text: string, verifier: string, source: string): Problem | Omit<RejectedRow, 'line'> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { field: 'row', reason: `not JSON: ${messageOf(error)}` };
  }
  return problemOf(value, { verifier, source });
}

/** The problem of a row, wherever it comes from, or the first of its fields that is at fault. */
export function problemOf(
  value: unknown,
  { verifier, source }: Required<ReadProblemsOptions>,
): Problem | Omit<RejectedRow, 'line'> {
  const parsed = problemRow.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return { field: issue.path.join('.') || 'row', reason: issue.message };
  }
  const row = parsed.data;
  const messages = row.messages ?? [{ role: 'user' as const, content: row.prompt! }];
  return {
    id: problemId(messages, row.answer),
    messages,
    answer: row.answer,
    verifier: row.verifier ?? verifier,
    hints: row.hints?.map((hint) => hint ?? '') ?? (row.hint ? [row.hint] : []),
    ...(row.solution ? { solution: row.solution } : {}),
    source: row.source ?? source,
  };
}

/**
 * Lines without their ends. Not node:readline, which also splits at U+2028, U+2029 and lone carriage returns:
 * the first two may stand unescaped inside a JSON string.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  let start = true;
  try {
    for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
      const text = rest + (start ? chunk.replace(/^\uFEFF/, '') : chunk);
      start = false;
      const lines = text.split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  } catch (error) {
    throw new DataError(whyUnreadable('problems', file, error));
  }
  if (rest !== '') yield rest;
}

/** The sentence for a JSONL file that cannot be opened or read. */
export function whyUnreadable(what: string, file: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `Expected ${what} at ${file}, but there is no such file; check the path.`;
  if (code === 'EISDIR')
    return `Expected ${what} at ${file}, but that is a folder; name a JSON Lines file in it.`;
  return `Cannot read ${what} from ${file}: ${messageOf(error)}`;
}
