// Measures a sampler on problems: n samples of each in one context, graded by the same verifiers as training,
// summed up as unbiased pass@k with bootstrap intervals over problems. Needs a Sampler only, so anything that
// samples can be evaluated.
import type { Sampler } from '../engine/engine.ts';
import { seedOf } from '../random.ts';
import { respond, type ResponderSettings } from '../rollout/responder.ts';
import type { EvaluationLine, PassAtK } from '../runs/metrics.ts';
import { isEvidence, type Context, type Problem, type Rollout } from '../types.ts';
import { bootstrapInterval } from './bootstrap.ts';
import { passAtK } from './pass-at-k.ts';

export interface EvaluationInputs {
  readonly sampler: Sampler;
  readonly responder: ResponderSettings;
  readonly problems: readonly Problem[];
  readonly context: Context;
  readonly samples: number;
  /** Each at most `samples`. */
  readonly passAt: readonly number[];
  /** Names the draws: evaluations of different steps are independent. */
  readonly step: number;
  readonly policyVersion: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRollout?: () => void;
}

/** A line of evals.jsonl but for its step and time. Problems with fewer than k graded samples are left out of pass@k. */
export interface EvaluationResult extends Omit<EvaluationLine, 'step' | 'seconds'> {
  readonly tokensSampled: number;
}

/** Successes of one problem. */
interface Tally {
  readonly source: string;
  readonly samples: number;
  readonly correct: number;
}

const RESAMPLES = 2000;

export async function evaluate(
  inputs: EvaluationInputs,
): Promise<{ result: EvaluationResult; rollouts: Rollout[] }> {
  const { problems, context, samples, step } = inputs;
  const orders = problems.flatMap((problem, drawOrdinal) =>
    Array.from({ length: samples }, (_, sampleIndex) => ({
      problem,
      context,
      purpose: 'evaluate' as const,
      step,
      drawOrdinal,
      sampleIndex,
    })),
  );
  const rollouts = await respond(inputs.responder, inputs.sampler, orders, inputs.policyVersion, {
    signal: inputs.signal,
    ...(inputs.onRollout && { onRollout: inputs.onRollout }),
  });
  const tallies = problems.map((problem, index) =>
    tally(problem, rollouts.slice(index * samples, (index + 1) * samples)),
  );
  return { result: summarise(inputs, tallies, rollouts), rollouts };
}

/** Successes of each problem, in their order, from rollouts that are as many for each, in one context. */
export function problemCounts(
  problems: readonly Problem[],
  rollouts: readonly Rollout[],
): { id: string; source: string; context: Context; samples: number; correct: number }[] {
  const each = rollouts.length / problems.length;
  return problems.map((problem, index) => {
    const own = rollouts.slice(index * each, (index + 1) * each);
    return { id: problem.id, context: own[0]!.context, ...tally(problem, own) };
  });
}

function tally(problem: Problem, rollouts: readonly Rollout[]): Tally {
  const graded = rollouts.filter(({ verdict }) => isEvidence(verdict));
  return {
    source: problem.source,
    samples: graded.length,
    correct: graded.filter(({ verdict }) => verdict.kind === 'correct').length,
  };
}

function summarise(
  inputs: EvaluationInputs,
  tallies: readonly Tally[],
  rollouts: readonly Rollout[],
): EvaluationResult {
  const counted = (kind: string) => rollouts.filter(({ verdict }) => verdict.kind === kind).length;
  return {
    context: inputs.context,
    problems: tallies.length,
    samples: inputs.samples,
    passAtK: estimates(inputs, tallies, 'all'),
    bySource: bySource(inputs, tallies),
    truncated: counted('truncated'),
    malformed: counted('malformed'),
    graderFaults: counted('graderError') + counted('graderTimeout'),
    tokensSampled: rollouts.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0),
  };
}

function estimates(inputs: EvaluationInputs, tallies: readonly Tally[], scope: string): PassAtK[] {
  return inputs.passAt.map((k) => {
    const usable = tallies.filter(({ samples }) => samples >= k);
    if (usable.length === 0) return { k, estimate: NaN, low: NaN, high: NaN };
    const values = usable.map(({ samples, correct }) => passAtK(samples, correct, k));
    const seed = seedOf(inputs.responder.runSeed, 'bootstrap', inputs.step, inputs.context, k, scope);
    const { mean, low, high } = bootstrapInterval(values, { seed, resamples: RESAMPLES, confidence: 0.95 });
    return { k, estimate: mean, low, high };
  });
}

function bySource(inputs: EvaluationInputs, tallies: readonly Tally[]): EvaluationResult['bySource'] {
  const groups = new Map<string, Tally[]>();
  for (const entry of tallies) groups.set(entry.source, [...(groups.get(entry.source) ?? []), entry]);
  const entries = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([source, members]) => ({
    source,
    problems: members.length,
    passAtK: estimates(inputs, members, source),
  }));
}
