// One line of metrics.jsonl from what a step did: the batch that was collected and the minibatches that were
// run. Pure; the formulas are those of the table in runs/metrics.ts.
import { k3 } from '../algorithms/kl.ts';
import { summarizeRatios } from '../algorithms/ratios.ts';
import type { CollectedBatch, DrawRecord } from '../rollout/collect-batch.ts';
import type { DroppedReason, StepMetrics } from '../runs/metrics.ts';
import { isEvidence, isOffContext, type Rollout } from '../types.ts';
import { hintUse } from './hint-use.ts';
import type { MinibatchResult, TrainedRow } from './update.ts';

export interface StepRecord {
  readonly step: number;
  readonly policyVersion: number;
  readonly groupsAsked: number;
  readonly batch: CollectedBatch;
  readonly minibatches: readonly MinibatchResult[];
  readonly learningRate: number;
  /** Response tokens sampled in earlier steps. */
  readonly tokensBefore: number;
  readonly seconds: StepMetrics['seconds'];
}

export function stepMetrics(record: StepRecord): StepMetrics {
  const { batch, minibatches } = record;
  const rows = minibatches.flatMap((minibatch) => minibatch.rows);
  const rollouts = batch.draws.flatMap(rolloutsOf);
  return {
    step: record.step,
    policyVersion: record.policyVersion,
    ...samplingMetrics(rollouts),
    ...promptMetrics(batch),
    groups: groupShares(batch.draws),
    groupsTrained: batch.groups.length,
    groupsShort: record.groupsAsked - batch.groups.length,
    ...lossMetrics(minibatches, rows),
    learningRate: record.learningRate,
    tokensSampled: {
      step: tokensOf(rollouts),
      cumulative: record.tokensBefore + tokensOf(rollouts),
      plain: tokensOf(rollouts.filter(({ context }) => context === 'plain')),
      guided: tokensOf(rollouts.filter(({ context }) => context !== 'plain')),
      dropped: tokensOf(batch.draws.filter(({ outcome }) => outcome !== 'accepted').flatMap(rolloutsOf)),
    },
    tokensTrained: rows.reduce((sum, { row }) => sum + row.response.length, 0),
    rowAge: meanAndMax(rows.map(({ group }) => record.step - group.sampledAtStep)),
    rounds: batch.rounds,
    seconds: record.seconds,
  };
}

export function rolloutsOf(draw: DrawRecord): Rollout[] {
  return draw.attempts.flatMap(({ rollouts }) => rollouts);
}

export function tokensOf(rollouts: readonly Rollout[]): number {
  return rollouts.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0);
}

/** What the ledger and the metrics see of one draw. */
export function countDraw(draw: DrawRecord): {
  plainCorrect: number;
  plainEvidence: number;
  guidedCorrect: number;
  guidedEvidence: number;
} {
  const evidence = rolloutsOf(draw).filter(({ verdict }) => isEvidence(verdict));
  const plain = evidence.filter(({ context }) => context === 'plain');
  const guided = evidence.filter(({ context }) => context !== 'plain');
  const correct = (some: readonly Rollout[]) =>
    some.filter(({ verdict }) => verdict.kind === 'correct').length;
  return {
    plainCorrect: correct(plain),
    plainEvidence: plain.length,
    guidedCorrect: correct(guided),
    guidedEvidence: guided.length,
  };
}

function samplingMetrics(rollouts: readonly Rollout[]) {
  const evidence = rollouts.filter(({ verdict }) => isEvidence(verdict));
  const plain = rollouts.filter(({ context }) => context === 'plain');
  const guided = rollouts.filter(({ context }) => context !== 'plain');
  const share = (kind: string) =>
    ratio(evidence.filter(({ verdict }) => verdict.kind === kind).length, evidence.length);
  const accuracy = (some: readonly Rollout[]) => {
    const graded = some.filter(({ verdict }) => isEvidence(verdict));
    return ratio(graded.filter(({ verdict }) => verdict.kind === 'correct').length, graded.length);
  };
  const lengths = (some: readonly Rollout[]) =>
    meanAndMax(some.map((rollout) => rollout.responseTokens.length));
  return {
    hintFreeAccuracy: accuracy(plain),
    guidedAccuracy: accuracy(guided),
    responseLengthPlain: lengths(plain),
    responseLengthGuided: lengths(guided),
    truncatedFraction: share('truncated'),
    malformedFraction: share('malformed'),
    graderFaults: rollouts.length - evidence.length,
    rewardParts: rewardPartMeans(evidence),
  };
}

function rewardPartMeans(evidence: readonly Rollout[]): StepMetrics['rewardParts'] {
  const parts = evidence.flatMap(({ rewardParts }) => rewardParts ?? []);
  if (parts.length === 0) return null;
  return {
    correctness: mean(parts.map(({ correctness }) => correctness))!,
    format: mean(parts.map(({ format }) => format))!,
  };
}

function promptMetrics({ draws, staleGroups }: CollectedBatch) {
  const dropped: Record<DroppedReason, number> = {
    allPass: 0,
    allFail: 0,
    noneWrong: 0,
    tooLittleEvidence: 0,
    noHint: 0,
    guidedAllFail: 0,
    guidedAllPass: 0,
    stale: staleGroups.length,
    overlong: 0,
  };
  for (const { outcome } of draws) if (outcome !== 'accepted') dropped[outcome]++;
  const counts = draws.map(countDraw);
  return {
    promptsDrawn: draws.length,
    promptsGuided: draws.filter(({ attempts }) => attempts.some(({ context }) => context !== 'plain')).length,
    promptsRescued: counts.filter((count) => count.plainCorrect === 0 && count.guidedCorrect > 0).length,
    hintUse: hintUse(draws),
    dropped,
  };
}

function groupShares(draws: readonly DrawRecord[]): StepMetrics['groups'] {
  const groups = draws.map(countDraw).filter(({ plainEvidence }) => plainEvidence > 0);
  if (groups.length === 0) return null;
  const allFail = groups.filter(({ plainCorrect }) => plainCorrect === 0).length;
  const allPass = groups.filter(({ plainCorrect, plainEvidence }) => plainCorrect === plainEvidence).length;
  return {
    allFail: allFail / groups.length,
    mixed: (groups.length - allFail - allPass) / groups.length,
    allPass: allPass / groups.length,
  };
}

function lossMetrics(minibatches: readonly MinibatchResult[], rows: readonly TrainedRow[]) {
  const off = rows.filter(({ row }) => isOffContext(row));
  const on = rows.filter(({ row }) => !isOffContext(row));
  const plain = on.filter(({ row }) => row.trainContext === 'plain');
  const gradientWeight = (some: readonly TrainedRow[]) =>
    sum(some.map(({ dLogprobs_T }) => dLogprobs_T.reduce((total, d) => total + Math.abs(d), 0)));
  const norms = minibatches.map(({ gradNorm }) => gradNorm);
  return {
    lossOnContext: on.length > 0 ? mean(minibatches.map(({ policy }) => policy.lossOnContext)) : null,
    lossOffContext: off.length > 0 ? mean(minibatches.map(({ policy }) => policy.lossOffContext)) : null,
    lossRetention: minibatches.some(({ retentionRows }) => retentionRows > 0)
      ? mean(minibatches.map(({ lossRetention }) => lossRetention))
      : null,
    offContextRatio: summarizeRatios(off.flatMap(({ ratios_T }) => [...ratios_T])),
    offContextGradientShare: ratio(gradientWeight(off), gradientWeight(rows)),
    clipFraction: clipFraction(minibatches),
    klBehaviour: mean(plain.flatMap((trained) => [...k3(trained.row.behaviourLogprobs, trained.logprobs_T)])),
    entropy: mean(rows.flatMap(({ entropies_T }) => [...entropies_T])),
    gradNorm: norms.length > 0 ? { mean: mean(norms)!, max: maximum(norms) } : null,
    updatesApplied: minibatches.filter(({ applied }) => applied).length,
    updatesSkipped: minibatches.filter(({ applied }) => !applied).length,
  };
}

/** The mean over on-context tokens, from the fraction of each minibatch. */
function clipFraction(minibatches: readonly MinibatchResult[]): number | null {
  const parts = minibatches.map(({ rows, policy }) => ({
    tokens: sum(rows.filter(({ row }) => !isOffContext(row)).map(({ row }) => row.response.length)),
    fraction: policy.clipFraction,
  }));
  return ratio(
    sum(parts.map(({ tokens, fraction }) => tokens * fraction)),
    sum(parts.map(({ tokens }) => tokens)),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function mean(values: readonly number[]): number | null {
  return ratio(sum(values), values.length);
}

/** Keeps NaN, which Math.max over many arguments does too but with a limit on their number. */
function maximum(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), -Infinity);
}

function meanAndMax(values: readonly number[]): { mean: number; max: number } | null {
  return values.length === 0 ? null : { mean: mean(values)!, max: maximum(values) };
}
