// Progress of anything that counts steps: a live region on a terminal, plain lines at a civil rate elsewhere
// (files, CI). Both are made by pure functions from the same ProgressReport.
import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import type { OutputStream } from './command-io.ts';

export interface ProgressReport {
  /** What is going on, e.g. `training`. */
  readonly label: string;
  /** Finished steps. */
  readonly step: number;
  readonly totalSteps: number;
  /** Steps that were finished before this process began (resume); they took none of `seconds`. */
  readonly startStep: number;
  /** Time this process has worked. */
  readonly seconds: number;
  /** What its steps took of that; default: all. */
  readonly stepSeconds?: number;
  /** What is expected beside the steps until the end, e.g. for evaluations; default 0. */
  readonly otherSecondsLeft?: number;
  /** What is being done inside the step, e.g. `sampling 96/128`; live region only. */
  readonly phase?: string;
  /** The numbers that matter, in order, e.g. { 'hint-free': 0.41, rescued: 3 }; null shows as –. */
  readonly figures: Readonly<Record<string, number | null>>;
}

/** Seconds of a step so far; null before the first step of this process. */
function secondsPerStep({ step, startStep, seconds, stepSeconds = seconds }: ProgressReport): number | null {
  return step > startStep ? stepSeconds / (step - startStep) : null;
}

/** Seconds until the end at the rate so far; null before the first step of this process. */
export function secondsLeft(report: ProgressReport): number | null {
  const perStep = secondsPerStep(report);
  if (perStep === null) return null;
  return (report.totalSteps - report.step) * perStep + (report.otherSecondsLeft ?? 0);
}

/** One line for logs: `training 12/200 · 2.1 s/step · 6m 35s left · hint-free 0.412 · rescued 3`. */
export function formatPlainLine(report: ProgressReport): string {
  return [`${report.label} ${report.step}/${report.totalSteps}`, ...pace(report), ...figures(report)].join(
    ' · ',
  );
}

/** The live region: a bar with rate and time left, the figures, and the phase. */
export function formatLiveRegion(report: ProgressReport, columns: number): string {
  const head = [`${report.label} ${report.step}/${report.totalSteps}`, ...pace(report)].join(' · ');
  const width = Math.max(0, Math.min(30, columns - head.length - 4));
  const share = report.totalSteps > 0 ? Math.min(1, report.step / report.totalSteps) : 1;
  const filled = Math.floor(share * width);
  const bar = width < 5 ? '' : `[${'='.repeat(filled)}${' '.repeat(width - filled)}] `;
  const lines = [bar + head, figures(report).join(' · '), report.phase ?? ''];
  return lines.filter((line) => line !== '').join('\n');
}

function pace(report: ProgressReport): string[] {
  const [perStep, left] = [secondsPerStep(report), secondsLeft(report)];
  if (perStep === null || left === null) return [];
  const rate = perStep >= 1 ? `${twoDigits(perStep)} s/step` : `${twoDigits(1 / perStep)} steps/s`;
  return report.step >= report.totalSteps && left === 0
    ? [rate, `took ${formatDuration(report.seconds)}`]
    : [rate, `${formatDuration(left)} left`];
}

/** Two digits, and no exponent from a hundred on. */
function twoDigits(value: number): string {
  return value >= 99.5 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2);
}

function figures(report: ProgressReport): string[] {
  return Object.entries(report.figures).map(([name, value]) => `${name} ${formatFigure(value)}`);
}

/** Three significant digits; whole numbers in full, with thousands marked. */
export function formatFigure(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(3)));
}

/** 45s · 6m 35s · 2h 05m · 3d 04h */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d ${two(Math.floor((whole % 86_400) / 3600))}h`;
}

export interface Progress {
  update(report: ProgressReport): void;
  /** A line that stays, above the live region. */
  note(text: string): void;
  /** Shows the last report whatever the throttle says, and gives the terminal back. */
  done(): void;
}

/** The right kind for a stream: live on a terminal, plain lines elsewhere. */
export function createProgress(stream: OutputStream, now: () => number = Date.now): Progress {
  return stream.isTTY === true ? liveProgress(stream, now) : plainProgress(stream, now);
}

/** At most a frame every 80 ms, the last one always. */
function liveProgress(stream: OutputStream, now: () => number): Progress {
  // A terminal stream is a Writable; OutputStream names the part of it that commands use.
  const render = createLogUpdate(stream as unknown as Writable);
  const show = (report: ProgressReport) => {
    // One column is left free: a full line would make some terminals wrap.
    render(formatLiveRegion(report, (stream.columns ?? 80) - 1));
  };
  const gate = throttle(80, now, show);
  return {
    update: gate.offer,
    note: (text) => {
      render.persist(text);
    },
    done: () => {
      gate.flush();
      render.done();
    },
  };
}

/** A line at most every `intervalMs`, the first and the last always. */
export function plainProgress(stream: OutputStream, now: () => number, intervalMs = 10_000): Progress {
  const gate = throttle<ProgressReport>(intervalMs, now, (report) => {
    stream.write(`${formatPlainLine(report)}\n`);
  });
  return {
    update: gate.offer,
    note: (text) => {
      stream.write(`${text}\n`);
    },
    done: gate.flush,
  };
}

function throttle<T>(
  intervalMs: number,
  now: () => number,
  show: (value: T) => void,
): { readonly offer: (value: T) => void; readonly flush: () => void } {
  let shownAt = Number.NEGATIVE_INFINITY;
  let waiting: { value: T } | null = null;
  const flush = () => {
    if (waiting === null) return;
    shownAt = now();
    show(waiting.value);
    waiting = null;
  };
  return {
    offer: (value) => {
      waiting = { value };
      if (now() - shownAt >= intervalMs) flush();
    },
    flush,
  };
}
