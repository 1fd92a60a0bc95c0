// Programs with tests: MBPP, HumanEval, APPS. The gold answer is the tests, as a task of the code verifier; the solution is
// a program that passes them. LiveCodeBench is in livecodebench.ts.
import { z } from 'zod';
import { dataset, maybeText, text, within, type DatasetEntry, type RowFault } from './entry.ts';
import { isList, parseExactJson, type ExactJson } from './exact-json.ts';
import { callTests, isFunctionName, pythonTask, stdioTests, withStarter } from './programs.ts';

const about = { task: 'code', verifier: 'code' } as const;
const functionName = z.string().refine(isFunctionName, { error: 'must be the name of a function' });
const asserts = z.array(text).min(1, { error: 'has no tests' });

/** The tests are part of the problem: nothing else says what the function is called. */
function mbppPrompt(task: string, tests: readonly string[]): string {
  return `${task.trim()}\n\n\`\`\`python\n${tests.join('\n')}\n\`\`\``;
}

const mbpp = dataset(
  {
    ...about,
    name: 'mbpp',
    title: 'MBPP, 974 basic Python problems (Austin et al. 2021)',
    hub: {
      repo: 'google-research-datasets/mbpp',
      config: 'full',
      splits: { train: 'train', validation: 'validation', test: 'test', prompt: 'prompt' },
    },
    licence: 'CC-BY-4.0',
    source: 'code/mbpp',
    schema: {
      seen: 'https://huggingface.co/datasets/mbpp/commit/eca9357a29a516f4fb477e2b856630033f165fd8 (card), and https://github.com/huggingface/datasets datasets/mbpp/mbpp.py',
    },
    note: 'The tests are shown, as in the paper, for they alone name the function. A program can pass by knowing them.',
  },
  { text, code: text, test_list: asserts, test_setup_code: maybeText },
  ({ text: task, code, test_list: tests, test_setup_code: setup }) => ({
    prompt: mbppPrompt(task, tests),
    answer: pythonTask({ style: 'asserts', setup: setup ?? '', tests }),
    solution: code,
  }),
);

const mbppSanitized = dataset(
  {
    ...about,
    name: 'mbpp-sanitized',
    title: 'MBPP, the 427 problems verified by hand',
    hub: {
      repo: 'google-research-datasets/mbpp',
      config: 'sanitized',
      splits: { train: 'train', validation: 'validation', test: 'test', prompt: 'prompt' },
    },
    licence: 'CC-BY-4.0',
    source: 'code/mbpp-sanitized',
    schema: {
      seen: 'https://github.com/huggingface/datasets datasets/mbpp/mbpp.py, and https://huggingface.co/datasets/mbpp/commit/5388f0135701bca8eb6695a075124a7615a987ae (configs)',
    },
    note: 'The tests are shown, as in the paper, for they alone name the function. A program can pass by knowing them.',
  },
  { prompt: text, code: text, test_list: asserts, test_imports: z.array(z.string()).nullish() },
  ({ prompt, code, test_list: tests, test_imports: imports }) => ({
    prompt: mbppPrompt(prompt, tests),
    answer: pythonTask({ style: 'asserts', setup: (imports ?? []).join('\n'), tests }),
    solution: code,
  }),
);

const humaneval = dataset(
  {
    ...about,
    name: 'humaneval',
    title: 'HumanEval, 164 functions to complete (Chen et al. 2021)',
    hub: { repo: 'openai/openai_humaneval', config: 'openai_humaneval', splits: { test: 'test' } },
    licence: 'MIT',
    source: 'code/humaneval',
    schema: { seen: 'https://huggingface.co/datasets/openai_humaneval/blob/main/README.md' },
    note: 'A response may be the whole function, or what follows its docstring.',
  },
  { prompt: text, canonical_solution: text, test: text, entry_point: functionName },
  ({ prompt, canonical_solution: body, test, entry_point: entryPoint }) => ({
    prompt,
    // The text of a test defines check(candidate), and does not call it.
    answer: pythonTask({
      ...{ style: 'asserts', entryPoint, prelude: prompt },
      tests: [`${test}\n\ncheck(candidate)\n`],
    }),
    solution: `${prompt}${body}`,
  }),
);

/** What the grader of APPS puts before a program, numpy aside, which is not in the sandbox. */
const APPS_PRELUDE = [
  ...['sys', 'time', 'itertools', 'collections', 'math', 'fractions', 'random', 'heapq'].map(
    (module) => `import ${module}`,
  ),
  'from itertools import accumulate, product, permutations, combinations',
  'from collections import Counter, OrderedDict, deque, defaultdict, ChainMap',
  'from functools import lru_cache',
  'from math import sqrt, sin, cos, tan, ceil, fabs, floor, gcd, exp, log, log2',
  'from typing import List, Tuple',
  'from heapq import *',
].join('\n');

interface InputOutput {
  readonly inputs: readonly ExactJson[];
  readonly outputs: readonly ExactJson[];
  readonly functionName: string | null;
}

function inputOutput(json: string): InputOutput | RowFault {
  const field = 'input_output';
  let value: ExactJson;
  try {
    value = parseExactJson(json);
  } catch {
    return { field, reason: 'is not JSON' };
  }
  const object = value as Readonly<Record<string, ExactJson | undefined>> | null;
  const [inputs, outputs, name] = [object?.['inputs'], object?.['outputs'], object?.['fn_name'] ?? null];
  if (!isList(inputs) || !isList(outputs))
    return { field, reason: 'expected {inputs, outputs} and perhaps fn_name' };
  if (name !== null && !(typeof name === 'string' && isFunctionName(name)))
    return { field, reason: 'expected fn_name to be the name of a function' };
  if (inputs.length !== outputs.length || inputs.length === 0)
    return { field, reason: `has ${inputs.length} inputs and ${outputs.length} outputs` };
  return { inputs, outputs, functionName: name };
}

/** The first of a JSON list of programs; null where there is none. */
function firstProgram(solutions: string | null): string | null {
  try {
    const [first] = JSON.parse(solutions ?? '[]') as unknown[];
    return typeof first === 'string' ? first : null;
  } catch {
    return null;
  }
}

const apps = dataset(
  {
    ...about,
    name: 'apps',
    title: 'APPS, 10,000 problems from programming contests (Hendrycks et al. 2021)',
    hub: { repo: 'codeparrot/apps', splits: { train: 'train', test: 'test' } },
    licence: 'MIT',
    source: 'code/apps',
    schema: {
      seen: 'https://github.com/hendrycks/apps eval/testing_util.py (input_output), https://github.com/gpt-engineer-org/gpt-engineer gpt_engineer/benchmark/benchmarks/apps/load.py (question, starter_code), and https://huggingface.co/datasets/ReactiveAI/codeparrot-apps-reupload/blob/main/README.md (all columns, of a copy); files at https://huggingface.co/datasets/codeparrot/apps/tree/main',
    },
    note: 'Problems without tests are refused. Outputs of function problems that are all lists of one are taken out of their lists, since the data wraps them. Some problems have one or two tests: a wrong program may pass.',
  },
  {
    question: text,
    input_output: z
      .string()
      .nullish()
      .transform((value) => value ?? '')
      .refine((value) => value.trim() !== '', { error: 'is empty: the problem has no tests' }),
    ...{ solutions: maybeText, starter_code: maybeText, difficulty: maybeText },
  },
  ({ question, input_output: json, solutions, starter_code: starter, difficulty }) => {
    const found = inputOutput(json);
    if ('reason' in found) return found;
    const { inputs, outputs, functionName } = found;
    const tests = (functionName === null ? stdioTests : callTests)(inputs, outputs, 'input_output');
    if (!Array.isArray(tests)) return tests;
    const style = functionName === null ? 'stdio' : 'function';
    const named = functionName === null || (starter ?? question).includes(functionName);
    return {
      prompt: withStarter(named ? question : `${question.trim()}\n\nFunction: ${functionName}`, starter),
      answer: pythonTask({
        ...{ style, prelude: APPS_PRELUDE, tests },
        ...(functionName !== null && { entryPoint: functionName }),
      }),
      solution: firstProgram(solutions),
      source: within('code/apps', difficulty ?? ''),
    };
  },
);

export const code: readonly DatasetEntry[] = [mbpp, mbppSanitized, humaneval, apps];
