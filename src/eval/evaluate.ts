// Measures a sampler on problems: n samples of each in one context, graded by the same verifiers as training,
// summed up as unbiased pass@k with bootstrap intervals over problems. Needs a Sampler only, so anything that
// samples can be evaluated.
import type { Sampler } from '../engine/engine.ts';
import { seedOf } from '../random.ts';
import { respond, type ResponderSettings } from '../rollout/responder.ts';
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

export interface Estimate {
  readonly value: number;
  /** 95 % percentile bootstrap over problems. */
  readonly low: number;
  readonly high: number;
}

export interface EvaluationResult {
  readonly context: Context;
  readonly problems: number;
  readonly samples: number;
  /** Keyed by k. Problems with fewer than k graded samples are left out of that figure. */
  readonly passAt: Readonly<Record<string, Estimate>>;
  /** pass@1 by source. */
  readonly bySource: Readonly<Record<string, { readonly problems: number; readonly passAt1: number }>>;
  readonly truncated: number;
  readonly malformed: number;
  readonly graderFaults: number;
  readonly meanResponseLength: number;
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

function tally(problem: Problem, rollouts: readonly Rollout[]): Tally {
  const graded = rollouts.filter(({ verdict }) => isEvidence(verdict));
  return {
    source: problem.source,
    samples: graded.length,
    correct: graded.filter(({ reward }) => reward === 1).length,
  };
}

function summarise(
  inputs: EvaluationInputs,
  tallies: readonly Tally[],
  rollouts: readonly Rollout[],
): EvaluationResult {
  const counted = (kind: string) => rollouts.filter(({ verdict }) => verdict.kind === kind).length;
  const tokensSampled = rollouts.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0);
  return {
    context: inputs.context,
    problems: tallies.length,
    samples: inputs.samples,
    passAt: Object.fromEntries(inputs.passAt.map((k) => [String(k), estimate(inputs, tallies, k)])),
    bySource: bySource(tallies),
    truncated: counted('truncated') / rollouts.length,
    malformed: counted('malformed') / rollouts.length,
    graderFaults: rollouts.filter(({ verdict }) => !isEvidence(verdict)).length,
    meanResponseLength: tokensSampled / rollouts.length,
    tokensSampled,
  };
}

function estimate(inputs: EvaluationInputs, tallies: readonly Tally[], k: number): Estimate {
  const values = tallies.filter(({ samples }) => samples >= k).map((t) => passAtK(t.samples, t.correct, k));
  if (values.length === 0) return { value: NaN, low: NaN, high: NaN };
  const seed = seedOf(inputs.responder.runSeed, 'bootstrap', inputs.step, inputs.context, k);
  const { low, high } = bootstrapInterval(values, { seed, resamples: RESAMPLES, confidence: 0.95 });
  return { value: values.reduce((a, b) => a + b) / values.length, low, high };
}

function bySource(tallies: readonly Tally[]): EvaluationResult['bySource'] {
  const groups = new Map<string, Tally[]>();
  for (const entry of tallies) groups.set(entry.source, [...(groups.get(entry.source) ?? []), entry]);
  const entries = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([source, members]) => {
      const graded = members.filter(({ samples }) => samples > 0);
      const passAt1 = graded.reduce((sum, t) => sum + t.correct / t.samples, 0) / graded.length;
      return [source, { problems: members.length, passAt1 }];
    }),
  );
}
