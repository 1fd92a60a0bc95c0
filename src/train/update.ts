// One policy update phase: training groups become rows, rows become minibatches cut by group, and each
// minibatch is forward -> loss -> backward -> step. The loss is computed over the whole minibatch before any
// backward, so its normalisers and percentiles do not depend on how an engine splits its work. Rows that cannot have a
// gradient count in the normalisers and are not run.
import { groupAdvantages } from '../algorithms/advantages.ts';
import type { Aggregation } from '../algorithms/aggregation.ts';
import { likelihoodLoss, policyLoss, type PolicyLossResult } from '../algorithms/losses.ts';
import type { Shaping } from '../algorithms/shaping.ts';
import type { AdamWUpdate, ScoredSequence, Trainable } from '../engine/engine.ts';
import {
  isOffContext,
  type Context,
  type PlannedRow,
  type Problem,
  type Row,
  type TrainingGroup,
} from '../types.ts';
import { applyGradient } from './apply-gradient.ts';

/** What is minimised. */
export interface PolicyObjective {
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly shaping: Shaping;
  readonly aggregation: Aggregation;
  readonly normalizeByStd: boolean;
  /** Weight of the likelihood term of retention rows. */
  readonly retentionWeight: number;
}

export interface UpdateInputs {
  readonly model: Trainable;
  readonly groups: readonly TrainingGroup[];
  readonly renderPrompt: (problem: Problem, context: Context) => Int32Array;
  readonly objective: PolicyObjective;
  readonly temperature: number;
  readonly minibatches: number;
  readonly optimizer: AdamWUpdate;
  readonly seconds: { forward: number; backward: number; step: number };
}

/** A row with what the update found out about it; arrays have one number per response token. */
export interface TrainedRow {
  readonly row: Row;
  readonly group: TrainingGroup;
  readonly sampleIndex: number;
  readonly logprobs_T: Float64Array;
  readonly entropies_T: Float64Array;
  /** π_θ / π_old before this update. */
  readonly ratios_T: Float64Array;
  /** ∂loss/∂log-prob. */
  readonly dLogprobs_T: Float64Array;
}

export interface MinibatchResult {
  /** Those that were run. */
  readonly rows: readonly TrainedRow[];
  readonly retentionRows: number;
  readonly policy: PolicyLossResult;
  readonly lossRetention: number;
  readonly gradNorm: number;
  /** false: something was not finite; the model is as before. */
  readonly applied: boolean;
}

/** Runs every minibatch in order. Cannot be interrupted half-way: the step in flight is finished. */
export async function updatePolicy(inputs: UpdateInputs): Promise<MinibatchResult[]> {
  const results: MinibatchResult[] = [];
  for (const groups of cutByGroup(inputs.groups, inputs.minibatches)) {
    results.push(await updateMinibatch(inputs, groups));
  }
  return results;
}

/** Contiguous parts whose sizes differ by at most one; fewer parts where there are fewer groups. */
export function cutByGroup<T>(groups: readonly T[], parts: number): T[][] {
  const used = Math.min(parts, groups.length);
  return Array.from({ length: used }, (_, part) =>
    groups.slice(Math.floor((part * groups.length) / used), Math.floor(((part + 1) * groups.length) / used)),
  );
}

/** The rows of a group, with advantages normalised over all of its rows together. */
export function rowsOf(
  group: TrainingGroup,
  options: { normalizeByStd: boolean },
  renderPrompt: UpdateInputs['renderPrompt'],
): Row[] {
  const rewards_G = group.plan.rows.map(({ rollout }) => rollout.reward);
  const advantages_G = groupAdvantages(rewards_G, options);
  return group.plan.rows.map(({ rollout, trainContext }, index) => ({
    problemId: group.problem.id,
    trainPrompt: trainPromptOf(group.problem, { rollout, trainContext }, renderPrompt),
    response: rollout.responseTokens,
    behaviourLogprobs: rollout.behaviourLogprobs,
    sampledContext: rollout.context,
    trainContext,
    reward: rollout.reward,
    advantage: advantages_G[index]!,
  }));
}

async function updateMinibatch(
  inputs: UpdateInputs,
  groups: readonly TrainingGroup[],
): Promise<MinibatchResult> {
  const { model, objective, seconds } = inputs;
  const all = groups.flatMap((group) =>
    rowsOf(group, objective, inputs.renderPrompt).map((row, index) => ({ row, group, index })),
  );
  const members = all.filter(({ row }) => canHaveGradient(row));
  const skipped = all.filter(({ row }) => !canHaveGradient(row)).map(({ row }) => row.response.length);
  const retention =
    objective.retentionWeight > 0 ? groups.flatMap((group) => retentionOf(group, inputs)) : [];

  let clock = performance.now();
  const lap = (phase: keyof typeof seconds) => {
    const now = performance.now();
    seconds[phase] += (now - clock) / 1000;
    clock = now;
  };
  const sequences: ScoredSequence[] = [
    ...members.map(({ row }) => ({ promptTokens: row.trainPrompt, responseTokens: row.response })),
    ...retention,
  ];
  const pass = await model.forward(sequences, {
    gradient: true,
    want: { logprobs: true, entropies: true },
    temperature: inputs.temperature,
  });
  lap('forward');

  const logprobs = pass.logprobs!;
  const policy = policyLoss(
    members.map(({ row }, index) => ({
      logprobs_T: logprobs[index]!,
      behaviourLogprobs_T: row.behaviourLogprobs,
      advantage: row.advantage,
      offContext: isOffContext(row),
    })),
    { ...objective, aggregation: amongSkipped(objective.aggregation, skipped) },
  );
  const likelihood = likelihoodLoss(logprobs.slice(members.length), {
    weight: objective.retentionWeight,
    aggregation: objective.aggregation,
  });
  const update = await applyGradient(
    model,
    pass,
    { loss: policy.loss + likelihood.loss, dLogprobs: [...policy.dLogprobs, ...likelihood.dLogprobs] },
    inputs.optimizer,
    lap,
  );
  return {
    rows: members.map(({ row, group, index: memberIndex }, index) => ({
      row,
      group,
      sampleIndex: group.plan.rows[memberIndex]!.rollout.sampleIndex,
      logprobs_T: logprobs[index]!,
      entropies_T: pass.entropies![index]!,
      ratios_T: policy.ratios[index]!,
      dLogprobs_T: policy.dLogprobs[index]!,
    })),
    retentionRows: retention.length,
    policy,
    lossRetention: likelihood.loss,
    ...update,
  };
}

/**
 * Whatever its log-probs: the loss of a row on context is A times something, and nothing else depends on them. Ratios of
 * rows off context also make γ, which the loss of other rows has in it.
 */
function canHaveGradient(row: Row): boolean {
  return row.advantage !== 0 || isOffContext(row);
}

/** The weights that rows have in a minibatch that has others beside them. */
function amongSkipped(aggregation: Aggregation, lengthsOfOthers: readonly number[]): Aggregation {
  return (lengths_R) => aggregation([...lengths_R, ...lengthsOfOthers]).subarray(0, lengths_R.length);
}

function retentionOf(group: TrainingGroup, inputs: UpdateInputs): ScoredSequence[] {
  return group.plan.retention.map((planned) => ({
    promptTokens: trainPromptOf(group.problem, planned, inputs.renderPrompt),
    responseTokens: planned.rollout.responseTokens,
  }));
}

/** The prompt of the train context: the very tokens it was sampled with where that is the same. */
function trainPromptOf(
  problem: Problem,
  { rollout, trainContext }: PlannedRow,
  renderPrompt: UpdateInputs['renderPrompt'],
): Int32Array {
  return trainContext === rollout.context ? rollout.promptTokens : renderPrompt(problem, trainContext);
}
