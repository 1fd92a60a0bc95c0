import { describe, expect, it } from 'vitest';
import { parseJson, sameOutput, sameReturn, showWire } from './compare.ts';
import type { Wire } from './sandbox/protocol.ts';

const APPS = { comparison: 'tokens' } as const;
const LIVECODEBENCH = { comparison: 'lines' } as const;
const EXACT = { comparison: 'value', language: 'python', tolerance: { relative: 0, absolute: 0 } } as const;

describe('sameOutput', () => {
  it.each([
    ['3\n', '3'],
    ['a b\nc\n', '  a b \n c\n\n'],
    ['1 2 3', '1\n2\n3'],
    ['0.333333', '0.33333333'],
    ['1', '1.0000001'],
    ['1.0', '1'],
    ['100000', '+100000'],
    ['1e3', '1000.0'],
    ['', '\n'],
  ])('takes for %j the output %j', (expected, got) => {
    expect(sameOutput(expected, got, APPS)).toBe(true);
  });

  it.each([
    ['3', '4'],
    ['3', ''],
    ['3', '3 3'],
    ['YES', 'yes'],
    ['0.3333', '0.3343'],
    ['10000000', '10000001'], // numpy.allclose would take it
    ['9007199254740993', '9007199254740992'],
    ['1', '0x1'],
    ['nan', '1'],
    ['a b', 'ab'],
  ])('refuses for %j the output %j', (expected, got) => {
    expect(sameOutput(expected, got, APPS)).toBe(false);
  });

  it('compares as closely as the task says', () => {
    expect(sameOutput('1.0', '1.001', { ...APPS, tolerance: { relative: 0.01, absolute: 0 } })).toBe(true);
    expect(sameOutput('1.0', '1.0000001', { ...APPS, tolerance: { relative: 0, absolute: 0 } })).toBe(false);
  });

  // What lcb_runner/evaluation/testing_util.py says of the same pairs.
  it.each([
    [' 3 \n4\n', '3\n 4', true],
    ['1 2', '1\n2', false],
    ['1 2', '1  2', true], // both lines are decimals
    ['a b', 'a  b', false],
    ['1.50', '1.5', true],
    ['0.1', '0.10000000000000000001', false], // the same double
    ['0.333333', '0.33333333', false],
    ['50000000000000000', '50000000000000001', false], // numpy.isclose takes it
    ['1e2', '100', true],
    ['-0', '0', true],
    ['-0.0010', '-1e-3', true],
    ['x', 'X', false],
  ])('by lines, for %j and the output %j: %s', (expected, got, same) => {
    expect(sameOutput(expected, got, LIVECODEBENCH)).toBe(same);
  });

  it('takes time in proportion to the output', () => {
    // With an expression that can try one text in many ways these are 10¹² steps.
    for (const token of [`${'1'.repeat(1e6)}x`, `${'0'.repeat(1e6)}1.${'0'.repeat(1e6)}x`, '1'.repeat(1e6)])
      expect(sameOutput('1.5', token, APPS)).toBe(false);
    expect(sameOutput('7', `${'0'.repeat(1e6)}7`, APPS)).toBe(true);
  });
});

describe('sameReturn', () => {
  it.each<[string, Wire]>([
    ['[1, 2]', ['t', [1, ['f', '2.0']]]],
    ['[[1], "a", null, true]', ['l', [['l', [1]], 'a', null, true]]],
    [
      '{"a": 1, "2": [0.5]}',
      [
        'd',
        [
          [2, ['l', [['f', '0.5']]]],
          ['a', 1],
        ],
      ],
    ],
    ['1234567890123456789012', ['i', '0x42ed123b0bd8203a14']],
    ['-9007199254740993', ['i', '-0x20000000000001']],
    ['"1234567890123456789"', '1234567890123456789'],
  ])('takes for %s the value %j', (expected, got) => {
    expect(sameReturn(parseJson(expected), got, EXACT)).toBe(true);
  });

  it.each<[string, Wire]>([
    ['[1, 2]', ['l', [2, 1]]],
    ['[1, 2]', ['s', [1, 2]]],
    ['[1]', 1],
    [
      '{"a": 1}',
      [
        'd',
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
    ],
    ['{"a": 1}', ['d', [['toString', 1]]]],
    ['1234567890123456789012', ['f', '1.2345678901234568e+21']],
    ['-9007199254740993', ['i', '-0x20000000000000']],
    ['0.3', ['f', '0.30000000000000004']],
    ['1', '1'],
    ['1', ['h', 0, 'Anything']],
    ['"l"', ['l', []]],
    ['true', 'True'],
    // A program's two keys are one key of JSON.
    [
      '{"1": 5, "2": 6}',
      [
        'd',
        [
          [1, 5],
          ['1', 5],
        ],
      ],
    ],
  ])('refuses for %s the value %j', (expected, got) => {
    expect(sameReturn(parseJson(expected), got, EXACT)).toBe(false);
  });

  it('takes True for 1 as Python does, and not in JavaScript', () => {
    expect(sameReturn([1, false], ['l', [true, 0]], EXACT)).toBe(true);
    expect(sameReturn([1, false], ['l', [true, 0]], { ...EXACT, language: 'javascript' })).toBe(false);
  });

  it('takes the only item of an expected list for the value where the task wraps its values', () => {
    const wrapped = { ...EXACT, comparison: 'wrapped' } as const;
    expect(sameReturn([5], 5, wrapped)).toBe(true);
    expect(sameReturn([5], ['l', [5]], wrapped)).toBe(true);
    expect(sameReturn([[1, 2]], ['t', [1, 2]], wrapped)).toBe(true);
    expect(sameReturn([5, 6], 5, wrapped)).toBe(false); // APPS takes it
    expect(sameReturn([5], 5, EXACT)).toBe(false);
  });

  it('joins fractions, and no integers, within a tolerance', () => {
    const loose = { ...EXACT, tolerance: { relative: 0.1, absolute: 0 } };
    expect(sameReturn(0.3, ['f', '0.30000000000000004'], loose)).toBe(true);
    expect(sameReturn(10, 11, loose)).toBe(false);
  });
});

describe('showWire', () => {
  it('writes values as a person reads them, however deep a program nests them', () => {
    expect(
      showWire([
        'd',
        [
          ['a', ['t', [1, ['f', '0.5']]]],
          ['b', ['i', '-0x10']],
        ],
      ]),
    ).toBe('{"a": (1, 0.5), "b": -16}');
    expect(showWire(['h', 3, 'Node'])).toBe('an object of type Node');
    expect(showWire(['i', `0x${'f'.repeat(10 ** 7)}`])).toBe('an integer of 10000000 hex digits');
    let deep: Wire = 1;
    for (let level = 0; level < 100_000; level++) deep = ['l', [deep]];
    expect(showWire(deep).length).toBeLessThan(40);
  });

  it('takes what is no value of its form for what it is', () => {
    expect(sameReturn({ a: 1 }, ['d', [1]], EXACT)).toBe(false);
    expect(sameReturn(1, ['i', 'nonsense'], EXACT)).toBe(false);
    expect(sameReturn(2n ** 60n, ['f', 'inf'], EXACT)).toBe(false);
    expect(sameReturn(2n ** 60n, ['f', '1.152921504606847e+18'], EXACT)).toBe(true);
  });
});
