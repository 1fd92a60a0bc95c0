// The JavaScript of both interpreters, the program's and the checker's, as text: values as plain data and back, how they
// are shown, and calls between the two, as in python-values.ts.
//
// Values: null, booleans, strings and finite numbers are JSON; the rest is a list that begins with a tag:
// u undefined, f other numbers, i bigint (hex), l array, o object (pairs), m Map (pairs), s Set. # gives an array, an
// object, a Map or a Set the number under which n means it later in the same call. h is a function of the side that
// speaks (its number and what it is), which the other side can call and nothing else, y one of the side that
// hears; an object with a class of its own is an h that cannot be called.

export const JAVASCRIPT_VALUES = String.raw`
  const show = (v, depth = 0) => {
    if (typeof v === 'string') return depth === 0 ? v : "'" + v + "'";
    if (typeof v === 'bigint') return v + 'n';
    if (typeof v === 'function') return '[Function: ' + (v.name || '(anonymous)') + ']';
    if (Object.is(v, -0)) return '-0';
    if (typeof v !== 'object' || v === null) return String(v);
    if (depth > 4) return '[Object]';
    if (Array.isArray(v)) return v.length === 0 ? '[]' : '[ ' + v.map((x) => show(x, depth + 1)).join(', ') + ' ]';
    if (v instanceof Error) return String(v);
    if (v instanceof Map) return 'Map(' + v.size + ') {' + [...v].map(([k, x]) => ' ' + show(k, depth + 1) + ' => ' + show(x, depth + 1)).join(',') + (v.size ? ' }' : '}');
    if (v instanceof Set) return 'Set(' + v.size + ') {' + [...v].map((x) => ' ' + show(x, depth + 1)).join(',') + (v.size ? ' }' : '}');
    const entries = Object.entries(v).map(([k, x]) => k + ': ' + show(x, depth + 1));
    return entries.length === 0 ? '{}' : '{ ' + entries.join(', ') + ' }';
  };
  const placed = { s: (v) => (typeof v === 'object' ? show(v, 1) : String(v)), d: (v) => String(Number(v)), i: (v) => String(parseInt(v, 10)),
    f: (v) => String(parseFloat(v)), j: (v) => JSON.stringify(v), o: (v) => show(v, 1), O: (v) => show(v, 1) };
  const format = (args) => {
    let rest = args;
    let text = '';
    if (typeof args[0] === 'string' && args.length > 1 && args[0].includes('%')) {
      rest = args.slice(1);
      text = args[0].replace(/%([sdifjoO%])/g, (all, kind) => (kind === '%' ? '%' : rest.length > 0 ? placed[kind](rest.shift()) : all));
      if (rest.length > 0) text += ' ';
    }
    return text + rest.map((v) => show(v)).join(' ') + '\n';
  };

  class Shared {
    objects = new Map(); numbers = new Map();
    put(number, v) { this.objects.set(number, v); this.numbers.set(v, number); }
  }
  const objects = [], own = new Map(), remotes = new Map(), numbersOfRemotes = new Map();
  const mine = (number) => (Number.isInteger(number) ? objects[number] : undefined);
  const isPlain = (v) => { const p = Object.getPrototypeOf(v); return p === Object.prototype || p === null; };
  const contents = (v, e) => {
    if (Array.isArray(v)) return ['l', Array.from(v, e)];
    if (v instanceof Map) return ['m', [...v].map(([k, x]) => [e(k), e(x)])];
    if (v instanceof Set) return ['s', [...v].map((x) => e(x))];
    return ['o', Object.entries(v).map(([k, x]) => [k, e(x)])];
  };
  const encode = (v, shared, numbering = false, depth = 0) => {
    if (depth > 500) throw new RangeError('The value is nested too deeply.');
    if (v === null || typeof v === 'boolean' || typeof v === 'string') return v;
    if (v === undefined) return ['u'];
    if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0) ? v : ['f', Object.is(v, -0) ? '-0' : String(v)];
    if (typeof v === 'bigint') return ['i', (v < 0n ? '-0x' : '0x') + (v < 0n ? -v : v).toString(16)];
    if (numbersOfRemotes.has(v)) return ['y', numbersOfRemotes.get(v)];
    if (typeof v === 'object' && (Array.isArray(v) || v instanceof Map || v instanceof Set || isPlain(v))) {
      const e = (x) => encode(x, shared, numbering, depth + 1);
      if (shared !== undefined && shared.numbers.has(v)) return ['n', shared.numbers.get(v)];
      if (!numbering) return contents(v, e);
      const number = shared.objects.size;
      shared.put(number, v);
      return ['#', number, contents(v, e)];
    }
    if (checks && typeof v !== 'function') throw new TypeError('An object of a class cannot be handed to the program.');
    if (!own.has(v)) own.set(v, objects.push(v) - 1);
    return ['h', own.get(v), typeof v === 'function' ? 'function' : String(v.constructor && v.constructor.name)];
  };
  const empty = { l: () => [], m: () => new Map(), s: () => new Set(), o: () => ({}) };
  const refill = (v, [tag, x], d) => {
    if (Array.isArray(v) && tag === 'l') { v.length = 0; for (const y of x) v.push(d(y)); }
    else if (v instanceof Map && tag === 'm') { v.clear(); for (const [k, y] of x) v.set(d(k), d(y)); }
    else if (v instanceof Set && tag === 's') { v.clear(); for (const y of x) v.add(d(y)); }
    else if (tag === 'o') {
      for (const k of Object.keys(v)) delete v[k];
      for (const [k, y] of x) Object.defineProperty(v, k, { value: d(y), enumerable: true, writable: true, configurable: true });
    } else throw new TypeError('A value changed its kind.');
    return v;
  };
  const decode = (w, shared) => {
    if (!Array.isArray(w)) return w;
    const [tag, x, more] = w;
    const d = (y) => decode(y, shared);
    if (tag === 'u') return undefined;
    if (tag === 'f') return Number(x);
    if (tag === 'i') return x.startsWith('-') ? -BigInt(x.slice(1)) : BigInt(x);
    if (tag === 'n') return shared.objects.get(x);
    if (tag === '#') { const v = empty[more[0]](); shared.put(x, v); return refill(v, more, d); }
    if (Object.hasOwn(empty, tag)) return refill(empty[tag](), w, d);
    if (tag === 'y') return mine(x);
    if (!remotes.has(x)) {
      const remote = more === 'function' ? (...args) => invoke({ object: x }, args) : Symbol(more);
      remotes.set(x, remote);
      numbersOfRemotes.set(remote, x);
    }
    return remotes.get(x);
  };

  const errors = { Error, TypeError, RangeError, ReferenceError, EvalError, URIError, SyntaxError };
  // Only the language's own errors keep their type: no other name may mean anything to the side that hears.
  const errorOf = ([type, message]) => (Object.hasOwn(errors, type) ? new errors[type](message) : new Error(type + ': ' + message));
  const raised = (e) => [String(e && e.name), String(e instanceof Object && 'message' in e ? e.message : e)];
  const states = (shared) => [...shared.objects].map(([n, v]) => [n, contents(v, (x) => encode(x, shared))]);
  /** What a promise comes to, which the other side can only be told when it is settled. */
  const settled = (promise) => {
    let end = null;
    promise.then((value) => (end = { value }), (error) => (end = { error }));
    do drain(); while (end === null && turn());
    if (end === null) throw new Error('the promise is never settled');
    if ('error' in end) throw end.error;
    return end.value;
  };
  const answer = (m) => {
    let promise = false;
    try {
      const shared = new Shared();
      const args = m.args.map((x) => decode(x, shared));
      const before = states(shared).map((state) => JSON.stringify(state));
      const target = checks || !('name' in m) ? mine(m.object) : lookup(m.name);
      let value = (0, target)(...args);
      promise = value instanceof Promise;
      if (promise) value = settled(value);
      const changes = states(shared).filter((state, i) => JSON.stringify(state) !== before[i]);
      return { value: encode(value, shared), promise, changes };
    } catch (e) { return { raised: raised(e), promise }; }
  };
  const answered = (text) => JSON.stringify(answer(JSON.parse(text)));
  const invoke = (target, args) => {
    const shared = new Shared();
    let reply = JSON.parse(bridge(JSON.stringify({ ...target, args: args.map((x) => encode(x, shared, true)) })));
    while ('args' in reply) reply = JSON.parse(bridge(JSON.stringify(answer(reply))));
    if (reply.raised) {
      const error = errorOf(reply.raised);
      if (reply.promise) return Promise.reject(error);
      throw error;
    }
    for (const [number, changed] of reply.changes) refill(shared.objects.get(number), changed, (x) => decode(x, shared));
    const value = decode(reply.value, shared);
    return reply.promise ? Promise.resolve(value) : value;
  };
  const lookup = (name) => {
    const value = (0, eval)('typeof ' + name + ' === "undefined" ? undefined : ' + name);
    if (value !== undefined) return value;
    if (Object.hasOwn(module.exports, name)) return module.exports[name];
    const Solution = (0, eval)('typeof Solution === "function" ? Solution : undefined');
    if (Solution !== undefined && typeof Solution.prototype[name] === 'function') return (...args) => new Solution()[name](...args);
    throw new ReferenceError("'" + name + "' is not defined");
  };
  const call = (name, json) => {
    const value = lookup(name)(...JSON.parse(json).map((x) => JSON.parse(x)));
    return JSON.stringify(encode(value instanceof Promise ? settled(value) : value));
  };
  let last = '';
  const propose = (name) => {
    globalThis[name] = globalThis.candidate = (...args) => {
      const shown = name + '(' + args.map((x) => show(x, 1)).join(', ').slice(0, 200) + ')';
      const value = invoke({ name }, args);
      last = value instanceof Promise ? '' : shown + ' gave ' + show(value, 1).slice(0, 200);
      return value;
    };
  };
`;
