// Which of the choices of a multiple-choice problem an answer names: by letter, by letter with text, or by text. It
// knows nothing of whether it is right. An answer that says one letter and the text of another contradicts itself.
import { normaliseWords, plainText } from './latex.ts';

export type ChoiceRead =
  | { readonly kind: 'letters'; readonly letters: readonly string[] }
  | { readonly kind: 'contradiction'; readonly reason: string }
  | { readonly kind: 'none' };

const LIST = /^(?:\(?[A-Z]\)?)(?:\s*(?:,|;|&|\band\b|,\s*and\b)\s*\(?[A-Z]\)?)+$/;
const LONGEST = 1000;

/** @param several whether more than one letter is expected, so that `ACD` is three of them. */
export function readChoice(
  answer: string,
  choices: ReadonlyMap<string, string>,
  several: boolean,
): ChoiceRead {
  if (answer.length > LONGEST) return { kind: 'none' };
  const text = plainText(answer)
    .replace(/[{}[\]]/g, '')
    .replace(
      /^(?:the\s+)?(?:(?:correct|final)\s+)?(?:options?|choices?|answers?)\s*(?:is|are|:)?\s*(?=\(?[A-Za-z]\b)/i,
      '',
    )
    .replace(/[.!\s]+$/, '')
    .trim();
  if (/^\(?[A-Za-z]\)?:?$/.test(text)) return letters([text.replace(/[^A-Za-z]/g, '').toUpperCase()]);
  if (LIST.test(text)) return letters(text.replace(/\band\b/g, '').match(/[A-Z]/g)!);
  if (several && /^[A-Z]{2,26}$/.test(text)) return letters([...text]);
  const byText = lettersOfText(text, choices);
  if (byText.length === 1) return letters(byText);
  const labelled =
    /^(?:\(([A-Z])\)|([A-Z])\s*[.):,]|([A-Z])\s+(?=because\b|since\b|as\b|is\b|-)-?)\s*(.*)$/s.exec(text);
  if (labelled === null) return named(text);
  const letter = (labelled[1] ?? labelled[2] ?? labelled[3])!;
  const other = lettersOfText(labelled[4]!, choices);
  if (other.length > 0 && !other.includes(letter)) {
    return {
      kind: 'contradiction',
      reason: `It names ${letter} with the text of ${other.join(' and ')}.`,
    };
  }
  return letters([letter]);
}

const DENIAL = /\b(?:not|cannot|never|neither|nor|except|incorrect|wrong|false|eliminated?)\b|n['’]t\b/i;

/** `so option B is correct`, where no other is named and nothing is denied. */
function named(text: string): ChoiceRead {
  if (DENIAL.test(text)) return { kind: 'none' };
  const found = text.matchAll(/\b(?:options?|choices?|answer)\s+(?:is\s+)?\(?([A-Z])\)?(?![\w'])/g);
  const distinct = new Set([...found].map((match) => match[1]!));
  return distinct.size === 1 ? letters([...distinct]) : { kind: 'none' };
}

function letters(found: readonly string[]): ChoiceRead {
  return { kind: 'letters', letters: [...new Set(found)].sort() };
}

function lettersOfText(text: string, choices: ReadonlyMap<string, string>): string[] {
  const words = normaliseWords(text);
  if (words === '') return [];
  return [...choices].filter(([, choice]) => normaliseWords(choice) === words).map(([letter]) => letter);
}
