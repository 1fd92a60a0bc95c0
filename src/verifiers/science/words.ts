// Short texts to forms in which equal ones are equal strings. It knows no science beyond what a formula is. Its one idea:
// spelling does not count (case, articles, hyphens, the plural, Greek letters by name), and words do: a paraphrase is
// another answer.
import { parseFormula } from './formulae.ts';
import { plainText } from './latex.ts';

const GREEK: Readonly<Record<string, string>> = {
  α: 'alpha',
  β: 'beta',
  γ: 'gamma',
  δ: 'delta',
  ε: 'epsilon',
  θ: 'theta',
  λ: 'lambda',
  ρ: 'rho',
  σ: 'sigma',
  τ: 'tau',
  φ: 'phi',
  ψ: 'psi',
  ω: 'omega',
};
const GREEK_LETTER = new RegExp(`[${Object.keys(GREEK).join('')}]`, 'g');

/** What takes back what a sentence says. */
export const DENIAL =
  /\b(?:not|cannot|never|neither|nor|except|incorrect|wrong|false|eliminated?|excluded?|discarded?|ruled? out)\b|n['’]t\b/i;

const HEDGE = /\b(?:or|either|maybe|perhaps|could|might|may)\b/i;

/** What a sentence says of its subject: `The mass is 5.0 kg` and `Mass: 5.0 kg` say `5.0 kg`. */
export function predicate(text: string): string {
  const subject = /^.*\b(?:is|are|was|were|equals|be|called)\s+|^[^:\d]{1,60}:\s+/i.exec(text)?.[0] ?? '';
  return DENIAL.test(subject) || HEDGE.test(subject) ? text : text.slice(subject.length);
}

/** The form in which short texts are compared: case, articles, hyphens and punctuation at the ends do not count. */
export function normaliseWords(text: string): string {
  return plainText(text)
    .toLowerCase()
    .replace(/\\(?=[a-z])/g, '') // \alpha, \ln
    .replace(GREEK_LETTER, (letter) => GREEK[letter]!)
    .replace(/(?<!(?:^|[\s=(,])(?=-\S))[-/]/g, ' ') // a sign stays: -2 is not 2
    .replace(/["'“”‘’′`*{}^_]/g, '')
    .replace(/[.,;:!?]+(?=\s|$)/g, '')
    .replace(/\s*([=+<>])\s*/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(?:the|an|a) (?=.)/, '');
}

/** Whether a response says in words what the gold says. */
export function sameWords(gold: string, answer: string): boolean {
  const [plainGold, plainAnswer] = [plainText(gold), plainText(answer)];
  // Co is not CO, whatever the case of words; "No" is a word all the same.
  const [goldFormula, formula] = [parseFormula(plainGold), parseFormula(plainAnswer)];
  if (goldFormula !== null && formula !== null && plainGold !== 'No') return goldFormula === formula;
  const expected = namesOf(plainGold, false).map(wordKey);
  const said = [plainAnswer, predicate(plainAnswer)].flatMap((text) => namesOf(text, true));
  return said.some((name) => expected.includes(wordKey(name)));
}

/** As compared: in the singular; without spaces where there are figures (`3 : 1`, `1s² 2s²`). */
function wordKey(text: string): string {
  const bare = text.replace(/^\(([^()]*)\)$/, '$1');
  const roman = bare.replace(/^(?:option|choice|answer)\s+\(?([ivx]+)\)?$/i, '$1');
  const ratio = roman.replace(/(?<=\d) to (?=\d)/g, ':');
  const spaced = ratio.replace(/(?<=\d)\s*:\s*(?=\d)/g, ':');
  const words = normaliseWords(spaced).split(' ').map(singular);
  return /\d/.test(spaced) ? words.join('') : words.join(' ');
}

/** Regular plurals; both sides go through it, so it need not be the word of a dictionary. */
function singular(word: string): string {
  if (word.length < 4) return word;
  if (/[^aeiou]ies$/.test(word)) return word.replace(/ies$/, 'y');
  if (/(?:ch|sh|s|x|z)es$/.test(word)) return word.replace(/es$/, '');
  return word.replace(/(?<![suI'i])s$/, '');
}

/**
 * The names in `deoxyribonucleic acid (DNA)`: itself, and both parts where one abbreviates the other. In a response the
 * name before a formula is one too, as in `carbon dioxide (CO2)`; anything else in parentheses may change what is said.
 */
function namesOf(text: string, response: boolean): string[] {
  const parts = /^([^()]+?)\s*\(([^()]+)\)\.?$/.exec(text);
  if (parts === null) return [text];
  const [, outer, inner] = parts as unknown as [string, string, string];
  if (abbreviates(outer, inner) || abbreviates(inner, outer)) return [text, outer, inner];
  const formula = /[A-Z].*[A-Z\d]/.test(inner) && parseFormula(inner) !== null;
  if (!formula) return [text];
  return response ? [text, outer] : [text, outer, inner];
}

/** `DNA`: capitals that stand in the words in this order, the first one first. */
function abbreviates(short: string, long: string): boolean {
  if (!/^[A-Z]{2,6}$/.test(short)) return false;
  const letters = [...short.toLowerCase()];
  const words = long.toLowerCase();
  if (/\b(?:or|and|not)\b/.test(words) || words.length <= short.length || words[0] !== letters[0])
    return false;
  let from = 0;
  return letters.every((letter) => {
    const at = words.indexOf(letter, from);
    from = at + 1;
    return at !== -1;
  });
}
