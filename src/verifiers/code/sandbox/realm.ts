// Watches the objects of the language in a child. A program that got hold of one of the host's objects could change what
// every other program relies on (Uint8Array.prototype.set puts the interpreter's memory back), and that outlives
// a fresh start. Its one idea: functions are frozen, and everything else that is reachable from the global names is
// compared with what it was by functions that were taken before any program ran.

const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;

interface Watched {
  readonly object: object;
  readonly prototype: object | null;
  readonly keys: readonly PropertyKey[];
  readonly values: readonly unknown[];
}

/**
 * Freezes and notes what is reachable from the roots and the global object, but for `changing`; the answer says whether it
 * has changed.
 */
export function watchRealm(roots: readonly unknown[], changing: readonly unknown[] = []): () => boolean {
  const watched: Watched[] = [];
  const seen = new Set<unknown>([globalThis, ...changing]);
  const waiting: unknown[] = [
    ...roots,
    ...Object.values(Object.getOwnPropertyDescriptors(globalThis)).map((d) => d.value as unknown),
  ];
  // These have no names.
  waiting.push(
    function* () {},
    async () => {},
    async function* () {},
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().values(),
  );
  waiting.push(''[Symbol.iterator](), ''.matchAll(/./g));
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (!isObject(next) || seen.has(next) || ArrayBuffer.isView(next)) continue;
    seen.add(next);
    const keys = ownKeys(next);
    const values = keys.map((key) => contentOf(getOwnPropertyDescriptor(next, key)!));
    waiting.push(getPrototypeOf(next), ...values.flat());
    if (typeof next === 'function' && !keys.includes('prototype')) Object.freeze(next);
    else watched.push({ object: next, prototype: getPrototypeOf(next), keys, values: values.flat() });
  }
  return () => {
    for (let i = 0; i < watched.length; i++) if (differs(watched[i]!)) return true;
    return false;
  };
}

// Nothing below may look up a method: by then a program may have changed it.

function differs({ object, prototype, keys, values }: Watched): boolean {
  if (getPrototypeOf(object) !== prototype || ownKeys(object).length !== keys.length) return true;
  for (let i = 0; i < keys.length; i++) {
    const now = getOwnPropertyDescriptor(object, keys[i]!);
    if (now === undefined) return true;
    if (now.value !== values[3 * i] || now.get !== values[3 * i + 1] || now.set !== values[3 * i + 2]) {
      if (now.value === now.value || values[3 * i] === values[3 * i]) return true; // NaN is not equal to itself
    }
  }
  return false;
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

const FIELDS = ['value', 'get', 'set'];
const contentOf = (found: object): unknown[] =>
  FIELDS.map((field) => (found as Record<string, unknown>)[field]);
