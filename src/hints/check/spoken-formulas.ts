// Formulas said in words: "three root five", "x plus four, all over three", "seven point two times ten to the minus
// five". Each is written as LaTeX in the ways it can be grouped, and a verifier says what it is. It knows nothing of
// answers.
import type { WrittenValue } from './operations.ts';

export interface SpokenFormula {
  readonly start: number;
  readonly end: number;
  /** The ways it can be meant. */
  readonly values: readonly string[];
}

const WORDS: Readonly<Record<string, string>> = {
  plus: '+',
  minus: '-',
  negative: '-',
  times: '*',
  over: '/',
  root: '√',
  sqrt: '√',
  squared: '^2',
  cubed: '^3',
  pi: '\\pi',
  infinity: '\\infty',
};
/** Phrases by what stands for them while a text is read. */
const PHRASES: readonly (readonly [phrase: RegExp, mark: string])[] = [
  [/\b(?:the\s+)?(?:positive\s+)?square\s+roots?\s+of(?:\s+the)?\b/gi, 'root'],
  [/\broot\s+of\b/gi, 'root'],
  [/\bmultiplied\s+by\b/gi, 'times'],
  [/\b(?:all\s+)?divided\s+by\b/gi, 'over'],
  [/\b(?:all\s+)?over\b/gi, 'over'],
  [/\bplus\s+(?:or|and)\s+minus\b|±/gi, 'plusminus'],
  [/\b(?:raised\s+)?to\s+the\s+(?:power\s+(?:of\s+)?)?(?=minus\b|negative\b|⟦|[a-z]\b)/gi, 'tothe '],
];
const LONGEST_RUN = 24;

export function spokenFormulas(text: string, values: readonly WrittenValue[]): SpokenFormula[] {
  const tokens = tokensOf(text, values);
  const found: SpokenFormula[] = [];
  let run: Token[] = [];
  const close = () => {
    while (run.length > 0 && /^(?:[,*/+=]|of)$/.test(run[0]!.mark)) run.shift();
    while (run.length > 0 && /^(?:[,*/+√-]|±|\^|of)$/.test(run.at(-1)!.mark)) run.pop();
    const spoken = run.some(({ word, start, end }) => word || /^[A-Za-z]{2,}/.test(text.slice(start, end)));
    const readings = run.length >= 2 && run.length <= LONGEST_RUN && spoken ? readingsOf(run) : [];
    if (readings.length > 0) found.push({ start: run[0]!.start, end: run.at(-1)!.end, values: readings });
    run = [];
  };
  for (const token of tokens) {
    if (token.mark === '') close();
    else run.push(token);
  }
  close();
  return found;
}

interface Token {
  readonly start: number;
  readonly end: number;
  /** What it is in a formula; empty where it is no part of one. */
  readonly mark: string;
  /** It is an operation in words. */
  readonly word: boolean;
}

function tokensOf(text: string, values: readonly WrittenValue[]): Token[] {
  const marks: { start: number; end: number; mark: string }[] = [];
  const masked = [...text];
  for (const { start, end, value } of values) {
    marks.push({ start, end, mark: value.replace(/^(-?\d+)\/(\d+)$/, '\\frac{$1}{$2}') });
    for (let at = start; at < end; at++) masked[at] = at === start ? '⟦' : ' ';
  }
  let plain = masked.join('');
  for (const [phrase, name] of PHRASES) {
    plain = plain.replace(phrase, (match, at: number) => {
      marks.push({ start: at, end: at + match.trimEnd().length, mark: SPECIAL[name.trim()]! });
      return '⟦'.padEnd(match.length, ' ');
    });
  }
  const byStart = new Map(marks.map((mark) => [mark.start, mark]));
  return [...plain.matchAll(/⟦|[A-Za-z]+|[^\s]/g)].map((match) => {
    const start = match.index;
    const known = byStart.get(start);
    if (match[0] === '⟦' && known !== undefined)
      return { ...known, word: Object.values(SPECIAL).includes(known.mark) };
    const end = start + match[0].length;
    const word = WORDS[match[0].toLowerCase()];
    if (word !== undefined) return { start, end, mark: word, word: true };
    if (/^[b-hj-zB-HJ-Z]$/.test(match[0]) || (match[0] === 'i' && /[^.]\s$/.test(text.slice(0, start))))
      return { start, end, mark: match[0], word: false };
    if (/^(?:is|equals)$/i.test(match[0])) return { start, end, mark: '=', word: false };
    if (/^of$/i.test(match[0])) return { start, end, mark: 'of', word: true };
    if (/^and$/i.test(match[0]) && /\bfactors?\b/i.test(text.slice(0, start)))
      return { start, end, mark: ',', word: true };
    if (match[0] === ',') return { start, end, mark: ',', word: false };
    return { start, end, mark: '', word: false };
  });
}

const SPECIAL: Readonly<Record<string, string>> = {
  root: '√',
  times: '*',
  over: '/',
  plusminus: '±',
  tothe: '^',
};

function readingsOf(run: readonly Token[]): string[] {
  const marks = run.map(({ mark }) => (mark === 'of' ? '*' : mark));
  const equal = marks.lastIndexOf('=');
  const readings: string[] = [];
  for (const side of equal === -1 ? [marks] : [marks, marks.slice(equal + 1)]) {
    if (side.length < 2) continue;
    readings.push(written(side));
    const factors = written(side).split(',');
    if (factors.length > 1) readings.push(factors.map((factor) => `(${factor.trim()})`).join(''));
    const over = side.lastIndexOf('/');
    if (over > 0 && !side.includes('=')) {
      const above = written(side.slice(0, over).filter((mark) => mark !== ','));
      readings.push(`\\frac{${above}}{${written(side.slice(over + 1))}}`);
    }
  }
  return readings;
}

/** Roots and powers take what follows them; a comma is a pause. */
function written(marks: readonly string[]): string {
  let text = '';
  for (let at = 0; at < marks.length; at++) {
    const mark = marks[at]!;
    if (mark === ',') text += /[-+*/]/.test(marks[at + 1] ?? '') ? '' : ',';
    else if (mark === '√' && marks[at + 1] !== undefined) text += `\\sqrt{${marks[++at]!}}`;
    else if (mark === '^' && marks[at + 1] !== undefined) {
      const negative = marks[at + 1] === '-';
      text += `^{${negative ? '-' : ''}${marks[at + (negative ? 2 : 1)] ?? ''}}`;
      at += negative ? 2 : 1;
    } else if (mark === '±') text += '\\pm ';
    else text += `${mark} `;
  }
  return text.trim();
}
