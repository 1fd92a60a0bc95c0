// LiveCodeBench code generation (Jain et al. 2024): contest problems with public and hidden tests, by standard input or by
// a call. Tests are JSON [{input, output, testtype}]; the hidden ones may be compressed (pickled-text.ts). Both are the gold.
import { z } from 'zod';
import { dataset, maybeText, text, within, type DatasetEntry, type RowFault } from './entry.ts';
import { NotPickledText, pickledText } from './pickled-text.ts';
import { isFunctionName, isJson, isJsonLines, pythonTask, withStarter } from './programs.ts';

/** What its grader puts before a program, in its order: later modules hide names of earlier ones. */
const STARRED = [
  ...['string', 're', 'datetime', 'collections', 'heapq', 'bisect', 'copy', 'math', 'random', 'statistics'],
  ...['itertools', 'functools', 'operator', 'io', 'sys', 'json', 'builtins', 'typing'],
];
const WHOLE = STARRED.filter((module) => module !== 'builtins' && module !== 'typing');
const PRELUDE = [
  ...STARRED.map((module) => `from ${module} import *`),
  ...WHOLE.map((module) => `import ${module}`),
].join('\n');

const testCases = z.array(
  z.object({ input: z.string(), output: z.string(), testtype: z.enum(['stdin', 'functional']) }),
);
type TestCases = z.output<typeof testCases>;

const metadata = z.object({ func_name: z.string().refine(isFunctionName).nullish() });

/** Tests out of a column, or what is wrong with it. */
function casesIn(json: string, field: string): TestCases | RowFault {
  let value: unknown;
  try {
    // Base64 has no brackets.
    value = JSON.parse(json.trimStart().startsWith('[') ? json : pickledText(json));
  } catch (error) {
    const because = error instanceof NotPickledText ? error.message : 'what it holds is not JSON';
    return { field, reason: `has no tests that can be read: ${because}` };
  }
  const parsed = testCases.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  return { field: [field, ...path].join('.'), reason: message };
}

function functionNameIn(json: string): string | null | RowFault {
  try {
    return metadata.parse(JSON.parse(json)).func_name ?? null;
  } catch {
    return {
      field: 'metadata',
      reason: 'expected JSON, where func_name is the name of a function if it is there',
    };
  }
}

function taskOf(tests: TestCases, functionName: string | null): string | RowFault {
  if (functionName === null) {
    if (tests.some(({ testtype }) => testtype !== 'stdin'))
      return { field: 'metadata', reason: 'has no func_name, and tests call a function' };
    const cases = tests.map(({ input, output }) => ({ stdin: input, stdout: output }));
    return pythonTask({ style: 'stdio', prelude: PRELUDE, tests: cases });
  }
  for (const [index, { input, output, testtype }] of tests.entries()) {
    if (testtype !== 'functional' || !isJsonLines(input) || !isJson(output))
      return { field: 'metadata', reason: `names a function, and test ${index + 1} is no call of one` };
  }
  const cases = tests.map(({ input, output }) => ({ argsText: input, returnsText: output }));
  return pythonTask({ style: 'function', prelude: PRELUDE, entryPoint: functionName, tests: cases });
}

export const livecodebench: DatasetEntry = dataset(
  {
    name: 'livecodebench',
    title: 'LiveCodeBench code generation, contest problems by date (Jain et al. 2024)',
    task: 'code',
    verifier: 'code',
    hub: {
      repo: 'livecodebench/code_generation_lite',
      splits: {
        test: 'test',
        ...Object.fromEntries([2, 3, 4, 5, 6].map((release) => [`test${release}`, `test${release}`])),
      },
    },
    licence: 'CC',
    source: 'code/livecodebench',
    schema: {
      seen: 'https://github.com/LiveCodeBench/LiveCodeBench lcb_runner/benchmarks/code_generation.py (columns and compression) and lcb_runner/evaluation/testing_util.py (imports); files at https://huggingface.co/datasets/livecodebench/code_generation_lite/commit/eef204666b9879915189d71010db8aab4e766ed5',
    },
    note: 'Release n is the splits test, test2, … testn together: a split holds what is new in its release. Hidden tests are unpacked without unpickling; a row where that is impossible is refused rather than graded by its public tests alone. The files are large (test: 1.25 GB).',
  },
  {
    ...{ question_content: text, public_test_cases: text, private_test_cases: text, metadata: text },
    ...{ starter_code: maybeText, platform: maybeText, difficulty: maybeText },
  },
  (row) => {
    const shown = casesIn(row.public_test_cases, 'public_test_cases');
    if ('reason' in shown) return shown;
    const hidden = casesIn(row.private_test_cases, 'private_test_cases');
    if ('reason' in hidden) return hidden;
    if (shown.length + hidden.length === 0) return { field: 'private_test_cases', reason: 'has no tests' };
    const functionName = functionNameIn(row.metadata);
    if (functionName !== null && typeof functionName === 'object') return functionName;
    const answer = taskOf([...shown, ...hidden], functionName);
    if (typeof answer === 'object') return answer;
    return {
      prompt: withStarter(row.question_content, row.starter_code),
      answer,
      source: within(within('code/livecodebench', row.platform ?? ''), row.difficulty ?? ''),
    };
  },
);
