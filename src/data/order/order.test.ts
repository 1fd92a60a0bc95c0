import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { MixtureSchedule } from './mixture.ts';
import { orderOf, type ProblemOrder } from './order.ts';
import { PassRates } from './pass-rates.ts';
import { groupByWeight } from './sources.ts';
import { byPassRate, easyToHard, shareOf, shuffled } from './walks.ts';

const problem = (id: string, source = 'test'): Problem => ({
  id,
  messages: [{ role: 'user', content: id }],
  answer: id,
  verifier: 'exact',
  hints: [],
  source,
});
const named = (names: string, source?: string) => [...names].map((name) => problem(name, source));
const alone = (walk: Parameters<typeof orderOf>[0][number]['walk']) => orderOf([{ walk, weight: 1 }]);
const text = (order: ProblemOrder, from: number, to: number, rates?: PassRates) => {
  const reading = order.from(from, [], rates);
  return Array.from({ length: to - from }, (_, index) => reading.problemAt(from + index).id).join('');
};
const measured = (rates: Record<string, [correct: number, evidence: number, rescued?: boolean]>) =>
  PassRates.fromJSON(Object.entries(rates).map(([id, [c, n, rescued]]) => [id, c, n, rescued ?? false]));

describe('the shuffle', () => {
  const order = (seed: number) => alone(shuffled(named('abcde'), { run: seed }));

  it('is fixed by the run seed', () => {
    // By a Python program of its own: SHA-256 names the epoch's seed, Philox4x32-10 and Fisher-Yates shuffle.
    expect(text(order(7), 0, 15)).toBe('becadbeacdecbda');
    expect(text(order(8), 0, 15)).toBe('becaddcabecdbae');
  });

  it('draws every problem once an epoch', () => {
    const epochs = Array.from({ length: 6 }, (_, epoch) => text(order(3), epoch * 5, epoch * 5 + 5));
    for (const epoch of epochs) expect([...epoch].sort().join('')).toBe('abcde');
    expect(new Set(epochs).size).toBeGreaterThan(1);
  });

  it('gives a draw the same problem from wherever it is read, in whatever order', () => {
    const whole = text(order(7), 0, 15);
    expect(text(order(7), 8, 15)).toBe(whole.slice(8));
    const reading = order(7).from(4);
    expect([12, 4, 9].map((ordinal) => reading.problemAt(ordinal).id).join('')).toBe(
      whole[12] + whole[4] + whole[9],
    );
    expect(reading.cursorsAt(12)).toEqual([]);
  });

  it('refuses to draw from nothing', () => {
    expect(() => alone(shuffled([], { run: 1 }))).toThrow(DataError);
  });
});

describe('a mixture', () => {
  it('never has a source off its share by a whole draw', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(weights, (given) => {
        const schedule = new MixtureSchedule(given);
        const counts = given.map(() => 0);
        // Tijdeman's bound, met from the first draw on.
        const bound = 1 - 1 / (2 * given.length - 2) + 1e-9;
        let furthestOff = 0;
        for (let n = 0; n < 300; n++) {
          counts[schedule.sourceOf(n)]++;
          for (const [source, share] of schedule.shares.entries()) {
            furthestOff = Math.max(furthestOff, Math.abs(counts[source] - share * (n + 1)));
          }
        }
        expect(furthestOff).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 50 },
    );
  });

  it('goes 3 : 1 : 1 as one can check by hand, and says so again when asked out of turn', () => {
    const schedule = new MixtureSchedule([3, 1, 1]);
    const first = Array.from({ length: 10 }, (_, n) => schedule.sourceOf(n));
    for (const half of [first.slice(0, 5), first.slice(5)]) {
      expect([0, 1, 2].map((source) => half.filter((each) => each === source).length)).toEqual([3, 1, 1]);
    }
    expect(schedule.countsBefore(5)).toEqual([3, 1, 1]);
    expect([9, 0, 4, 7].map((n) => schedule.sourceOf(n))).toEqual([9, 0, 4, 7].map((n) => first[n]));
    expect(schedule.countsBefore(1_000_000)).toEqual([600_000, 200_000, 200_000]);
  });

  it('draws each source in epochs of its own', () => {
    const order = orderOf([
      { walk: shuffled(named('abc'), { run: 1, source: 'letters' }), weight: 3 },
      { walk: shuffled(named('12345'), { run: 1, source: 'digits' }), weight: 1 },
    ]);
    const drawn = text(order, 0, 80);
    const letters = drawn.replaceAll(/\d/g, '');
    const digits = drawn.replaceAll(/\D/g, '');
    expect([letters.length, digits.length]).toEqual([60, 20]);
    for (let at = 0; at < 60; at += 3) expect([...letters.slice(at, at + 3)].sort().join('')).toBe('abc');
    for (let at = 0; at < 20; at += 5) expect([...digits.slice(at, at + 5)].sort().join('')).toBe('12345');
    expect(text(order, 37, 80)).toBe(drawn.slice(37));
  });

  it('takes sources by the longest path that they begin with, in whole segments', () => {
    const problems = [
      problem('a', 'math/gsm8k/train'),
      problem('b', 'math'),
      problem('c', 'math/aime'),
      problem('d', 'math/gsm8k'),
    ];
    const groups = groupByWeight(problems, { 'math/gsm8k': 2, math: 1 });
    expect(
      groups.map(({ name, weight, problems: own }) => [name, weight, own.map(({ id }) => id).join('')]),
    ).toEqual([
      ['math/gsm8k', 2, 'ad'],
      ['math', 1, 'bc'],
    ]);
    expect(() => groupByWeight([...problems, problem('e', 'mathematics')], { math: 1 })).toThrow(
      /under none: mathematics \(1\)/,
    );
    expect(() => groupByWeight(problems, { math: 1, code: 1 })).toThrow(ConfigError);
    expect(() => groupByWeight(problems, { math: 1, code: 1 })).toThrow(/begins with "code"; the sources/);
  });
});

describe('from easy to hard', () => {
  const rates = measured({ a: [8, 8], b: [7, 8], c: [5, 8], d: [3, 8], e: [1, 8], f: [0, 8] });
  const order = alone(easyToHard(named('fedcbau'), { run: 5 }, { buckets: 2, rates }));

  it('draws higher rates before lower ones, with unmeasured problems where a rate of 1/2 is', () => {
    // A rate of 1/2 belongs to the harder half.
    const epochs = [0, 1, 2, 3].map((epoch) => text(order, epoch * 7, epoch * 7 + 7));
    for (const epoch of epochs) {
      expect([...epoch.slice(0, 3)].sort().join('')).toBe('abc');
      expect([...epoch.slice(3)].sort().join('')).toBe('defu');
    }
    expect(new Set(epochs).size).toBeGreaterThan(1);
  });

  it('depends on nothing that the run measures', () => {
    expect(order.initialRates).toBeNull();
    expect(text(order, 0, 21, measured({ a: [0, 8] }))).toBe(text(order, 0, 21));
  });
});

describe('by pass rate', () => {
  const settings = { target: 0.5, floor: 0.1 };

  it('has a share of floor + (1 - floor) 4p(1 - p), and all of it for what is unmeasured or was rescued', () => {
    const share = (plain: number, target = 0.5) => shareOf({ plain, rescued: false }, { target, floor: 0.1 });
    for (const p of [0, 1 / 8, 1 / 4, 1 / 2, 7 / 8, 1]) {
      expect(share(p)).toBeCloseTo(0.1 + 0.9 * 4 * p * (1 - p), 12);
    }
    expect([share(0, 0.25), share(0.25, 0.25), share(1, 0.25)]).toEqual([0.1, 1, 0.1]);
    expect(share(0.625, 0.25)).toBeCloseTo(0.1 + 0.9 * 0.75, 12);
    expect(shareOf(null, settings)).toBe(1);
    expect(shareOf({ plain: 0, rescued: true }, settings)).toBe(1);
  });

  const order = orderOf(
    [{ walk: byPassRate(named('abcd'), { run: 2 }, settings), weight: 1 }],
    new PassRates(),
  );
  const countsOf = (drawn: string) =>
    Object.fromEntries([...'abcd'].map((id) => [id, [...drawn].filter((each) => each === id).length]));

  it('is the shuffle while nothing is measured', () => {
    expect(text(order, 0, 40)).toBe(text(alone(shuffled(named('abcd'), { run: 2 })), 0, 40));
  });

  it('draws each problem in exactly its share of epochs, to one', () => {
    // Shares: a 0.1 (never solved), b 0.1 (always), c 1 (half), d 0.775 (a quarter): 1.975 draws an epoch.
    const rates = measured({ a: [0, 8], b: [8, 8], c: [4, 8], d: [2, 8] });
    const counts = countsOf(text(order, 0, 1975, rates));
    expect(Math.abs(counts['a'] - 100)).toBeLessThanOrEqual(1);
    expect(Math.abs(counts['b'] - 100)).toBeLessThanOrEqual(1);
    expect(Math.abs(counts['c'] - 1000)).toBeLessThanOrEqual(1);
    expect(Math.abs(counts['d'] - 775)).toBeLessThanOrEqual(1);
  });

  it('brings back what it set aside, after at most 1 / floor epochs, whenever it was measured', () => {
    const rates = measured({ a: [0, 8], b: [4, 8], c: [4, 8], d: [4, 8] });
    for (let start = 0; start < 30; start++) {
      // b comes every epoch, so it counts them.
      const drawn = text(order, start, start + 60, rates);
      const epochsUntilA = [...drawn.slice(0, drawn.indexOf('a'))].filter((id) => id === 'b').length;
      expect(drawn).toContain('a');
      expect(epochsUntilA).toBeLessThanOrEqual(10);
    }
  });

  it('goes on from its cursors as it would have without a stop, with rates that change between readings', () => {
    const learn = (rates: PassRates, ids: string) => {
      for (const [index, id] of [...ids].entries()) {
        rates.observe(id, {
          plainCorrect: (id.charCodeAt(0) + index) % 3,
          plainEvidence: 4,
          guidedCorrect: 0,
        });
      }
    };
    const draw = (
      steps: number,
      at = { ordinal: 0, cursors: [] as readonly number[], rates: new PassRates() },
    ) => {
      let { ordinal, cursors } = at;
      let drawn = '';
      for (let step = 0; step < steps; step++) {
        const reading = order.from(ordinal, cursors, at.rates);
        const round = [0, 1, 2].map((index) => reading.problemAt(ordinal + index).id).join('');
        ordinal += 3;
        cursors = reading.cursorsAt(ordinal);
        learn(at.rates, round);
        drawn += round;
      }
      return { drawn, at: { ordinal, cursors, rates: at.rates } };
    };
    const whole = draw(60);
    const first = draw(23);
    const kept = JSON.parse(JSON.stringify({ ...first.at, rates: first.at.rates.toJSON() })) as {
      ordinal: number;
      cursors: number[];
      rates: ReturnType<PassRates['toJSON']>;
    };
    const second = draw(37, { ...kept, rates: PassRates.fromJSON(kept.rates) });
    expect(first.drawn + second.drawn).toBe(whole.drawn);
    expect(second.at.cursors).toEqual(whole.at.cursors);
    // The cursors matter: from the ordinal alone it would go on elsewhere.
    const fromOrdinal = draw(37, { ...kept, cursors: [], rates: PassRates.fromJSON(kept.rates) });
    expect(fromOrdinal.drawn).not.toBe(second.drawn);
  });

  it('keeps to the shares of a mixture whatever it passes over', () => {
    const mixed = orderOf(
      [
        { walk: byPassRate(named('ab'), { run: 2, source: 'x' }, settings), weight: 1 },
        { walk: byPassRate(named('cd'), { run: 2, source: 'y' }, settings), weight: 1 },
      ],
      new PassRates(),
    );
    const rates = measured({ a: [0, 8], b: [8, 8], c: [4, 8], d: [4, 8] });
    const counts = countsOf(text(mixed, 0, 400, rates));
    expect(counts['a'] + counts['b']).toBe(200);
    expect(counts['c'] + counts['d']).toBe(200);
  });
});
