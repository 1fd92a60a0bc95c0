// The verifier of kind 'math': grade.ts behind the contract of verifiers. Its one addition is the finish
// reason: a response cut off before its answer is truncated rather than malformed.
import type { Verdict } from '../../types.ts';
import type { Verifier, VerifierInput } from '../verifier.ts';
import { gradeMath } from './grade.ts';

function judge({ problem, response, finish }: VerifierInput): Verdict {
  // the last number of a text cut off is where it was cut, not its answer
  const grade = gradeMath(response, problem.answer, { strictness: finish === 'length' ? 'marked' : 'any' });
  if (grade.kind !== 'malformed' || finish !== 'length') return grade;
  return {
    kind: 'truncated',
    reason: 'The response reached the token limit before it gave an answer.',
    extracted: null,
  };
}

export const mathAnswer: Verifier = {
  kind: 'math',
  verify: async (input) => judge(input),
};
