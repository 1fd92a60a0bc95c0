import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

const draw = (plainCorrect: number, plainEvidence: number, guidedCorrect = 0, guidedEvidence = 0) => ({
  plainCorrect,
  plainEvidence,
  guidedCorrect,
  guidedEvidence,
});

/** States after each draw of one problem. */
function follow(...draws: ReturnType<typeof draw>[]): (string | undefined)[] {
  const ledger = new Ledger();
  return draws.map((seen, step) => {
    ledger.observe('p', 'math', step, seen);
    return ledger.get('p')?.state;
  });
}

describe('Ledger', () => {
  it('follows a problem from unsolved through rescue to forgetting and back', () => {
    const ledger = new Ledger();
    const seen = [draw(0, 8, 0, 8), draw(0, 8, 3, 8), draw(1, 8), draw(8, 8), draw(0, 8, 8, 8), draw(2, 8)];
    const transitions = seen.flatMap((observation, step) => ledger.observe('p', 'math/x', step, observation));
    expect(transitions.map(({ step, from, to }) => [step, from, to])).toEqual([
      [0, null, 'neverSolved'],
      [1, 'neverSolved', 'rescued'],
      [2, 'rescued', 'graduated'],
      [4, 'graduated', 'forgotten'],
      [5, 'forgotten', 'graduated'],
    ]);
    expect(transitions[0]).toMatchObject({ problemId: 'p', source: 'math/x' });
    expect(ledger.get('p')).toEqual({ state: 'graduated', since: 5, source: 'math/x' });
  });

  it('moves straight to graduated on a plain success', () => {
    expect(follow(draw(1, 8, 8, 8))).toEqual(['graduated']);
    expect(follow(draw(0, 8), draw(1, 8))).toEqual(['neverSolved', 'graduated']);
  });

  it('does not take grader faults for failures', () => {
    expect(follow(draw(0, 0))).toEqual([undefined]);
    expect(follow(draw(1, 8), draw(0, 0, 0, 8))).toEqual(['graduated', 'graduated']);
  });

  it('does not call a rescued problem unsolved again when its hint fails', () => {
    expect(follow(draw(0, 8, 1, 8), draw(0, 8, 0, 8))).toEqual(['rescued', 'rescued']);
  });

  it('counts states and survives a checkpoint with its order', () => {
    const ledger = new Ledger();
    ledger.observe('b', 's', 0, draw(0, 8));
    ledger.observe('a', 's', 0, draw(0, 8, 1, 8));
    ledger.observe('c', 's', 1, draw(0, 8));
    expect(ledger.counts()).toEqual({ neverSolved: 2, rescued: 1, graduated: 0, forgotten: 0 });
    const copy = Ledger.fromJSON(ledger.toJSON());
    expect(JSON.stringify(copy)).toBe(
      '[["b","neverSolved",0,"s"],["a","rescued",0,"s"],["c","neverSolved",1,"s"]]',
    );
    expect(copy.observe('b', 's', 2, draw(1, 8))).toHaveLength(1);
  });

  it('refuses a state it does not know', () => {
    expect(() => Ledger.fromJSON([['p', 'solved' as 'graduated', 0, 's']])).toThrow(/got "solved" for problem p/);
  });
});
