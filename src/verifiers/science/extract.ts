// Where a response says its final answer. It knows nothing of what an answer is. Its one idea: the clearest place
// wins: \boxed{…} or ####, then <answer>…</answer>, then "the answer is …", then the last line.
import { afterThoughts, extractAnswer } from '../exact-answer.ts';

/** A last line longer than this is prose, not an answer. */
const LONGEST_LINE = 300;
const ANNOUNCED =
  /\b(?:final answer|correct answer|answer|correct (?:option|choice|letter))(?:\s*(?:is|are|was|would be|should be)(?:\s+(?:therefore|thus|hence|then|clearly|indeed))?\s*[:：]?|\s*(?:(?:\*\*|__)\s*)?[:：=]|\s+[-–—]\s+)\s*/gi;

/**
 * The final answer as written, or null. `strict` looks at \boxed{…} and #### alone. From "the answer is" it goes
 * to the end of the line, and to the end of the sentence where one ends before that.
 */
export function finalAnswer(response: string, strict: boolean): string | null {
  const marked = extractAnswer(response);
  if (marked !== null || strict) return marked;
  const said = afterThoughts(response);
  return tagged(said) ?? announced(said) ?? lastLine(said);
}

/** What the last `<answer>…</answer>` holds. */
function tagged(response: string): string | null {
  const end = response.lastIndexOf('</answer>');
  const start = end === -1 ? -1 : response.lastIndexOf('<answer>', end);
  return start === -1 ? null : trimmed(response.slice(start + '<answer>'.length, end));
}

function announced(response: string): string | null {
  let after: number | null = null;
  for (const match of response.matchAll(ANNOUNCED)) after = match.index + match[0].length;
  if (after === null) return null;
  const line = response.slice(after).split(/\r?\n/, 1)[0]!;
  return trimmed(line.split(/(?<=[^.\s])\.(?:\s+(?=[A-Z])|\s*$)/, 1)[0]!);
}

function lastLine(response: string): string | null {
  const line = response.trimEnd().split(/\r?\n/).at(-1)!;
  return line.length > LONGEST_LINE ? null : trimmed(line);
}

/** Without the emphasis of Markdown; null if nothing is left. */
function trimmed(text: string): string | null {
  const bare = text
    .replace(/\*\*|__|[✓✔✅]\uFE0F?/g, '')
    .trim()
    .replace(/^([`*])([^`*]+)\1$/, '$2');
  return bare === '' ? null : bare;
}
