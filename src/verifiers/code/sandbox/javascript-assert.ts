// Node's assert module as tests use it, as JavaScript text for the checker. An assertion that fails fails its test, also
// where it fails in a promise that nobody waits for: the first failure outside of throws() and rejects() is kept.

export const JAVASCRIPT_ASSERT = String.raw`
  const same = (a, b, loose) => {
    if (loose ? a == b : Object.is(a, b)) return true;
    if (Number.isNaN(a) && Number.isNaN(b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    if (Array.isArray(a) && a.length !== b.length) return false;
    if (a instanceof Map !== b instanceof Map || a instanceof Set !== b instanceof Set) return false;
    if (a instanceof Map) return a.size === b.size && [...a].every(([k, v]) => b.has(k) && same(v, b.get(k), loose));
    if (a instanceof Set) return a.size === b.size && [...a].every((v) => [...b].some((w) => same(v, w, loose)));
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && same(a[k], b[k], loose));
  };
  class AssertionError extends Error { get name() { return 'AssertionError'; } }
  let broken = '', expecting = 0;
  const refuse = (message, otherwise) => {
    if (message instanceof Error) throw message;
    const error = new AssertionError(message ? String(message) : otherwise);
    if (expecting === 0 && broken === '') broken = error.message;
    throw error;
  };
  const need = (ok, message, otherwise) => { if (!ok) refuse(message, otherwise()); };
  const differ = (a, b) => () => 'expected ' + show(b, 1) + ', got ' + show(a, 1);
  const alike = (a) => () => 'both are ' + show(a, 1);
  const equal = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b));
  const fits = (error, expected) => {
    if (expected === undefined || typeof expected === 'string') return true;
    if (expected instanceof RegExp) return expected.test(String(error));
    if (typeof expected === 'object') return Object.keys(expected).every((k) => (expected[k] instanceof RegExp ? expected[k].test(error[k]) : same(error[k], expected[k], false)));
    if (expected.prototype !== undefined && error instanceof expected) return true;
    return expected !== Error && !Object.prototype.isPrototypeOf.call(Error, expected) && expected(error) === true;
  };
  const caught = (work) => { expecting++; try { work(); return null; } catch (error) { return { error }; } finally { expecting--; } };
  const judge = (thrown, expected, message) => {
    need(thrown !== null, message, () => 'nothing was thrown');
    need(fits(thrown.error, expected), message, () => 'another error was thrown: ' + String(thrown.error));
  };
  const outcome = async (work) => { try { await (typeof work === 'function' ? work() : work); return null; } catch (error) { return { error }; } };
  const assert = (ok, message) => need(ok, message, () => 'the condition does not hold');
  Object.assign(assert, {
    ok: assert, AssertionError,
    fail: (message) => refuse(message, 'failed'),
    ifError: (v) => need(v === null || v === undefined, v, () => ''),
    equal: (a, b, m) => need(equal(a, b), m, differ(a, b)), notEqual: (a, b, m) => need(!equal(a, b), m, alike(a)),
    strictEqual: (a, b, m) => need(Object.is(a, b), m, differ(a, b)), notStrictEqual: (a, b, m) => need(!Object.is(a, b), m, alike(a)),
    deepEqual: (a, b, m) => need(same(a, b, true), m, differ(a, b)), notDeepEqual: (a, b, m) => need(!same(a, b, true), m, alike(a)),
    deepStrictEqual: (a, b, m) => need(same(a, b, false), m, differ(a, b)), notDeepStrictEqual: (a, b, m) => need(!same(a, b, false), m, alike(a)),
    match: (text, pattern, m) => need(pattern.test(text), m, () => show(text, 1) + ' does not match ' + pattern),
    doesNotMatch: (text, pattern, m) => need(!pattern.test(text), m, () => show(text, 1) + ' matches ' + pattern),
    throws: (f, expected, m) => judge(caught(f), expected, m),
    doesNotThrow: (f, m) => { const thrown = caught(f); need(thrown === null, m, () => 'an error was thrown: ' + String(thrown.error)); },
    rejects: async (f, expected, m) => judge(await outcome(f), expected, m),
    doesNotReject: async (f, m) => { const thrown = await outcome(f); need(thrown === null, m, () => 'it was rejected: ' + String(thrown.error)); },
  });
  assert.strict = assert;
`;
