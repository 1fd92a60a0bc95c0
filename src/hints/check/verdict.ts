// What is said of one hint: a verdict, the place in the hint that led to it, a reason a person can read, and what to
// do. Plain data; nothing here computes.

export const LEAKS = ['answerLeak', 'optionLeak', 'codeLeak', 'solutionOverlap'] as const;
/** The hint gives away what the policy is to find. */
export type LeakKind = (typeof LEAKS)[number];

export type HintVerdictKind =
  | 'ok'
  | LeakKind
  | 'empty'
  | 'tooShort'
  | 'tooLong'
  | 'duplicate'
  | 'language'
  /** A verifier failed, so nobody knows whether it leaks. */
  | 'unchecked';

/** keep; ask the teacher again; leave the hint out; have a person look. */
export type HintAction = 'keep' | 'regenerate' | 'drop' | 'look';

/** A stretch of the hint, in UTF-16 units as JavaScript counts them. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Finding {
  readonly kind: Exclude<HintVerdictKind, 'ok'>;
  /** Null where it is about the hint as a whole. */
  readonly span: Span | null;
  /** A sentence. */
  readonly reason: string;
  readonly action: Exclude<HintAction, 'keep'>;
}

export interface HintVerdict {
  /** From 1. */
  readonly level: number;
  readonly kind: HintVerdictKind;
  readonly action: HintAction;
  readonly reason: string;
  /** The place in the hint and its text; null where there is none. */
  readonly evidence: (Span & { readonly text: string }) | null;
  /** Everything found, the gravest first; empty for ok. */
  readonly findings: readonly Finding[];
}

export function isLeak(kind: HintVerdictKind): kind is LeakKind {
  return (LEAKS as readonly string[]).includes(kind);
}
