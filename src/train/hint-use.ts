// What hints did in one step, by source and level: how often they came, how many failed problems they rescued, and how
// much better the same problems went with them. Pure. Its one idea: counts beside rates, so that a reader can sum steps.
import type { DrawRecord } from '../rollout/collect-batch.ts';
import type { StepMetrics } from '../runs/metrics.ts';
import { hintLevel, isEvidence, type Rollout } from '../types.ts';

type HintUse = NonNullable<StepMetrics['hintUse']>[number];

/** Sources listed by name; the others of a step are summed under OTHER_SOURCES. */
const LISTED_SOURCES = 8;
export const OTHER_SOURCES = '(other)';

interface Sums {
  problems: number;
  rescued: number;
  plainCorrect: number;
  plainEvidence: number;
  guidedCorrect: number;
  guidedEvidence: number;
}

/** By source (those with most guided problems first, the rest last) and level; null if no hint was used. */
export function hintUse(draws: readonly DrawRecord[]): HintUse[] | null {
  const guided = draws.filter((draw) => levelsOf(draw).length > 0);
  if (guided.length === 0) return null;
  const ranked = rankedSources(guided);
  const listed = new Set(ranked.slice(0, LISTED_SOURCES));
  const nameOf = ({ problem }: DrawRecord) => (listed.has(problem.source) ? problem.source : OTHER_SOURCES);
  const names = ranked.length > listed.size ? [...listed, OTHER_SOURCES] : [...listed];
  return names.flatMap((source) => {
    const own = guided.filter((draw) => nameOf(draw) === source);
    const drawn = draws.filter((draw) => nameOf(draw) === source).length;
    const levels = [...new Set(own.flatMap(levelsOf))].sort((a, b) => a - b);
    return levels.map((level) => ({ source, level, drawn, ...rates(sumsAt(own, level)) }));
  });
}

function rankedSources(guided: readonly DrawRecord[]): string[] {
  const counts = new Map<string, number>();
  for (const { problem } of guided) counts.set(problem.source, (counts.get(problem.source) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([source]) => source);
}

function levelsOf({ attempts }: DrawRecord): number[] {
  return [...new Set(attempts.map(({ context }) => hintLevel(context)))].filter((level) => level > 0);
}

function sumsAt(draws: readonly DrawRecord[], level: number): Sums {
  const sums = {
    problems: 0,
    rescued: 0,
    plainCorrect: 0,
    plainEvidence: 0,
    guidedCorrect: 0,
    guidedEvidence: 0,
  };
  for (const draw of draws) {
    if (!levelsOf(draw).includes(level)) continue;
    sums.problems++;
    const plain = countAt(draw, 0);
    const guided = countAt(draw, level);
    if (plain.correct === 0 && guided.correct > 0) sums.rescued++;
    // Only problems that were seen both ways can be compared.
    if (plain.evidence === 0 || guided.evidence === 0) continue;
    sums.plainCorrect += plain.correct;
    sums.plainEvidence += plain.evidence;
    sums.guidedCorrect += guided.correct;
    sums.guidedEvidence += guided.evidence;
  }
  return sums;
}

function countAt({ attempts }: DrawRecord, level: number): { correct: number; evidence: number } {
  const rollouts: Rollout[] = attempts
    .filter(({ context }) => hintLevel(context) === level)
    .flatMap((group) => group.rollouts);
  return {
    correct: rollouts.filter(({ verdict }) => verdict.kind === 'correct').length,
    evidence: rollouts.filter(({ verdict }) => isEvidence(verdict)).length,
  };
}

function rates(sums: Sums) {
  const { plainCorrect, plainEvidence, guidedCorrect, guidedEvidence } = sums;
  const compared = plainEvidence > 0;
  return {
    ...sums,
    rescueRate: sums.rescued / sums.problems,
    lift: compared ? guidedCorrect / guidedEvidence - plainCorrect / plainEvidence : null,
  };
}
