import { describe, expect, it } from 'vitest';
import {
  createProgress,
  formatDuration,
  formatFigure,
  formatLiveRegion,
  formatPlainLine,
  plainProgress,
  secondsLeft,
} from './progress.ts';
import type { ProgressReport } from './progress.ts';
import { recordedStream } from './test-io.case.ts';

const report: ProgressReport = {
  label: 'training',
  step: 60,
  totalSteps: 200,
  startStep: 40,
  seconds: 50,
  phase: 'sampling 96/128',
  figures: { 'hint-free': 0.41234, rescued: 3, tokens: 1_234_567, reward: null },
};

describe('progress', () => {
  it('estimates from the steps of this process alone', () => {
    // 20 steps in 50 s, 140 to go.
    expect(secondsLeft(report)).toBe(350);
    expect(secondsLeft({ ...report, step: 40 })).toBeNull();
  });

  it('takes the pace from what steps took and adds what else lies ahead', () => {
    // 20 steps in 40 of 50 s, 140 to go.
    const other = { ...report, stepSeconds: 40, otherSecondsLeft: 15 };
    expect(secondsLeft(other)).toBe(295);
    expect(formatPlainLine({ ...other, figures: {} })).toBe('training 60/200 · 2.0 s/step · 4m 55s left');
    const last = { ...other, step: 200, figures: {} };
    expect(formatPlainLine(last)).toContain('· 15s left');
    expect(formatPlainLine({ ...last, otherSecondsLeft: 0 })).toContain('· took 50s');
  });

  it('is one line for logs', () => {
    expect(formatPlainLine(report)).toBe(
      'training 60/200 · 2.5 s/step · 5m 50s left · hint-free 0.412 · rescued 3 · tokens 1,234,567 · reward –',
    );
    expect(formatPlainLine({ ...report, step: 40, seconds: 1, figures: {} })).toBe('training 40/200');
    expect(formatPlainLine({ ...report, step: 200, seconds: 80, figures: {} })).toBe(
      'training 200/200 · 2.0 steps/s · took 1m 20s',
    );
    // 20 steps of 123 s, and of 1 ms.
    expect(formatPlainLine({ ...report, seconds: 2460, figures: {} })).toContain('· 123 s/step ·');
    expect(formatPlainLine({ ...report, seconds: 0.02, figures: {} })).toContain('· 1,000 steps/s ·');
  });

  it('is a bar, the figures and the phase on a terminal', () => {
    expect(formatLiveRegion(report, 100)).toBe(
      [
        '[=========                     ] training 60/200 · 2.5 s/step · 5m 50s left',
        'hint-free 0.412 · rescued 3 · tokens 1,234,567 · reward –',
        'sampling 96/128',
      ].join('\n'),
    );
    expect(formatLiveRegion(report, 45).split('\n')[0]).toBe('training 60/200 · 2.5 s/step · 5m 50s left');
  });

  it('writes durations and figures short', () => {
    expect([44.6, 395, 7500, 273_600].map(formatDuration)).toEqual(['45s', '6m 35s', '2h 05m', '3d 04h']);
    expect([0.000123456, 12.3456, 1234.56, NaN, 7].map(formatFigure)).toEqual([
      '0.000123',
      '12.3',
      '1,235',
      'NaN',
      '7',
    ]);
  });
});

describe('plainProgress', () => {
  it('writes the first and the last report and otherwise one an interval', () => {
    const { stream, text } = recordedStream();
    let clock = 0;
    const progress = plainProgress(stream, () => clock, 10_000);
    for (const step of [1, 2, 3, 4, 5]) {
      progress.update({ ...report, startStep: step, step, figures: {} });
      clock += 4000;
    }
    progress.note('evaluated');
    progress.done();
    progress.done();
    expect(text().trim().split('\n')).toEqual([
      'training 1/200',
      'training 4/200',
      'evaluated',
      'training 5/200',
    ]);
  });
});

describe('createProgress', () => {
  it('draws in place on a terminal and lets notes stand above', () => {
    const { stream, text } = recordedStream();
    let clock = 0;
    const progress = createProgress({ ...stream, isTTY: true, columns: 80 }, () => clock);
    progress.update(report);
    clock += 1;
    progress.update({ ...report, step: 61 });
    expect(text()).toContain('training 60/200');
    expect(text()).not.toContain('training 61/200');
    progress.note('checkpoint written');
    progress.done();
    expect(text()).toContain('checkpoint written\n');
    expect(text()).toContain('61/200');
    expect(text()).toContain('\u001B['); // moves the cursor
  });

  it('writes plain lines elsewhere', () => {
    const { stream, text } = recordedStream();
    const progress = createProgress(stream, () => 0);
    progress.update(report);
    progress.done();
    expect(text()).toBe(`${formatPlainLine(report)}\n`);
  });
});
