// Everything a run must remember between steps besides the weights: what a checkpoint holds and resume reads.
// The state of a step is replaced as a whole when the step is finished, so a step that is abandoned leaves
// no trace.
import { createHash } from 'node:crypto';
import { RunError } from '../errors.ts';
import { Ledger, type LedgerJson } from '../runs/ledger.ts';
import type { Problem, TrainingGroup } from '../types.ts';

export interface TrainState {
  readonly completedSteps: number;
  readonly nextDrawOrdinal: number;
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
  readonly problems: string;
}

/** Identifies the training set: a draw ordinal means the same problem only within the same list. */
export function problemsFingerprint(problems: readonly Problem[]): string {
  const hash = createHash('sha256');
  for (const { id, hints, hintedPrompts } of problems) {
    hash.update(JSON.stringify(hintedPrompts ? [id, hints, hintedPrompts] : [id, hints]));
  }
  return hash.digest('hex');
}

export function storeState(train: TrainState, ledger: Ledger, problems: readonly Problem[]): StoredState {
  return { train, ledger: ledger.toJSON(), problems: problemsFingerprint(problems) };
}

export function restoreState(
  stored: unknown,
  problems: readonly Problem[],
): { state: TrainState; ledger: Ledger } {
  const { train, ledger, problems: fingerprint } = stored as StoredState;
  if (fingerprint !== problemsFingerprint(problems)) {
    throw new RunError(
      'Expected the training problems and hints to be those the run began with, but they have changed; ' +
        'put the old problem file back, or start a new run from the exported model.',
    );
  }
  return { state: train, ledger: Ledger.fromJSON(ledger) };
}
