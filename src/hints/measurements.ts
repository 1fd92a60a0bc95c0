// What was measured of hints, as a file: one line a problem and context, appended as it is known, so that a measurement
// that was stopped goes on where it ended, and training can read which hints have lift. It knows nothing of models.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { DataError } from '../errors.ts';
import { openAppendLog, readLog, type AppendLog } from '../runs/append-log.ts';
import { contextOfLevel, hintLevel, hintOf, type Context, type Problem } from '../types.ts';

/** Names a hint by its text: 16 hex digits of SHA-256. */
export function hintHash(hint: string): string {
  return createHash('sha256').update(hint).digest('hex').slice(0, 16);
}

const measurementSchema = z.strictObject({
  id: z.string(),
  source: z.string(),
  context: z.templateLiteral(['hint', z.number()]).or(z.literal('plain')),
  /** Of the hint; null in the plain context. */
  hint: z.string().nullable(),
  /** With a verdict about the policy. */
  samples: z.int().min(0),
  correct: z.int().min(0),
  truncated: z.int().min(0),
  /** Mean share of a response that repeats the hint; in the plain context that of level 1, for comparison. */
  copied: z.number().min(0).max(1),
});
/** One problem in one context. */
export type Measurement = z.output<typeof measurementSchema>;

const headSchema = z.strictObject({
  guiderail: z.literal('hint-lift'),
  settings: z.record(z.string(), z.unknown()),
});

/** Measurements of one model with one way of sampling; another way is refused, for its figures would mean something else. */
export class MeasurementFile {
  readonly #log: AppendLog;
  readonly #known = new Map<string, Measurement>();

  private constructor(log: AppendLog) {
    this.#log = log;
  }

  /** Opens or begins a file. DataError where it holds something else or was measured otherwise. */
  static async open(path: string, settings: Readonly<Record<string, unknown>>): Promise<MeasurementFile> {
    const before = existsSync(path) ? await readMeasurements(path) : null;
    const difference = before && differenceOf(before.settings, settings);
    if (difference) {
      throw new DataError(
        `Expected ${path} to be measured as is asked for now, but ${difference}; name another file, or ask for the same.`,
      );
    }
    const file = new MeasurementFile(openAppendLog(path));
    for (const one of before?.measurements ?? []) file.#known.set(keyOf(one.id, one.context, one.hint), one);
    if (before === null) file.#log.append({ guiderail: 'hint-lift', settings });
    return file;
  }

  find(problem: Problem, context: Context): Measurement | undefined {
    return this.#known.get(keyOf(problem.id, context, hashIn(problem, context)));
  }

  add(measurement: Measurement): void {
    this.#known.set(keyOf(measurement.id, measurement.context, measurement.hint), measurement);
    this.#log.append(measurement);
  }

  async close(): Promise<void> {
    await this.#log.flush();
    this.#log.close();
  }
}

const keyOf = (id: string, context: string, hint: string | null) => `${id}/${context}/${hint}`;

/**
 * The name of the hint that a context shows; null where it shows none. Of a whole prompt that the data set has for it,
 * for that is what is measured.
 */
export function hashIn(problem: Problem, context: Context): string | null {
  const hint = hintOf(problem, context);
  if (hint === null) return null;
  const whole = problem.hintedPrompts?.[hintLevel(context) - 1];
  return hintHash(whole ? JSON.stringify(whole) : hint);
}

/** The first setting that differs, as a clause. */
function differenceOf(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string | null {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]].map((value) => JSON.stringify(value) ?? 'nothing');
    if (was !== is) return `${name} was ${was} there and is ${is} here`;
  }
  return null;
}

/** DataError where the file is no file of measurements. */
export async function readMeasurements(
  path: string,
): Promise<{ settings: Readonly<Record<string, unknown>>; measurements: Measurement[] }> {
  const { records, damaged } = await readLog(path);
  const [head, ...rest] = records;
  const settings = headSchema.safeParse(head);
  if (!settings.success) {
    throw new DataError(
      `Expected ${path} to be what guiderail hints lift --out wrote, but its first line is something else; check the path.`,
    );
  }
  if (damaged.length > 0) {
    throw new DataError(
      `Expected one JSON object a line in ${path}, but what begins at byte ${damaged[0]!.atByte} is none; remove that line.`,
    );
  }
  const measurements = rest.map((record, index) => {
    const parsed = measurementSchema.safeParse(record);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new DataError(
      `Expected a measurement of a hint in ${path}:${index + 2}, but ${issue.path.join('.') || 'the line'}: ${issue.message}.`,
    );
  });
  return { settings: settings.data.settings, measurements };
}

export interface Lifting {
  readonly problems: Problem[];
  /** Hints by what became of them. */
  readonly kept: number;
  readonly removed: number;
  readonly unmeasured: number;
}

/**
 * Problems with those of their hints blank, so that no strategy shows them, that were not measured to lift the share of
 * right responses by more than `above`: the share with the hint minus that without.
 */
export function keepLifting(
  problems: readonly Problem[],
  measurements: readonly Measurement[],
  above: number,
): Lifting {
  const rates = new Map<string, number>();
  for (const { id, context, hint, samples, correct } of measurements) {
    if (samples > 0) rates.set(keyOf(id, context, hint), correct / samples);
  }
  const counts = { kept: 0, removed: 0, unmeasured: 0 };
  const filtered = problems.map((problem) => {
    const plain = rates.get(keyOf(problem.id, 'plain', null));
    const hints = problem.hints.map((hint, index) => {
      const context = contextOfLevel(index + 1);
      const hash = hashIn(problem, context);
      if (hash === null) return hint;
      const hinted = rates.get(keyOf(problem.id, context, hash));
      const known = plain !== undefined && hinted !== undefined;
      const kind = !known ? 'unmeasured' : hinted - plain > above ? 'kept' : 'removed';
      counts[kind]++;
      return kind === 'kept' ? hint : '';
    });
    return { ...problem, hints };
  });
  return { problems: filtered, ...counts };
}

/** Levels that any of the problems has, ascending. */
export function levelsOf(problems: readonly Problem[]): number[] {
  const most = problems.reduce((highest, { hints }) => Math.max(highest, hints.length), 0);
  return Array.from({ length: most }, (_, index) => index + 1).filter((level) =>
    problems.some((problem) => hintOf(problem, contextOfLevel(level)) !== null),
  );
}
