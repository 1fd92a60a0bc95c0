// A response that gives a gold answer, to check the answer by its own verifier, and what makes one no use as a gold answer.
// It knows nothing of how answers are compared.
import { DataError } from '../../errors.ts';
import { readGold, type Gold } from './gold.ts';
import { normaliseWords } from './words.ts';

/** More words than anyone repeats: an explanation, and no answer to compare with. */
const MOST_WORDS = 20;

/**
 * The gold answer as a response would give it: as it is written, or from JSON, one of several where it is a range.
 * @throws DataError where no response would be found to give it
 */
export function goldResponse(answer: string): string {
  const gold = readGold(answer);
  const written = `#### ${answer.replace(/\s+/g, ' ').trim()}`;
  const structured = /^\{\s*"/.test(answer.trim());
  switch (gold.kind) {
    case 'choice':
      assertOneText(gold);
      return structured ? `#### ${gold.letters.join(', ')}` : written;
    case 'quantity':
      return structured ? `#### ${gold.value} ${gold.unit}` : written;
    case 'range':
      return structured ? `#### ${(gold.low + gold.high) / 2} ${gold.unit}` : written;
    case 'words':
      assertShort(gold.text);
      return structured ? `#### ${gold.text}` : written;
    case 'formula':
    case 'equation':
      return structured ? `#### ${gold.text}` : written;
  }
}

function assertShort(text: string): void {
  const words = text.split(' ').length;
  if (words <= MOST_WORDS) return;
  throw new DataError(
    `Expected an answer of at most ${MOST_WORDS} words, which a response can repeat, got ${words}: "${text.slice(0, 100)}".`,
  );
}

/** A right choice whose text another choice has too is told from it by its letter alone. */
function assertOneText({ letters, choices }: Gold & { kind: 'choice' }): void {
  for (const [letter, text] of choices) {
    if (letters.includes(letter)) continue;
    const same = letters.find((one) => normaliseWords(choices.get(one) ?? '') === normaliseWords(text));
    if (same === undefined) continue;
    throw new DataError(
      `Expected the choices to differ, got the right one (${same}) again as ${letter}: "${text.slice(0, 100)}".`,
    );
  }
}
