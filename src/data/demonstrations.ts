// Demonstrations from a JSONL file: what supervised fine-tuning imitates. A row that cannot be used is named
// and refuses the file; demonstrations are written on purpose, and a silent gap in them is a wrong model.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { explainZodError } from '../config-errors.ts';
import { DataError, messageOf } from '../errors.ts';
import type { ChatMessage } from '../types.ts';
import { problemId } from './problem-row.ts';
import { whyUnreadable } from './sources/rows.ts';
import type { Demonstration } from './prompts.ts';

const rowSchema = z
  .strictObject({
    /** The conversation to answer; or `prompt` for a single user message. */
    messages: z
      .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
      .min(1)
      .optional(),
    prompt: z.string().min(1).optional(),
    response: z.string().min(1),
  })
  .refine(({ messages, prompt }) => (messages === undefined) !== (prompt === undefined), {
    message: 'must have either messages or prompt',
  });

/** Reads every row; DataError naming file, line and field of the first that cannot be used. */
export async function readDemonstrations(file: string): Promise<Demonstration[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new DataError(whyUnreadable('demonstrations', file, error));
  }
  const demonstrations: Demonstration[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() !== '') demonstrations.push(parseRow(line, `${file}:${index + 1}`));
  }
  if (demonstrations.length === 0)
    throw new DataError(`Expected demonstrations in ${file}, but it has no rows.`);
  return demonstrations;
}

function parseRow(line: string, where: string): Demonstration {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new DataError(`${where}: expected a JSON object, got something else: ${messageOf(error)}`);
  }
  const row = rowSchema.safeParse(json);
  if (!row.success)
    throw new DataError(explainZodError(row.error, { file: where, schema: rowSchema, value: json }));
  const { prompt, response } = row.data;
  const messages: ChatMessage[] = row.data.messages ?? [{ role: 'user', content: prompt! }];
  const id = problemId(messages, response);
  const problem = { id, messages, answer: response, verifier: 'exact', hints: [], source: 'demonstrations' };
  return { problem, context: 'plain', response };
}
