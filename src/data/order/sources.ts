// Problems by the source that a recipe gives a weight to: the path domain/source/subcategory, of which a weight names
// the beginning.
import { ConfigError } from '../../errors.ts';
import type { Problem } from '../../types.ts';

export interface WeightedProblems {
  /** Names the draws of the source, beside the run's seed. */
  readonly name: string;
  readonly weight: number;
  readonly problems: readonly Problem[];
}

/**
 * One entry for each weight, in their order. A problem belongs to the longest path that its own begins with, in whole
 * segments: `math` has `math/gsm8k`, and not `mathematics`. ConfigError for a weight without a problem and for problems
 * without a weight: either would change the mixture unsaid.
 */
export function groupByWeight(
  problems: readonly Problem[],
  weights: Readonly<Record<string, number>>,
): WeightedProblems[] {
  const groups = new Map<string, Problem[]>(Object.keys(weights).map((path) => [path, []]));
  const others = new Map<string, number>();
  for (const problem of problems) {
    const group = groups.get(longestPath(problem.source, groups) ?? '\0');
    if (group) group.push(problem);
    else others.set(problem.source, (others.get(problem.source) ?? 0) + 1);
  }
  if (others.size > 0) {
    const listed = [...others].slice(0, 8).map(([source, count]) => `${source} (${count})`);
    const more = others.size > listed.length ? ` and ${others.size - listed.length} more` : '';
    throw new ConfigError(
      `Expected problems.weights to have a path for every training problem, but these sources are under none: ` +
        `${listed.join(', ')}${more}. Give them a weight, or take them out of problems.train.`,
    );
  }
  return [...groups].map(([path, own]) => {
    if (own.length === 0) {
      throw new ConfigError(
        `Expected training problems under every path of problems.weights, but none has a source that begins with ` +
          `${JSON.stringify(path)}${nearest(problems)}.`,
      );
    }
    return { name: path, weight: weights[path]!, problems: own };
  });
}

function longestPath(source: string, paths: ReadonlyMap<string, unknown>): string | null {
  for (let path = source; ; path = path.slice(0, path.lastIndexOf('/'))) {
    if (paths.has(path)) return path;
    if (!path.includes('/')) return null;
  }
}

function nearest(problems: readonly Problem[]): string {
  const sources = [...new Set(problems.map(({ source }) => source))];
  const more = sources.length > 8 ? ', …' : '';
  return `; the sources there are: ${sources.slice(0, 8).join(', ')}${more}`;
}
