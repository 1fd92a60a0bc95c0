// Tables of a gold answer and a response, and the verdict that each pair is to get. For tests only.
import { expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

type Pair = readonly [gold: string, response: string];

export function acceptsEach(pairs: readonly Pair[]): void {
  it.each(pairs)('the gold %j accepts %j', (gold, response) => {
    expect(gradeMath(response, gold)).toMatchObject({ kind: 'correct' });
  });
}

export function rejectsEach(pairs: readonly Pair[]): void {
  it.each(pairs)('the gold %j rejects %j', (gold, response) => {
    expect(gradeMath(response, gold).kind).not.toBe('correct');
  });
}
