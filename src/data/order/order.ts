// The order in which a run draws its problems: whose turn it is among the sources (mixture.ts), and where the walk
// through that source is (walks.ts). It knows nothing of steps or batches. Its one idea: a draw is a function of the
// run's seed, its ordinal, the cursors and the pass rates, and the last two are kept by whoever draws. So any draw can
// be repeated, and a run that is killed goes on with the very next one.
import { DataError } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { MixtureSchedule } from './mixture.ts';
import { PassRates } from './pass-rates.ts';
import type { Walk } from './walks.ts';

/** Draws from an ordinal on. */
export interface Reading {
  problemAt(ordinal: number): Problem;
  /** With which a reading from `ordinal` goes on as this one would; empty where the ordinal says it all. */
  cursorsAt(ordinal: number): readonly number[];
}

export interface ProblemOrder {
  /** The pass rates a run begins with; null where the order does not depend on what the run measures. */
  readonly initialRates: PassRates | null;
  /**
   * @param cursors what the reading before said; empty at the beginning of a run.
   * @param rates are read as the draws are, so they must not change before the last one.
   */
  from(ordinal: number, cursors?: readonly number[], rates?: PassRates): Reading;
}

/** A source with its walk. */
export interface WeightedWalk {
  readonly walk: Walk;
  /** Its share of the draws is this divided by the sum of all. */
  readonly weight: number;
}

const NO_RATES = new PassRates();

/** DataError if a source has no problem. */
export function orderOf(walks: readonly WeightedWalk[], initialRates: PassRates | null = null): ProblemOrder {
  if (walks.length === 0 || walks.some(({ walk }) => walk.problems.length === 0)) {
    throw new DataError('Expected at least one problem to draw from in every source, got none.');
  }
  const schedule = new MixtureSchedule(walks.map(({ weight }) => weight));
  const passesOver = walks.some(({ walk }) => walk.passesOver);
  return {
    initialRates,
    from(ordinal, cursors = [], rates = NO_RATES) {
      // A walk that passes over nothing is as far as it was drawn from.
      const start = schedule.countsBefore(ordinal).map((count, index) => cursors[index] ?? count);
      const drawn: Problem[] = [];
      const cursorsAfter: number[][] = [start];
      const readTo = (end: number) => {
        for (let next = ordinal + drawn.length; next < end; next++) {
          const source = schedule.sourceOf(next);
          const before = cursorsAfter.at(-1)!;
          const { problem, cursor } = walks[source]!.walk.next(before[source]!, rates);
          drawn.push(problem);
          cursorsAfter.push(before.with(source, cursor));
        }
      };
      return {
        problemAt(at) {
          readTo(at + 1);
          return drawn[at - ordinal]!;
        },
        cursorsAt(at) {
          if (!passesOver) return [];
          readTo(at);
          return cursorsAfter[at - ordinal]!;
        },
      };
    },
  };
}
