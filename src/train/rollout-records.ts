// What rollouts/step-NNNNNN.jsonl holds: every rollout sampled in the step with its verdict and what became of
// its group, then every row trained in the step with its ratios. A row of a surplus group refers to a rollout
// of an earlier step's file by (drawOrdinal, sampledContext, sampleIndex).
import { hashIn } from '../hints/measurements.ts';
import type { CollectedBatch } from '../rollout/collect-batch.ts';
import { hintLevel, hintOf } from '../types.ts';
import type { MinibatchResult } from './update.ts';

export function* rolloutRecords(
  batch: CollectedBatch,
  minibatches: readonly MinibatchResult[],
): Generator<Record<string, unknown>> {
  for (const { problem, drawOrdinal, attempts, outcome } of batch.draws) {
    for (const { context, rollouts } of attempts) {
      const hint = hintOf(problem, context);
      const hash = hashIn(problem, context);
      for (const rollout of rollouts) {
        yield {
          kind: 'rollout',
          drawOrdinal,
          problemId: problem.id,
          source: problem.source,
          context,
          level: hintLevel(context),
          hint,
          hintHash: hash,
          sampleIndex: rollout.sampleIndex,
          seed: rollout.seed,
          policyVersion: rollout.policyVersion,
          verdict: rollout.verdict.kind,
          reason: rollout.verdict.reason,
          extracted: rollout.verdict.extracted,
          reward: rollout.reward,
          ...(rollout.rewardParts && { rewardParts: rollout.rewardParts }),
          outcome,
          finish: rollout.finish,
          text: rollout.text,
          promptTokens: [...rollout.promptTokens],
          responseTokens: [...rollout.responseTokens],
          logprobs: [...rollout.behaviourLogprobs],
        };
      }
    }
  }
  for (const [minibatch, { rows }] of minibatches.entries()) {
    for (const { row, group, sampleIndex, ratios_T } of rows) {
      yield {
        kind: 'row',
        minibatch,
        drawOrdinal: group.drawOrdinal,
        problemId: row.problemId,
        sampledAtStep: group.sampledAtStep,
        sampledContext: row.sampledContext,
        trainContext: row.trainContext,
        sampleIndex,
        reward: row.reward,
        advantage: row.advantage,
        ratios: [...ratios_T],
      };
    }
  }
}
