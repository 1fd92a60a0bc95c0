// What of a text counts when texts are compared: its words for overlaps, and its words and signs for repetitions. It
// knows nothing of problems but that their text is what a person reads of them.
import type { Problem } from '../../types.ts';

/** The text of a problem that comparisons see: its messages without the system's, which many problems share. */
export function comparedText({ messages }: Pick<Problem, 'messages'>): string {
  const own = messages.filter(({ role }) => role !== 'system');
  const text = own.length === 1 ? own[0]!.content : own.map(({ content }) => content).join('\n');
  // Full-width digits, ligatures and the like are the letters they stand for.
  return isAscii(text) ? text : text.normalize('NFKC');
}

export interface Words {
  readonly text: string;
  /** Where each begins in `text`, and where it ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Letters of scripts that are written without spaces. */
const SINGLE = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}`;
const WORD = new RegExp(String.raw`[${SINGLE}]|[[\p{L}\p{N}\p{M}]--[${SINGLE}]]+`, 'gv');
const IS_ASCII_WORD = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(/[A-Za-z0-9]/.test(String.fromCharCode(code))),
);

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false;
  return true;
}

/** Runs of letters and digits, and single letters of scripts that are written without spaces. */
export function wordsOf(text: string): Words {
  const starts: number[] = [];
  const ends: number[] = [];
  if (!isAscii(text)) {
    for (const match of text.matchAll(WORD)) {
      starts.push(match.index);
      ends.push(match.index + match[0].length);
    }
    return { text, starts, ends };
  }
  let start = -1;
  for (let index = 0; index <= text.length; index++) {
    const inWord = index < text.length && IS_ASCII_WORD[text.charCodeAt(index)] === 1;
    if (inWord && start < 0) start = index;
    if (!inWord && start >= 0) {
      starts.push(start);
      ends.push(index);
      start = -1;
    }
  }
  return { text, starts, ends };
}

/**
 * A text but for case, spaces and the punctuation of prose. Other signs stay, so that 3 + 4 and 3 − 4 differ.
 */
export function foldedText(text: string): string {
  return (text.toLowerCase().match(WORD_OR_SIGN) ?? []).join(' ');
}

const WORD_OR_SIGN = /[\p{L}\p{N}\p{M}]+|[^\s.,;:?'"`“”‘’„…$]/gu;
