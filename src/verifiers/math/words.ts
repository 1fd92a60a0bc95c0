// Letters side by side: a word or a product of symbols. And characters outside ASCII: what they stand for.
import { PROSE_WORDS, SHORT_UNITS, UNICODE } from './symbols.ts';

/** Replaces characters outside ASCII by what they stand for; others stay. */
export function toAscii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (character) => UNICODE[character] ?? character);
}

/** Whether letters side by side are a word rather than a product of symbols. */
export function isWord(run: string, afterValue: boolean): boolean {
  if (PROSE_WORDS.has(run) || (/^[A-Z][a-z]+$/.test(run) && PROSE_WORDS.has(run.toLowerCase()))) return true;
  if (SHORT_UNITS.has(run)) return afterValue;
  if (run.length < 4)
    return run.length === 3 && /^[A-Z]?[a-z]+$/.test(run) && /[aeiou]/.test(run) && !/^[xyz]/.test(run);
  return /[aeiouyAEIOUY]/.test(run) && (/^[A-Z]?[a-z]+$/.test(run) || /^[A-Z]{4,}$/.test(run) === false);
}
