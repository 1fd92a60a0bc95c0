// Dynamic sampling: draws problems in rounds and lets the guidance strategy decide on each, until the batch has
// its groups or the rounds are used up. Groups enter in draw order, never in order of completion; what is
// over stays as surplus for the next step with the log-probs of the policy that sampled it.
//
// It changes nothing it is given: the caller commits the returned state, so a step can be abandoned half-way.
import type { Sampler } from '../engine/engine.ts';
import type { DropReason, GuidanceDecision, GuidanceStrategy } from '../guidance/strategy.ts';
import type { GradedGroup, Problem, TrainingGroup } from '../types.ts';
import {
  fitsContext,
  respond,
  type ResponderSeconds,
  type ResponderSettings,
  type ResponseOrder,
} from './responder.ts';

export interface BatchSettings {
  /** Rollouts of a group. */
  readonly k: number;
  /** Groups of a full batch. */
  readonly groupsPerStep: number;
  /** Problems drawn in one round. */
  readonly promptsPerRound: number;
  /** Rounds of one step; with 1 the batch is whatever the first round gives. */
  readonly maxRounds: number;
  /** Surplus groups older than this many steps are dropped and counted. */
  readonly surplusMaxAgeSteps: number;
}

/** Reasons a draw or a surplus group does not train. */
export type BatchDropReason = DropReason | 'overlong' | 'stale';

/** One draw of a problem and all that came of it. */
export interface DrawRecord {
  readonly problem: Problem;
  readonly drawOrdinal: number;
  readonly attempts: readonly GradedGroup[];
  readonly outcome: 'accepted' | BatchDropReason;
}

export interface CollectedBatch {
  /** At most groupsPerStep groups, in draw order, older surplus first. */
  readonly groups: readonly TrainingGroup[];
  readonly surplus: readonly TrainingGroup[];
  readonly draws: readonly DrawRecord[];
  /** Surplus groups dropped for their age. */
  readonly staleGroups: readonly TrainingGroup[];
  readonly nextDrawOrdinal: number;
  readonly rounds: number;
}

export interface BatchInputs {
  readonly settings: BatchSettings;
  readonly responder: ResponderSettings;
  readonly sampler: Sampler;
  readonly strategy: GuidanceStrategy;
  readonly problemAt: (drawOrdinal: number) => Problem;
  readonly step: number;
  readonly policyVersion: number;
  readonly nextDrawOrdinal: number;
  readonly surplus: readonly TrainingGroup[];
  readonly seconds: ResponderSeconds;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { groups: number; rounds: number; rollouts: number }) => void;
}

export async function collectBatch(inputs: BatchInputs): Promise<CollectedBatch> {
  const { settings, step } = inputs;
  const fresh = (group: TrainingGroup) => step - group.sampledAtStep <= settings.surplusMaxAgeSteps;
  const staleGroups = inputs.surplus.filter((group) => !fresh(group));
  const ready = inputs.surplus.filter(fresh);
  const draws: DrawRecord[] = [];
  let nextDrawOrdinal = inputs.nextDrawOrdinal;
  let rounds = 0;
  let rollouts = 0;
  const report = () => inputs.onProgress?.({ groups: ready.length, rounds, rollouts });

  while (ready.length < settings.groupsPerStep && rounds < settings.maxRounds) {
    rounds++;
    const round = Array.from({ length: settings.promptsPerRound }, (_, index) => {
      const drawOrdinal = nextDrawOrdinal + index;
      return new OpenDraw(inputs.problemAt(drawOrdinal), drawOrdinal);
    });
    nextDrawOrdinal += round.length;
    await settleRound(inputs, round, () => {
      rollouts++;
      report();
    });
    for (const draw of round) {
      draws.push(draw.record());
      const group = draw.trainingGroup(step);
      if (group) ready.push(group);
    }
    report();
  }
  return {
    groups: ready.slice(0, settings.groupsPerStep),
    surplus: ready.slice(settings.groupsPerStep),
    draws,
    staleGroups,
    nextDrawOrdinal,
    rounds,
  };
}

/** Asks the strategy about every open draw, carries out what it wants sampled in one call, and asks again. */
async function settleRound(
  inputs: BatchInputs,
  round: readonly OpenDraw[],
  onRollout: () => void,
): Promise<void> {
  for (;;) {
    const orders: ResponseOrder[] = [];
    const asking: { draw: OpenDraw; count: number }[] = [];
    for (const draw of round) {
      if (draw.decided) continue;
      const decision = inputs.strategy.decide({
        problem: draw.problem,
        k: inputs.settings.k,
        step: inputs.step,
        attempts: draw.attempts,
      });
      if (decision.kind !== 'sample') {
        draw.decide(decision);
        continue;
      }
      const prompt = inputs.responder.renderPrompt(draw.problem, decision.context);
      if (!fitsContext(inputs.responder, inputs.sampler, prompt.length)) {
        draw.decide('overlong');
        continue;
      }
      asking.push({ draw, count: decision.count });
      orders.push(...ordersOf(draw, decision, inputs.step));
    }
    if (orders.length === 0) return;
    const rollouts = await respond(inputs.responder, inputs.sampler, orders, inputs.policyVersion, {
      signal: inputs.signal,
      seconds: inputs.seconds,
      onRollout,
    });
    let taken = 0;
    for (const { draw, count } of asking) {
      const group = rollouts.slice(taken, taken + count);
      draw.attempts.push({ context: group[0]!.context, rollouts: group });
      taken += count;
    }
  }
}

function ordersOf(
  draw: OpenDraw,
  decision: GuidanceDecision & { kind: 'sample' },
  step: number,
): ResponseOrder[] {
  return Array.from({ length: decision.count }, (_, index) => ({
    problem: draw.problem,
    context: decision.context,
    purpose: 'train' as const,
    step,
    drawOrdinal: draw.drawOrdinal,
    // A context that is sampled again continues its numbering, so that no seed repeats.
    sampleIndex: draw.sampledIn(decision.context) + index,
  }));
}

class OpenDraw {
  readonly problem: Problem;
  readonly drawOrdinal: number;
  readonly attempts: GradedGroup[] = [];
  #outcome: (GuidanceDecision & { kind: 'accept' }) | BatchDropReason | undefined;

  constructor(problem: Problem, drawOrdinal: number) {
    this.problem = problem;
    this.drawOrdinal = drawOrdinal;
  }

  get decided(): boolean {
    return this.#outcome !== undefined;
  }

  decide(decision: Exclude<GuidanceDecision, { kind: 'sample' }> | 'overlong'): void {
    this.#outcome =
      decision === 'overlong' ? decision : decision.kind === 'drop' ? decision.reason : decision;
  }

  sampledIn(context: string): number {
    return this.attempts
      .filter((group) => group.context === context)
      .reduce((sum, group) => sum + group.rollouts.length, 0);
  }

  record(): DrawRecord {
    const outcome = typeof this.#outcome === 'string' ? this.#outcome : 'accepted';
    return { problem: this.problem, drawOrdinal: this.drawOrdinal, attempts: this.attempts, outcome };
  }

  trainingGroup(step: number): TrainingGroup | null {
    if (typeof this.#outcome !== 'object') return null;
    return {
      problem: this.problem,
      drawOrdinal: this.drawOrdinal,
      sampledAtStep: step,
      plan: this.#outcome.plan,
    };
  }
}
