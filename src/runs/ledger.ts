// What the run has taught, problem by problem: a pure state machine over graded groups.
//
//   (unseen) ─→ neverSolved ─→ rescued ─→ graduated ⇄ forgotten
//
// rescued: solved, but only with a hint in context. graduated: solved without one. forgotten: graduated before,
// then a plain group with evidence and nothing correct. Any earlier state may go straight to graduated. A
// guided success moves neverSolved only: it says nothing of a problem that was once solved without help.
import { RunError } from '../errors.ts';

export const LEDGER_STATES = ['neverSolved', 'rescued', 'graduated', 'forgotten'] as const;
export type LedgerState = (typeof LEDGER_STATES)[number];

/** A line of ledger.jsonl. `from` is null when the problem is seen for the first time. */
export interface LedgerTransition {
  readonly step: number;
  readonly problemId: string;
  readonly source: string;
  readonly from: LedgerState | null;
  readonly to: LedgerState;
}

/** Counts of one draw of a problem; evidence excludes grader faults. */
export interface LedgerObservation {
  readonly plainCorrect: number;
  readonly plainEvidence: number;
  readonly guidedCorrect: number;
  readonly guidedEvidence: number;
}

export interface LedgerEntry {
  readonly state: LedgerState;
  /** The step of the last transition. */
  readonly since: number;
  readonly source: string;
}

/** [problemId, state, since, source], in the order the problems were first seen. */
export type LedgerJson = readonly (readonly [string, LedgerState, number, string])[];

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  /** Takes note of one draw. Returns the transition it caused, if any, for ledger.jsonl. */
  observe(
    problemId: string,
    source: string,
    step: number,
    observation: LedgerObservation,
  ): LedgerTransition[] {
    const from = this.#entries.get(problemId)?.state ?? null;
    const to = nextState(from, observation);
    if (to === null || to === from) return [];
    this.#entries.set(problemId, { state: to, since: step, source });
    return [{ step, problemId, source, from, to }];
  }

  get(problemId: string): LedgerEntry | undefined {
    return this.#entries.get(problemId);
  }

  /** Number of problems in each state. */
  counts(): Record<LedgerState, number> {
    const counts = { neverSolved: 0, rescued: 0, graduated: 0, forgotten: 0 };
    for (const { state } of this.#entries.values()) counts[state]++;
    return counts;
  }

  toJSON(): LedgerJson {
    return [...this.#entries].map(([id, { state, since, source }]) => [id, state, since, source]);
  }

  static fromJSON(json: LedgerJson): Ledger {
    const ledger = new Ledger();
    for (const [problemId, state, since, source] of json) {
      if (!LEDGER_STATES.includes(state)) {
        throw new RunError(
          `Expected the ledger of a checkpoint to hold the states ${LEDGER_STATES.join(', ')}, got ${JSON.stringify(state)} for problem ${problemId}.`,
        );
      }
      ledger.#entries.set(problemId, { state, since, source });
    }
    return ledger;
  }
}

/** The state after a draw; null: still unseen, for want of evidence. */
function nextState(from: LedgerState | null, seen: LedgerObservation): LedgerState | null {
  if (seen.plainCorrect > 0) return 'graduated';
  switch (from) {
    case null:
    case 'neverSolved':
      if (seen.guidedCorrect > 0) return 'rescued';
      return seen.plainEvidence + seen.guidedEvidence > 0 ? 'neverSolved' : from;
    case 'graduated':
      return seen.plainEvidence > 0 ? 'forgotten' : from;
    case 'rescued':
    case 'forgotten':
      return from;
  }
}
