import { describe, expect, it } from 'vitest';
import { hintsOf } from './reply.ts';

const read = (text: string, levels = 2, finish: 'stop' | 'length' | 'refused' = 'stop') =>
  hintsOf({ text, finish, usage: null }, levels, 'Write {"hints": ["hint 1", "hint 2"]}');

describe('hintsOf', () => {
  it.each([
    ['as asked for', '{"hints": ["add them", "then halve"]}'],
    [
      'in a fence, with words around it',
      'Sure! For {x}:\n```json\n{"hints": ["add them", "then halve"]}\n```\nGood luck.',
    ],
    [
      'after thoughts that hold another',
      '<think>{"hints": ["no", "no"]}</think>{"hints": ["add them", "then halve"]}',
    ],
    ['with a trailing comma and single quotes', "{'hints': ['add them', 'then halve',],}"],
    [
      'as an object for each level',
      '{"hints": [{"level": 1, "hint": "add them"}, {"level": 2, "hint": "then halve"}]}',
    ],
    ['with blanks around the hints', '{"hints": [" add them\\n", "then halve "]}'],
  ])('reads a reply %s', (_, text) => {
    expect(read(text)).toEqual({ hints: ['add them', 'then halve'] });
  });

  it('reads a reply that was cut off behind its object', () => {
    expect(read('{"hints": ["add them", "then halve"]}\n{"hints": ["And', 2, 'length')).toEqual({
      hints: ['add them', 'then halve'],
    });
  });

  it.each([
    // What a JSON parser makes of them: a form feed, a tab, a backspace, a line break, no JSON at all.
    [String.raw`\frac{a}{b}`, String.raw`\frac{a}{b}`],
    [String.raw`a \times b`, String.raw`a \times b`],
    [String.raw`\beta`, String.raw`\beta`],
    [String.raw`a \neq b`, String.raw`a \neq b`],
    [String.raw`\sqrt{x} \(y\)`, String.raw`\sqrt{x} \(y\)`],
    [String.raw`\underline{x}`, String.raw`\underline{x}`],
    // As it should be written, and escapes that are meant.
    [String.raw`\\frac{a}{b}`, String.raw`\frac{a}{b}`],
    [String.raw`first\nnext \"x\" \u00e9\n\ttabbed`, 'first\nnext "x" é\n\ttabbed'],
  ])('reads %s in a string as %j', (written, meant) => {
    expect(read(`{"hints": ["${written}"]}`, 1)).toEqual({ hints: [meant] });
  });

  it.each([
    ['cut off by the limit', '{"hints": ["add them", "then ha', 'length', 'cut off'],
    ['cut off before it began', 'Let me see', 'length', 'cut off'],
    ['cut off in thoughts', '', 'length', 'cut off'],
    ['torn inside a hint', '{"hints": ["add them", "then ha', 'stop', 'in the middle'],
    [
      'torn after LaTeX that ends in a brace',
      String.raw`{"hints": ["add them", "take \\frac{1}{2}`,
      'stop',
      'in the middle',
    ],
    ['torn before the end of the list', '{"hints": ["add them", "then halve"', 'stop', 'in the middle'],
    ['a refusal', 'I cannot help with that.', 'refused', 'refusal: "I cannot help'],
    ['empty', ' \n', 'stop', 'empty'],
    ['words', 'Add them, then halve.', 'stop', 'no JSON object'],
    [
      'with what only a repairer makes a hint of',
      '{"hints" ["add them" : : ]}',
      'stop',
      'Hint 2 had no words',
    ],
    ['of another form', '{"nudge": "add them"}', 'stop', 'not of the form'],
    ['of another type', '{"hints": [1, 2]}', 'stop', 'not of the form'],
    ['with a hint too few', '{"hints": ["add them"]}', 'stop', 'had 1 strings where 2'],
    ['with an empty hint', '{"hints": ["add them", " "]}', 'stop', 'Hint 2 was empty'],
    ['with what it was shown', '{"hints": ["add them", "hint 2"]}', 'stop', 'Hint 2 was copied'],
  ] as const)('says what is wrong with a reply %s', (_, text, finish, fault) => {
    expect(read(text, 2, finish)).toEqual({ fault: expect.stringContaining(fault) as string });
  });

  it('takes no time for a reply that never ends', () => {
    expect(read(`{"hints": [${'{['.repeat(200_000)}`)).toEqual({ fault: 'The reply was far too long.' });
  });
});
