// When two expressions that are equal are also in the same form: in the order of terms or factors aside, in lowest terms,
// solved for the same name. Equality is for the verifiers; this tells a step from an answer.
import { compact } from './given.ts';

/** A fraction of two whole numbers that cannot be made simpler, and is none itself: a value rather than a division. */
export function isLowestTerms(text: string): boolean {
  const parts = /^-?\(?-?(\d{1,9})\)?\/\(?-?(\d{1,9})\)?$/.exec(compact(text));
  if (parts === null) return false;
  let [a, b] = [Number(parts[1]), Number(parts[2])];
  if (b < 2) return false;
  while (b > 0) [a, b] = [b, a % b];
  return a === 1;
}

/** Whether an expression is in the form of the answer rather than of the problem: no longer than it, or solved for the same name. */
export function inFormOf(gold: string, source: string, problem: readonly string[]): boolean {
  const own = compact(source);
  const forms = problem.map(orderless);
  if (forms.includes(orderless(source))) return false;
  if (/[[\]]|in\(/.test(own) && !problem.some((one) => /[[\]]/.test(one))) return true;
  const name = /^([a-z])=(.*)$/.exec(compact(gold));
  const solved = /^([a-z])=(.*)$/.exec(own);
  if (name !== null && solved !== null) return name[1] === solved[1] && !solved[2]!.includes(name[1]!);
  return own.length <= 1.3 * compact(gold).length;
}

/** A sum with its terms in order, and a product with its factors: in which order they stand is no matter. */
export function orderless(text: string): string {
  const terms: string[] = [];
  let depth = 0;
  let term = '';
  const bare = compact(text).replace(/\*/g, '');
  for (const character of bare) {
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (depth === 0 && (character === '+' || character === '-') && term !== '' && !/[/^=]$/.test(term)) {
      terms.push(term);
      term = character === '-' ? '-' : '';
    } else if (!(term === '' && character === '+')) term += character;
  }
  terms.push(term);
  if (terms.length > 1) return terms.sort().join('+');
  const factors = bare.match(/\([^()]*\)(?:\^\w)?|\d+(?:\.\d+)?|[a-zπ](?:\^\w+)?|[^]/g) ?? [];
  return /[/=√,<>≤≥[\]]/.test(bare) ? bare : factors.sort().join('');
}
