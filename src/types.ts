// The vocabulary of the system as types: problems, contexts, rollouts, verdicts, groups and rows.
// Nothing here computes; docs/architecture.md has the glossary. Every other module may import this file
// and this file imports nothing.

/** One chat message, as chat templates see it. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A task with a verifiable answer. */
export interface Problem {
  /** Content hash of messages and answer; hints are excluded, so better hints keep the identity. */
  readonly id: string;
  readonly messages: readonly ChatMessage[];
  /** The gold answer as the verifier reads it. */
  readonly answer: string;
  /** Which verifier grades the responses (a key of the verifier registry). */
  readonly verifier: string;
  /** hints[n - 1] is the natural-language hint of level n. May be empty. */
  readonly hints: readonly string[];
  /**
   * hintedPrompts[n - 1] is the whole conversation under the hint of level n, where the data set brings it; null, or
   * none, where the template of the recipe makes it of messages and hint. Never longer than hints.
   */
  readonly hintedPrompts?: readonly (readonly ChatMessage[] | null)[];
  /** How the answer is reached, for whoever makes or checks hints; no policy ever sees it. */
  readonly solution?: string;
  /** domain/source/subcategory; evaluation reports by it. */
  readonly source: string;
}

/**
 * What the model saw beside the problem: nothing (`plain`) or the hint of level n (`hint1`, `hint2`, …).
 * A string, so that contexts compare with ===, hash into seeds and read well in JSONL.
 */
export type Context = 'plain' | `hint${number}`;

/** The level of a context: 0 for plain, n for hint level n. */
export function hintLevel(context: Context): number {
  return context === 'plain' ? 0 : Number(context.slice('hint'.length));
}

/** The hint that a context puts beside a problem; null for plain, and where the problem has none (or a blank one). */
export function hintOf(problem: Problem, context: Context): string | null {
  const hint = problem.hints[hintLevel(context) - 1];
  return hint === undefined || hint.trim() === '' ? null : hint;
}

/** The context of a level: 0 is plain. */
export function contextOfLevel(level: number): Context {
  return level === 0 ? 'plain' : `hint${level}`;
}

/**
 * What a verifier says of one response. The first four kinds are evidence about the policy; a grader
 * fault is not, and never becomes reward 0: its rollout is left out, counted and shown.
 */
export type VerdictKind = 'correct' | 'wrong' | 'malformed' | 'truncated' | 'graderError' | 'graderTimeout';

export interface Verdict {
  readonly kind: VerdictKind;
  /** A sentence a person can read. */
  readonly reason: string;
  /** The answer found in the response, or null where none was found. */
  readonly extracted: string | null;
}

export function isEvidence(verdict: Verdict): boolean {
  return verdict.kind !== 'graderError' && verdict.kind !== 'graderTimeout';
}

/** Why a response ended: a stop token or a stop string, or the token limit was reached. */
export type FinishReason = 'stop' | 'length';

/** One sampled and graded response. */
export interface Rollout {
  readonly problemId: string;
  /** The context it was sampled in. */
  readonly context: Context;
  readonly promptTokens: Int32Array;
  /** Exactly as sampled, the stop token included; never re-tokenised. */
  readonly responseTokens: Int32Array;
  /** log π_old of each response token under the context it was sampled in, at the sampling temperature. */
  readonly behaviourLogprobs: Float64Array;
  readonly finish: FinishReason;
  /** The response as text, without the stop token or stop string: what the verifier saw. */
  readonly text: string;
  readonly verdict: Verdict;
  /** 1 for correct, 0 for the other evidence, or the sum of rewardParts. A rollout without evidence enters no group. */
  readonly reward: number;
  /** Where the reward is composite: what each part gave. */
  readonly rewardParts?: { readonly correctness: number; readonly format: number };
  /** Number of optimizer updates the sampling policy had received. */
  readonly policyVersion: number;
  /** The seed it was sampled with, as 16 hex digits. */
  readonly seed: string;
  readonly sampleIndex: number;
}

/** The k rollouts of one problem in one context, all graded. */
export interface GradedGroup {
  readonly context: Context;
  readonly rollouts: readonly Rollout[];
}

/** A rollout together with the context whose prompt it is trained on. */
export interface PlannedRow {
  readonly rollout: Rollout;
  readonly trainContext: Context;
}

/** What a guidance strategy makes of a problem: rows that are normalised together, and retention rows. */
export interface GroupPlan {
  readonly rows: readonly PlannedRow[];
  /** Rows trained by likelihood in their train context to retain guided ability; empty without retention. */
  readonly retention: readonly PlannedRow[];
}

/** A group that takes part in a minibatch, in draw order. */
export interface TrainingGroup {
  readonly problem: Problem;
  /** Position of the problem in the run's sequence of draws. */
  readonly drawOrdinal: number;
  /** The training step whose policy sampled it; the age of its rows is the current step minus this. */
  readonly sampledAtStep: number;
  readonly plan: GroupPlan;
}

/** What the loss sees of one rollout. `offContext` is trainContext !== sampledContext. */
export interface Row {
  readonly problemId: string;
  readonly trainPrompt: Int32Array;
  readonly response: Int32Array;
  readonly behaviourLogprobs: Float64Array;
  readonly sampledContext: Context;
  readonly trainContext: Context;
  readonly reward: number;
  readonly advantage: number;
}

export function isOffContext(row: { sampledContext: Context; trainContext: Context }): boolean {
  return row.sampledContext !== row.trainContext;
}
