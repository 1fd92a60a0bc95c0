// JavaScript that tries to pass without solving anything, to outlive its limits or to reach the machine, as in
// hostile-python.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET, gradeIn, stdio } from './hostile.case.ts';
import { LocalSandbox } from './local-sandbox.ts';

const sandbox = new LocalSandbox({ size: 1 });
beforeAll(() => {
  process.env.GUIDERAIL_TEST_SECRET = SECRET;
});
afterAll(() => {
  delete process.env.GUIDERAIL_TEST_SECRET;
  sandbox.close();
});

const grade = (language: string, program: string, task: object) => gradeIn(sandbox, language, program, task);

describe('JavaScript', () => {
  it.each([
    ['an infinite loop', 'for (;;) {}', /time limit/],
    [
      'a loop that catches everything',
      'for (;;) { try { for (;;) {} } catch {} finally { continue; } }',
      /time limit/,
    ],
    ['promises without end', 'const f = () => Promise.resolve().then(f); f();', /time limit|memory limit/],
    ['timers without end', 'const f = () => setTimeout(f, 0); f();', /time limit/],
    [
      'an expression that backtracks',
      '/^(a+)+$/.test("a".repeat(40) + "b"); console.log("no");',
      /time limit|got "no"/,
    ],
    ['an allocation bomb', 'const all = []; for (;;) all.push(new Array(1000).fill(1));', /memory limit/],
    ['deep recursion', 'const f = () => f() + 1; f();', /stack|memory limit/],
    ['a flood of output', 'for (;;) console.log("yes".repeat(1000));', /output limit/],
    ['files', 'console.log(require("fs").readFileSync("/etc/passwd", "utf8") ? "yes" : "");', /ENOENT/],
    [
      'a process',
      'console.log(require("child_process").execSync("echo yes"));',
      /Cannot find module 'child_process'/,
    ],
    [
      'a module by import',
      'import("node:child_process").then(() => console.log("yes"), () => console.log("no"));',
      /got "no"/,
    ],
    [
      'more of a module than is there',
      'import("node:fs").then((fs) => console.log(fs.writeFileSync || fs.openSync ? "yes" : "no"));',
      /got "no"/,
    ],
    [
      'the environment',
      `console.log(JSON.stringify(process.env).includes("${SECRET}") ? "yes" : "no");`,
      /got "no"/,
    ],
    [
      'a constructor that leads out',
      'const g = console.log.constructor("return this")(); console.log(["fetch", "Buffer", "WebAssembly", "XMLHttpRequest", "std", "os"].some((k) => k in g) || g.process.binding || g.process.mainModule ? "yes" : "no");',
      /got "no"/,
    ],
    ['right output and then an exception', 'console.log("yes"); throw new Error("late");', /late/],
    ['right output and then a status', 'console.log("yes"); process.exit(2);', /exited with 2/],
    [
      'an exit that it catches',
      'try { process.exit(3); } catch {} finally { console.log("yes"); }',
      /exited with 3/,
    ],
    ['a status that it leaves', 'console.log("yes"); process.exitCode = 4;', /exited with 4/],
    [
      'an exit made by hand',
      'console.log("yes"); throw Object.assign(new Error("0"), { name: "ExitStatus" });',
      /ExitStatus: 0/,
    ],
    ['an error of syntax as it runs', 'console.log("yes"); JSON.parse("{");', /^wrong: Test 1 of 1 failed/],
    ['a name of megabytes', 'throw Object.assign(new Error("x"), { name: "x".repeat(1e6) });', /^.{0,1000}$/],
    [
      'promises that make promises',
      'const f = () => { for (let i = 0; i < 1000; i++) Promise.resolve().then(f); }; f();',
      /time limit|memory limit/,
    ],
    [
      'right output and then a rejection',
      'console.log("yes"); (async () => { for (;;) {} })();',
      /time limit/,
    ],
  ])('%s', async (_, program, sentence) => {
    const { kind, reason } = await grade('javascript', program, stdio);
    expect(kind).not.toBe('correct');
    expect(`${kind}: ${reason}`).toMatch(sentence);
  });

  const test = 'const assert = require("assert");\nassert.deepEqual(f(1), { a: 12345 });';
  it.each([
    [
      'polluted prototypes',
      'Object.prototype.a = 12345; Object.prototype.toJSON = () => ({ a: 12345 }); Array.prototype.every = () => true; Object.keys = () => []; function f() { return {}; }',
    ],
    ['a polluted __proto__', 'function f() { return JSON.parse(\'{"__proto__": {"a": 12345}}\'); }'],
    ['a changed JSON', 'JSON.stringify = () => \'{"error": null}\'; function f() { return 0; }'],
    [
      'changed globals of the tests',
      'globalThis.require = () => ({ deepEqual() {} }); function f() { return 0; }',
    ],
    ['valueOf', 'function f() { return { valueOf: () => 12345, toString: () => "12345" }; }'],
    [
      'a proxy',
      'function f() { return new Proxy({}, { get: () => 12345, ownKeys: () => ["b"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }); }',
    ],
    ['an exit', 'function f() { process.exit(0); }'],
    ['a promise that is never settled', 'async function f() { await new Promise(() => {}); }'],
    ['a thenable', 'function f() { return { then(done) { done({ a: 12345 }); } }; }'],
    ['getters', 'let n = 0; function f() { return { get a() { return n++; } }; }'],
    ['Symbol.toPrimitive', 'function f() { return { a: { [Symbol.toPrimitive]: () => 12345 } }; }'],
    ['toJSON', 'function f() { return { toJSON: () => ({ a: 12345 }) }; }'],
    ['values that nest without end', 'function f() { const a = []; a.push(a); return a; }'],
    [
      'an error with a name of the prototype',
      'function f() { throw Object.assign(new Error("x"), { name: "__proto__" }); }',
    ],
  ])('passes no test by %s', async (_, program) => {
    const verdict = await grade('javascript', program, { style: 'asserts', entryPoint: 'f', tests: [test] });
    expect(verdict.kind).toBe('wrong');
  });

  const assertions = (...tests: string[]) => ({
    style: 'asserts',
    entryPoint: 'f',
    tests: tests.map((text) => `const assert = require("assert");\n${text}`),
  });
  it.each([
    ['another error than the expected', 'assert.throws(() => f(1), RangeError);'],
    ['another message than the expected', 'assert.throws(() => f(1), /z/);'],
    ['an error of other fields', 'assert.throws(() => f(1), { message: "y" });'],
    ['an error where there is to be none', 'assert.doesNotThrow(() => f(1));'],
    ['a rejection of another kind', 'assert.rejects(async () => f(1), RangeError);'],
    ['an assertion that nobody waits for', '(async () => { assert.equal(await null, 1); })();\n0;'],
    ['a test that waits for ever', '(async () => { await new Promise(() => {}); assert.fail(); })();'],
  ])('passes no test by %s', async (_, test) => {
    const program = 'function f() { throw new TypeError("x"); }';
    expect(await grade('javascript', program, assertions(test))).toMatchObject({ kind: 'wrong' });
    expect(
      await grade(
        'javascript',
        program,
        assertions('assert.throws(() => f(1), TypeError);\nassert.throws(() => f(1), { message: "x" });'),
      ),
    ).toMatchObject({ kind: 'correct' });
  });

  it('starts every program in a new world', async () => {
    await grade('javascript', 'Object.prototype.x = 1; globalThis.leftover = 1; console.log("yes");', stdio);
    const probe = 'console.log(({}).x === undefined && typeof leftover === "undefined" ? "yes" : "no");';
    expect(await grade('javascript', probe, stdio)).toMatchObject({ kind: 'correct' });
  });
});
