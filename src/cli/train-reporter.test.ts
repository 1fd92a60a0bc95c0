import { describe, expect, it } from 'vitest';
import type { EvaluationLine, StepMetrics } from '../runs/metrics.ts';
import type { TrainProgress } from '../train/loop.ts';
import { formatPlainLine, type Progress } from './progress.ts';
import { TrainReporter } from './train-reporter.ts';

/** A reporter on a clock that events move, and the pace of its last line: what stands between the steps and the figures. */
function scripted(plan: { steps: number; evaluateEvery: number }) {
  let clock = 0;
  let line = '';
  const progress: Progress = {
    update: (report) => {
      line = formatPlainLine({ ...report, figures: {} });
    },
    note: () => undefined,
    done: () => undefined,
  };
  const reporter = new TrainReporter(progress, plan, () => clock * 1000);
  const after = (seconds: number, event: TrainProgress): string => {
    clock += seconds;
    reporter.take(event);
    return line;
  };
  return {
    step: (step: number, total: number, checkpoint = 0) =>
      after(total, {
        kind: 'step',
        // The parts that a reporter shows or counts.
        metrics: { step, tokensSampled: {}, seconds: { total, checkpoint } } as unknown as StepMetrics,
      }),
    sampling: (seconds: number, step: number) =>
      after(seconds, { kind: 'sampling', step, groups: 1, rollouts: 8 }),
    evaluating: (seconds: number, step: number) =>
      after(seconds, { kind: 'evaluating', step, done: 1, of: 2 }),
    evaluated: (step: number, total: number, context = 'plain') =>
      after(total, {
        kind: 'evaluation',
        line: { step, context, problems: 1, passAtK: [], seconds: { total } } as unknown as EvaluationLine,
      }),
  };
}

describe('the time left of a run', () => {
  it('is that of steps at the pace of steps, and of the evaluations ahead at the pace of evaluations', () => {
    const run = scripted({ steps: 4, evaluateEvery: 2 });
    // Evaluations before step 0, after step 2 and after step 4; the first takes 60 + 70 s in two contexts.
    run.evaluated(0, 60);
    expect(run.evaluated(0, 70, 'hint1')).toBe('training 0/4');
    // 3 steps of 50 s and 2 evaluations of 130 s are ahead.
    expect(run.step(0, 50)).toBe('training 1/4 · 50 s/step · 6m 50s left');
    expect(run.sampling(20, 1)).toBe('training 1/4 · 50 s/step · 6m 50s left');
    // 40 s and a checkpoint of 10 s: 2 steps and 2 evaluations.
    expect(run.step(1, 40, 10)).toBe('training 2/4 · 50 s/step · 6m 00s left');
    run.evaluated(2, 40);
    // Evaluations took 130 and 100 s: 2 steps, and 1 evaluation of 115 s.
    expect(run.evaluated(2, 60, 'hint1')).toBe('training 2/4 · 50 s/step · 3m 35s left');
    run.step(2, 50);
    expect(run.step(3, 50)).toBe('training 4/4 · 50 s/step · 1m 55s left');
    expect(run.evaluating(60, 4)).toContain('1m 55s left');
    // What the clock went: 130 for the first evaluation, then 50 + 20 + 40 + 100 + 50 + 50 + 60 + 55.
    expect(run.evaluated(4, 55)).toBe('training 4/4 · 50 s/step · took 9m 15s');
  });

  it('counts the last evaluation where the steps are no multiple, and none where none was made', () => {
    const measured = scripted({ steps: 5, evaluateEvery: 2 });
    measured.evaluated(0, 100);
    // After steps 2, 4 and 5.
    expect(measured.step(0, 10)).toBe('training 1/5 · 10 s/step · 5m 40s left');
    const unmeasured = scripted({ steps: 5, evaluateEvery: 2 });
    expect(unmeasured.step(0, 10)).toBe('training 1/5 · 10 s/step · 40s left');
  });

  it('of a resumed run comes from its own steps', () => {
    const run = scripted({ steps: 10, evaluateEvery: 4 });
    // No step of this process yet, so no pace.
    expect(run.evaluating(30, 8)).toBe('training 8/10');
    run.evaluated(8, 30);
    expect(run.step(8, 20)).toBe('training 9/10 · 20 s/step · 50s left');
  });
});
