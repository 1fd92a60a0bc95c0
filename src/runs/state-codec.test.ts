import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeState, encodeState } from './state-codec.ts';

describe('encodeState and decodeState', () => {
  it('give every bit of a trainer state back', () => {
    const state = {
      step: 12,
      cursor: 2n ** 64n - 1n,
      tokens: Int32Array.of(1, -2, 2 ** 31 - 1),
      logprobs: Float64Array.of(-0.1, -0, NaN, Infinity, 5e-324),
      nested: [{ bytes: Uint8Array.of(0, 255) }, new Float32Array(0)],
      seeds: BigUint64Array.of(2n ** 63n),
      loose: [NaN, -0, -Infinity, undefined, null],
      absent: undefined,
      byId: new Map<string, unknown>([['p1', Int32Array.of(7)]]),
      seen: new Set([1, 2]),
    };
    const back = decodeState(encodeState(state)) as typeof state;
    expect(back).toStrictEqual(state);
    expect(Object.is(back.logprobs[1], -0)).toBe(true);
    expect(Object.keys(back)).toEqual(Object.keys(state));
  });

  it('reads only the part of a buffer that a view shows', () => {
    const view = Int32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect(decodeState(encodeState({ view }))).toStrictEqual({ view: Int32Array.of(2, 3) });
  });

  it('takes no content for a tag', () => {
    const state = { $type: 'bigint', text: '5', inner: { $type: 1n }, ['__proto__x']: 1 };
    expect(decodeState(encodeState(state))).toStrictEqual(state);
    const poisoned = JSON.parse('{"__proto__": 3}') as object;
    expect(Object.entries(decodeState(encodeState(poisoned)) as object)).toEqual([['__proto__', 3]]);
  });

  it('round-trips anything JSON can hold, and does so with equal text', () => {
    fc.assert(
      fc.property(fc.object({ withTypedArray: true, withBigInt: true, maxDepth: 3 }), (state) => {
        const text = encodeState(state);
        expect(decodeState(text)).toEqual(state);
        expect(encodeState(decodeState(text))).toBe(text);
      }),
    );
  });

  it('says where something is that would not come back', () => {
    expect(() => encodeState({ groups: [{ grade: () => 1 }] })).toThrow(
      'Expected state.groups[0].grade to be data that a checkpoint can hold, got a function.',
    );
    expect(() => encodeState({ at: new Date(0) })).toThrow(/state\.at .* an instance of Date/);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(() => encodeState(loop)).toThrow(/state\.self to be a tree/);
  });
});
