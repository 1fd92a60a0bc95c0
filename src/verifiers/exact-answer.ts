// The verifier of kind 'exact': finds the final answer in a response and compares it with the gold answer as
// text, or as a number where both are plain decimal numbers. It knows nothing of algebra (1/2 is not 0.5
// here) and is deterministic: same text, same verdict. Its one idea: extract, normalise both sides alike,
// compare exactly.
import type { Verdict } from '../types.ts';
import type { Verifier, VerifierInput } from './verifier.ts';

const BOXED = '\\boxed{';
const MARKER = '####';
const THOUGHT = '</think>';

/**
 * The final answer a response gives, as written: the content of its last complete `\boxed{…}` (braces nest),
 * else what follows its last `####` up to the end of that line. Null where there is neither or it is blank. Thoughts
 * before a `</think>` are not looked at.
 */
export function extractAnswer(response: string): string | null {
  const said = afterThoughts(response);
  const answer = lastBoxed(said) ?? afterLastMarker(said);
  return answer === null || answer.trim() === '' ? null : answer.trim();
}

/** What a response says once it has thought: all behind its last `</think>`, or all of it where there is none. */
export function afterThoughts(response: string): string {
  const thoughts = response.lastIndexOf(THOUGHT);
  return thoughts === -1 ? response : response.slice(thoughts + THOUGHT.length);
}

/** The content of the last complete `\boxed{…}`; null where there is none or it is blank. */
export function extractBoxed(response: string): string | null {
  const answer = lastBoxed(response);
  return answer === null || answer.trim() === '' ? null : answer.trim();
}

/** One pass whatever the text is: a model that repeats itself can open thousands of boxes and close none. */
function lastBoxed(response: string): string | null {
  const open: number[] = []; // where the content of each open brace begins
  let last: { start: number; end: number } | null = null;
  for (let position = 0; position < response.length; position++) {
    const character = response[position];
    if (character === '\\') {
      position++; // an escaped brace, as in \{1, 2\}, opens and closes nothing
    } else if (character === '{') {
      open.push(position + 1);
    } else if (character === '}') {
      const start = open.pop();
      const isBox = start !== undefined && response.startsWith(BOXED, start - BOXED.length);
      if (isBox && start > (last?.start ?? -1)) last = { start, end: position };
    }
  }
  return last === null ? null : response.slice(last.start, last.end);
}

function afterLastMarker(response: string): string | null {
  const start = response.lastIndexOf(MARKER);
  if (start === -1) return null;
  return response.slice(start + MARKER.length).split(/\r?\n/, 1)[0] ?? null;
}

/**
 * The form in which answers are compared: dollar signs gone, spaces collapsed, one trailing full stop gone,
 * and a plain decimal number written in one way only (18, 18.0, +18 and $018 are all "18"; 1,234 is "1234").
 * Commas are thousands separators only where they group the whole answer by threes.
 */
export function normaliseAnswer(answer: string): string {
  const text = answer.replace(/\\?\$/g, '').replace(/\s+/g, ' ').trim().replace(/\.$/, '').trim();
  const ungrouped = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
  return canonicalDecimal(ungrouped) ?? text;
}

/** One spelling for each decimal number, by text so that long numbers keep every digit; null if it is not one. */
function canonicalDecimal(text: string): string | null {
  const parts = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?$/.exec(text);
  if (parts === null) return null;
  const whole = (parts[2] ?? '').replace(/^0+/, '') || '0';
  const fraction = (parts[3] ?? '').replace(/0+$/, '');
  const magnitude = fraction === '' ? whole : `${whole}.${fraction}`;
  return parts[1] === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

function judge({ problem, response, finish }: VerifierInput): Verdict {
  const extracted = extractAnswer(response);
  if (extracted === null) {
    return finish === 'length'
      ? {
          kind: 'truncated',
          reason: 'The response reached the token limit before it gave an answer.',
          extracted,
        }
      : {
          kind: 'malformed',
          reason: `No answer found: expected \\boxed{…} or ${MARKER} followed by the answer.`,
          extracted,
        };
  }
  const equal = normaliseAnswer(extracted) === normaliseAnswer(problem.answer);
  return {
    kind: equal ? 'correct' : 'wrong',
    reason: equal
      ? `The answer "${extracted}" equals the expected "${problem.answer}".`
      : `The answer "${extracted}" is not the expected "${problem.answer}".`,
    extracted,
  };
}

export const exactAnswer: Verifier = {
  kind: 'exact',
  // Text alone, in time that its length bounds: a thread would cost more than it guards.
  inPool: false,
  goldResponse: (answer) => `${MARKER} ${answer.replace(/\s+/g, ' ')}`,
  verify: async (input) => judge(input),
};
