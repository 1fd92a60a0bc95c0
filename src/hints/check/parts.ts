// Answers of several parts, such as the two roots of an equation or the entries of a matrix: whether a hint says all of
// them, each by itself. One alone is no leak.
import type { Problem } from '../../types.ts';
import { quote, statedValues, type Leak, type LeakSearch } from './answer-leak.ts';
import type { Judge } from './judge.ts';
import type { Mention } from './mentions.ts';

/** The parts of an answer that has several: "2, 3", "{1, 2}", "(1, 2)", "x = 1, y = 2"; empty for one part. */
export function partsOf(gold: string): string[] {
  const bare = gold
    .replace(/\\(?:left|right)/g, '')
    .replace(/^[\s$]+|[\s$]+$/g, '')
    .replace(/^(?:\\\{|[({[])(.*)(?:\\\}|[)}\]])$/s, '$1');
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < bare.length; at++) {
    if ('([{'.includes(bare[at]!)) depth++;
    else if (')]}'.includes(bare[at]!)) depth--;
    else if (
      depth === 0 &&
      (bare[at] === ',' || bare[at] === ';') &&
      !/^,\d{3}(?!\d)/.test(bare.slice(at, at + 5))
    ) {
      parts.push(bare.slice(from, at));
      from = at + 1;
    } else if (depth === 0 && /^(?:\s(?:and|or)\s)/.test(bare.slice(at, at + 5))) {
      parts.push(bare.slice(from, at));
      from = at + 4;
    }
  }
  parts.push(bare.slice(from));
  const texts = parts.map((part) => part.trim()).filter((part) => part !== '');
  return texts.length >= 2 && texts.length <= 8 ? texts : [];
}

async function anyAccepted(mentions: readonly Mention[], judge: Judge): Promise<boolean> {
  for (const mention of mentions) if (await judge.acceptsOne(mention.values)) return true;
  return false;
}

/** How far apart the parts of an answer may stand and still be read as one. */
const SPREAD = 240;

/** All parts of an answer that has several, each said by itself. */
export async function statedParts(
  search: LeakSearch,
  problem: Problem,
  judgeFor: (problem: Problem) => Judge,
): Promise<Leak[]> {
  const matrix = /\\begin\{[bpv]?matrix\}(.*)\\end/s.exec(search.gold);
  const parts =
    matrix === null ? partsOf(search.gold) : matrix[1]!.split(/&|\\\\/).map((entry) => entry.trim());
  if (parts.length === 0) return [];
  const verifier = problem.verifier === 'science' ? 'science' : 'math';
  const places: Leak[] = [];
  const taken = new Set<number>();
  for (const part of parts) {
    const judge = judgeFor({ ...problem, answer: part, verifier });
    const leaks = await statedValues({ ...search, gold: part, judge });
    const leak = leaks.find(({ start }) => !taken.has(start));
    if (leak !== undefined) {
      taken.add(leak.start);
      places.push(leak);
      continue;
    }
    // What the problem gives is said by the hint too, or, of a matrix, left as it is.
    const where = matrix === null ? search.mentions.filter(({ operand }) => !operand) : search.given.mentions;
    if (!(await anyAccepted(where, judge))) return [];
  }
  if (places.length === 0) return [];
  const start = Math.min(...places.map((place) => place.start));
  const end = Math.max(...places.map((place) => place.end));
  if (end - start > SPREAD) return [];
  return [{ start, end, reason: `${quote(search.text.slice(start, end))} says every part of the answer.` }];
}
