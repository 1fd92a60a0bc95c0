// Repairs and simplifications of text before it is searched or compared as text: escapes doubled by a JSON
// detour, characters outside ASCII, dollar signs and spacing. Knows no mathematics.
import {
  COMMAND_MARKS,
  COMMAND_SYMBOLS,
  DROPPED_WITH_ARGUMENT,
  FUNCTIONS,
  GREEK,
  IGNORED_COMMANDS,
  TEXT_COMMANDS,
} from './symbols.ts';
import { toAscii } from './words.ts';

const KNOWN = new Set([
  ...Object.keys(COMMAND_MARKS),
  ...Object.keys(COMMAND_SYMBOLS),
  ...FUNCTIONS,
  ...GREEK,
  ...IGNORED_COMMANDS,
  ...TEXT_COMMANDS,
  ...DROPPED_WITH_ARGUMENT,
  ...[
    'sum',
    'prod',
    'int',
    'lim',
    'degree',
    'frac',
    'dfrac',
    'tfrac',
    'cfrac',
    'sqrt',
    'binom',
    'boxed',
    'fbox',
    'overline',
    'mathbb',
    'angle',
    'triangle',
  ],
]);

/** Undoes doubled backslashes (\\frac) where no environment gives them a meaning, and maps to ASCII. */
export function repaired(text: string): string {
  const ascii = unescaped(toAscii(text));
  if (!ascii.includes('\\\\') || ascii.includes('\\begin')) return ascii;
  return ascii.replace(/\\\\([a-zA-Z]{1,30})/g, (whole, name: string) =>
    KNOWN.has(name) ? `\\${name}` : whole,
  );
}

/** Undoes what a reader of escapes did to a backslash (\f of \frac became a form feed), and lost ones before a box. */
function unescaped(text: string): string {
  return text
    .replace(/\x08(?=oxed|inom|eta|ar\{|egin)/g, '\\b')
    .replace(/\x0c(?=rac|box)/g, '\\f')
    .replace(/\t(?=imes|ext\{|frac|heta)/g, '\\t')
    .replace(/(?<![\\A-Za-z])boxed\s?\{/g, '\\boxed{')
    .replace(/\\framebox(?![a-z])/g, '\\fbox');
}

const DROPPED =
  /\\(?:left|right|big|Big|bigg|Bigg|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;:!]|[$"`]|(?<![A-Za-z0-9])[ \t\n]|[ \t\n](?![A-Za-z0-9])/g;

/** The text without what changes only its looks: equal results are the same answer. Braces and operators stay. */
export function bareText(text: string): string {
  const bare = text
    .replace(/\\[dt]frac(?![a-zA-Z])/g, '\\frac')
    .replace(/\\(?:text|textbf|mathrm|mbox)\{([^{}\\]{0,200})\}/g, '$1')
    .replace(/\\mid(?![a-zA-Z])|:/g, '|')
    .replace(DROPPED, '')
    .replace(/^[.,;:]+/, '');
  let end = bare.length;
  while (end > 0 && '.,;:?'.includes(bare[end - 1]!)) end--;
  return bare.slice(0, end);
}

const ASIDE =
  /[\s~]{0,3}(?:\\(?:quad|qquad|[,; ]))?(?:\\text\{)?\s{0,3}\((?:since|because|rejecting|as|where|when|if|for|assuming|taking|discarding|with|not)\s.*$/s;
const FOR_ALL =
  /[\s~,]{0,3}(?:\\q?quad\s?)?(?:\\forall|(?:\\text\{)?\s{0,3}for (?:all|any|every|each))(?![a-z]).*$/s;

/** The text without a remark at its end: "x = 5 (since x > 0)", "f(x) = x for all x". */
export function withoutAside(text: string): string {
  const start = text.slice(0, 2000);
  if (!/\(|for|all/.test(start)) return text;
  const aside = ASIDE.exec(start) ?? FOR_ALL.exec(start);
  return aside === null || aside.index === 0 ? text : text.slice(0, aside.index);
}

/** Words in lower case without punctuation and articles, for answers in prose. */
export function bareWords(text: string): string {
  return text
    .replace(/\\(?:text|textbf|textit|mathrm|mathbf|operatorname)(?![a-zA-Z])/g, ' ')
    .replace(/[^A-Za-z0-9+\-/=<>]+/g, ' ')
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '' && word !== 'the' && word !== 'a' && word !== 'an')
    .join(' ');
}
