// The schema of the official Guide data set (github.com/vaskar-open-source-research/guide_rl, a fork of verl; the data
// set is vaskarnath/guide_math_rl_dataset), read and written: prompt, hint and cot are each a whole conversation, and
// the answer stands in reward_model. It knows nothing of files. Its one idea: a whole hinted prompt stays whole, in
// Problem.hintedPrompts, so that its tokens are the data set's own; the hint alone, which checks and reports want, is
// what it has that the plain prompt has not. More levels than the official two are columns hint3, hint4, …, and what a
// row of problems has beside is in extra_info, which the official code does not look into.
import { z } from 'zod';
import type { SchemaElement } from 'hyparquet';
import type { ChatMessage, Problem } from '../../types.ts';
import { contextOfLevel, hintOf } from '../../types.ts';
import type { RowFault } from '../problem-row.ts';
import { renderMessages, type PromptOptions } from '../prompts.ts';

export const GUIDE_FIELDS = ['data_source', 'prompt', 'hint', 'cot', 'ability', 'reward_model', 'extra_info'];

type Value = Readonly<Record<string, unknown>>;

/** Whether a row is one of the Guide schema, or of verl's, which it extends. */
export function isGuideRow(value: Value): boolean {
  return (
    Array.isArray(value['prompt']) &&
    typeof value['reward_model'] === 'object' &&
    value['reward_model'] !== null
  );
}

const conversation = z
  .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
  .min(1);
const guideRow = z.object({
  data_source: z.string().min(1).nullish(),
  prompt: conversation,
  hint: conversation.nullish(),
  cot: conversation.nullish(),
  ability: z.string().nullish(),
  reward_model: z.object({ ground_truth: z.unknown().optional() }),
  extra_info: z
    .object({
      verifier: z.string().min(1).nullish(),
      hints: z.array(z.string().nullable()).nullish(),
      solution: z.string().nullish(),
    })
    .nullish()
    .catch(null),
});

/** Which verifier grades an ability, and the other way round. */
const VERIFIER_OF: Readonly<Record<string, string>> = { math: 'math', stem: 'science', code: 'code' };
const ABILITY_OF: Readonly<Record<string, string>> = {
  ...{ exact: 'math', math: 'math', science: 'stem', code: 'code' },
};

/** What a row of the Guide schema says of a problem; a row that problemOf takes. */
export interface GuideProblemRow {
  readonly messages: readonly ChatMessage[];
  readonly answer: string | number;
  readonly verifier?: string | undefined;
  readonly hints?: readonly (string | null)[];
  readonly hintedPrompts?: readonly (readonly ChatMessage[] | null)[];
  readonly solution?: string | null | undefined;
  readonly source?: string | undefined;
}

export function guideProblemRow(value: Value): GuideProblemRow | RowFault {
  const parsed = guideRow.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return { field: issue.path.join('.') || 'row', reason: issue.message };
  }
  const row = parsed.data;
  const hinted = levelsOf(row, value);
  if ('field' in hinted) return hinted;
  const answer = answerIn(row.reward_model.ground_truth, row.ability ?? null);
  if (typeof answer === 'object') return answer;
  const given = row.extra_info?.hints ?? [];
  const hints = hinted.map((messages, index) =>
    messages === null ? null : (given[index] ?? hintIn(row.prompt, messages)),
  );
  const same = hints.findIndex((hint) => hint?.trim() === '');
  if (same >= 0) return { field: columnOfLevel(same + 1), reason: 'is the prompt itself, without a hint' };
  return {
    messages: row.prompt,
    answer,
    verifier: row.extra_info?.verifier ?? VERIFIER_OF[row.ability ?? ''],
    ...(hints.length > 0 && { hints, hintedPrompts: hinted }),
    solution: row.extra_info?.solution,
    source: row.data_source ?? undefined,
  };
}

/** The whole prompts by level, the mildest first; null where there is none. */
function levelsOf(row: z.output<typeof guideRow>, value: Value): (ChatMessage[] | null)[] | RowFault {
  const levels: (unknown[] | null)[] = [row.hint ?? null, row.cot ?? null];
  const numbers = Object.keys(value).map((name) => Number(/^hint(\d{1,2})$/.exec(name)?.[1] ?? 0));
  for (let level = 3; level <= Math.max(...numbers); level++) {
    const parsed = conversation.nullish().safeParse(value[columnOfLevel(level)]);
    if (!parsed.success) return { field: columnOfLevel(level), reason: parsed.error.issues[0]!.message };
    levels.push(parsed.data ?? null);
  }
  return levels.slice(0, levels.findLastIndex((level) => level !== null) + 1) as (ChatMessage[] | null)[];
}

function columnOfLevel(level: number): string {
  return level === 1 ? 'hint' : level === 2 ? 'cot' : `hint${level}`;
}

/**
 * What a hinted conversation has that the plain one has not: the text put into a message, where the message is
 * otherwise as it was; a message that was changed in another way or added, as a whole.
 */
export function hintIn(plain: readonly ChatMessage[], hinted: readonly ChatMessage[]): string {
  const pieces = hinted.map((message, index) => {
    // From the end, for what is added is often a system message at the beginning.
    const before =
      hinted.length === plain.length ? plain[index] : plain[plain.length - (hinted.length - index)];
    return before?.role === message.role ? insertedText(before.content, message.content) : message.content;
  });
  return pieces
    .filter((piece) => piece.trim() !== '')
    .join('\n')
    .trim();
}

function insertedText(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length - start, after.length - start);
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return start + end === before.length ? after.slice(start, after.length - end) : after;
}

const primeTests = z.object({
  inputs: z.array(z.unknown()).min(1),
  outputs: z.array(z.unknown()).min(1),
  fn_name: z.string().nullish(),
});

/** The answer as the verifier of the ability reads it. */
function answerIn(truth: unknown, ability: string | null): string | number | RowFault {
  const field = 'reward_model.ground_truth';
  const value = Array.isArray(truth) && truth.length === 1 ? (truth[0] as unknown) : truth;
  if (ability === 'code') return codeAnswer(value, field);
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (Array.isArray(value)) return { field, reason: `has ${value.length} answers, and one is expected` };
  return {
    field,
    reason: value === undefined || value === null ? 'is missing' : 'must be a string or a number',
  };
}

/** Tests as verl's prime_code grader takes them, {inputs, outputs, fn_name?}, as a task of the code verifier. */
function codeAnswer(value: unknown, field: string): string | RowFault {
  let tests: unknown = value;
  if (typeof value === 'string') {
    try {
      tests = JSON.parse(value);
    } catch {
      return { field, reason: 'must be the tests of the program as JSON' };
    }
  }
  // Already such a task.
  if (typeof tests === 'object' && tests !== null && Object.hasOwn(tests, 'style'))
    return JSON.stringify(tests);
  const parsed = primeTests.safeParse(tests);
  if (!parsed.success || parsed.data.inputs.length !== parsed.data.outputs.length) {
    return { field, reason: 'must be tests {inputs, outputs, fn_name?} with as many outputs as inputs' };
  }
  const { inputs, outputs, fn_name: entryPoint } = parsed.data;
  if (entryPoint) {
    const cases = inputs.map((args, index) => ({
      args: Array.isArray(args) ? args : [args],
      returns: outputs[index],
    }));
    return JSON.stringify({ language: 'python', style: 'function', entryPoint, tests: cases });
  }
  const text = (piece: unknown) => (Array.isArray(piece) ? piece.join('\n') : String(piece));
  const cases = inputs.map((stdin, index) => ({ stdin: text(stdin), stdout: text(outputs[index]) }));
  return JSON.stringify({ language: 'python', style: 'stdio', tests: cases });
}

/**
 * The row of a problem in the Guide schema, as a parquet writer takes it. Hints become whole prompts by the template of `options`; its system prompt,
 * which belongs to every prompt of a run, is not written.
 */
export function guideRowOf(problem: Problem, index: number, levels: number, options: PromptOptions): Value {
  const { verifier, hints, solution } = problem;
  const { hintTemplate } = options;
  const whole = (level: number) =>
    hintOf(problem, contextOfLevel(level)) === null
      ? null
      : renderMessages(problem, contextOfLevel(level), { hintTemplate });
  return {
    data_source: problem.source,
    prompt: problem.messages,
    ...Object.fromEntries(
      Array.from({ length: Math.max(1, levels) }, (_, i) => [columnOfLevel(i + 1), whole(i + 1)] as const),
    ),
    ability: ABILITY_OF[verifier] ?? 'llm',
    reward_model: { style: 'rule', ground_truth: problem.answer },
    extra_info: {
      index: BigInt(index),
      verifier,
      hints: hints.length > 0 ? hints.map((hint) => hint || null) : null,
      solution: solution ?? null,
    },
  };
}

/** The parquet schema of such rows. */
export function guideSchema(levels: number): SchemaElement[] {
  const text = (name: string): SchemaElement => ({
    ...{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  });
  const list = (name: string, element: SchemaElement[]): SchemaElement[] => [
    { name, converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
  const struct = (name: string, fields: SchemaElement[][]): SchemaElement[] => [
    { name, repetition_type: 'OPTIONAL', num_children: fields.length },
    ...fields.flat(),
  ];
  const message = struct('element', [[text('role')], [text('content')]]);
  const hinted = Array.from({ length: Math.max(1, levels) }, (_, i) => list(columnOfLevel(i + 1), message));
  const columns = [
    [text('data_source')],
    list('prompt', message),
    ...hinted,
    [text('ability')],
    struct('reward_model', [[text('style')], [text('ground_truth')]]),
    struct('extra_info', [
      [{ name: 'index', type: 'INT64', repetition_type: 'OPTIONAL' }],
      [text('verifier')],
      list('hints', [text('element')]),
      [text('solution')],
    ]),
  ];
  return [{ name: 'root', num_children: columns.length }, ...columns.flat()];
}
