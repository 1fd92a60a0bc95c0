// The three ways through the problems of one source. A walk is endless: epoch after epoch, each in an order of its own
// that the run's seed names. It knows nothing of other sources and keeps no state of its own: where it is (the cursor),
// and what was measured, are arguments. A remembered epoch changes no result.
import { permutation, seedOf, uniformAt } from '../../random.ts';
import type { Problem } from '../../types.ts';
import type { PassRate, PassRates } from './pass-rates.ts';

export interface Walk {
  readonly problems: readonly Problem[];
  /** true: a draw may pass over problems, so that the cursor is more than the number of draws. */
  readonly passesOver: boolean;
  /** The draw that comes at a cursor (0 at the beginning of the run), and the cursor after it. */
  next(cursor: number, rates: PassRates): { readonly problem: Problem; readonly cursor: number };
}

/** What names the draws of a walk: the run's seed, and the source where there are several. */
export interface WalkSeed {
  readonly run: number;
  readonly source?: string;
}

type EpochOrder = (epoch: number) => Int32Array<ArrayBufferLike>;

function rememberingOne(make: EpochOrder): EpochOrder {
  let remembered = -1;
  let order: Int32Array<ArrayBufferLike> = new Int32Array(0);
  return (epoch) => {
    if (epoch !== remembered) {
      order = make(epoch);
      remembered = epoch;
    }
    return order;
  };
}

function shuffledEpochs(length: number, { run, source }: WalkSeed): EpochOrder {
  const named = source === undefined ? [] : [source];
  return rememberingOne((epoch) => permutation(length, seedOf(run, 'problem-order', ...named, epoch)));
}

/** Draw n is position n mod N of the permutation of epoch floor(n / N). */
export function shuffled(problems: readonly Problem[], seed: WalkSeed): Walk {
  return everyProblem(problems, shuffledEpochs(problems.length, seed));
}

/** Every problem once an epoch. */
function everyProblem(problems: readonly Problem[], orderOf: EpochOrder): Walk {
  const count = problems.length;
  return {
    problems,
    passesOver: false,
    next: (cursor) => ({
      problem: problems[orderOf(Math.floor(cursor / count))[cursor % count]!]!,
      cursor: cursor + 1,
    }),
  };
}

/**
 * Every epoch from easy to hard: `buckets` intervals of the pass rate of equal width, the highest rates first, shuffled
 * within. `rates` are those before the run, so that the order of an epoch does not change while it lasts. A problem
 * that is not among them stands where a rate of 1/2 does.
 */
export function easyToHard(
  problems: readonly Problem[],
  seed: WalkSeed,
  { buckets, rates }: { readonly buckets: number; readonly rates: PassRates },
): Walk {
  const bucketOf = Int32Array.from(problems, ({ id }) => {
    const rate = rates.get(id)?.plain ?? 0.5;
    return Math.min(buckets - 1, Math.floor((1 - rate) * buckets));
  });
  const shuffledOf = shuffledEpochs(problems.length, seed);
  const orderOf = rememberingOne((epoch) =>
    // Sorting is stable, so each bucket keeps the order of the shuffle.
    shuffledOf(epoch)
      .slice()
      .sort((a, b) => bucketOf[a]! - bucketOf[b]!),
  );
  return everyProblem(problems, orderOf);
}

export interface PassRateSettings {
  /** The pass rate that is drawn most, above 0 and below 1. */
  readonly target: number;
  /** The share of epochs in which a problem comes that teaches nothing at present, above 0. */
  readonly floor: number;
}

/**
 * The share of epochs in which a problem comes: all of them while it is unmeasured, or was rescued by a hint in its last
 * draw; else between `floor` and 1 by how near its pass rate p is to the target. With the target 1/2 that is
 * floor + (1 − floor) · 4p(1 − p): the variance of success, which bounds from below what an update can gain (Bae et al.,
 * "Online difficulty filtering", arXiv 2504.03380) and what sampling for learnability draws by (Foster et al., "Learning to
 * reason at the frontier of learnability", 2025).
 */
export function shareOf(rate: PassRate | null, { target, floor }: PassRateSettings): number {
  if (rate === null || rate.rescued) return 1;
  const distance =
    rate.plain < target ? (target - rate.plain) / target : (rate.plain - target) / (1 - target);
  return floor + (1 - floor) * (1 - distance * distance);
}

/**
 * Walks the epochs of the shuffle and passes over problems by their share a: problem i comes in epoch e when
 * floor((e + 1)·a + φ_i) > floor(e·a + φ_i), φ_i being its own uniform number. So it comes in exactly that share of
 * epochs, and one that is passed over comes back within ⌈1/a⌉ ≤ ⌈1/floor⌉ epochs: its share changes only when it is
 * drawn, since only then it is measured.
 */
export function byPassRate(problems: readonly Problem[], seed: WalkSeed, settings: PassRateSettings): Walk {
  const orderOf = shuffledEpochs(problems.length, seed);
  const phases = new Float64Array(problems.length).fill(-1);
  const phaseOf = (index: number) => {
    if (phases[index]! < 0)
      phases[index] = uniformAt(seedOf(seed.run, 'problem-turn', problems[index]!.id), 0);
    return phases[index]!;
  };
  const isTurn = (index: number, epoch: number, rates: PassRates) => {
    const share = shareOf(rates.get(problems[index]!.id), settings);
    if (share >= 1) return true;
    const phase = phaseOf(index);
    return Math.floor((epoch + 1) * share + phase) > Math.floor(epoch * share + phase);
  };
  return {
    problems,
    passesOver: true,
    next(cursor, rates) {
      for (let position = cursor; ; position++) {
        const epoch = Math.floor(position / problems.length);
        const index = orderOf(epoch)[position % problems.length]!;
        if (isTurn(index, epoch, rates)) return { problem: problems[index]!, cursor: position + 1 };
      }
    },
  };
}
