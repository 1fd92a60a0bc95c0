// Rows as the usual suites have them, through the interpreters of this machine.
import { afterAll, describe, expect, it } from 'vitest';
import { ALL_LAYERS } from './sandbox/layers.ts';
import { DEFAULT_CODE_LIMITS } from './backend.ts';
import { codeVerifier, gradeCode, sharedCodeBackend } from './grade-code.ts';
import { VerifierPool } from '../pool.ts';
import { LocalSandbox } from './local-sandbox.ts';
import { humanEvalTest, parseCodeTask } from './task.ts';

const sandbox = new LocalSandbox({ size: 1, layers: ALL_LAYERS });
afterAll(() => {
  sandbox.close();
  sharedCodeBackend().close();
});
const limits = { ...DEFAULT_CODE_LIMITS, timeMs: 5000 };

async function grade(program: string, task: object, own: Partial<typeof limits> = {}) {
  const parsed = parseCodeTask(JSON.stringify({ language: 'python', ...task }));
  const response = `So:\n\`\`\`${parsed.language}\n${program}\n\`\`\`\n`;
  return gradeCode(response, parsed, { ...limits, ...own }, sandbox);
}
const text = async (...args: Parameters<typeof grade>) => {
  const { kind, reason } = await grade(...args);
  return `${kind}: ${reason}`;
};

describe('HumanEval rows', () => {
  const task = {
    style: 'asserts',
    entryPoint: 'poly_root',
    prelude:
      'import math\n\ndef poly(xs, x):\n    return sum(c * math.pow(x, i) for i, c in enumerate(xs))\n\n\n' +
      'def poly_root(xs):\n    """ A root of a linear polynomial. """\n',
    tests: [
      humanEvalTest(
        'METADATA = {}\n\ndef check(candidate):\n    for xs in [[2, 1], [6, -3]]:\n        assert math.fabs(poly(xs, candidate(xs))) < 1e-4\n',
      ),
    ],
  };

  it('takes a whole function, and the continuation of the prompt', async () => {
    expect(await text('def poly_root(xs):\n    return -xs[0] / xs[1]', task)).toMatch(/^correct/);
    expect(
      await gradeCode(
        '    return -xs[0] / xs[1]\n',
        parseCodeTask(JSON.stringify({ language: 'python', ...task })),
        limits,
        sandbox,
      ),
    ).toMatchObject({
      kind: 'correct',
      extracted: '    return -xs[0] / xs[1]\n',
    });
  });

  it('names the assert that failed and what the program gave', async () => {
    expect(await text('def poly_root(xs):\n    return -2', task)).toBe(
      'wrong: Test 1 of 1 failed at assert math.fabs(poly(xs, candidate(xs))) < 1e-4: AssertionError: poly_root([6, -3]) gave -2.',
    );
  });

  it("judges with the prompt's own helpers, not the program's", async () => {
    expect(await text('def poly(xs, x):\n    return 0\ndef poly_root(xs):\n    return 1', task)).toMatch(
      /^wrong/,
    );
  });
});

describe('MBPP rows', () => {
  const task = {
    style: 'asserts',
    setup: 'import math\nroot = Node(1)\nroot.left = Node(2)',
    tests: [
      'assert height(root) == 2',
      'assert common((3, 4, 5), (5, 7, 4)) == {4, 5}',
      'assert math.isclose(half(1), 0.5)',
    ],
  };
  const good =
    'class Node:\n  def __init__(self, data):\n    self.data, self.left, self.right = data, None, None\n' +
    'def height(n):\n  return 0 if n is None else 1 + max(height(n.left), height(n.right))\n' +
    'def common(a, b):\n  return set(a) & set(b)\n' +
    'def half(x):\n  return x / 2\n';

  it('hands objects of the program to and fro', async () => {
    expect(await text(good, task)).toBe('correct: The program passes all 3 tests.');
  });

  it('counts the test that fails', async () => {
    expect(await text(good.replace('x / 2', 'x // 2'), task)).toMatch(
      /^wrong: Test 3 of 3 failed at .*half\(1\) gave 0/,
    );
  });

  it('carries exceptions over by their type', async () => {
    const raising = {
      style: 'asserts',
      tests: ['try:\n  f()\n  assert False\nexcept KeyError as e:\n  assert e.args == ("k",)'],
    };
    expect(await text('def f():\n  raise KeyError("k")', raising)).toMatch(/^wrong/); // its text is "'k'"
    expect(
      await text('def f():\n  raise KeyError("k")', {
        style: 'asserts',
        tests: ['try:\n  f()\n  assert False\nexcept KeyError:\n  pass'],
      }),
    ).toMatch(/^correct/);
    expect(await text('def f():\n  raise ValueError("k")', raising)).toMatch(/^wrong.*ValueError: k/);
  });
});

describe('standard input and output', () => {
  const sum = {
    style: 'stdio',
    tests: [
      { stdin: '1 2\n', stdout: '3\n' },
      { stdin: '5 6\n', stdout: '11\n' },
    ],
  };

  it('takes a program whose outputs are all as expected, and names the first that is not', async () => {
    expect(await text('print(sum(map(int, input().split())))', sum)).toMatch(/^correct/);
    expect(await text('input()\nprint(3)', sum)).toBe(
      'wrong: Test 2 of 2 failed: for the input "5 6" expected the output "11", got "3".',
    );
  });

  it.each([
    [
      'reads to the end, flushes and leaves hard',
      'import sys, os\nprint(sum(map(int, sys.stdin.read().split())), flush=True)\nos._exit(0)',
    ],
    [
      'runs under __main__ in a thread with a large stack',
      'import sys, threading\nsys.setrecursionlimit(10**6)\ndef main():\n  def f(n): return 0 if n == 0 else 1 + f(n - 1)\n  f(20000)\n  print(sum(map(int, input().split())))\nif __name__ == "__main__":\n  threading.stack_size(2**27)\n  t = threading.Thread(target=main)\n  t.start()\n  t.join()',
    ],
    ['ends with exit()', 'print(sum(map(int, input().split())))\nexit()'],
    [
      'writes a file of its own',
      'open("/tmp/x", "w").write(input())\nprint(sum(map(int, open("/tmp/x").read().split())))',
    ],
  ])('takes a program that %s', async (_, program) => {
    expect(await text(program, sum)).toMatch(/^correct/);
  });

  it('tells what the sandbox lacks from what the program gets wrong', async () => {
    expect(await text('import numpy', sum)).toMatch(/^graderError: .*No module named 'numpy'/);
    expect(await text('import math.nothing', sum)).toMatch(/^wrong: .*'math' is not a package/);
    expect(
      await text(
        'try:\n  import numpy\nexcept ImportError:\n  pass\nprint(sum(map(int, input().split())))',
        sum,
      ),
    ).toMatch(/^correct/);
  });

  it('names the line of an exception, and of an error of syntax', async () => {
    expect(await text('x = 1\nprint(1 / 0)', sum)).toBe(
      'wrong: Test 1 of 2 failed in line 2: ZeroDivisionError: division by zero.',
    );
    expect(await text('x = 1\ndef f(:', sum)).toMatch(
      /^wrong: The program does not compile in line 2: SyntaxError/,
    );
  });
});

describe('functions', () => {
  const task = {
    style: 'function',
    entryPoint: 'shift',
    prelude: 'from typing import *',
    tests: [
      {
        argsText: '[1, 2]\n1234567890123456789012',
        returnsText: '{"sum": 1234567890123456789015, "pair": [1, 2]}',
      },
    ],
  };

  it('calls a method of Solution, with integers of any length', async () => {
    const program = (n: string) =>
      `class Solution:\n  def shift(self, xs: List[int], n: int):\n    return {"sum": n + sum(xs)${n}, "pair": tuple(xs)}`;
    expect(await text(program(''), task)).toMatch(/^correct/);
    expect(await text(program(' + 1'), task)).toMatch(
      /^wrong: Test 1 of 1 failed: shift\(\[1, 2\], .* got .*1234567890123456789016/,
    );
  });

  it('takes rows of APPS, whose values are wrapped into lists and whose keys were integers', async () => {
    const wrapped = {
      style: 'function',
      entryPoint: 'most',
      comparison: 'wrapped',
      tests: [
        { args: [{ '1': 5, '20': 7 }], returns: [20] },
        { args: [{ a: 1 }], returns: ['a'] },
      ],
    };
    expect(await text('def most(d): return max(d, key=d.get)', wrapped)).toMatch(/^correct/);
    expect(await text('def most(d): return str(max(d, key=d.get))', wrapped)).toMatch(/^wrong: Test 1 of 2/);
  });

  it('keeps the program loaded between its tests', async () => {
    const tests = [1, 2].map((returns) => ({ args: [], returns }));
    expect(
      await text('n = 0\ndef f():\n  global n\n  n += 1\n  return n', {
        style: 'function',
        entryPoint: 'f',
        tests,
      }),
    ).toMatch(/^correct/);
  });

  it('says when there is no such function', async () => {
    expect(await text('def shift2(): ...', task)).toMatch(/^wrong: .*NameError: name 'shift' is not defined/);
  });
});

describe('JavaScript', () => {
  const stdio = {
    language: 'javascript',
    style: 'stdio',
    tests: [{ stdin: '1 2\n3 4\n', stdout: '3\n7\n' }],
  };

  it.each([
    'const lines = require("fs").readFileSync("/dev/stdin", "utf8").trim().split("\\n");\nfor (const line of lines) console.log(line.split(" ").map(Number).reduce((a, b) => a + b));',
    'const rl = require("readline").createInterface({ input: process.stdin });\nrl.on("line", (line) => { const [a, b] = line.split(" ").map(Number); console.log(a + b); });',
    'let all = "";\nprocess.stdin.on("data", (d) => (all += d)).on("end", () => setTimeout(async () => { await null; for (const l of all.trim().split("\\n")) { const [a, b] = l.split(" "); process.stdout.write(+a + +b + "\\n"); } }, 5));',
  ])('reads standard input as programs for Node do (%#)', async (program) => {
    expect(await text(program, stdio)).toMatch(/^correct/);
  });

  it('runs the asserts of MultiPL-E and of HumanEval-X', async () => {
    const multiple =
      'const assert = require("node:assert");\nfunction test() {\n  let candidate = pairs;\n  assert.deepEqual(candidate([1, 2]), [[1, 2]]);\n}\ntest();';
    const x = 'const test = () => { console.assert(JSON.stringify(pairs([3, 4])) === "[[3,4]]") };\ntest();';
    const task = { language: 'javascript', style: 'asserts', entryPoint: 'pairs', tests: [multiple, x] };
    expect(await text('const pairs = (xs) => [xs];', task)).toMatch(/^correct/);
    expect(await text('const pairs = (xs) => xs;', task)).toMatch(
      /^wrong: Test 1 of 2 failed: AssertionError: expected \[ \[ 1, 2 \] \], got \[ 1, 2 \]/,
    );
  });

  it('calls functions by value', async () => {
    const task = {
      language: 'javascript',
      style: 'function',
      entryPoint: 'f',
      tests: [{ args: [[1], 'a'], returns: { a: [1], n: null } }],
    };
    expect(await text('function f(xs, key) { return { [key]: xs, n: null }; }', task)).toMatch(/^correct/);
    expect(await text('function f(xs, key) { return { [key]: xs, n: undefined }; }', task)).toMatch(/^wrong/);
    expect(await text('const ramda = require("ramda");', task)).toMatch(/^graderError/);
  });
});

describe('the verifier of kind code', () => {
  const verify = (response: string, finish: 'stop' | 'length', answer: object) =>
    codeVerifier.verify({
      problem: {
        id: '0'.repeat(16),
        messages: [],
        answer: JSON.stringify(answer),
        verifier: 'code',
        hints: [],
        source: 'test',
      },
      response,
      finish,
    });
  const answer = { language: 'javascript', style: 'stdio', tests: [{ stdin: '', stdout: '1' }] };

  it('tells prose from a program, and a response that was cut off from one that gives none', async () => {
    expect(await verify('The answer is 1.', 'stop', answer)).toMatchObject({
      kind: 'malformed',
      extracted: null,
    });
    expect(await verify('The answer is', 'length', answer)).toMatchObject({
      kind: 'truncated',
      extracted: null,
    });
    expect(await verify('console.log(1)', 'length', answer)).toMatchObject({ kind: 'correct' });
  });

  it('ends its interpreters with the last pool of verifiers that uses them, and starts again when asked', async () => {
    const input = (response: string) => ({
      problem: {
        id: '0'.repeat(16),
        messages: [],
        answer: JSON.stringify(answer),
        verifier: 'code',
        hints: [],
        source: 'test',
      },
      response,
      finish: 'stop' as const,
    });
    const [one, two] = [new VerifierPool(), new VerifierPool()];
    const [first, second] = [one.verifierFor('code'), two.verifierFor('code')];
    expect(await first.verify(input('console.log(1)'))).toMatchObject({ kind: 'correct' });
    const backend = sharedCodeBackend();
    await one.close();
    await one.close();
    expect(sharedCodeBackend()).toBe(backend);
    expect(await second.verify(input('console.log(1)'))).toMatchObject({ kind: 'correct' });
    await two.close();
    expect(sharedCodeBackend()).not.toBe(backend);
    const task = parseCodeTask(JSON.stringify(answer));
    await expect(backend.run('1', task, limits)).rejects.toThrow(/closed/);
  });

  it('says of a row that is no task what is wrong with it', async () => {
    await expect(verify('x', 'stop', { ...answer, style: 'stdoi' })).rejects.toThrow(/"style"/);
  });
});

describe('limits', () => {
  it('bounds all tests of a response together, not only each', async () => {
    const tests = Array.from({ length: 3 }, () => ({ stdin: '', stdout: 'x'.repeat(600) }));
    const task = { style: 'stdio', tests };
    expect(await text('print("x" * 600)', task, { responseOutputBytes: 2000 })).toMatch(/^correct/);
    expect(await text('print("x" * 600)', task, { responseOutputBytes: 1500 })).toMatch(
      /^wrong: Test 3 of 3 .*output limit/,
    );
    expect(await text('print("x" * 600)', task, { outputBytes: 500 })).toMatch(
      /^wrong: Test 1 of 3 .*output limit/,
    );
    expect(await text('pass', task, { responseTimeMs: 0 })).toMatch(/^wrong: Test 1 of 3 .*time limit/);
  });

  it('gives a program the memory that it is allowed, and no more', async () => {
    const task = { style: 'stdio', tests: [{ stdin: '', stdout: '1' }] };
    const program = 'x = bytearray(40 * 2**20)\nprint(1)';
    expect(await text(program, task, { memoryMb: 128 })).toMatch(/^correct/);
    expect(await text(program, task, { memoryMb: 16 })).toMatch(/^wrong: .*memory limit/);
  });
});
