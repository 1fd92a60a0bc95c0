// The format gate: whether a response has the form that the recipe asks for, before any verifier sees it. It knows
// nothing of answers: a response in the right form may be wrong, one in the wrong form is malformed whatever it says.
import { createContext, Script } from 'node:vm';
import { afterThoughts, extractBoxed } from './exact-answer.ts';

export interface FormatOptions {
  /** One `</think>` with thoughts before it and an answer behind it; `<think>` at the very beginning, or in the prompt. */
  readonly thinkTags: boolean;
  /** A complete `\boxed{…}` with something in it, behind the thoughts where there are any. */
  readonly boxed: boolean;
  /** A regular expression that must match somewhere in the response; `.` matches line ends. */
  readonly pattern?: string | undefined;
}

/** Why a response does not have the form, as a clause; null where it does. Throws where a pattern takes too long. */
export type FormatGate = (response: string) => string | null;

/** V8 stops a pattern that backtracks for longer. */
const PATTERN_TIMEOUT_MS = 1000;

/** null where nothing is asked for. */
export function formatGateOf({ thinkTags, boxed, pattern }: FormatOptions): FormatGate | null {
  const checks: FormatGate[] = [];
  if (thinkTags) checks.push(thinkTagsFault);
  if (boxed) checks.push(boxedFault);
  if (pattern !== undefined) checks.push(patternCheck(pattern));
  if (checks.length === 0) return null;
  return (response) => {
    for (const check of checks) {
      const fault = check(response);
      if (fault !== null) return fault;
    }
    return null;
  };
}

function thinkTagsFault(response: string): string | null {
  const opened = response.split('<think>').length - 1;
  const closed = response.split('</think>').length - 1;
  if (closed !== 1) return `expected one </think>, got ${closed}`;
  if (opened > 1 || (opened === 1 && !response.trimStart().startsWith('<think>')))
    return 'expected <think> once, at the beginning, or in the prompt';
  const [thoughts, answer] = response.split('</think>') as [string, string];
  if (thoughts.replace('<think>', '').trim() === '') return 'expected thoughts before </think>, got none';
  return answer.trim() === '' ? 'expected an answer behind </think>, got none' : null;
}

function boxedFault(response: string): string | null {
  return extractBoxed(afterThoughts(response)) === null ? 'expected the answer in \\boxed{…}' : null;
}

function patternCheck(pattern: string): FormatGate {
  const sandbox = createContext({ pattern: new RegExp(pattern, 's'), response: '' });
  const script = new Script('pattern.test(response)');
  return (response) => {
    sandbox['response'] = response;
    const matches: unknown = script.runInContext(sandbox, { timeout: PATTERN_TIMEOUT_MS });
    return matches === true ? null : `expected it to match /${pattern}/`;
  };
}
