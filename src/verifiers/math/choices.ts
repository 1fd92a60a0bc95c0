// Multiple choice: the letter of an answer, alone or before its value ("(B) 7"), and several letters ("A, B, D",
// ABD). Letters are compared with letters, values with values; which of the two a gold answer is, it says itself.

/** The start of a text without spaces, stars, dollar signs and \text{}: where the letter of a choice stands. */
function withoutMarkup(text: string): string {
  return text.slice(0, 80).replace(/\\(?:text|textbf|mathrm|mathbf|mbox)(?![a-zA-Z])|[{}$*\s]/g, '');
}

/** The letters that a gold answer asks for: B, (B), (B) 7, ABD, "A and C"; null where it is something else. */
export function goldLetters(text: string): string | null {
  const bare = withoutMarkup(text);
  return /^\(?([A-J])\)?\.?$/.exec(bare)?.[1] ?? /^\(([A-J])\)/.exec(bare)?.[1] ?? severalLetters(bare);
}

/** The letters that an answer gives: also "Option B", "B. 7" and a small b. */
export function givenLetters(text: string): string | null {
  const bare = withoutMarkup(text);
  const one = /^(?:option|choice)?\(?([A-J])(?:\)|[.:]|$)/i.exec(bare)?.[1]?.toUpperCase() ?? null;
  return /^\(?[A-J]\)?(?:or|,|and|&)/.test(bare) ? severalLetters(bare) : (one ?? severalLetters(bare));
}

/** A, B and D, or ABD: two to six different letters in ascending order. */
function severalLetters(bare: string): string | null {
  if (!/^[A-J](?:(?:,and|,|and|&)?[A-J]){1,5}\.?$/.test(bare)) return null;
  const letters = bare.replace(/[^A-J]/g, '');
  return [...letters].every((letter, index) => index === 0 || letters[index - 1]! < letter) ? letters : null;
}

const LABELLED =
  /^\s{0,3}(?:\\(?:text|textbf|mathrm|mathbf|boldsymbol)\s?\{)?\s{0,3}\([A-J]\)\s{0,3}\}?[\s~:]*(?:\\[ ,;:]|\\q?quad(?![a-z]))?(.+)$/s;

/** What stands after the letter of a choice, as the only item; none where there is no such letter. */
export function withoutChoice(text: string): string[] {
  const rest = LABELLED.exec(text.slice(0, 4000))?.[1]?.trim();
  if (rest === undefined || rest === '') return [];
  const [opened, closed] = ['{', '}'].map((brace) => rest.split(brace).length);
  return [closed! > opened! && rest.endsWith('}') ? rest.slice(0, -1) : rest];
}
