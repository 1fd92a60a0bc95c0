// Whatever a model writes gets a verdict, and the next case is unaffected. What these texts would cost without
// the limits is exponential time, gigabytes or a stack overflow; here they end because the limits count.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

const MILLION = 1_000_000;
const fill = (unit: string) => unit.repeat(Math.ceil(MILLION / unit.length));
const boxed = (content: string) => `\\boxed{${content}}`;

const LONG: Readonly<Record<string, string>> = {
  'nested braces': '{'.repeat(MILLION / 2) + '}'.repeat(MILLION / 2),
  'boxes never closed': fill('\\boxed{'),
  'boxes in boxes': '\\boxed{'.repeat(MILLION / 8) + '}'.repeat(MILLION / 8),
  'many boxes': fill('\\boxed{1} and '),
  'dollar signs': fill('$'),
  'half formulas': fill('$ 1 '),
  'open formulas': fill('\\( '),
  'open tuples': fill('(1,'),
  backslashes: fill('\\\\a'),
  digits: fill('9'),
  'digits and commas': fill('1,'),
  markers: fill('the answer is '),
  hashes: fill('####\n'),
  spaces: fill(' '),
  letters: fill('a'),
  slashes: fill('1/2/'),
  'other questions': fill('\nQuestion: '),
  'bold numbers': fill('**6** '),
  'denied boxes': fill('not \\boxed{6} '),
  equations: fill('= 6 '),
  'numbers joined': fill('6 and '),
  colons: fill('1:'),
  superscripts: fill('²³'),
};

const DEEP: Readonly<Record<string, string>> = {
  brackets: '('.repeat(1900) + '1' + ')'.repeat(1900),
  signs: `${'-'.repeat(3000)}1`,
  'a tower of exponents': '10^{'.repeat(500) + '10' + '}'.repeat(500),
  'ten to the ten to the ten': '10^(10^10)',
  nines: '9^{9^{9^{9^9}}}',
  factorials: '((((5!)!)!)!)!',
  'a large factorial': '99999999999!',
  'a large binomial': '\\binom{1000000000}{500000000}',
  'a power of a sum': '(a+b+c+d+e+f+g+h)^{60}',
  'powers of sums': '(x+1)^{64}(y+1)^{64}(z+1)^{64}',
  'a sum to a huge negative power': '(x+y)^{-1000000000}',
  'continued fractions': '\\frac{1}{1+'.repeat(300) + '1' + '}'.repeat(300),
  'a long sum of fractions': Array.from({ length: 200 }, (_, i) => `\\frac{1}{x+${i}}`).join('+'),
  'nested roots': '\\sqrt{2+'.repeat(50) + '2' + '}'.repeat(50),
  'a root of a large number': `\\sqrt{${'9'.repeat(900)}}`,
  'plus or minus, often': `${'1\\pm '.repeat(300)}1`,
  'a huge scale': '1e999999',
  'a long list': 'x+1,'.repeat(190),
  'a long repeating decimal': `0.${'3'.repeat(3500)}...`,
  bars: '|'.repeat(1000),
  'a harmonic sum': '\\sum_{k=1}^{500}\\frac{1}{k}',
  'sums in sums': '\\sum_{a=1}^{99}\\sum_{b=1}^{99}\\sum_{c=1}^{99} a b c',
  'many sums': '\\sum_{k=1}^{400} \\sin(k x)+'.repeat(90) + '1',
  'a sum without end': '\\sum_{k=1}^{99999999999} k',
  'a product of fractions': '\\prod_{k=1}^{300}\\frac{x+k}{y+k}',
  'sums of towers': '\\sum_{k=1}^{400} k^{k^{k}}',
  'symbolic factorials': '(n+30)!'.repeat(50),
  determinants: '\\begin{vmatrix}x&2\\\\3&'.repeat(40) + '4' + '\\end{vmatrix}'.repeat(40),
  'fractions by over': '{1 \\over '.repeat(55) + '1' + '}'.repeat(55),
  'limits of limits': '\\lim_{x\\to 0}'.repeat(100) + 'x',
  'digits below digits': '5_'.repeat(300) + '7',
  'remarks in brackets': '5' + ' (since x>0) '.repeat(300),
  environments: '\\begin{cases}'.repeat(200),
  'no text at all': '\0\ud800',
};

function unaffected(): void {
  expect(gradeMath(boxed('\\frac{2}{4}'), '0.5').kind).toBe('correct');
}

describe('a megabyte of', () => {
  it.each(Object.keys(LONG))('%s gets a verdict', (name) => {
    for (const gold of ['5', '\\{1, 2\\}']) expect(gradeMath(LONG[name], gold).kind).not.toBe('correct');
    unaffected();
  });
});

describe('an answer that is', () => {
  it.each(Object.keys(DEEP))('%s gets a verdict, also as the gold', (name) => {
    const answer = DEEP[name];
    expect(gradeMath(boxed(answer), '7').kind).not.toBe('correct');
    expect(gradeMath(boxed('7'), answer).kind).toBe('wrong');
    expect(gradeMath(boxed(answer), answer)).toHaveProperty('kind');
    unaffected();
  });
});

it('random pieces of mathematics never throw, and equal themselves as text', () => {
  const pieces = fc.constantFrom(
    ...[
      '\\frac',
      '\\sqrt',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      '\\{',
      '\\}',
      '|',
      '^',
      '_',
      ',',
      ';',
      '=',
      '<',
      '\\le ',
      '+',
      '-',
      '*',
    ],
    ...[
      '/',
      '!',
      '%',
      ':',
      '1',
      '23',
      '0',
      '.',
      'x',
      'y',
      'sin',
      '\\pi ',
      '\\text{cm}',
      '\\text{',
      ' and ',
      '\\cup ',
      '\\pm ',
      '\\in ',
    ],
    ...[
      '\\\\',
      '&',
      '\\begin{pmatrix}',
      '\\end{pmatrix}',
      '\\infty ',
      '$',
      '\\boxed{',
      '####',
      'the answer is ',
      '\n',
      '0.\\overline{',
      '_2',
      'e',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => {
      const text = parts.join('');
      expect(gradeMath(text, '5')).toHaveProperty('reason');
      expect(gradeMath(boxed('5'), text)).toHaveProperty('reason');
      expect(gradeMath(boxed(text), text)).toHaveProperty('reason');
    }),
    { numRuns: 500, seed: 77 },
  );
  unaffected();
});
