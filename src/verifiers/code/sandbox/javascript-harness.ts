// The JavaScript that runs inside QuickJS around a program, as text: the small part of Node's surface that
// programs of the usual suites use (console, standard input, timers), and calls between the program and the checker
// (javascript-values.ts). As in Python, nothing in here decides a verdict about a program that shares its
// interpreter.
import { JAVASCRIPT_ASSERT } from './javascript-assert.ts';
import { JAVASCRIPT_VALUES } from './javascript-values.ts';

const JAVASCRIPT_NODE = String.raw`
  const wait = [];
  const on = (event, listener) => { wait.push([event, listener]); return stream; };
  const stream = { on, once: on, addListener: on, setEncoding() {}, resume() {}, fd: 0, close() {}, question: (_, f) => on('one line', f),
    [Symbol.asyncIterator]: async function* () { for (const line of lines()) yield line; } };
  let rest = null;
  const input = () => (rest === null ? (rest = readInput()) : rest);
  const lines = () => { const text = input(); rest = ''; const all = text.split(/\r?\n/); if (all.at(-1) === '') all.pop(); return all; };
  const oneLine = () => { const text = input(); const end = text.indexOf('\n'); rest = end < 0 ? '' : text.slice(end + 1); return (end < 0 ? text : text.slice(0, end)).replace(/\r$/, ''); };
  const modules = {
    assert,
    fs: { readFileSync: (file, how) => {
      if (file !== 0 && file !== '/dev/stdin') throw new Error("ENOENT: no such file or directory, open '" + file + "'");
      const text = input(); rest = ''; return text; }, writeSync: (fd, text) => write(fd === 2 ? 2 : 1, String(text)) },
    readline: { createInterface: () => stream },
    util: { inspect: (v) => show(v, 1), format: (...a) => format(a).slice(0, -1), isDeepStrictEqual: (a, b) => same(a, b, false) },
    os: { EOL: '\n' },
  };
  const global = globalThis;
  global.global = global;
  const print = (...a) => write(1, format(a)), complain = (...a) => write(2, format(a));
  global.console = { log: print, info: print, debug: print, error: complain, warn: complain, trace: complain, assert, time() {}, timeEnd() {} };
  const bare = (name) => String(name).replace(/^node:/, '').replace('assert/strict', 'assert');
  global.require = (name) => {
    if (Object.hasOwn(modules, bare(name))) return modules[bare(name)];
    const error = new Error("Cannot find module '" + name + "'");
    error.name = 'MissingModule';
    throw error;
  };
  global.module = { exports: {} }; global.exports = global.module.exports; global.require.main = global.module;
  // Nothing that a program catches may keep it from its exit: the host interrupts the loop.
  const leave = (code) => { exit(Number(code ?? global.process.exitCode ?? 0)); for (;;); };
  const emit = (stream) => (t) => { write(stream, String(t)); return true; };
  global.process = { argv: ['node', 'program'], env: {}, stdin: stream, stdout: { write: emit(1) }, stderr: { write: emit(2) }, on: () => {},
    nextTick: (f, ...a) => { Promise.resolve().then(() => f(...a)); }, exit: leave, hrtime: Object.assign(() => [Math.floor(Date.now() / 1000), 0], { bigint: () => BigInt(Date.now()) * 1000000n }) };
  const timers = [];
  let started = 0, now = 0;
  const timer = (every) => (f, ms = 0, ...a) => {
    const after = Math.max(1, Number(ms) || 0);
    timers.push({ id: ++started, at: now + after, every: every ? after : 0, f: () => f(...a) });
    return started;
  };
  global.setTimeout = timer(false); global.setInterval = timer(true);
  global.setImmediate = (f, ...a) => global.setTimeout(f, 0, ...a);
  global.clearTimeout = global.clearInterval = global.clearImmediate = (id) => { const at = timers.findIndex((t) => t.id === id); if (at >= 0) timers.splice(at, 1); };
  // Time passes for timers by being waited for: they run in the order of their times, without waiting.
  const tick = () => {
    if (timers.length === 0) return false;
    const next = timers.sort((a, b) => a.at - b.at || a.id - b.id)[0];
    now = next.at;
    if (next.every > 0) next.at += next.every; else timers.shift();
    next.f();
    return true;
  };
  const turn = () => {
    const next = wait.splice(0);
    if (next.length === 0) return tick();
    if (next.some(([e]) => e === 'one line')) {
      for (const [e, f] of next) if (e === 'one line') f(oneLine()); else wait.push([e, f]);
      return true;
    }
    const text = next.some(([e]) => e === 'line') ? lines() : null;
    for (const [e, f] of next) {
      if (e === 'line') for (const line of text) f(line);
      if (e === 'data') { const all = input(); rest = ''; if (all !== '') f(all); }
    }
    for (const [e, f] of next) if (e === 'end' || e === 'close') f();
    return true;
  };
  const status = () => String(Number(global.process.exitCode ?? 0));
  const moduleText = (name) => Object.hasOwn(modules, bare(name))
    ? 'const m = require("' + bare(name) + '"); export default m; export const { ' + Object.keys(modules[bare(name)]).join(', ') + ' } = m;' : '';
`;

/** Gives an object of the functions that the child calls. */
export const JAVASCRIPT_HARNESS = `(() => {
  const { __write: write, __input: readInput, __bridge: bridge, __drain: drain, __exit: exit, __checks: checks } = globalThis;
  for (const name of Object.keys(globalThis)) if (name.startsWith('__')) delete globalThis[name];
${JAVASCRIPT_VALUES}
${JAVASCRIPT_ASSERT}
${JAVASCRIPT_NODE}
  return { call, answered, propose, turn, status, moduleText, last: () => last, broken: () => broken };
})()`;
