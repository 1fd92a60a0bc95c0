// Letters side by side: a word or a product of symbols. And characters outside ASCII: what they stand for.
import { LOWERED, ON_THE_LINE, PROSE_WORDS, RAISED, SHORT_UNITS, UNICODE } from './symbols.ts';

/** Replaces characters outside ASCII by what they stand for; others stay. */
export function toAscii(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text;
  return text
    .replace(RAISED_RUN, (run) => `^{${onTheLine(run, RAISED)}}`)
    .replace(LOWERED_RUN, (run) => `_{${onTheLine(run, LOWERED)}}`)
    .replace(/[^\x00-\x7f]/g, (character) => UNICODE[character] ?? fullWidth(character));
}

const RAISED_RUN = new RegExp(`[${RAISED}]+`, 'g');
const LOWERED_RUN = new RegExp(`[${LOWERED}]+`, 'g');

function onTheLine(run: string, from: string): string {
  return [...run].map((character) => ON_THE_LINE[from.indexOf(character)]).join('');
}

/** ０ to ９, Ａ to Ｚ and ａ to ｚ are letters and digits of East Asian width. */
function fullWidth(character: string): string {
  const code = character.charCodeAt(0) - 0xfee0;
  return /^[0-9A-Za-z]$/.test(String.fromCharCode(code)) ? String.fromCharCode(code) : character;
}

/** Whether letters side by side are a word rather than a product of symbols. */
export function isWord(run: string, afterValue: boolean): boolean {
  if (PROSE_WORDS.has(run) || (/^[A-Z][a-z]+$/.test(run) && PROSE_WORDS.has(run.toLowerCase()))) return true;
  if (SHORT_UNITS.has(run)) return afterValue;
  if (run.length < 4)
    return run.length === 3 && /^[A-Z]?[a-z]+$/.test(run) && /[aeiou]/.test(run) && !/^[xyz]/.test(run);
  return /[aeiouyAEIOUY]/.test(run) && (/^[A-Z]?[a-z]+$/.test(run) || /^[A-Z]{4,}$/.test(run) === false);
}
