// How much of a response repeats its hint instead of using it: the share of its words that stand in runs of five or more
// that the hint has too and the problem has not. Words are letters and digits of any script; case does not count.

/** Fewer words in a row are a turn of phrase. */
const RUN = 5;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** All runs of that many words. */
function runsOf(words: readonly string[]): Set<string> {
  const runs = new Set<string>();
  for (let at = 0; at + RUN <= words.length; at++) runs.add(words.slice(at, at + RUN).join(' '));
  return runs;
}

/** From 0 to 1; 0 for a response without words. */
export function copiedShare(response: string, hint: string, problem: string): number {
  const words = wordsOf(response);
  if (words.length === 0) return 0;
  const given = runsOf(wordsOf(problem));
  const repeated = [...runsOf(wordsOf(hint))].filter((run) => !given.has(run));
  const copied = new Set(repeated);
  let covered = 0;
  let coveredTo = 0;
  for (let at = 0; at + RUN <= words.length; at++) {
    if (!copied.has(words.slice(at, at + RUN).join(' '))) continue;
    covered += at + RUN - Math.max(at, coveredTo);
    coveredTo = at + RUN;
  }
  return covered / words.length;
}
