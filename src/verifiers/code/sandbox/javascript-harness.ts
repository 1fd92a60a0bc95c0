// The JavaScript that runs inside QuickJS around a program, as text: the small part of Node's surface that
// programs of the usual suites use (console, standard input, assert), and values as plain data and back. As in
// Python, nothing in here decides a verdict about a program that shares its interpreter.
//
// Values: null, booleans, strings and finite numbers are JSON; the rest is a list that begins with a tag:
// u undefined, f other numbers, i bigint (hex), l array, o object (pairs), m Map (pairs), s Set, h a function
// or an object with a class of its own (named, and opaque to the checker).

export const JAVASCRIPT_HARNESS = String.raw`
(() => {
  const write = globalThis.__write, readInput = globalThis.__input, bridge = globalThis.__bridge;
  delete globalThis.__write; delete globalThis.__input; delete globalThis.__bridge;
  const show = (v, depth = 0) => {
    if (typeof v === 'string') return depth === 0 ? v : "'" + v + "'";
    if (typeof v === 'bigint') return v + 'n';
    if (Object.is(v, -0)) return '-0';
    if (typeof v !== 'object' || v === null) return String(v);
    if (depth > 4) return '[Object]';
    if (Array.isArray(v)) return v.length === 0 ? '[]' : '[ ' + v.map((x) => show(x, depth + 1)).join(', ') + ' ]';
    if (v instanceof Error) return String(v);
    const entries = Object.entries(v).map(([k, x]) => k + ': ' + show(x, depth + 1));
    return entries.length === 0 ? '{}' : '{ ' + entries.join(', ') + ' }';
  };
  const format = (args) => args.map((v) => show(v)).join(' ') + '\n';
  const encode = (v, depth = 0) => {
    if (depth > 500) throw new RangeError('The value is nested too deeply.');
    if (v === null || typeof v === 'boolean' || typeof v === 'string') return v;
    if (v === undefined) return ['u'];
    if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0) ? v : ['f', Object.is(v, -0) ? '-0' : String(v)];
    if (typeof v === 'bigint') return ['i', (v < 0n ? '-0x' : '0x') + (v < 0n ? -v : v).toString(16)];
    const pairs = (entries) => entries.map(([k, x]) => [encode(k, depth + 1), encode(x, depth + 1)]);
    if (Array.isArray(v)) return ['l', Array.from(v, (x) => encode(x, depth + 1))];
    if (v instanceof Map) return ['m', pairs([...v])];
    if (v instanceof Set) return ['s', [...v].map((x) => encode(x, depth + 1))];
    const prototype = typeof v === 'object' ? Object.getPrototypeOf(v) : undefined;
    if (prototype === Object.prototype || prototype === null) return ['o', pairs(Object.entries(v))];
    if (bridge !== undefined) throw new TypeError('A function or an object of a class cannot be handed to the program.');
    return ['h', typeof v === 'function' ? 'function' : String(v.constructor && v.constructor.name)];
  };
  const decode = (w) => {
    if (!Array.isArray(w)) return w;
    const [tag, x] = w;
    if (tag === 'u') return undefined;
    if (tag === 'f') return Number(x);
    if (tag === 'i') return x.startsWith('-') ? -BigInt(x.slice(1)) : BigInt(x);
    if (tag === 'l') return x.map(decode);
    if (tag === 's') return new Set(x.map(decode));
    if (tag === 'm') return new Map(x.map(([k, y]) => [decode(k), decode(y)]));
    if (tag === 'h') return Symbol(x);
    const object = {};
    for (const [k, y] of x) Object.defineProperty(object, k, { value: decode(y), enumerable: true, writable: true, configurable: true });
    return object;
  };
  const same = (a, b, loose) => {
    if (loose ? a == b : Object.is(a, b)) return true;
    if (Number.isNaN(a) && Number.isNaN(b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    if (a instanceof Map !== b instanceof Map || a instanceof Set !== b instanceof Set) return false;
    if (a instanceof Map) return a.size === b.size && [...a].every(([k, v]) => b.has(k) && same(v, b.get(k), loose));
    if (a instanceof Set) return a.size === b.size && [...a].every((v) => [...b].some((w) => same(v, w, loose)));
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && same(a[k], b[k], loose));
  };
  class AssertionError extends Error { get name() { return 'AssertionError'; } }
  const fail = (a, b, message) => { throw new AssertionError(message ? String(message) : 'expected ' + show(b, 1) + ', got ' + show(a, 1)); };
  const assert = (ok, message) => { if (!ok) throw new AssertionError(message ? String(message) : 'the condition does not hold'); };
  Object.assign(assert, {
    ok: assert, AssertionError,
    equal: (a, b, m) => { if (a != b && !(Number.isNaN(a) && Number.isNaN(b))) fail(a, b, m); },
    notEqual: (a, b, m) => { if (a == b) throw new AssertionError(m ? String(m) : 'both are ' + show(a, 1)); },
    strictEqual: (a, b, m) => { if (!Object.is(a, b)) fail(a, b, m); },
    notStrictEqual: (a, b, m) => { if (Object.is(a, b)) throw new AssertionError(m ? String(m) : 'both are ' + show(a, 1)); },
    deepEqual: (a, b, m) => { if (!same(a, b, true)) fail(a, b, m); },
    deepStrictEqual: (a, b, m) => { if (!same(a, b, false)) fail(a, b, m); },
    throws: (f, m) => { try { f(); } catch { return; } throw new AssertionError('nothing was thrown'); },
  });
  assert.strict = assert;
  const wait = [];
  const on = (event, listener) => { wait.push([event, listener]); return stream; };
  const stream = { on, once: on, setEncoding() {}, resume() {}, fd: 0, close() {}, [Symbol.asyncIterator]: async function* () { for (const line of lines()) yield line; } };
  let rest = null;
  const input = () => (rest === null ? (rest = readInput()) : rest);
  const lines = () => { const text = input(); rest = ''; const all = text.split(/\r?\n/); if (all.at(-1) === '') all.pop(); return all; };
  const modules = {
    assert,
    fs: { readFileSync: (file, how) => {
      if (file !== 0 && file !== '/dev/stdin') throw new Error("ENOENT: no such file or directory, open '" + file + "'");
      const text = input(); rest = ''; return text; } , writeSync: (fd, text) => write(fd === 2 ? 2 : 1, String(text)) },
    readline: { createInterface: () => stream },
    util: { inspect: (v) => show(v, 1), isDeepStrictEqual: (a, b) => same(a, b, false) },
    os: { EOL: '\n' },
  };
  const global = globalThis;
  global.global = global;
  global.console = { log: (...a) => write(1, format(a)), info: (...a) => write(1, format(a)), debug: (...a) => write(1, format(a)),
    error: (...a) => write(2, format(a)), warn: (...a) => write(2, format(a)), assert };
  global.require = (name) => {
    const found = modules[String(name).replace(/^node:/, '').replace('assert/strict', 'assert')];
    if (found === undefined) { const error = new Error("Cannot find module '" + name + "'"); error.name = 'MissingModule'; throw error; }
    return found;
  };
  global.module = { exports: {} }; global.exports = global.module.exports;
  global.process = { argv: ['node', 'program'], env: {}, stdin: stream, stdout: { write: (t) => { write(1, String(t)); return true; } },
    stderr: { write: (t) => { write(2, String(t)); return true; } }, on: () => {}, nextTick: (f, ...a) => { Promise.resolve().then(() => f(...a)); },
    exit: (code = 0) => { const error = new Error(String(code)); error.name = 'ExitStatus'; throw error; } };
  const timers = [];
  global.setTimeout = (f, ms = 0, ...a) => { timers.push([Number(ms) || 0, timers.length, () => f(...a)]); return timers.length; };
  global.setImmediate = (f, ...a) => global.setTimeout(f, 0, ...a);
  global.clearTimeout = (id) => { if (timers[id - 1]) timers[id - 1][2] = () => {}; };
  const turn = () => {
    const next = wait.splice(0);
    if (next.length > 0) {
      const text = next.some(([e]) => e === 'line') ? lines() : null;
      for (const [e, f] of next) {
        if (e === 'line') for (const line of text) f(line);
        if (e === 'data') { const all = input(); rest = ''; if (all !== '') f(all); }
      }
      for (const [e, f] of next) if (e === 'end' || e === 'close') f();
      return true;
    }
    if (timers.length === 0) return false;
    timers.sort((a, b) => a[0] - b[0] || a[1] - b[1]).shift()[2]();
    return true;
  };
  const lookup = (name) => {
    const value = (0, eval)('typeof ' + name + ' === "undefined" ? undefined : ' + name);
    if (value !== undefined) return value;
    if (Object.hasOwn(module.exports, name)) return module.exports[name];
    throw new ReferenceError("'" + name + "' is not defined");
  };
  const call = (name, json) => JSON.stringify(encode(lookup(name)(...JSON.parse(json).map((x) => JSON.parse(x)))));
  const bridged = (text) => {
    const m = JSON.parse(text);
    try { return JSON.stringify({ value: encode(lookup(m.name)(...m.args.map(decode))) }); }
    catch (e) { return JSON.stringify({ raised: [String(e && e.name), String(e && e.message)] }); }
  };
  const errors = { Error, TypeError, RangeError, ReferenceError, EvalError, URIError };
  let last = '';
  const caller = (name) => (...args) => {
    const answer = JSON.parse(bridge(JSON.stringify({ name, args: args.map((x) => encode(x)) })));
    if (answer.raised) {
      // Only the language's own errors keep their type: no other name may mean anything to the checker.
      const [type, message] = answer.raised;
      throw Object.hasOwn(errors, type) ? new errors[type](message) : new Error(type + ': ' + message);
    }
    const value = decode(answer.value);
    last = name + '(' + args.map((x) => show(x, 1)).join(', ').slice(0, 200) + ') gave ' + show(value, 1).slice(0, 200);
    return value;
  };
  const propose = (name) => { global[name] = caller(name); global.candidate = global[name]; };
  return { call, bridged, propose, turn, last: () => last };
})()
`;
