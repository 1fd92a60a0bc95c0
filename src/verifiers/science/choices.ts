// Which of the choices of a multiple-choice problem an answer names: by letter, by letter with text, or by text. It
// knows nothing of whether it is right. An answer that says one letter and the text of another contradicts itself.
import { plainText } from './latex.ts';
import { DENIAL, normaliseWords } from './words.ts';

export type ChoiceRead =
  | { readonly kind: 'letters'; readonly letters: readonly string[] }
  /** Why, as a clause. */
  | { readonly kind: 'contradiction'; readonly reason: string }
  | { readonly kind: 'none' };

const NONE: ChoiceRead = { kind: 'none' };
const LIST = /^(?:\(?[A-Z]\)?)(?:\s*(?:,|;|&|\band\b|,\s*and\b)\s*\(?[A-Z]\)?)+$/;
const LONGEST = 1000;

/** @param several whether more than one letter is expected, so that `ACD` is three of them. */
export function readChoice(
  answer: string,
  choices: ReadonlyMap<string, string>,
  several: boolean,
): ChoiceRead {
  if (answer.length > LONGEST) return NONE;
  const text = bareChoice(answer);
  if (/^\(?[A-Za-z]\)?:?$/.test(text)) return letters([text.replace(/[^A-Za-z]/g, '').toUpperCase()]);
  if (LIST.test(text)) return letters(text.replace(/\band\b/g, '').match(/[A-Z]/g)!);
  if (several && /^[A-Z]{2,26}$/.test(text)) return letters([...text]);
  const byText = lettersOfText(text, choices);
  if (byText.length === 1) return letters(byText);
  const listed = lettersOfList(text, choices);
  if (listed !== null) return listed;
  const labelled = labelledChoice(text);
  if (labelled === null) return named(plainText(answer));
  const { letter, rest } = labelled;
  if (/^(?:is|as)\b/.test(rest) && DENIAL.test(firstClause(rest))) return NONE;
  if (/(?:^|\s)or\s+\(?[A-Z]\)?(?![\w'])/.test(rest)) return NONE;
  return agreed(letter, rest, choices);
}

/** Without what introduces a choice (`the correct options are`, `both`) and what says that it is the one. */
function bareChoice(answer: string): string {
  return plainText(answer)
    .replace(/[{}[\]]/g, '')
    .replace(
      /^(?:the\s+)?(?:(?:correct|final)\s+)?(?:options?|choices?|answers?)\s*(?:is|are|:)?\s*(?=\(?[A-Za-z]\b)/i,
      '',
    )
    .replace(/^(?:both|it)\s+/i, '')
    .replace(/[.!\s]+$/, '')
    .replace(
      /\s+(?:is|are)\s+(?:both\s+)?(?:the\s+)?(?:correct|right|true|best)(?:\s+(?:answer|option|choice)s?)?$/i,
      '',
    )
    .trim();
}

/** `(B) oxygen`, `B. oxygen`, `B because …`. */
function labelledChoice(text: string): { letter: string; rest: string } | null {
  const found =
    /^(?:\(([A-Z])\)|([A-Z])\s*[.):,]|([A-Z])\s+(?=because\b|since\b|as\b|is\b|-)-?)\s*(.*)$/s.exec(text);
  return found === null ? null : { letter: (found[1] ?? found[2] ?? found[3])!, rest: found[4]! };
}

/** A letter with what is said behind it: the text of another choice contradicts it, anything else explains it. */
function agreed(letter: string, rest: string, choices: ReadonlyMap<string, string>): ChoiceRead {
  const other = lettersOfText(rest, choices);
  if (other.length === 0 || other.includes(letter)) return letters([letter]);
  const reason = `it names ${letter} with the text of ${other.join(' and ')}`;
  return { kind: 'contradiction', reason };
}

/** `helium and argon`, `(A) helium and (C) argon`; null unless every part is one choice and nothing else. */
function lettersOfList(text: string, choices: ReadonlyMap<string, string>): ChoiceRead | null {
  const parts = text.split(/\s*[,;&]\s*(?:and\s+)?|\s+and\s+/);
  if (parts.length < 2) return null;
  const found: string[] = [];
  for (const part of parts) {
    const labelled = labelledChoice(part);
    const own = lettersOfText(labelled?.rest ?? part, choices);
    if (own.length !== 1) return null;
    if (labelled !== null && labelled.letter !== own[0])
      return agreed(labelled.letter, labelled.rest, choices);
    found.push(own[0]!);
  }
  return letters(found);
}

function firstClause(text: string): string {
  return text.split(/[,;.]|\b(?:because|since|while|whereas|and)\b/, 1)[0]!;
}

const NAMED = [
  /\b(?:options?|choices?|answer|letter)\s+(?:is\s+)?\(?([A-Z])\)?(?![\w'])/g,
  /\b(?:choose|chose|select|pick)\s+\(?([A-Z])\)?(?![\w'])/g,
  /\b(?:[Ii]t\s+is|[Ii]t['’]s|go(?:ing)?\s+with|[Cc]orrect:)\s+\(?([A-Z])\)?(?=[.,;:!]|$)/g,
  /(?<![\w'])\(?([A-Z])\)?\s+is\s+(?:the\s+)?(?:correct|right|best)\b/g,
];

/** `so option B is correct`, where no other is named and nothing is denied. */
function named(text: string): ChoiceRead {
  if (DENIAL.test(text)) return NONE;
  const found = NAMED.flatMap((pattern) => [...text.matchAll(pattern)]);
  const distinct = new Set(found.map((match) => match[1]!));
  return distinct.size === 1 ? letters([...distinct]) : NONE;
}

function letters(found: readonly string[]): ChoiceRead {
  return { kind: 'letters', letters: [...new Set(found)].sort() };
}

function lettersOfText(text: string, choices: ReadonlyMap<string, string>): string[] {
  const words = normaliseWords(text);
  if (words === '') return [];
  return [...choices].filter(([, choice]) => normaliseWords(choice) === words).map(([letter]) => letter);
}
