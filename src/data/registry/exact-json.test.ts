import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactJsonText, parseExactJson } from './exact-json.ts';

const roundTrip = (text: string) => exactJsonText(parseExactJson(text));

describe('exactJsonText of parseExactJson', () => {
  it.each([
    ['12345678901234567890'],
    ['-9007199254740993'],
    ['1.0'],
    ['1e5'],
    ['0.10'],
    ['1E400'],
    ['-0'],
    ['[1, 2.50, "3.0", {"4.0": 1e2}]'],
    ['"a \\"1.0\\" \\\\"'],
    ['null'],
    ['{"number as spelt, not": 1.0}'],
  ])('keeps %s as it is', (text) => {
    expect(roundTrip(text)).toBe(text);
  });

  it('is the same value for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(roundTrip(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(['[1,', 'NaN', '[1.]', '01', '{"a": 1} 2', ''])('refuses %s', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });
});
