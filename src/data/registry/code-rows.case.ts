// Rows of the code entries. The right response is the solution of the row, where it has one.
import { readFileSync } from 'node:fs';
import { fenced, type EntryCase } from './entry.case.ts';

const golden = JSON.parse(
  readFileSync(new URL('../../../oracles/golden/pickled-texts.json', import.meta.url), 'utf8'),
) as { accepted: { text: string; packed: string }[]; refused: { name: string; packed: string }[] };
/** [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}], as Python packs it. */
const HIDDEN = golden.accepted.find(({ text }) => text === 'tests')!.packed;
const CALL = golden.refused.find(({ name }) => name === 'a call')!.packed;

const TWICE =
  'from typing import List\n\n\ndef twice(xs: List[int]) -> List[int]:\n    """ Each times two. """\n';
const stdinTest = (input: string, output: string) => ({ input, output, testtype: 'stdin' });
const APPS_ABOUT = { difficulty: 'introductory', url: 'https://example.org', problem_id: 7 };
const LCB_ABOUT = {
  ...{ question_title: 'Sum', question_id: '1', contest_id: 'c1', contest_date: '2024-01-01T00:00:00' },
  ...{ platform: 'atcoder', difficulty: 'easy' },
};

export const CODE_CASES: Readonly<Record<string, EntryCase>> = {
  mbpp: {
    good: [
      {
        raw: {
          task_id: 900,
          text: 'Write a function to find the larger of two numbers.',
          code: 'def larger(a, b):\r\n  return a if a > b else b',
          test_list: ['assert larger(one, 2) == 2', 'assert larger(5, 3) == 5'],
          test_setup_code: 'one = 1',
          challenge_test_list: [],
        },
        wrong: fenced('def larger(a, b):\n  return b'),
        problem: {
          messages: [
            {
              role: 'user',
              content:
                'Write a function to find the larger of two numbers.\n\n```python\nassert larger(one, 2) == 2\nassert larger(5, 3) == 5\n```',
            },
          ],
          source: 'code/mbpp',
        },
      },
    ],
    bad: [
      { change: { test_list: [] }, field: 'test_list', reason: /has no tests/ },
      { change: { test_list: 'assert True' }, field: 'test_list', reason: /expected array/ },
      { change: { text: '' }, field: 'text', reason: /must not be empty/ },
    ],
  },
  'mbpp-sanitized': {
    good: [
      {
        raw: {
          source_file: 'invented.py',
          task_id: 901,
          prompt: 'Write a function to halve a number.',
          code: 'def half(x):\n  return x / 2',
          test_imports: ['import math'],
          test_list: ['assert math.isclose(half(1), 0.5)'],
        },
        wrong: fenced('def half(x):\n  return x // 2'),
        problem: { source: 'code/mbpp-sanitized' },
      },
    ],
    bad: [{ change: { prompt: undefined }, field: 'prompt', reason: /expected string/ }],
  },
  humaneval: {
    good: [
      {
        raw: {
          task_id: 'Invented/0',
          prompt: TWICE,
          canonical_solution: '    return [2 * x for x in xs]\n',
          test: '\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate([1, 2]) == [2, 4]\n',
          entry_point: 'twice',
        },
        wrong: fenced('def twice(xs):\n    return xs + xs'),
        problem: { messages: [{ role: 'user', content: TWICE }], source: 'code/humaneval' },
      },
      {
        raw: {
          prompt: TWICE,
          canonical_solution: '    return [2 * x for x in xs]\n',
          test: 'def check(candidate):\n    assert candidate([3]) == [6]\n',
          entry_point: 'twice',
        },
        right: '    return [x + x for x in xs]\n',
        wrong: '    return xs\n',
        problem: {},
      },
    ],
    bad: [
      { change: { test: '' }, field: 'test', reason: /must not be empty/ },
      { change: { entry_point: 'a b' }, field: 'entry_point', reason: /name of a function/ },
      { change: { entry_point: null }, field: 'entry_point', reason: /expected string/ },
    ],
  },
  apps: {
    good: [
      {
        raw: {
          ...APPS_ABOUT,
          question: 'Add the numbers of the second line.',
          solutions: JSON.stringify(['input()\nprint(sum(map(int, input().split())))', 'print(0)']),
          input_output: JSON.stringify({
            inputs: ['3\n1 2 3\n', ['2', '4 5']],
            outputs: ['6\n', ['9']],
          }),
          starter_code: '',
        },
        wrong: fenced('print(6)'),
        problem: { source: 'code/apps/introductory' },
      },
      {
        // Wrapped outputs, and integers that a double cannot hold; its grader imports List.
        raw: {
          ...APPS_ABOUT,
          question: 'Add them.',
          solutions: JSON.stringify(['def add(xs: List[int], y):\n    return sum(xs) + y']),
          input_output:
            '{"fn_name": "add", "inputs": [[[12345678901234567890], 1], [[], 1.0]], "outputs": [[12345678901234567891], [1.0]]}',
          starter_code: 'def add(xs, y):\n\t',
        },
        wrong: fenced('def add(xs, y):\n    return float(sum(xs) + y)'),
        problem: {
          messages: [{ role: 'user', content: 'Add them.\n\n```python\ndef add(xs, y):\n```' }],
        },
      },
      {
        raw: {
          ...APPS_ABOUT,
          question: 'Give the first two.',
          solutions: '',
          input_output: JSON.stringify({ fn_name: 'firstTwo', inputs: [[[7, 8, 9]]], outputs: [[7, 8]] }),
          starter_code: null,
        },
        right: fenced('class Solution:\n    def firstTwo(self, xs: List[int]):\n        return xs[:2]'),
        wrong: fenced('def firstTwo(xs):\n    return xs[0]'),
        problem: { messages: [{ role: 'user', content: 'Give the first two.\n\nFunction: firstTwo' }] },
      },
    ],
    bad: [
      { change: { input_output: '' }, field: 'input_output', reason: /has no tests/ },
      { change: { input_output: null }, field: 'input_output', reason: /has no tests/ },
      { change: { input_output: '{"inputs": [' }, field: 'input_output', reason: /is not JSON/ },
      { change: { input_output: 'null' }, field: 'input_output', reason: /expected \{inputs, outputs\}/ },
      {
        change: { input_output: '{"fn_name": "a.b", "inputs": [[1]], "outputs": [1]}' },
        field: 'input_output',
        reason: /fn_name to be the name of a function/,
      },
      {
        change: { input_output: '{"inputs": [], "outputs": []}' },
        field: 'input_output',
        reason: /0 inputs and 0 outputs/,
      },
      {
        change: { input_output: '{"inputs": ["1"], "outputs": ["1", "2"]}' },
        field: 'input_output',
        reason: /1 inputs and 2 outputs/,
      },
      {
        change: { input_output: '{"inputs": ["1", 2], "outputs": ["1", "2"]}' },
        field: 'input_output',
        reason: /test 2 is neither text nor lines/,
      },
      {
        change: { input_output: '{"fn_name": "f", "inputs": ["ab"], "outputs": [1]}' },
        field: 'input_output',
        reason: /input of test 1 is not a list of arguments/,
      },
    ],
  },
  livecodebench: {
    good: [
      {
        // The public test does not tell the wrong program from a right one.
        raw: {
          ...LCB_ABOUT,
          question_content: 'Print the sum of two numbers.',
          starter_code: '',
          public_test_cases: JSON.stringify([stdinTest('0 0\n', '0\n')]),
          private_test_cases: HIDDEN,
          metadata: '{}',
        },
        right: fenced('a, b = map(int, input().split())\nprint(reduce(add, [a, b]))'),
        wrong: fenced('print(0)'),
        problem: {
          messages: [{ role: 'user', content: 'Print the sum of two numbers.' }],
          source: 'code/livecodebench/atcoder/easy',
        },
      },
      {
        raw: {
          ...LCB_ABOUT,
          question_content: 'Add n to the sum.',
          starter_code: 'class Solution:\n    def total(self, xs: List[int], n: int) -> int:\n        ',
          public_test_cases: JSON.stringify([
            { input: '[1, 2]\n12345678901234567890', output: '12345678901234567893', testtype: 'functional' },
          ]),
          private_test_cases: '[]',
          metadata: '{"func_name": "total"}',
        },
        right: fenced(
          'class Solution:\n    def total(self, xs: List[int], n: int) -> int:\n        return n + sum(xs)',
        ),
        wrong: fenced('class Solution:\n    def total(self, xs, n):\n        return n'),
        problem: {
          messages: [
            {
              role: 'user',
              content:
                'Add n to the sum.\n\n```python\nclass Solution:\n    def total(self, xs: List[int], n: int) -> int:\n```',
            },
          ],
        },
      },
    ],
    bad: [
      {
        change: { private_test_cases: CALL },
        field: 'private_test_cases',
        reason: /can be read: its pickle holds more than one string/,
      },
      { change: { private_test_cases: 'eyJ9' }, field: 'private_test_cases', reason: /it is not zlib data/ },
      {
        change: { public_test_cases: '[{}]' },
        field: 'public_test_cases.0.input',
        reason: /expected string/,
      },
      { change: { public_test_cases: '[}' }, field: 'public_test_cases', reason: /is not JSON/ },
      {
        change: { public_test_cases: '[]', private_test_cases: '[]' },
        field: 'private_test_cases',
        reason: /has no tests/,
      },
      { change: { metadata: '{' }, field: 'metadata', reason: /expected JSON, where func_name/ },
      { change: { metadata: '{"func_name": "f()"}' }, field: 'metadata', reason: /name of a function/ },
      { change: { metadata: '{"func_name": "f"}' }, field: 'metadata', reason: /test 1 is no call/ },
      {
        change: { public_test_cases: '[{"input": "1", "output": "1", "testtype": "functional"}]' },
        field: 'metadata',
        reason: /has no func_name/,
      },
    ],
  },
};
