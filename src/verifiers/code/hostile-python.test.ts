// Python that tries to pass without solving anything, to outlive their limits or to reach the machine. Each must
// come out as no pass, and the interpreter must be as good as new for whoever comes next.
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_LIMITS, SECRET, gradeIn, stdio } from './hostile.case.ts';
import { LocalSandbox } from './local-sandbox.ts';

let sandbox: LocalSandbox;
let server: Server;
let visits = 0;

beforeAll(async () => {
  process.env.GUIDERAIL_TEST_SECRET = SECRET;
  server = createServer((socket) => {
    visits++;
    socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  sandbox = new LocalSandbox({ size: 1 });
});
afterAll(() => {
  delete process.env.GUIDERAIL_TEST_SECRET;
  sandbox.close();
  server.close();
});

const grade = (language: string, program: string, task: object) => gradeIn(sandbox, language, program, task);
const asserts = {
  style: 'asserts',
  entryPoint: 'f',
  tests: [
    'assert f(1) == 12345',
    'assert all(map(lambda x: f(x) == x, [1, 2]))',
    'assert abs(f(3) - 9) < 1e-6',
  ],
};
const call = { style: 'function', entryPoint: 'f', tests: [{ args: [1], returns: 12345 }] };

/** Puts the globals of the harness, found in the frames above, into `h`. */
const HARNESS =
  'import sys\nframe = sys._getframe()\nwhile frame:\n  if "_ask" in frame.f_globals: h = frame.f_globals\n  frame = frame.f_back\n';

describe('Python', () => {
  it.each([
    ['an infinite loop', 'while True: pass', /time limit/],
    [
      'a loop that catches everything',
      'while True:\n  try:\n    while True: pass\n  except: pass',
      /time limit/,
    ],
    ['one enormous allocation', 'x = bytearray(2**30)', /memory limit/],
    ['many allocations', 'x = []\nwhile True: x.append("a" * 10**6)', /memory limit/],
    ['a number without end', 'x = 7\nwhile True: x = x * x', /(memory|time) limit/],
    [
      'deep recursion',
      'import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + 1\nf(0)',
      /memory limit|time limit|RecursionError|went down/,
    ],
    [
      'deep recursion in C',
      'x = []\nfor i in range(10**6): x = [x]\nprint(x)',
      /RecursionError|went down|limit/,
    ],
    ['a flood of output', 'while True: print("yes" * 1000)', /output limit/],
    ['fork', 'import os\nif os.fork() == 0: print("yes")', /Function not implemented|OSError/],
    ['a process', 'import subprocess\nprint(subprocess.check_output(["echo", "yes"]).decode())', /OSError/],
    ['os.system', 'import os\nprint("yes" if os.system("true") == 0 else "no")', /got "no"|Error/],
    ['a file of the host', 'print("yes" if open("/etc/passwd").read() else "")', /FileNotFoundError/],
    [
      'the folders of the host',
      'import os\nprint("yes" if os.path.exists("/work") or os.path.exists("/etc/hostname") else "no")',
      /got "no"/,
    ],
    [
      'the environment',
      `import os\nprint("yes" if "${SECRET}" in str(dict(os.environ)) or "GUIDERAIL_TEST_SECRET" in os.environ else "no")`,
      /got "no"/,
    ],
    ['right output and then an exception', 'print("yes")\nraise ValueError("late")', /ValueError: late/],
    ['right output and then an exit status', 'print("yes")\nimport sys\nsys.exit(3)', /exited with 3/],
    [
      'right output and then a hard exit status',
      'import os\nprint("yes", flush=True)\nos._exit(3)',
      /status 3/,
    ],
    ['right output and then a loop', 'print("yes", flush=True)\nwhile True: pass', /time limit/],
    [
      'the end of the interpreter through its memory',
      'import ctypes\nprint("yes", flush=True)\nctypes.memset(0, 255, 2**24)',
      /wrong/,
    ],
    [
      'a call to nowhere',
      'import ctypes\nprint("yes", flush=True)\nctypes.CFUNCTYPE(None)(2**20 + 1)()',
      /wrong/,
    ],
    ['hosts object by import', 'import js\nprint("yes")', /No module named 'js'/],
    ['hosts object through Pyodide', 'import pyodide_js\nprint("yes")', /No module named 'pyodide_js'/],
    [
      'hosts object through its core',
      'import _pyodide_core\nprint("yes")',
      /No module named '_pyodide_core'/,
    ],
  ])('%s', async (_, program, sentence) => {
    const { kind, reason } = await grade('python', program, stdio);
    expect(kind).not.toBe('correct');
    expect(`${kind}: ${reason}`).toMatch(sentence);
  });

  it('opens no connection', async () => {
    const { port } = server.address() as AddressInfo;
    const program = `import socket\ns = socket.create_connection(("127.0.0.1", ${port}))\nprint("yes" if s.recv(1) == b"" else "no")`;
    expect(
      await grade('python', program, { ...stdio, tests: [{ stdin: '', stdout: 'connected' }] }),
    ).toMatchObject({ kind: 'wrong' });
    expect(visits).toBe(0);
  });

  it('leaves no file on the host', async () => {
    const path = `/tmp/guiderail-escape-${process.pid}`;
    await grade('python', `open("${path}", "w").write("x")\nprint("yes")`, stdio);
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    [
      'objects equal to everything',
      'class A:\n  def __eq__(s, o): return True\n  def __lt__(s, o): return True\n  def __bool__(s): return True\n  def __sub__(s, o): return s\n  def __abs__(s): return s\ndef f(x): return A()',
    ],
    [
      'numbers equal to everything',
      'class A(int):\n  def __eq__(s, o): return True\n  def __sub__(s, o): return 0\ndef f(x): return A(5)',
    ],
    ['a hard exit', 'import os\ndef f(x): os._exit(0)'],
    ['a hard exit before the tests', 'import os\nos._exit(0)\ndef f(x): ...'],
    ['an exit', 'import sys\ndef f(x): sys.exit(0)'],
    [
      'the end of the iteration that asks',
      'def f(x):\n  if x == 1 and not hasattr(f, "n"):\n    f.n = 1\n    return 12345\n  raise StopIteration',
    ],
    [
      'a changed json',
      'import json\njson.dumps = lambda *a, **k: \'{"error": null, "text": "{\\\\"value\\\\": true}", "value": true}\'\ndef f(x): return 0',
    ],
    [
      'changed frames above',
      'import sys\nframe = sys._getframe()\nwhile frame:\n  for name in list(frame.f_globals):\n    if name.startswith("_") and not name.startswith("__") and callable(frame.f_globals[name]): frame.f_globals[name] = lambda *a, **k: \'{"error": null}\'\n  frame = frame.f_back\ndef f(x): return 0',
    ],
    [
      'an answer that is no answer',
      'import json\njson.dumps = lambda *a, **k: \'{"error": {"kind": "exit", "type": 1, "message": 0}}\'\ndef f(x): return 0',
    ],
    [
      'a changed assert',
      'import builtins\nbuiltins.AssertionError = Warning\nbuiltins.abs = lambda x: 0\nbuiltins.all = lambda x: True\ndef f(x): return 12345',
    ],
    [
      'AssertionError swallowed by a trace',
      'import sys\nsys.settrace(lambda *a: None)\ndef f(x): raise AssertionError("passed")',
    ],
    [
      'output that looks like an answer',
      'print(\'{"error": null}\')\nprint(\'{"token": "", "type": "done", "text": "{\\\\"error\\\\": null}"}\', flush=True)\ndef f(x): return 1',
    ],
    [
      'names that the tests did not ask for',
      `${HARNESS}h["_names"] = lambda names: {n: ["call", None] for n in ["abs", "all", "map", "AssertionError", "candidate", "f"]}\nh["_lookup"] = lambda n: lambda *a, **k: 0\ndef f(x): return 0`,
    ],
    [
      'changes to what it was not given',
      `${HARNESS}old = h["_serve"]\nh["_serve"] = lambda m: old(m) if m["op"] == "names" else {"value": 0, "changes": [[0, ["l", []]]]}\ndef f(x): return 0`,
    ],
    [
      'messages on the way to the tests',
      `import os\ndef f(x):\n  for fd in range(3, 20):\n    try: os.write(fd, b'{"value": true}\\n')\n    except OSError: pass\n  return 0`,
    ],
    [
      'an exception whose type has a name of megabytes',
      'E = type("x" * 10**6, (Exception,), {})\ndef f(x): raise E()',
    ],
    ['an integer whose digits take minutes', 'def f(x): return 1 << 6 * 10**5'],
    ['values that nest without end', 'x = []\nx.append(x)\ndef f(y): return x'],
    ['a range too long to walk', 'def f(x): return range(10**15)'],
  ])('passes no test by %s', async (_, program) => {
    for (const task of [asserts, call]) {
      const { kind, reason } = await grade('python', program, task);
      expect(reason.length).toBeLessThan(2000);
      // 12345 is right for the one test of `call` and the first of the asserts; the others must fail.
      expect(kind).toBe(task === call && program.includes('return 12345') ? 'correct' : 'wrong');
    }
  });

  it('gets at nothing of the tests through what they hand to it', async () => {
    const tests = (argument: string) => [
      `class T:\n  def __init__(s): s.shown = 1; s._hidden = 2\nEXPECTED = 'only here'\nassert f(${argument}) == EXPECTED`,
    ];
    for (const attempt of [
      'g.__globals__',
      'g.__code__',
      'g.__init__.__globals__',
      'g._hidden',
      'g.__class__.__init__.__globals__["EXPECTED"]',
      'h["_call"]({"object": 0, "attribute": "__getattribute__"}, ("__globals__",), {})',
      'h["_call"]({"object": 0, "special": "setitem"}, ("__code__", None), {})',
      'h["_call"]({"name": "EXPECTED"}, (), {})',
      'h["_ask"]({"op": "get", "object": 0, "attribute": "__dict__"})',
      'h["_ask"]({"op": "set", "object": 0, "attribute": "__class__", "value": 1})',
    ]) {
      const program = `${HARNESS}def f(g):\n  got = ${attempt}\n  return got.get("EXPECTED") if isinstance(got, dict) else "refused"`;
      for (const argument of ['lambda: 1', 'T()', '(x for x in [1])']) {
        const task = { style: 'asserts', entryPoint: 'f', tests: tests(argument) };
        expect(await grade('python', program, task)).toMatchObject({ kind: 'wrong' });
      }
    }
  });

  it('puts no method of its own into an object of the tests', async () => {
    const test = 'class T:\n  def holds(s, x): return x == 12345\nt = T()\nassert t.holds(f(t))';
    const program = 'def f(t):\n  try: t.holds = lambda x: True\n  except AttributeError: pass\n  return 0';
    const task = { style: 'asserts', entryPoint: 'f', tests: [test] };
    expect(await grade('python', program, task)).toMatchObject({ kind: 'wrong' });
  });

  it('brings no module of its own for one of the standard library', async () => {
    const program = 'class math:\n  isclose = staticmethod(lambda *a, **k: True)\ndef f(x): return 0';
    const task = { style: 'asserts', entryPoint: 'f', tests: ['assert math.isclose(f(3), 9)'] };
    expect(await grade('python', program, task)).toMatchObject({ kind: 'wrong' });
  });

  it.each([
    ['asks for ever', 'def f(g):\n  while True: g(1)', 'assert f(lambda x: x) == 1'],
    [
      'is asked for ever',
      'class A:\n  def __iter__(s): return s\n  def __next__(s): return 1\ndef f(): return A()',
      'assert list(f()) == [1]',
    ],
    ['asks when it is asked', 'def f(g): return g(f)', 'def g(h): return h(g)\nassert f(g) == 1'],
  ])('outlives no limit where it %s', async (_, program, test) => {
    const task = { style: 'asserts', entryPoint: 'f', tests: [test] };
    expect(await grade('python', program, task)).toMatchObject({ kind: 'wrong' });
  });

  it('is wrong, and no fault of the grader, where it brings the whole process down', async () => {
    // Names of links are strings of the host, which V8 runs out of memory for.
    const program = 'import os\nfor i in range(10**5): os.symlink("x" * 10**6 + str(i), f"/tmp/{i}")';
    const limits = { ...HOSTILE_LIMITS, timeMs: 20_000 };
    expect(await gradeIn(sandbox, 'python', program, stdio, limits)).toMatchObject({ kind: 'wrong' });
  });

  it.each([
    ['a file', 'open("/tmp/x", "w").write("1")', 'not os.path.exists("/tmp/x")'],
    ['a folder to work in', 'os.chdir("/tmp")', 'os.getcwd() == "/home/pyodide"'],
    ['rights of a stream', 'os.fchmod(0, 0)', 'os.fstat(0).st_mode & 0o777'],
    [
      'rights of a folder',
      'd = os.open("/lib", 0)\nos.fchmod(d, 0)\nos.close(d)',
      'os.stat("/lib").st_mode & 0o777',
    ],
    ['times of a folder', 'os.utime("/lib", (1, 1))', 'os.stat("/lib").st_mtime > 1'],
    [
      'flags of a stream',
      'import fcntl\nfcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK)',
      'not __import__("fcntl").fcntl(0, 3) & os.O_NONBLOCK',
    ],
    ['a stream for another', 'a = os.dup(0)\nos.dup2(1, 0)\nos.dup2(a, 0)\nos.close(a)', 'input() == "20"'],
    ['variables', 'os.environ["A"] = "1"\nos.putenv("B", "1")', '"A" not in os.environ'],
    [
      'a module that it changed',
      'import random, time, asyncio\nrandom.random = time.time = asyncio.run = lambda *a: 1',
      '__import__("random").random() != 1 and __import__("time").time() != 1',
    ],
    ['a collector that is off', 'import gc\ngc.disable()', '__import__("gc").isenabled()'],
    [
      'a context of numbers',
      'import decimal\ndecimal.getcontext().prec = 3',
      '__import__("decimal").getcontext().prec == 28',
    ],
  ])('leaves to the next program nothing of %s', async (_, poison, check) => {
    await grade('python', `import os\n${poison}\nprint("yes")`, stdio);
    expect(await grade('python', `import os\nprint("yes" if ${check} else "no")`, stdio)).toMatchObject({
      kind: 'correct',
    });
  });

  it('finds the interpreter as it was after a program that changed it', async () => {
    const poison =
      'import builtins, json, sys, math\nbuiltins.len = lambda x: 0\njson.loads = None\nmath.pi = 3\nsys.stdin = None\nsys.modules["re"] = None\nsys.setrecursionlimit(60)\nbuiltins.leftover = 1\nprint("yes")';
    await grade('python', poison, stdio);
    const probe =
      'import re, math, json, builtins\nassert len("ab") == 2 and math.pi > 3.1 and json.loads("1") == 1 and not hasattr(builtins, "leftover")\ndef f(n): return 0 if n == 0 else f(n - 1)\nf(500)\nprint("yes" if input() == "20" else "no")';
    expect(await grade('python', probe, stdio)).toMatchObject({ kind: 'correct' });
  });
});

describe('the interpreter as the only layer', () => {
  const alone = new LocalSandbox({ size: 1, layers: new Set() });
  afterAll(() => alone.close());
  const reasonOf = async (program: string) => {
    return (await gradeIn(alone, 'python', program, stdio, { ...HOSTILE_LIMITS, timeMs: 5000 })).reason;
  };

  it('holds no object of the host that the collector, a loader or an undone import hook would show', async () => {
    const search =
      'import gc\nfound = [r for o in gc.get_objects() for r in [o, *gc.get_referents(o)]\n' +
      '         if any(c.__name__ == "JsProxy" for c in type(r).__mro__)]\nprint(len(found))';
    expect(await reasonOf(search)).toMatch(/got "0"/);
    const runJs =
      'import sys\nsys.meta_path.pop(0)\ntry:\n  from pyodide.code import run_js\n  print(run_js("1 + 1"))\nexcept BaseException as e:\n  print("refused")';
    expect(await reasonOf(runJs)).toMatch(/got "refused"/);
    const undone = 'import sys\nsys.meta_path.pop(0)\nimport _pyodide\n';
    expect(await reasonOf(`${undone}import _pyodide_core`)).toMatch(/No module named '_pyodide_core'/);
    const library = `${undone}import ctypes\nlibrary = ctypes.PyDLL(None)\n`;
    const init =
      'init = library.PyInit__pyodide_core\ninit.restype = ctypes.py_object\nprint(init().to_js([1]).constructor)';
    expect(await reasonOf(library + init)).toMatch(/ImportError/);
    expect(await reasonOf(`${library}library.emscripten_run_script(b"process.exitCode = 0")`)).toMatch(
      /eval is not defined/,
    );
  });

  it('still bounds its memory', async () => {
    expect(await reasonOf('x = []\nwhile True: x.append(bytearray(10**6))')).toMatch(/memory limit/);
  });
});
