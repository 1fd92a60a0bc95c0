// Everything a run must remember between steps besides the weights: what a checkpoint holds and resume reads.
// The state of a step is replaced as a whole when the step is finished, so a step that is abandoned leaves
// no trace.
import { createHash } from 'node:crypto';
import { PassRates, type PassRatesJson } from '../data/order/pass-rates.ts';
import { RunError } from '../errors.ts';
import { Ledger, type LedgerJson } from '../runs/ledger.ts';
import type { Problem, TrainingGroup } from '../types.ts';

export interface TrainState {
  readonly completedSteps: number;
  readonly nextDrawOrdinal: number;
  /** Where the order of problems stands beside the ordinal (data/order/order.ts). */
  readonly orderCursors: readonly number[];
  /** Optimizer updates applied. */
  readonly policyVersion: number;
  /** Response tokens sampled for training. */
  readonly tokensSampled: number;
  readonly surplus: readonly TrainingGroup[];
  /** completedSteps at the last evaluation; -1 before the first. */
  readonly evaluatedAt: number;
  /** Updates refused in a row. */
  readonly refusedInARow: number;
  /** Steps in a row whose batch stayed empty. */
  readonly emptyInARow: number;
}

export const INITIAL_STATE: TrainState = {
  completedSteps: 0,
  nextDrawOrdinal: 0,
  orderCursors: [],
  policyVersion: 0,
  tokensSampled: 0,
  surplus: [],
  evaluatedAt: -1,
  refusedInARow: 0,
  emptyInARow: 0,
};

interface StoredState {
  readonly train: TrainState;
  readonly ledger: LedgerJson;
  /** Present where the order of problems depends on them. */
  readonly passRates?: PassRatesJson;
  readonly problems: string;
}

/** All that a run knows at the end of a step, but for the weights. */
export interface RunMemory {
  readonly state: TrainState;
  readonly ledger: Ledger;
  /** null where the order of problems does not depend on them. */
  readonly passRates: PassRates | null;
}

/** Identifies the training set: a draw ordinal means the same problem only within the same list. */
export function problemsFingerprint(problems: readonly Problem[]): string {
  const hash = createHash('sha256');
  for (const { id, hints } of problems) hash.update(JSON.stringify([id, hints]));
  return hash.digest('hex');
}

export function storeState(
  { state, ledger, passRates }: RunMemory,
  problems: readonly Problem[],
): StoredState {
  return {
    train: state,
    ledger: ledger.toJSON(),
    ...(passRates && { passRates: passRates.toJSON() }),
    problems: problemsFingerprint(problems),
  };
}

export function restoreState(stored: unknown, problems: readonly Problem[]): RunMemory {
  const { train, ledger, passRates, problems: fingerprint } = stored as StoredState;
  if (fingerprint !== problemsFingerprint(problems)) {
    throw new RunError(
      'Expected the training problems and hints to be those the run began with, but they have changed; ' +
        'put the old problem file back, or start a new run from the exported model.',
    );
  }
  return {
    // Checkpoints from before there were other orders than the shuffle have no cursors; the shuffle needs none.
    state: { ...train, orderCursors: (train as Partial<TrainState>).orderCursors ?? [] },
    ledger: Ledger.fromJSON(ledger),
    passRates: passRates ? PassRates.fromJSON(passRates) : null,
  };
}
