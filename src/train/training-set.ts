// From problems.train of a recipe to the problems a run draws from and their order: sources put together, weights and
// curriculum turned into walks. It knows nothing of prompts or models.
import { orderOf, type ProblemOrder } from '../data/order/order.ts';
import { PassRates, readPassRates } from '../data/order/pass-rates.ts';
import { groupByWeight, type WeightedProblems } from '../data/order/sources.ts';
import { byPassRate, easyToHard, shuffled, type Walk, type WalkSeed } from '../data/order/walks.ts';
import { ConfigError } from '../errors.ts';
import type { Problem } from '../types.ts';
import type { ProblemsConfig, ProblemSource } from './config.ts';

/** A source of training problems; without a weight, it shares one pool with the others. */
export interface TrainingSource {
  readonly from: ProblemSource;
  readonly weight?: number | undefined;
}

export function sourcesOf({ train }: Pick<ProblemsConfig, 'train'>): readonly TrainingSource[] {
  return Array.isArray(train) ? train : [{ from: train }];
}

/** The order of a recipe over its usable problems: `bySource[i]` are those of the i-th of sourcesOf. */
export async function drawOrderOf(
  config: ProblemsConfig,
  bySource: readonly (readonly Problem[])[],
  runSeed: number,
  warnings: string[],
): Promise<ProblemOrder> {
  const walkOf = await walkMaker(config.order, bySource.flat(), warnings);
  const pools = poolsOf(config, bySource);
  // The name of a pool is in its seeds only where there are several: a single one is drawn as without a mixture.
  const walks = pools.map(({ name, weight, problems }) => ({
    weight,
    walk: walkOf.walk(problems, { run: runSeed, ...(pools.length > 1 && { source: name }) }),
  }));
  return orderOf(walks, walkOf.initialRates);
}

function poolsOf(
  config: ProblemsConfig,
  bySource: readonly (readonly Problem[])[],
): readonly WeightedProblems[] {
  if (config.weights !== undefined) return groupByWeight(bySource.flat(), config.weights);
  const sources = sourcesOf(config);
  if (sources.some(({ weight }) => weight === undefined)) {
    return [{ name: 'all', weight: 1, problems: bySource.flat() }];
  }
  return sources.map(({ weight }, index) => {
    const problems = bySource[index]!;
    if (problems.length === 0) {
      throw new ConfigError(
        `Expected usable problems in every source of problems.train, but none is left of number ${index + 1}; ` +
          'mend it, or take it out of the list.',
      );
    }
    return { name: `source ${index + 1}`, weight: weight!, problems };
  });
}

interface WalkMaker {
  readonly walk: (problems: readonly Problem[], seed: WalkSeed) => Walk;
  /** null where what the run measures does not matter. */
  readonly initialRates: PassRates | null;
}

async function walkMaker(
  order: ProblemsConfig['order'],
  problems: readonly Problem[],
  warnings: string[],
): Promise<WalkMaker> {
  switch (order.kind) {
    case 'shuffle':
      return { walk: shuffled, initialRates: null };
    case 'passRate': {
      const rates =
        order.rates === undefined ? new PassRates() : await ratesFor(order.rates, problems, warnings);
      return { walk: (own, seed) => byPassRate(own, seed, order), initialRates: rates };
    }
    case 'easyToHard': {
      const rates = await ratesFor(order.rates, problems, warnings);
      return {
        walk: (own, seed) => easyToHard(own, seed, { buckets: order.buckets, rates }),
        initialRates: null,
      };
    }
  }
}

async function ratesFor(file: string, problems: readonly Problem[], warnings: string[]): Promise<PassRates> {
  const rates = await readPassRates(file);
  const measured = problems.filter(({ id }) => rates.get(id) !== null).length;
  if (measured === 0) {
    throw new ConfigError(
      `Expected ${file} (problems.order.rates) to have pass rates of the training problems, but none of its ` +
        `${rates.size} ids is among their ${problems.length}; measure the problems as they are now.`,
    );
  }
  if (measured < problems.length) {
    warnings.push(
      `${problems.length - measured} of ${problems.length} training problems have no pass rate in ${file} and are drawn as unmeasured.`,
    );
  }
  return rates;
}
