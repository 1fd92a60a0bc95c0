// A problem and the row it is written as: {messages | prompt, answer, verifier?, hints? | hint?, hintedPrompts?,
// solution?, source?}. Rows are untrusted: each is checked here, and one that is no problem comes back as the field at
// fault and why. It knows nothing of files, prompts or verifiers. Its one idea: a problem is its content (the id).
import { createHash } from 'node:crypto';
import { z } from 'zod';
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

const conversation = z
  .array(message)
  .min(1)
  .refine((messages) => messages.at(-1)?.role === 'user', { error: 'must end with a user message' });

const problemRow = z
  .object({
    /** The conversation so far; its last message is the user's. */
    messages: conversation.optional(),
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
    /** By level, the whole conversation that the model sees under that hint; null where the template makes it. */
    hintedPrompts: z.array(conversation.nullable()).nullish(),
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
    const levels = row.hints?.length ?? (row.hint ? 1 : 0);
    if ((row.hintedPrompts?.length ?? 0) > levels) {
      const error = `has more levels than the ${levels} hint(s) of the row`;
      context.addIssue({ code: 'custom', path: ['hintedPrompts'], message: error });
    }
  });

/** What is wrong with a row, and where. */
export interface RowFault {
  /** Dotted path of the field, or 'row' where the row as a whole is at fault. */
  readonly field: string;
  readonly reason: string;
}

/** A row that was left out. */
export interface RejectedRow extends RowFault {
  /** From 1: the line of a text file, the row of a table. */
  readonly line: number;
  /** The last line, where a whole stretch could not be read. */
  readonly through?: number;
}

export interface RowDefaults {
  /** Verifier of rows that name none. */
  readonly verifier: string;
  /** Source of rows that name none. */
  readonly source: string;
}

/** The problem of a row, wherever it comes from, or the first of its fields that is at fault. */
export function problemOf(value: unknown, { verifier, source }: RowDefaults): Problem | RowFault {
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
    ...(row.hintedPrompts?.some((prompt) => prompt !== null) ? { hintedPrompts: row.hintedPrompts } : {}),
    ...(row.solution ? { solution: row.solution } : {}),
    source: row.source ?? source,
  };
}

/** The row that problemOf makes the same problem of. */
export function rowOf(problem: Problem): Record<string, unknown> {
  const { messages, answer, verifier, hints, hintedPrompts, solution, source } = problem;
  const [only] = messages;
  return {
    ...(messages.length === 1 && only!.role === 'user' && only!.content.trim() !== ''
      ? { prompt: only!.content }
      : { messages }),
    answer,
    verifier,
    ...(hints.length > 0 && { hints: hints.map((hint) => hint || null) }),
    ...(hintedPrompts && { hintedPrompts }),
    ...(solution !== undefined && { solution }),
    source,
  };
}

/**
 * The whole prompts of a problem that still hold when it gets these hints: those of levels whose hint is as it was.
 * Undefined where none does.
 */
export function promptsKept(
  { hints: before, hintedPrompts }: Problem,
  hints: readonly (string | null)[],
): Problem['hintedPrompts'] {
  const kept = (hintedPrompts ?? [])
    .slice(0, hints.length)
    .map((prompt, index) => (hints[index] === before[index] ? prompt : null));
  return kept.some((prompt) => prompt !== null) ? kept : undefined;
}

/** Rows that were left out, a stretch counted by its rows. */
export function countRows(rejected: readonly RejectedRow[]): number {
  return rejected.reduce((sum, { line, through = line }) => sum + through - line + 1, 0);
}
