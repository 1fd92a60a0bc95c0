// The one training loop. Everything in which runs differ (strategy, loss, schedule, engine, data) enters as a
// value; nothing here asks which. A step is: collect a batch, update, observe, write. State is replaced when a
// step is finished, so an interrupt before the update leaves the step undone and a checkpoint is always a step
// boundary.
import type { ProblemOrder, Reading } from '../data/order/order.ts';
import { PassRates } from '../data/order/pass-rates.ts';
import type { Scorer, Trainable, Truncation } from '../engine/engine.ts';
import { TrainingError } from '../errors.ts';
import { evaluate, type EvaluationResult } from '../eval/evaluate.ts';
import type { GuidanceStrategy } from '../guidance/strategy.ts';
import { collectBatch, type BatchSettings, type CollectedBatch } from '../rollout/collect-batch.ts';
import type { ResponderSettings } from '../rollout/responder.ts';
import type { LoadedCheckpoint } from '../runs/checkpoint.ts';
import { Ledger } from '../runs/ledger.ts';
import type { EvaluationLine, StepMetrics } from '../runs/metrics.ts';
import type { RunDirectory } from '../runs/run-directory.ts';
import type { Context, Problem } from '../types.ts';
import type { OptimizerConfig } from './config.ts';
import { rolloutRecords } from './rollout-records.ts';
import { adamwUpdate } from './schedule.ts';
import { INITIAL_STATE, restoreState, storeState, type TrainState } from './state.ts';
import { countDraw, rolloutsOf, stepMetrics, tokensOf } from './step-metrics.ts';
import { updatePolicy, type MinibatchResult, type PolicyObjective } from './update.ts';

/** How often and how a run is measured; null for never. */
export interface EvaluationPlan {
  readonly everySteps: number;
  readonly problems: readonly Problem[];
  readonly contexts: readonly Context[];
  readonly samples: number;
  readonly passAt: readonly number[];
  readonly temperature: number;
  readonly truncation: Truncation;
}

export interface TrainPlan {
  readonly steps: number;
  readonly tokenBudget: number;
  readonly strategy: GuidanceStrategy;
  readonly batch: BatchSettings;
  readonly objective: PolicyObjective;
  readonly minibatches: number;
  readonly optimizer: OptimizerConfig;
  readonly responder: ResponderSettings;
  readonly problems: readonly Problem[];
  readonly order: ProblemOrder;
  readonly evaluation: EvaluationPlan | null;
  readonly checkpointEverySteps: number;
  readonly checkpointsKept: number;
  readonly maxBadSteps: number;
  readonly rolloutsEverySteps: number;
}

/** What a person watching is told. */
export type TrainProgress =
  | { readonly kind: 'sampling'; readonly step: number; readonly groups: number; readonly rollouts: number }
  | { readonly kind: 'updating'; readonly step: number }
  | { readonly kind: 'evaluating'; readonly step: number; readonly done: number; readonly of: number }
  | { readonly kind: 'step'; readonly metrics: StepMetrics }
  | { readonly kind: 'evaluation'; readonly line: EvaluationLine };

export interface TrainDependencies {
  readonly plan: TrainPlan;
  readonly model: Trainable;
  readonly run: RunDirectory;
  readonly checkpoint: LoadedCheckpoint | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TrainProgress) => void;
}

export interface TrainOutcome {
  readonly completedSteps: number;
  /** true: stopped by the signal at a step boundary from which resume goes on. */
  readonly interrupted: boolean;
}

export async function train(dependencies: TrainDependencies): Promise<TrainOutcome> {
  const run = new TrainingRun(dependencies);
  return run.toTheEnd();
}

class TrainingRun {
  readonly #deps: TrainDependencies;
  readonly #ledger: Ledger;
  /** null where the order of problems does not depend on them. */
  readonly #passRates: PassRates | null;
  #state: TrainState;
  /** The state the newest checkpoint holds; states are replaced, never changed. */
  #saved: TrainState | null;
  /** Phases outside of a step; they are reported with the step that follows. */
  readonly #between = { evaluate: 0, checkpoint: 0 };

  constructor(dependencies: TrainDependencies) {
    this.#deps = dependencies;
    const { checkpoint, plan } = dependencies;
    const restored = checkpoint && restoreState(checkpoint.state, plan.problems);
    this.#state = restored?.state ?? INITIAL_STATE;
    this.#ledger = restored?.ledger ?? new Ledger();
    this.#passRates = plan.order.initialRates && (restored?.passRates ?? copyOf(plan.order.initialRates));
    this.#saved = restored?.state ?? null;
  }

  async toTheEnd(): Promise<TrainOutcome> {
    const { signal, checkpoint, model } = this.#deps;
    if (checkpoint) await model.load(checkpoint.engineDir);
    try {
      while (!this.#finished()) {
        await this.#evaluateIfDue();
        signal.throwIfAborted();
        await this.#step();
        if (this.#state.completedSteps % this.#deps.plan.checkpointEverySteps === 0) await this.#checkpoint();
      }
      await this.#evaluateIfDue();
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      await this.#checkpoint();
      return { completedSteps: this.#state.completedSteps, interrupted: true };
    }
    await this.#checkpoint();
    return { completedSteps: this.#state.completedSteps, interrupted: false };
  }

  #finished(): boolean {
    const { steps, tokenBudget } = this.#deps.plan;
    return this.#state.completedSteps >= steps || this.#state.tokensSampled >= tokenBudget;
  }

  async #step(): Promise<void> {
    const { plan, model, onProgress } = this.#deps;
    const before = this.#state;
    const step = before.completedSteps;
    const started = performance.now();
    const seconds = { sample: 0, verify: 0, forward: 0, backward: 0, step: 0 };

    const reading = plan.order.from(
      before.nextDrawOrdinal,
      before.orderCursors,
      this.#passRates ?? undefined,
    );
    const batch = await this.#collect(reading, seconds);
    onProgress({ kind: 'updating', step });
    const optimizer = adamwUpdate(plan.optimizer, step, plan.steps);
    const minibatches = await updatePolicy({
      model,
      groups: batch.groups,
      renderPrompt: plan.responder.renderPrompt,
      objective: plan.objective,
      temperature: plan.responder.temperature,
      minibatches: plan.minibatches,
      optimizer,
      seconds,
    });

    const metrics = stepMetrics({
      step,
      policyVersion: before.policyVersion,
      groupsAsked: plan.batch.groupsPerStep,
      batch,
      minibatches,
      learningRate: optimizer.learningRate,
      tokensBefore: before.tokensSampled,
      seconds: { ...seconds, ...this.#between, total: (performance.now() - started) / 1000 },
    });
    this.#between.evaluate = this.#between.checkpoint = 0;
    this.#state = nextState(before, batch, minibatches, reading.cursorsAt(batch.nextDrawOrdinal));
    await this.#write(step, batch, minibatches, metrics);
    onProgress({ kind: 'step', metrics });
    this.#stopIfHopeless(batch, minibatches);
  }

  #collect(reading: Reading, seconds: { sample: number; verify: number }): Promise<CollectedBatch> {
    const { plan, model, signal, onProgress } = this.#deps;
    const { completedSteps: step, policyVersion, nextDrawOrdinal, surplus } = this.#state;
    return collectBatch({
      settings: plan.batch,
      responder: plan.responder,
      sampler: model,
      strategy: plan.strategy,
      problemAt: (ordinal) => reading.problemAt(ordinal),
      step,
      policyVersion,
      nextDrawOrdinal,
      surplus,
      seconds,
      signal,
      onProgress: ({ groups, rollouts }) => onProgress({ kind: 'sampling', step, groups, rollouts }),
    });
  }

  async #write(
    step: number,
    batch: CollectedBatch,
    minibatches: readonly MinibatchResult[],
    metrics: StepMetrics,
  ): Promise<void> {
    const { run, plan } = this.#deps;
    if (plan.rolloutsEverySteps > 0 && step % plan.rolloutsEverySteps === 0) {
      await run.writeRollouts(step, rolloutRecords(batch, minibatches));
    }
    for (const draw of batch.draws) {
      const { id, source } = draw.problem;
      const counts = countDraw(draw);
      run.appendLedger(this.#ledger.observe(id, source, step, counts));
      this.#passRates?.observe(id, counts);
    }
    run.appendMetrics(metrics);
    if (metrics.groupsShort > 0) run.event('warning', shortBatchSentence(metrics, plan.batch), { step });
    minibatches.forEach((minibatch, index) => {
      if (!minibatch.applied) run.event('error', refusedSentence(index), refusedFields(step, minibatch));
    });
  }

  #stopIfHopeless(batch: CollectedBatch, minibatches: readonly MinibatchResult[]): void {
    const { maxBadSteps, batch: settings } = this.#deps.plan;
    if (this.#state.refusedInARow >= maxBadSteps) {
      throw new TrainingError(
        `${this.#state.refusedInARow} updates in a row had a loss or gradient that is not finite (the last of ` +
          `${minibatches.length} in this step); events.jsonl names the rows. The last checkpoint is intact: ` +
          'lower optimizer.learningRate and resume from it, or start again.',
      );
    }
    if (this.#state.emptyInARow >= maxBadSteps) {
      const reasons = countReasons(batch);
      throw new TrainingError(
        `No group gave a training signal in ${this.#state.emptyInARow} steps of ${settings.maxRounds} rounds ` +
          `of ${settings.promptsPerRound} problems; the last step dropped ${reasons}. Use easier problems or ` +
          'problems with hints, a larger sampling.k, or a base model that solves some of them.',
      );
    }
  }

  async #evaluateIfDue(): Promise<void> {
    const { evaluation } = this.#deps.plan;
    const { completedSteps, evaluatedAt } = this.#state;
    if (!evaluation || evaluatedAt === completedSteps) return;
    if (!this.#finished() && completedSteps % evaluation.everySteps !== 0) return;
    const started = performance.now();
    const lines: EvaluationLine[] = [];
    for (const [index, context] of evaluation.contexts.entries()) {
      lines.push(await this.#evaluateIn(context, evaluation, index));
    }
    // Written together once all are done: an interrupt half-way leaves none, and resume makes them all.
    for (const line of lines) {
      this.#deps.run.appendEvaluation(line);
      this.#deps.onProgress({ kind: 'evaluation', line });
    }
    this.#state = { ...this.#state, evaluatedAt: completedSteps };
    this.#between.evaluate += (performance.now() - started) / 1000;
  }

  async #evaluateIn(context: Context, evaluation: EvaluationPlan, index: number): Promise<EvaluationLine> {
    const { plan, model, signal, onProgress } = this.#deps;
    const { completedSteps: step, policyVersion } = this.#state;
    const { problems, samples, passAt, temperature, truncation, contexts } = evaluation;
    const each = problems.length * samples;
    let done = index * each;
    const started = performance.now();
    const { result } = await evaluate({
      sampler: model satisfies Scorer,
      responder: { ...plan.responder, temperature, truncation },
      problems,
      context,
      samples,
      passAt,
      step,
      policyVersion,
      signal,
      onRollout: () => onProgress({ kind: 'evaluating', step, done: ++done, of: each * contexts.length }),
    });
    return evaluationLine(step, result, (performance.now() - started) / 1000);
  }

  async #checkpoint(): Promise<void> {
    const { run, model, plan } = this.#deps;
    const { completedSteps } = this.#state;
    if (this.#saved === this.#state) return;
    const started = performance.now();
    await run.checkpoint(completedSteps, {
      saveEngine: (dir) => model.save(dir),
      state: storeState(
        { state: this.#state, ledger: this.#ledger, passRates: this.#passRates },
        plan.problems,
      ),
      keep: plan.checkpointsKept,
    });
    this.#saved = this.#state;
    this.#between.checkpoint += (performance.now() - started) / 1000;
  }
}

function nextState(
  before: TrainState,
  batch: CollectedBatch,
  minibatches: readonly MinibatchResult[],
  orderCursors: readonly number[],
): TrainState {
  let refusedInARow = before.refusedInARow;
  for (const { applied } of minibatches) refusedInARow = applied ? 0 : refusedInARow + 1;
  return {
    completedSteps: before.completedSteps + 1,
    nextDrawOrdinal: batch.nextDrawOrdinal,
    orderCursors,
    policyVersion: before.policyVersion + minibatches.filter(({ applied }) => applied).length,
    tokensSampled: before.tokensSampled + tokensOf(batch.draws.flatMap(rolloutsOf)),
    surplus: batch.surplus,
    evaluatedAt: before.evaluatedAt,
    refusedInARow,
    emptyInARow: batch.groups.length === 0 ? before.emptyInARow + 1 : 0,
  };
}

/** The plan's own must stay as they are: it may be carried out again. */
function copyOf(rates: PassRates): PassRates {
  return PassRates.fromJSON(rates.toJSON());
}

/** Tokens that evaluations sample count in no budget and stand in no line. */
function evaluationLine(step: number, result: EvaluationResult, seconds: number): EvaluationLine {
  return {
    step,
    context: result.context,
    problems: result.problems,
    samples: result.samples,
    passAtK: result.passAtK,
    bySource: result.bySource,
    truncated: result.truncated,
    malformed: result.malformed,
    graderFaults: result.graderFaults,
    seconds: { total: seconds },
  };
}

function shortBatchSentence(metrics: StepMetrics, settings: BatchSettings): string {
  const dropped = Object.entries(metrics.dropped).filter(([, count]) => count > 0);
  const reasons = dropped.map(([reason, count]) => `${reason} ${count}`).join(', ');
  return (
    `Step ${metrics.step} trained on ${metrics.groupsTrained} of ${settings.groupsPerStep} groups: ` +
    `${metrics.promptsDrawn} problems in ${metrics.rounds} rounds were not enough (dropped: ${reasons || 'none'}). ` +
    'Raise sampling.maxRounds or lower sampling.groupsPerStep to fill it.'
  );
}

function countReasons(batch: CollectedBatch): string {
  const counts = new Map<string, number>();
  for (const { outcome } of batch.draws) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} as ${reason}`).join(', ') || 'none';
}

function refusedSentence(minibatch: number): string {
  return `The update of minibatch ${minibatch} was refused: its loss or gradient is not finite.`;
}

function refusedFields(step: number, { rows, gradNorm }: MinibatchResult): Record<string, unknown> {
  const offending = rows.filter(({ dLogprobs_T, logprobs_T }) =>
    [dLogprobs_T, logprobs_T].some((values) => !values.every(Number.isFinite)),
  );
  return {
    step,
    gradNorm,
    rows: (offending.length > 0 ? offending : rows).map(({ row, group, sampleIndex }) => ({
      problemId: row.problemId,
      drawOrdinal: group.drawOrdinal,
      sampledContext: row.sampledContext,
      sampleIndex,
    })),
  };
}
