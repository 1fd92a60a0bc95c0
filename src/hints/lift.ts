// What hints do for a model before any training: every problem is sampled in the plain context and under each of its
// hints, and the difference of pass@k over the same problems is the lift. Needs a Sampler only.
import type { Sampler } from '../engine/engine.ts';
import { bootstrapInterval, type Interval } from '../eval/bootstrap.ts';
import { passAtK } from '../eval/pass-at-k.ts';
import { seedOf } from '../random.ts';
import { respond, type ResponderSettings } from '../rollout/responder.ts';
import { contextOfLevel, hintOf, isEvidence, type Context, type Problem, type Rollout } from '../types.ts';
import { copiedShare } from './copied.ts';
import { hashIn, levelsOf, type Measurement, type MeasurementFile } from './measurements.ts';

/** Problems sampled in one call: enough to keep an engine busy, few enough that little is lost when it stops. */
const AT_ONCE = 16;

export interface MeasureInputs {
  readonly sampler: Sampler;
  readonly responder: ResponderSettings;
  readonly problems: readonly Problem[];
  readonly samples: number;
  readonly file: MeasurementFile | null;
  readonly signal: AbortSignal;
  readonly onRollout?: () => void;
}

/** Samples whatever the file does not have yet. In the order of the problems, the plain context first. */
export async function measureHints(inputs: MeasureInputs): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (let from = 0; from < inputs.problems.length; from += AT_ONCE) {
    const wanted = inputs.problems
      .slice(from, from + AT_ONCE)
      .flatMap((problem, index) =>
        contextsOf(problem).map((context) => ({ problem, context, drawOrdinal: from + index })),
      );
    const missing = wanted.filter(({ problem, context }) => !inputs.file?.find(problem, context));
    const sampled = await sampleEach(inputs, missing);
    for (const measurement of sampled) inputs.file?.add(measurement);
    const fresh = new Map(missing.map((one, index) => [one, sampled[index]!]));
    for (const one of wanted) measured.push(fresh.get(one) ?? inputs.file!.find(one.problem, one.context)!);
  }
  return measured;
}

/** Plain and every level that the problem has. */
export function contextsOf(problem: Problem): Context[] {
  return ['plain', ...levelsOf([problem]).map(contextOfLevel)];
}

async function sampleEach(
  { sampler, responder, samples, signal, onRollout }: MeasureInputs,
  wanted: readonly { readonly problem: Problem; readonly context: Context; readonly drawOrdinal: number }[],
): Promise<Measurement[]> {
  const orders = wanted.flatMap((one) =>
    Array.from({ length: samples }, (_, sampleIndex) => ({
      ...one,
      purpose: 'evaluate' as const,
      step: 0,
      sampleIndex,
    })),
  );
  const rollouts = await respond(responder, sampler, orders, 0, { signal, ...(onRollout && { onRollout }) });
  return wanted.map(({ problem, context }, index) =>
    measurementOf(problem, context, rollouts.slice(index * samples, (index + 1) * samples)),
  );
}

function measurementOf(problem: Problem, context: Context, rollouts: readonly Rollout[]): Measurement {
  const graded = rollouts.filter(({ verdict }) => isEvidence(verdict));
  const counted = (kind: string) => graded.filter(({ verdict }) => verdict.kind === kind).length;
  const hint = hintOf(problem, context) ?? hintOf(problem, 'hint1') ?? '';
  const asked = problem.messages.map(({ content }) => content).join('\n');
  return {
    id: problem.id,
    source: problem.source,
    context,
    hint: hashIn(problem, context),
    samples: graded.length,
    correct: counted('correct'),
    truncated: counted('truncated'),
    copied: mean(rollouts.map(({ text }) => copiedShare(text, hint, asked))),
  };
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** pass@k of the same problems without and with a hint; lift is the mean of the differences. */
export interface LiftAtK {
  readonly k: number;
  readonly plain: Interval;
  readonly hinted: Interval;
  readonly lift: Interval;
}

export interface LevelLift {
  readonly level: number;
  /** With enough verdicts in both contexts. */
  readonly problems: number;
  readonly passAtK: readonly LiftAtK[];
  /** By the 95 % interval of the lift of pass@1: wholly above 0, wholly below, or neither. */
  readonly verdict: 'helps' | 'hurts' | 'unclear';
  /** Problems that no plain sample solved and some hinted one did; and the other way round. */
  readonly rescued: number;
  readonly lost: number;
  /** Mean share of a response that repeats the hint, and of plain responses that would by chance. */
  readonly copied: number;
  readonly copiedPlain: number;
}

export interface SourceLift extends LevelLift {
  /** 'all' for every source together. */
  readonly source: string;
}

const RESAMPLES = 2000;

/** Each level over all sources, then by source in their order. A level that no problem has enough verdicts of is left out. */
export function liftOf(
  measurements: readonly Measurement[],
  { passAt, runSeed }: { readonly passAt: readonly number[]; readonly runSeed: number },
): SourceLift[] {
  const plain = new Map(
    measurements.filter(({ context }) => context === 'plain').map((one) => [one.id, one]),
  );
  const pairs = measurements
    .filter(({ context }) => context !== 'plain')
    .flatMap((hinted) => {
      const base = plain.get(hinted.id);
      return base && base.samples > 0 && hinted.samples > 0 ? [{ plain: base, hinted }] : [];
    });
  const levels = [...new Set(pairs.map(({ hinted }) => levelOf(hinted)))].sort((a, b) => a - b);
  const sources = [...new Set(pairs.map(({ hinted }) => hinted.source))].sort();
  return levels.flatMap((level) =>
    ['all', ...(sources.length > 1 ? sources : [])].flatMap((source) => {
      const members = pairs.filter(
        ({ hinted }) => levelOf(hinted) === level && (source === 'all' || hinted.source === source),
      );
      return members.length === 0 ? [] : [{ source, ...levelLift(level, members, passAt, runSeed, source) }];
    }),
  );
}

const levelOf = ({ context }: Measurement) => Number(context.slice('hint'.length));

interface Pair {
  readonly plain: Measurement;
  readonly hinted: Measurement;
}

function levelLift(
  level: number,
  pairs: readonly Pair[],
  passAt: readonly number[],
  runSeed: number,
  source: string,
): LevelLift {
  const passes = passAt.flatMap((k) => {
    const usable = pairs.filter(({ plain, hinted }) => plain.samples >= k && hinted.samples >= k);
    if (usable.length === 0) return [];
    const of = ({ samples, correct }: Measurement) => passAtK(samples, correct, k);
    const interval = (name: string, values: number[]) =>
      bootstrapInterval(values, {
        seed: seedOf(runSeed, 'lift', name, level, k, source),
        resamples: RESAMPLES,
        confidence: 0.95,
      });
    return [
      {
        k,
        plain: interval(
          'plain',
          usable.map(({ plain }) => of(plain)),
        ),
        hinted: interval(
          'hinted',
          usable.map(({ hinted }) => of(hinted)),
        ),
        lift: interval(
          'lift',
          usable.map(({ plain, hinted }) => of(hinted) - of(plain)),
        ),
      },
    ];
  });
  const first = passes.find(({ k }) => k === 1);
  return {
    level,
    problems: pairs.length,
    passAtK: passes,
    verdict:
      first === undefined
        ? 'unclear'
        : first.lift.low > 0
          ? 'helps'
          : first.lift.high < 0
            ? 'hurts'
            : 'unclear',
    rescued: pairs.filter(({ plain, hinted }) => plain.correct === 0 && hinted.correct > 0).length,
    lost: pairs.filter(({ plain, hinted }) => plain.correct > 0 && hinted.correct === 0).length,
    copied: mean(pairs.map(({ hinted }) => hinted.copied)),
    copiedPlain: mean(pairs.map(({ plain }) => plain.copied)),
  };
}
