// How much of a reference solution stands in a hint word for word: the longest run of words they share, and the share
// of the solution that shared runs cover. Runs that the problem itself has do not count: restating it is no leak. Time
// grows with the length of the texts, not with their product.
import type { Span } from './verdict.ts';

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Overlap {
  /** Words of the longest shared run, and where it stands in the hint. */
  readonly longest: number;
  readonly span: Span | null;
  /** Words of the solution that stand in shared runs of at least GRAM words, by all its words. */
  readonly share: number;
  readonly solutionWords: number;
}

/** Shorter runs are chance. */
const GRAM = 5;
/** Places of one run of GRAM words that are looked at; a text that repeats itself has many. */
const PLACES = 16;

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{M}]+|\d+(?:[.,]\d+)*|[-+*/=^<>%]/gu)].map((match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function gramsOf(words: readonly Word[]): Map<string, number[]> {
  const grams = new Map<string, number[]>();
  for (let at = 0; at + GRAM <= words.length; at++) {
    const key = gramAt(words, at);
    const places = grams.get(key);
    if (places === undefined) grams.set(key, [at]);
    else if (places.length < PLACES) places.push(at);
  }
  return grams;
}

function gramAt(words: readonly Word[], at: number): string {
  return words
    .slice(at, at + GRAM)
    .map(({ text }) => text)
    .join(' ');
}

export function overlapOf(hint: string, solution: string, problem: string): Overlap {
  const [own, other] = [wordsOf(hint), wordsOf(solution)];
  const restated = gramsOf(wordsOf(problem));
  const places = gramsOf(other);
  const covered = new Uint8Array(other.length);
  let longest = 0;
  let span: Span | null = null;
  for (let at = 0; at + GRAM <= own.length; at++) {
    const gram = gramAt(own, at);
    if (restated.has(gram)) continue;
    let best = 0;
    for (const place of places.get(gram) ?? []) {
      let length = GRAM;
      while (own[at + length] !== undefined && own[at + length]!.text === other[place + length]?.text)
        length++;
      covered.fill(1, place, place + length);
      best = Math.max(best, length);
    }
    if (best <= longest) continue;
    longest = best;
    span = { start: own[at]!.start, end: own[at + best - 1]!.end };
  }
  const share = other.length === 0 ? 0 : covered.reduce((sum, one) => sum + one, 0) / other.length;
  return { longest, span, share, solutionWords: other.length };
}
