// Which training problems share text with evaluation problems: what a model does on a problem that it was trained on says
// little about what it can do. The evaluation problems are indexed by hashes of so many words in a row, at most 70 bytes a
// word; training problems are looked up one by one, so there may be any number. The rule is that of GPT-3 (Brown et al.,
// arXiv 2005.14165, appendix C), 13 words in a row, case and punctuation aside, and a problem of fewer words must be equal
// as a whole. What many evaluation problems share is a template and shows nothing.
import type { Problem } from '../../types.ts';
import { hashText, HashTable, mix } from './hash-table.ts';
import { comparedText, foldedText, wordsOf, type Words } from './words.ts';

export const DEFAULT_OVERLAP_WORDS = 13;

/** More than so many evaluation problems, or more than half of few, make a run of words a template. */
const TEMPLATE_PROBLEMS = 10;

export interface Overlap {
  /** Number of the evaluation problem, in the order they were added. */
  readonly evaluation: number;
  /** whole: the problems are the same but for case, spaces and punctuation. */
  readonly kind: 'whole' | 'words';
  /** The longest shared run, as the training problem has it (in NFKC). */
  readonly text: string;
  /** Words of it. */
  readonly words: number;
  /** Share of the evaluation problem's words in runs that are shared. */
  readonly share: number;
}

const NONE = -1;

/** Evaluation problems by hash: chains through growing arrays, newest first. */
class Postings {
  readonly #heads = new HashTable();
  #problems = new Int32Array(1024);
  #next = new Int32Array(1024);
  #count = 0;
  /** Problems of the chain that begins here; at most what makes a template, and one. */
  #lengths = new Uint8Array(1024);

  add(high: number, low: number, problem: number): void {
    const head = this.#heads.get(high, low) ?? NONE;
    const length = head === NONE ? 0 : this.#lengths[head]!;
    if (head !== NONE && (this.#problems[head] === problem || length > TEMPLATE_PROBLEMS)) return;
    if (this.#count === this.#problems.length) this.#grow();
    const index = this.#count++;
    this.#problems[index] = problem;
    this.#next[index] = head;
    this.#lengths[index] = length + 1;
    this.#heads.set(high, low, index);
  }

  /** The first of a chain of at most `most` problems; NONE where there is none, or more. */
  find(high: number, low: number, most: number): number {
    const head = this.#heads.get(high, low) ?? NONE;
    return head !== NONE && this.#lengths[head]! <= most ? head : NONE;
  }

  problemAt(index: number): number {
    return this.#problems[index]!;
  }

  after(index: number): number {
    return this.#next[index]!;
  }

  #grow(): void {
    const grown = <T extends Int32Array | Uint8Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    const capacity = this.#count * 2;
    this.#problems = grown(this.#problems, new Int32Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#lengths = grown(this.#lengths, new Uint8Array(capacity));
  }
}

export class OverlapIndex {
  readonly words: number;
  readonly #runs = new Postings();
  readonly #wholes = new HashTable();
  readonly #wordCounts: number[] = [];

  constructor(words = DEFAULT_OVERLAP_WORDS) {
    this.words = words;
  }

  /** Evaluation problems in the index. */
  get size(): number {
    return this.#wordCounts.length;
  }

  addEvaluation(problem: Problem): void {
    const number = this.#wordCounts.length;
    const text = comparedText(problem);
    const words = wordsOf(text);
    this.#wordCounts.push(words.starts.length);
    const { high, low } = hashText(foldedText(text));
    if (this.#wholes.get(high, low) === undefined) this.#wholes.set(high, low, number);
    eachRun(words, this.words, (_, runHigh, runLow) => this.#runs.add(runHigh, runLow, number));
  }

  /** Overlaps of one training problem, the largest share first; empty if it has none. */
  find(problem: Problem): Overlap[] {
    const text = comparedText(problem);
    const words = wordsOf(text);
    const { high, low } = hashText(foldedText(text));
    const whole = this.#wholes.get(high, low);
    const found = new Map<number, SharedRuns>();
    const most = Math.min(TEMPLATE_PROBLEMS, Math.max(1, Math.floor(this.size / 2)));
    eachRun(words, this.words, (start, runHigh, runLow) => {
      let index = this.#runs.find(runHigh, runLow, most);
      for (; index !== NONE; index = this.#runs.after(index)) {
        const evaluation = this.#runs.problemAt(index);
        let shared = found.get(evaluation);
        if (shared === undefined) found.set(evaluation, (shared = new SharedRuns()));
        shared.add(start, start + this.words);
      }
    });
    if (whole !== undefined) found.delete(whole);
    const overlaps = [...found].map(([evaluation, shared]) => ({
      evaluation,
      kind: 'words' as const,
      text: textOf(words, shared.longest),
      words: shared.longest.end - shared.longest.start,
      share: Math.min(1, shared.words / this.#wordCounts[evaluation]!),
    }));
    overlaps.sort((a, b) => b.share - a.share || a.evaluation - b.evaluation);
    if (whole === undefined) return overlaps;
    return [{ evaluation: whole, kind: 'whole', text, words: words.starts.length, share: 1 }, ...overlaps];
  }
}

/** Runs of shared words in one training problem, from windows that come in order. */
class SharedRuns {
  longest = { start: 0, end: 0 };
  /** Words in any window. */
  words = 0;
  #run = { start: 0, end: 0 };

  add(start: number, end: number): void {
    this.words += end - Math.max(start, this.#run.end);
    // Windows that follow word by word are one run of the evaluation problem, too.
    this.#run = end === this.#run.end + 1 ? { start: this.#run.start, end } : { start, end };
    if (this.#run.end - this.#run.start > this.longest.end - this.longest.start) this.longest = this.#run;
  }
}

function textOf({ text, starts, ends }: Words, { start, end }: { start: number; end: number }): string {
  return text.slice(starts[start], ends[end - 1]);
}

const BASE_HIGH = 0x2c1b3c6d;
const BASE_LOW = 0x297a2d39;

/** Every run of `length` words with its hash, by rolling sums Σ wᵢ·Bⁿ⁻¹⁻ⁱ mod 2³². None for a text of fewer words. */
function eachRun(
  words: Words,
  length: number,
  visit: (start: number, high: number, low: number) => void,
): void {
  const count = words.starts.length;
  if (count < length) return;
  const text = words.text.toLowerCase();
  // Lower case may be longer, as with İ; then each word is folded by itself.
  const aligned = text.length === words.text.length;
  const highs = new Uint32Array(count);
  const lows = new Uint32Array(count);
  let [leadHigh, leadLow] = [1, 1];
  for (let index = 1; index < length; index++) {
    leadHigh = Math.imul(leadHigh, BASE_HIGH);
    leadLow = Math.imul(leadLow, BASE_LOW);
  }
  let [high, low] = [0, 0];
  for (let index = 0; index < count; index++) {
    const [start, end] = [words.starts[index]!, words.ends[index]!];
    const hash = aligned ? hashText(text, start, end) : hashText(words.text.slice(start, end).toLowerCase());
    highs[index] = hash.high;
    lows[index] = hash.low;
    if (index >= length) {
      high -= Math.imul(highs[index - length]!, leadHigh);
      low -= Math.imul(lows[index - length]!, leadLow);
    }
    high = (Math.imul(high, BASE_HIGH) + hash.high) | 0;
    low = (Math.imul(low, BASE_LOW) + hash.low) | 0;
    if (index >= length - 1) visit(index - length + 1, mix(high), mix(low));
  }
}
