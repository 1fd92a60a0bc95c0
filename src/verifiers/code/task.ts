// What a code problem asks to be tested, as the JSON text in `Problem.answer`. How the rows of the usual suites
// map onto it:
//
// - HumanEval: style asserts, prelude = prompt, tests = [test], entryPoint = entry_point.
// - MBPP: style asserts, setup = test_setup_code (and test_imports), tests = test_list.
// - APPS, standard input: style stdio, one test per pair of inputs and outputs (a list of lines is joined with "\n").
// - LiveCodeBench, standard input: the same with comparison lines.
// - APPS with fn_name: style function, entryPoint = fn_name, comparison wrapped, tests = {args: inputs, returns: outputs}.
// - LiveCodeBench functional: style function, entryPoint = fn_name, tests = {argsText, returnsText}: the suite's
//   own text, one JSON value a line, which keeps integers that a double cannot hold. Its import lines are prelude.
//
// A function is looked up by name, or as a method of the class `Solution`. Arguments and results cross by value; what
// a function changes in its arguments is changed in those of the test, and a function that a test hands over is
// called where the test is. How outputs and values are compared is in compare.ts.
import { z } from 'zod';
import { DataError } from '../../errors.ts';

const shared = {
  language: z.enum(['python', 'javascript']),
  prelude: z
    .string()
    .default('')
    .describe('Code put before the program (imports, or the prompt that it completes); tests see it too.'),
  extract: z
    .enum(['fenced', 'fenced-or-whole'])
    .default('fenced-or-whole')
    .describe('Whether a response without a code block is taken as code where it parses.'),
};

const tolerance = z
  .strictObject({ relative: z.number().min(0), absolute: z.number().min(0) })
  .describe('Numbers a and b are equal where |a − b| ≤ absolute + relative·|b|, b the expected one.');

const stdioTask = z.strictObject({
  ...shared,
  style: z.literal('stdio'),
  tests: z.array(z.strictObject({ stdin: z.string(), stdout: z.string() })).min(1),
  comparison: z
    .enum(['tokens', 'lines'])
    .default('tokens')
    .describe('By tokens between white space (APPS), or by lines and then tokens (LiveCodeBench).'),
  tolerance: tolerance
    .optional()
    .describe('Default: that of numpy.allclose (1e-5, 1e-8) by tokens, none by lines.'),
});

const name = z.string().regex(/^[A-Za-z_$][\w$]*$/, 'expected the name of a function');

const functionTask = z.strictObject({
  ...shared,
  style: z.literal('function'),
  entryPoint: name,
  tests: z
    .array(
      z.union([
        z.strictObject({ args: z.array(z.json()), returns: z.json() }),
        z.strictObject({ argsText: z.string(), returnsText: z.string() }),
      ]),
    )
    .min(1),
  comparison: z
    .enum(['value', 'wrapped'])
    .default('value')
    .describe(
      'wrapped (APPS): a value also passes as the only item of an expected list, and the keys of a single argument that is an object are integers where they look so.',
    ),
  tolerance: tolerance.default({ relative: 0, absolute: 0 }),
});

const assertsTask = z.strictObject({
  ...shared,
  style: z.literal('asserts'),
  entryPoint: name.optional(),
  setup: z.string().default('').describe('Code run before each test, on the side of the tests.'),
  tests: z.array(z.string()).min(1),
});

const codeTask = z
  .discriminatedUnion('style', [stdioTask, functionTask, assertsTask])
  .superRefine((task, context) => {
    if (task.style === 'asserts' && task.language === 'javascript' && task.entryPoint === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['entryPoint'],
        message: 'JavaScript asserts name their function',
      });
    }
  });

export type CodeTask = z.output<typeof codeTask>;
export type StdioTask = Extract<CodeTask, { style: 'stdio' }>;
export type FunctionTask = Extract<CodeTask, { style: 'function' }>;
export type AssertsTask = Extract<CodeTask, { style: 'asserts' }>;

/** The task in `Problem.answer`; a DataError says what is wrong with it. */
export function parseCodeTask(answer: string): CodeTask {
  let json: unknown;
  try {
    json = JSON.parse(answer);
  } catch {
    throw new DataError(
      `Expected the answer of a code problem to be JSON text {language, style, tests, …}, got ${JSON.stringify(answer.slice(0, 60))}; see src/verifiers/code/task.ts.`,
    );
  }
  const parsed = codeTask.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DataError(
    `Expected the answer of a code problem to be a task as in src/verifiers/code/task.ts, but at "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'it does not fit'}.`,
  );
}

/** How `check(candidate)` of HumanEval is called: its test text only defines it. */
export function humanEvalTest(test: string): string {
  return `${test}\n\ncheck(candidate)\n`;
}
