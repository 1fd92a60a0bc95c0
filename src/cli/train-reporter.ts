// From what the loop reports to what a person watching sees: one live region, one kept line per evaluation.
import type { EvaluationLine, StepMetrics } from '../runs/metrics.ts';
import type { TrainProgress } from '../train/loop.ts';
import { formatFigure, type Progress } from './progress.ts';

export class TrainReporter {
  readonly #progress: Progress;
  readonly #totalSteps: number;
  readonly #started = performance.now();
  readonly #evaluations: EvaluationLine[] = [];
  #startStep: number | null = null;
  #finished = 0;
  #figures: Record<string, number | null> = {};

  constructor(progress: Progress, totalSteps: number) {
    this.#progress = progress;
    this.#totalSteps = totalSteps;
  }

  take(event: TrainProgress): void {
    switch (event.kind) {
      case 'step':
        this.#finished = event.metrics.step + 1;
        this.#startStep ??= event.metrics.step;
        this.#figures = figuresOf(event.metrics);
        this.#show();
        break;
      case 'evaluation':
        this.#evaluations.push(event.line);
        this.#progress.note(formatEvaluation(event.line));
        break;
      case 'sampling':
        this.#startStep ??= event.step;
        this.#show(`sampling: ${event.groups} groups, ${event.rollouts} rollouts`);
        break;
      case 'updating':
        this.#show('updating');
        break;
      case 'evaluating':
        this.#finished = Math.max(this.#finished, event.step);
        this.#show(`evaluating ${event.done}/${event.of}`);
        break;
    }
  }

  /** The first and the last evaluation of each context, for the end of a run. */
  summary(): string {
    const contexts = [...new Set(this.#evaluations.map(({ context }) => context))];
    const lines = contexts.map((context) => {
      const own = this.#evaluations.filter((line) => line.context === context);
      const [first, last] = [own[0]!, own.at(-1)!];
      return `${context}: ${passText(first)} (step ${first.step}) → ${passText(last)} (step ${last.step})`;
    });
    return lines.length > 0 ? lines.join('\n') : 'no evaluation: the recipe has no problems.heldOut';
  }

  #show(phase?: string): void {
    this.#progress.update({
      label: 'training',
      step: this.#finished,
      totalSteps: this.#totalSteps,
      startStep: this.#startStep ?? 0,
      seconds: (performance.now() - this.#started) / 1000,
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

export function formatEvaluation(line: EvaluationLine): string {
  return `evaluation after step ${line.step}, ${line.context}: ${passText(line)} on ${line.problems} problems`;
}

function passText(line: EvaluationLine): string {
  return line.passAtK
    .map(
      ({ k, estimate, low, high }) =>
        `pass@${k} ${formatFigure(estimate)} [${formatFigure(low)}, ${formatFigure(high)}]`,
    )
    .join(', ');
}
