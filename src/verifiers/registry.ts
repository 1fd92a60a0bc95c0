// Which verifier serves which value of `Problem.verifier`. A new verifier is one file and one line here.
import { closest } from 'fastest-levenshtein';
import { DataError } from '../errors.ts';
import { codeVerifier } from './code/grade-code.ts';
import { exactAnswer } from './exact-answer.ts';
import { mathAnswer } from './math/math-answer.ts';
import { science } from './science/science.ts';
import type { Verifier } from './verifier.ts';

const VERIFIERS: ReadonlyMap<string, Verifier> = new Map(
  [exactAnswer, mathAnswer, science, codeVerifier].map((verifier) => [verifier.kind, verifier]),
);

/** The kinds a problem may name. */
export function verifierKinds(): string[] {
  return [...VERIFIERS.keys()];
}

/** The verifier of a kind; an unknown kind is a DataError that names the known ones, `others` too, and the nearest. */
export function verifierFor(kind: string, others: readonly string[] = []): Verifier {
  const verifier = VERIFIERS.get(kind);
  if (verifier !== undefined) return verifier;
  const kinds = [...verifierKinds(), ...others];
  throw new DataError(
    `Expected the verifier of a problem to be one of ${kinds.map((known) => `"${known}"`).join(', ')}, ` +
      `got "${kind}"; did you mean "${closest(kind, kinds)}"?`,
  );
}
