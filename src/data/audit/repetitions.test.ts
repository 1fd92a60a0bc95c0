import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemId } from '../problems.ts';
import type { Problem } from '../../types.ts';
import { hashText, HashTable } from './hash-table.ts';
import { RepetitionFinder } from './repetitions.ts';
import { foldedText } from './words.ts';

const problem = (content: string, answer = '7'): Problem => {
  const messages = [{ role: 'user' as const, content }];
  return { id: problemId(messages, answer), messages, answer, verifier: 'exact', hints: [], source: 'test' };
};

describe('repetitions', () => {
  it('are exact, or near: the same answer and the same text but for case, spaces and punctuation', () => {
    const finder = new RepetitionFinder();
    const found = [
      problem('What is 3 + 4?'),
      problem('What is 3 + 4?'),
      problem('what is $3+4$'),
      problem('What is 3 - 4?'),
      problem('What is 3 + 4?', '8'),
      problem('What is 3 + 4!'),
      problem('What is  3 + 4 ?', ' 7'),
    ].map((each, index) => finder.add(each, index + 1));
    expect(found).toEqual([
      null,
      { kind: 'exact', first: 1 },
      { kind: 'near', first: 1 },
      null,
      null,
      null,
      { kind: 'near', first: 1 },
    ]);
  });

  it('fold prose and keep the signs of mathematics and code', () => {
    expect(foldedText('“Find”  the\n area, $\\pi r^2$.')).toBe('find the area \\ pi r ^ 2');
    const different = ['5!', '5', '-5', 'x*y', 'x/y', 'a[1]', 'a(1)', '3.5', '35', 'x<y', 'x>y'];
    expect(new Set(different.map(foldedText)).size).toBe(different.length);
  });
});

describe('the table of hashes', () => {
  it('holds what a Map holds', () => {
    const half = fc.oneof(fc.nat(7), fc.integer({ min: 0, max: 0xffffffff }));
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half, fc.nat()), { maxLength: 3000 }), (entries) => {
        const table = new HashTable(4);
        const map = new Map<string, number>();
        for (const [high, low, value] of entries) {
          table.set(high, low, value);
          map.set(`${high}/${low}`, value);
        }
        expect(table.size).toBe(map.size);
        for (const [high, low] of entries) expect(table.get(high, low)).toBe(map.get(`${high}/${low}`));
        expect(table.get(0xffffffff, 8)).toBe(map.get(`${0xffffffff}/8`));
      }),
      { numRuns: 30 },
    );
  });

  it('has no two of half a million short texts on one hash', () => {
    const hashes = new Set<string>();
    for (let n = 0; n < 500_000; n++) {
      const { high, low } = hashText(`what is ${n} ?`);
      hashes.add(`${high}/${low}`);
    }
    expect(hashes.size).toBe(500_000);
  });
});
