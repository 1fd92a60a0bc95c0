// Tests of programs as the code verifier takes them (src/verifiers/code/task.ts): standard input and output, calls of a
// function, asserts. Knows no data set. Arguments and results cross as JSON text, in the spelling of the data.
import { exactJsonText, isList, type ExactJson } from './exact-json.ts';
import type { RowFault } from './entry.ts';

/** The answer of a code problem, from the fields of its task. */
export function pythonTask(task: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ language: 'python', ...task });
}

/** Problem and starter code, which says how the function is called and what it is given. */
export function withStarter(statement: string, starter: string | null): string {
  const code = starter?.trimEnd();
  return code ? `${statement.trim()}\n\n\`\`\`python\n${code}\n\`\`\`` : statement.trim();
}

export interface StdioTest {
  readonly stdin: string;
  readonly stdout: string;
}

/** Whether the code verifier can look a function of this name up. */
export function isFunctionName(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}

/** A text, or a list of lines. */
function linesOf(value: ExactJson | undefined): string | null {
  if (typeof value === 'string') return value;
  if (!isList(value) || !value.every((line) => typeof line === 'string')) return null;
  return value.join('\n');
}

/** @param field the column the tests are in */
export function stdioTests(
  inputs: readonly ExactJson[],
  outputs: readonly ExactJson[],
  field: string,
): StdioTest[] | RowFault {
  const tests: StdioTest[] = [];
  for (const [index, input] of inputs.entries()) {
    const [stdin, stdout] = [linesOf(input), linesOf(outputs[index])];
    if (stdin === null || stdout === null)
      return { field, reason: `test ${index + 1} is neither text nor lines of text` };
    tests.push({ stdin, stdout });
  }
  return tests;
}

export interface CallTest {
  /** One JSON value a line. */
  readonly argsText: string;
  readonly returnsText: string;
}

/**
 * Calls with lists of arguments. Where every output is a list of one, the result is what stands in it: so APPS has them,
 * whose own grader takes either.
 */
export function callTests(
  inputs: readonly ExactJson[],
  outputs: readonly ExactJson[],
  field: string,
): CallTest[] | RowFault {
  const wrapped = outputs.every((output) => isList(output) && output.length === 1);
  const tests: CallTest[] = [];
  for (const [index, args] of inputs.entries()) {
    if (!isList(args)) return { field, reason: `the input of test ${index + 1} is not a list of arguments` };
    const output = outputs[index]!;
    const returns = wrapped ? (output as readonly ExactJson[])[0]! : output;
    tests.push({ argsText: args.map(exactJsonText).join('\n'), returnsText: exactJsonText(returns) });
  }
  return tests;
}

/** Whether each line that is not blank is a JSON value. */
export function isJsonLines(text: string): boolean {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .every(isJson);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
