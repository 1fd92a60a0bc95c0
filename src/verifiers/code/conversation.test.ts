// Tests that do more than call a function with plain values: what must go to and fro between the program and its tests.
import { afterAll, describe, expect, it } from 'vitest';
import { gradeIn } from './hostile.case.ts';
import { LocalSandbox } from './local-sandbox.ts';
import { DEFAULT_CODE_LIMITS } from './backend.ts';

const sandbox = new LocalSandbox({ size: 1 });
afterAll(() => sandbox.close());

async function kindOf(language: string, program: string, ...tests: string[]) {
  const task = { style: 'asserts', entryPoint: 'f', tests };
  const { kind, reason } = await gradeIn(sandbox, language, program, task, DEFAULT_CODE_LIMITS);
  return kind === 'correct' ? kind : `${kind}: ${reason}`;
}

describe('Python', () => {
  it('makes of an argument what the program made of it', async () => {
    const sorted = ['xs = [3, 1, 2]\nf(xs)\nassert xs == [1, 2, 3]'];
    expect(await kindOf('python', 'def f(xs): xs.sort()', ...sorted)).toBe('correct');
    expect(await kindOf('python', 'def f(xs): xs = sorted(xs)', ...sorted)).toMatch(
      /^wrong: .*f\(\[3, 1, 2\]\) gave None/,
    );
  });

  it('keeps which object is which, inside an argument and in the result', async () => {
    const test =
      'm = [[1, 2], [3, 4]]\nrow = m[0]\nassert f(m) is m\nassert m == [[3, 4], [1, 2, 5], [9]] and m[1] is row';
    expect(
      await kindOf('python', 'def f(m):\n  m.reverse()\n  m[1].append(5)\n  m.append([9])\n  return m', test),
    ).toBe('correct');
    const copied = 'def f(m):\n  m[:] = [list(m[1]), m[0] + [5], [9]]\n  return m';
    expect(await kindOf('python', copied, test)).toMatch(/^wrong/);
  });

  it.each([
    ['d = {"a": [1]}\nf(d)\nassert d == {"a": [1, 2], "b": 3}', 'd["a"].append(2); d["b"] = 3'],
    ['d = {1}\nf(d)\nassert d == {1, 2}', 'd.add(2)'],
    [
      'from collections import deque\nd = deque([1, 2, 3])\nf(d)\nassert d == deque([3, 1, 2])',
      'd.rotate(1)',
    ],
    ['d = bytearray(b"xy")\nf(d)\nassert d == b"Ay"', 'd[0] = 65'],
    [
      'from collections import Counter\nd = Counter("aab")\nf(d)\nassert d == Counter(a=2, b=1, c=1)',
      'd.update("c")',
    ],
    ['d = []\nd.append(d)\nf(d)\nassert d[0] is d and d[1] == 1', 'd.append(1)'],
  ])('knows what can be changed: %j', async (test, body) => {
    expect(await kindOf('python', `def f(d): ${body}`, test)).toBe('correct');
    expect(await kindOf('python', 'def f(d): pass', test)).toMatch(/^wrong/);
  });

  it('calls what a test hands over where the test is, with its exceptions', async () => {
    const tests = [
      'assert f(lambda x: x * x, [1, 2, 3]) == [1, 4, 9]',
      'seen = []\nf(seen.append, [1, 2])\nassert seen == [1, 2]',
      'def g(x): raise KeyError(x)\ntry:\n  f(g, [1])\n  assert False\nexcept KeyError:\n  pass',
      'assert f(lambda x: f(lambda y: -y, [x])[0], [1, 2]) == [-1, -2]',
      'assert f(int, ["1"]) == [1] and f(len, ["ab"]) == [2]',
    ];
    expect(await kindOf('python', 'def f(g, xs): return [g(x) for x in xs]', ...tests)).toBe('correct');
    for (const test of tests.slice(0, 2))
      expect(await kindOf('python', 'def f(g, xs): return xs', test)).toMatch(/^wrong/);
  });

  it('lets a program treat a function of the tests as one of its own', async () => {
    const decorator =
      'import functools\ndef f(g=None):\n  if g == None: return 0\n  if not g or not hasattr(g, "__name__") or hasattr(g, "cache"): return 1\n  @functools.wraps(g)\n  def twice(*a, **k): return g(g(*a, **k), **k)\n  return twice';
    const test = '@f\ndef g(x, *, by=1): return x + by\nassert g(1) == 3 and g(1, by=5) == 11 and f() == 0';
    expect(await kindOf('python', decorator, test)).toBe('correct');
  });

  it('hands over objects of the tests, iterators and dates', async () => {
    const tree =
      'class T:\n  def __init__(s, v, l=None, r=None): s.v, s.l, s.r = v, l, r\nt = T(1, T(2), T(3))\nassert f(t) == 6 and t.v == 0';
    const sum = 'def f(t):\n  if not t: return 0\n  v, t.v = t.v, 0\n  return v + f(t.l) + f(t.r)';
    expect(await kindOf('python', sum, tree)).toBe('correct');
    expect(
      await kindOf(
        'python',
        'def f(xs): return next(xs) + next(xs)',
        'import itertools\nassert f(itertools.count(1)) == 3',
      ),
    ).toBe('correct');
    const dates =
      'from datetime import date, timedelta\nassert f(date(2024, 3, 1), date(2024, 2, 1)) == timedelta(days=29)';
    expect(await kindOf('python', 'def f(a, b): return a - b', dates)).toBe('correct');
  });

  it('says of what cannot be handed over that it is no fault of the program', async () => {
    expect(await kindOf('python', 'def f(m): return 1', 'import os\nassert f(os) == 1')).toMatch(
      /^graderError: .*a module of the test/,
    );
  });

  it('awaits what the program gives, and runs its event loops and threads', async () => {
    expect(
      await kindOf('python', 'async def f(x): return x + 1', 'import asyncio\nassert asyncio.run(f(1)) == 2'),
    ).toBe('correct');
    const loop =
      'import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\nasync def one(n):\n  await asyncio.sleep(0.001 * n)\n  return await asyncio.to_thread(lambda: n)\n' +
      'async def all(n): return await asyncio.gather(*map(one, range(n)))\n' +
      'def f(n):\n  with ThreadPoolExecutor() as pool: return list(pool.map(str, asyncio.run(all(n))))';
    expect(await kindOf('python', loop, 'assert f(3) == ["0", "1", "2"]')).toBe('correct');
    const late =
      'import asyncio\nasync def main():\n  try: await asyncio.wait_for(asyncio.sleep(9), 0.001)\n  except TimeoutError: return 1\ndef f(): return asyncio.run(main())';
    expect(await kindOf('python', late, 'assert f() == 1')).toBe('correct');
  });

  it('tells a wait for another thread, which there is not, from a wait for nothing', async () => {
    const queue =
      'import queue, threading\nq = queue.Queue()\ndef f():\n  threading.Thread(target=q.get).start()\n  q.put(1)';
    expect(await kindOf('python', queue, 'f()')).toMatch(/^graderError: .*one thread/);
    const nothing =
      'import asyncio\nasync def main(): await asyncio.Event().wait()\ndef f(): asyncio.run(main())';
    expect(await kindOf('python', nothing, 'f()')).toMatch(/^wrong: .*waits for nothing/);
  });
});

describe('JavaScript', () => {
  const tests = (...texts: string[]) => texts.map((text) => `const assert = require("assert");\n${text}`);

  it('makes of an argument what the program made of it', async () => {
    const changed = tests(
      'const xs = [[3], [1]], inner = xs[0];\nassert.equal(f(xs), xs);\nassert.deepEqual(xs, [[1], [3, 4]]);\nassert.equal(xs[1], inner);',
    );
    expect(
      await kindOf('javascript', 'function f(xs) { xs.reverse(); xs[1].push(4); return xs; }', ...changed),
    ).toBe('correct');
    expect(await kindOf('javascript', 'function f(xs) { return [[1], [3, 4]]; }', ...changed)).toMatch(
      /^wrong/,
    );
    const others = tests(
      'const m = new Map([[1, { a: 1 }]]), s = new Set([1]);\nf(m, s);\nassert.deepEqual(m, new Map([[1, { b: 2 }]]));\nassert.ok(s.has(2));',
    );
    expect(
      await kindOf(
        'javascript',
        'function f(m, s) { const o = m.get(1); delete o.a; o.b = 2; s.add(2); }',
        ...others,
      ),
    ).toBe('correct');
  });

  it('calls what a test hands over, and what the program gives', async () => {
    const texts = tests(
      'assert.equal(f((x) => x * 2)(20), 41);',
      'assert.throws(() => f(() => { throw new RangeError("mine"); })(1), RangeError);',
    );
    expect(await kindOf('javascript', 'const f = (g) => (x) => g(x) + 1;', ...texts)).toBe('correct');
    expect(await kindOf('javascript', 'const f = (g) => (x) => x;', ...texts)).toMatch(/^wrong/);
  });

  it('awaits promises on either side', async () => {
    const texts = tests(
      '(async () => { assert.equal(await f(async (x) => x + 1, 1), 2); })();',
      'f((x) => x, 5).then((v) => assert.equal(v, 5));',
      'assert.rejects(f(async () => { throw new TypeError("mine"); }, 1), TypeError);',
    );
    const program =
      'async function f(g, x) { await new Promise((done) => setTimeout(done, 5)); return await g(x); }';
    expect(await kindOf('javascript', program, ...texts)).toBe('correct');
    expect(await kindOf('javascript', 'async function f(g, x) { return 7; }', texts[1])).toMatch(/^wrong/);
  });
});
