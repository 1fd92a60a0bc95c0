import { expect, it } from 'vitest';
import { wordNumbers } from './number-words.ts';

const values = (text: string) => wordNumbers(text).map(({ value, weak }) => (weak ? `~${value}` : value));

it.each([
  ['forty-two eggs', ['42']],
  ['Forty two', ['42']],
  ['two hundred and five', ['205']],
  ['one thousand, then', ['1000']],
  ['three thousand four hundred fifty-six', ['3456']],
  ['twelve hundred', ['1200']],
  ['a hundred and twenty', ['120']],
  ['a dozen eggs and two dozen more', ['12', '24']],
  ['half a dozen', ['6']],
  ['3 dozen', ['36']],
  ['1.5 million', ['1500000']],
  ['42 thousand', ['42000']],
  ['three quarters', ['3/4']],
  ['three-fifths of', ['3/5']],
  ['two and a half hours', ['5/2']],
  ['six and two thirds', ['20/3']],
  ['5 and a half', ['11/2']],
  ['three point one four', ['3.14']],
  ['minus seven', ['-7']],
  ['one of the', ['~1']],
  ['half the', ['~1/2']],
  ['a third of', ['~1/3']],
  ['two third graders', ['2']],
  ['someone often attends; 42 and a box', []],
  ['two and three', ['2', '3']],
  ['a million', ['1000000']],
])('%s', (text, expected) => {
  expect(values(text)).toEqual(expected);
});

it('says where they stand', () => {
  expect(wordNumbers('so forty-two it is')).toEqual([{ start: 3, end: 12, value: '42', weak: false }]);
});
