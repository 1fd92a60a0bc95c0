// From what the loop reports to what a person watching sees: one live region, one kept line per evaluation.
import type { EvaluationLine, StepMetrics } from '../runs/metrics.ts';
import type { TrainProgress } from '../train/loop.ts';
import { formatFigure, type Progress } from './progress.ts';

export class TrainReporter {
  readonly #progress: Progress;
  readonly #steps: number;
  readonly #evaluateEvery: number;
  readonly #now: () => number;
  readonly #started: number;
  #startStep: number | null = null;
  #finished = 0;
  /** Of the steps of this process, with their checkpoints and without evaluations. */
  #stepSeconds = 0;
  /** By the step after which an evaluation was made: what it took in all contexts. */
  readonly #evaluationSeconds = new Map<number, number>();
  #figures: Record<string, number | null> = {};

  /** @param now in milliseconds. */
  constructor(
    progress: Progress,
    plan: { readonly steps: number; readonly evaluateEvery: number },
    now: () => number = () => performance.now(),
  ) {
    this.#progress = progress;
    this.#steps = plan.steps;
    this.#evaluateEvery = plan.evaluateEvery;
    this.#now = now;
    this.#started = now();
  }

  take(event: TrainProgress): void {
    switch (event.kind) {
      case 'step':
        this.#finished = event.metrics.step + 1;
        this.#startStep ??= event.metrics.step;
        this.#stepSeconds += event.metrics.seconds.total + event.metrics.seconds.checkpoint;
        this.#figures = figuresOf(event.metrics);
        this.#show();
        break;
      case 'evaluation':
        this.#progress.note(formatEvaluation(event.line));
        this.#countEvaluation(event.line);
        this.#show();
        break;
      case 'sampling':
        this.#startStep ??= event.step;
        this.#show(`sampling: ${event.groups} groups, ${event.rollouts} rollouts`);
        break;
      case 'updating':
        this.#show('updating');
        break;
      case 'evaluating':
        this.#startStep ??= event.step;
        this.#finished = Math.max(this.#finished, event.step);
        this.#show(`evaluating ${event.done}/${event.of}`);
        break;
    }
  }

  #countEvaluation({ step, seconds }: EvaluationLine): void {
    const others = this.#evaluationSeconds.get(step) ?? 0;
    this.#evaluationSeconds.set(step, others + seconds.total);
  }

  /** Of the evaluations that are still to come, at the mean of those made: one every so many steps, and the last. */
  #evaluationSecondsLeft(): number {
    const made = [...this.#evaluationSeconds];
    if (made.length === 0) return 0;
    const last = made.at(-1)![0];
    const ahead =
      last < this.#steps
        ? Math.ceil(this.#steps / this.#evaluateEvery) - Math.floor(last / this.#evaluateEvery)
        : 0;
    return (ahead * made.reduce((sum, [, seconds]) => sum + seconds, 0)) / made.length;
  }

  #show(phase?: string): void {
    this.#progress.update({
      label: 'training',
      step: this.#finished,
      totalSteps: this.#steps,
      startStep: this.#startStep ?? 0,
      seconds: (this.#now() - this.#started) / 1000,
      stepSeconds: this.#stepSeconds,
      otherSecondsLeft: this.#evaluationSecondsLeft(),
      figures: this.#figures,
      ...(phase !== undefined && { phase }),
    });
  }
}

function figuresOf(metrics: StepMetrics): Record<string, number | null> {
  return {
    'hint-free': metrics.hintFreeAccuracy,
    guided: metrics.guidedAccuracy,
    'all-fail': metrics.groups?.allFail ?? null,
    rescued: metrics.promptsRescued,
    groups: metrics.groupsTrained,
    'off-context ratio': metrics.offContextRatio?.q50 ?? null,
    entropy: metrics.entropy,
    'grad norm': metrics.gradNorm?.mean ?? null,
    tokens: metrics.tokensSampled.cumulative,
  };
}

/** The first and the last evaluation of each context, for the end of a run. */
export function evaluationSummary(evaluations: readonly EvaluationLine[]): string {
  const contexts = [...new Set(evaluations.map(({ context }) => context))];
  const lines = contexts.map((context) => {
    const own = evaluations.filter((line) => line.context === context);
    const [first, last] = [own[0]!, own.at(-1)!];
    return `${context}: ${passText(first)} (step ${first.step}) → ${passText(last)} (step ${last.step})`;
  });
  return lines.length > 0 ? lines.join('\n') : 'no evaluation: the recipe has no problems.heldOut';
}

export function formatEvaluation(line: EvaluationLine): string {
  return `evaluation after step ${line.step}, ${formatReport(line)}`;
}

/** `plain: pass@1 0.25 [0.1, 0.4] on 12 problems` */
export function formatReport(line: Omit<EvaluationLine, 'step'>): string {
  return `${line.context}: ${passText(line)} on ${line.problems} ${line.problems === 1 ? 'problem' : 'problems'}${faultText(line)}`;
}

function faultText({ truncated, malformed, graderFaults }: Omit<EvaluationLine, 'step'>): string {
  const counts = Object.entries({ truncated, malformed, 'grader faults': graderFaults });
  const found = counts.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  return found.length === 0 ? '' : ` (responses: ${found.join(', ')})`;
}

function passText(line: Omit<EvaluationLine, 'step'>): string {
  return line.passAtK
    .map(
      ({ k, estimate, low, high }) =>
        `pass@${k} ${formatFigure(estimate)} [${formatFigure(low)}, ${formatFigure(high)}]`,
    )
    .join(', ');
}
