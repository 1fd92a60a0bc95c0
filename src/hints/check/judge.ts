// Asks the verifiers whether a text is the gold answer. Its one idea: a leak is what the verifier of the problem would
// take for an answer; where that verifier compares spellings only, one that compares mathematics is asked as well. It
// remembers what it asked, and a verifier that failed is remembered too, never taken for a no.
import type { Problem } from '../../types.ts';
import { gradeResponse } from '../../verifiers/grade.ts';
import { plainText } from '../../verifiers/science/latex.ts';
import { splitQuantity } from '../../verifiers/science/numbers.ts';
import { loadUnits, unitText } from '../../verifiers/science/units.ts';
import type { Verifier } from '../../verifiers/verifier.ts';

export interface Judge {
  /** Whether a verifier takes one of these readings of a text for the gold answer; the fullest reading comes first. */
  acceptsOne(texts: readonly string[]): Promise<boolean>;
  /** Why a verifier could not say, the first time it could not; null where it always could. */
  fault(): string | null;
}

type Answer = 'yes' | 'no' | 'otherQuantity';

export type VerifierFor = (kind: string) => Verifier;

/** Longer texts are no answers. */
const LONGEST_ANSWER = 500;

export function judgeOf(problem: Problem, verifierFor: VerifierFor): Judge {
  const asked = new Map<string, Promise<Answer>>();
  let fault: string | null = null;
  const kinds = problem.verifier === 'exact' ? ['exact', 'math'] : [problem.verifier];

  const ask = async (text: string): Promise<Answer> => {
    let answer: Answer = 'no';
    for (const kind of kinds) {
      const { verdict } = await gradeResponse(
        { verifierFor },
        { problem: { ...problem, verifier: kind }, response: asResponse(text, kind), finish: 'stop' },
      );
      if (verdict.kind === 'correct') return 'yes';
      if (kind === 'science' && verdict.kind === 'wrong' && (await hasUnit(text))) answer = 'otherQuantity';
      if (verdict.kind === 'graderError' || verdict.kind === 'graderTimeout') fault ??= verdict.reason;
    }
    return answer;
  };
  const answerTo = (text: string): Promise<Answer> => {
    const bare = text.replace(/\s+/g, ' ').trim();
    if (bare === '' || bare.length > LONGEST_ANSWER) return Promise.resolve('no');
    let answer = asked.get(bare);
    if (answer === undefined) asked.set(bare, (answer = ask(bare)));
    return answer;
  };
  return {
    acceptsOne: async (texts) => {
      let otherQuantity = false;
      for (const text of texts) {
        // A number whose unit was read is not to be read without it.
        if (otherQuantity && !/[^\d\s.,+-]/.test(text)) return false;
        const answer = await answerTo(text);
        if (answer === 'yes') return true;
        otherQuantity ||= answer === 'otherQuantity';
      }
      return false;
    },
    fault: () => fault,
  };
}

/** Whether it is a number with a unit that anybody knows, which "5 boxes" is not. */
async function hasUnit(text: string): Promise<boolean> {
  const quantity = splitQuantity(plainText(text));
  if (quantity === null || /^(?:deg(?:rees?)?)?$/.test(quantity.unit)) return false;
  try {
    const Unit = await loadUnits();
    return new Unit(1, unitText(quantity.unit)).dimensions.some((power) => power !== 0);
  } catch {
    return false; // no unit that mathjs has
  }
}

function asResponse(text: string, kind: string): string {
  if (!balanced(text)) return `#### ${text}`;
  const known = kind === 'exact' || kind === 'math' || kind === 'science';
  return known ? `\\boxed{${text}}` : `#### ${text}\n\\boxed{${text}}`;
}

function balanced(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth < 0) return false;
  }
  return depth === 0;
}
