// Retention of guided ability, for any strategy: while the hint-free policy moves, the model forgets how to
// follow a hint, and with that the guidance dries up. The correct guided rows of an accepted plan are trained
// a second time, by likelihood and in the hinted context they were sampled in. How strongly is the loss's
// business. A draw that is dropped retains nothing, whatever its guided rollouts were.
import type { PlannedRow } from '../types.ts';
import type { GuidanceStrategy } from './strategy.ts';
import { isCorrect } from './trigger.ts';

export function withRetention(strategy: GuidanceStrategy): GuidanceStrategy {
  return {
    name: `${strategy.name}+retention`,
    decide(situation) {
      const decision = strategy.decide(situation);
      if (decision.kind !== 'accept') return decision;
      const { rows, retention } = decision.plan;
      const retained = rows
        .map((row) => row.rollout)
        .filter((rollout) => rollout.context !== 'plain' && isCorrect(rollout))
        .map((rollout): PlannedRow => ({ rollout, trainContext: rollout.context }));
      return { kind: 'accept', plan: { rows, retention: [...retention, ...retained] } };
    },
  };
}
