// Whether a hint is in the language of its problem. Statistics of letters tell languages apart only in texts of some
// length, so short ones are judged by their script alone. Its one idea: doubt is no finding; a hint is in another
// language only where its own clearly beats that of the problem.
import { franc, francAll } from 'franc-min';

/** Letters that telling a language takes. */
const ENOUGH_LETTERS = 80;
/** How far the problem's language may fall behind the best (at 1) before the hint is said to be in another. */
const FAR_BEHIND = 0.9;
/** Letters of another script that a hint may have, by all. */
const OTHER_SCRIPT = 0.3;

const SCRIPTS: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Latin', /\p{Script=Latin}/gu],
  ['Cyrillic', /\p{Script=Cyrillic}/gu],
  ['Chinese or Japanese', /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Korean', /\p{Script=Hangul}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Devanagari', /\p{Script=Devanagari}/gu],
  ['Hebrew', /\p{Script=Hebrew}/gu],
  ['Thai', /\p{Script=Thai}/gu],
];

/** Words alone: no code, no formulas, no numbers. */
function prose(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/```[^]*?(?:```|$)|`[^`\n]*`/g, ' ')
    .replace(/\$\$[^$]*\$\$|\$[^$\n]*\$|\\\[[^]*?\\\]|\\\([^]*?\\\)/g, ' ')
    .replace(/\\[A-Za-z]+|[\d+*/=^_{}()[\]<>|~&#@]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function scriptsOf(text: string): { readonly name: string; readonly count: number }[] {
  return SCRIPTS.map(([name, letters]) => ({ name, count: text.match(letters)?.length ?? 0 })).sort(
    (a, b) => b.count - a.count,
  );
}

/**
 * Why a hint is not in the language of its problem, as a sentence; null where it is, or where nobody can tell.
 * @param expected an ISO 639-3 code such as eng, instead of the problem's language.
 */
export function otherLanguage(hint: string, problem: string, expected: string | null): string | null {
  const [own, other] = [prose(hint), prose(problem)];
  const script = otherScript(own, other);
  if (script !== null && expected === null) return script;
  const letters = (text: string) => text.match(/\p{L}/gu)?.length ?? 0;
  if (letters(own) < ENOUGH_LETTERS) return null;
  if (expected === null && letters(other) < ENOUGH_LETTERS) return null;
  const wanted = expected ?? franc(other);
  const scores = francAll(own);
  const [best] = scores;
  if (wanted === 'und' || best === undefined || best[0] === 'und' || best[0] === wanted) return null;
  const score = scores.find(([language]) => language === wanted)?.[1] ?? 0;
  if (score > FAR_BEHIND) return null;
  return `It is in another language (${best[0]}) than ${expected === null ? 'its problem' : 'asked for'} (${wanted}).`;
}

function otherScript(hint: string, problem: string): string | null {
  const [main] = scriptsOf(problem);
  if (main === undefined || main.count === 0) return null;
  const all = scriptsOf(hint);
  const total = all.reduce((sum, { count }) => sum + count, 0);
  const stranger = all.find(({ name }) => name !== main.name);
  if (total < 4 || stranger === undefined || stranger.count / total < OTHER_SCRIPT) return null;
  const used = scriptsOf(problem).find(({ name }) => name === stranger.name)?.count ?? 0;
  return used > 0 ? null : `It is in ${stranger.name} script, its problem in ${main.name} script.`;
}
