// Which rows repeat an earlier one, in at most 100 bytes a row: with the same messages and answer, or with the same answer
// and the same text but for case, spaces and punctuation. It knows nothing of what is done about it.
import type { Problem } from '../../types.ts';
import { hashText, HashTable } from './hash-table.ts';
import { comparedText, foldedText } from './words.ts';

export interface Repetition {
  /** exact: messages and answer are the same, and so is the id. near: they are but for case, spaces and punctuation. */
  readonly kind: 'exact' | 'near';
  /** The number that was given with the first of them. */
  readonly first: number;
}

export class RepetitionFinder {
  readonly #ids = new HashTable();
  readonly #texts = new HashTable();

  /**
   * Takes note of a problem, and says which earlier one it repeats.
   * @param number from 0 up, such as its line.
   */
  add(problem: Problem, number: number): Repetition | null {
    const [idHigh, idLow] = [0, 8].map((at) => parseInt(problem.id.slice(at, at + 8), 16)) as [
      number,
      number,
    ];
    const same = this.#ids.get(idHigh, idLow);
    if (same !== undefined) return { kind: 'exact', first: same };
    this.#ids.set(idHigh, idLow, number);
    const { high, low } = hashText(
      `${foldedText(comparedText(problem))}\0${problem.answer.trim().toLowerCase()}`,
    );
    const near = this.#texts.get(high, low);
    if (near !== undefined) return { kind: 'near', first: near };
    this.#texts.set(high, low, number);
    return null;
  }
}
