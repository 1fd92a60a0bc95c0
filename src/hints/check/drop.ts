// A row of a problem file without the hints that are not in order. Its one idea: the levels of the others stay what they
// are. A hint that is left out leaves null in its place, which says that the problem has no hint of this level; an
// empty text is refused where rows are read, since nobody can tell whether it was meant.
import type { HintVerdict } from './verdict.ts';

/** The same row, other fields untouched. Nulls behind the last hint are not written. */
export function withoutHints(
  row: object,
  hints: readonly string[],
  verdicts: readonly HintVerdict[],
): object {
  const bad = new Set(verdicts.filter(({ kind }) => kind !== 'ok').map(({ level }) => level));
  if (bad.size === 0) return row;
  const kept: (string | null)[] = hints.map((hint, index) =>
    bad.has(index + 1) || hint === '' ? null : hint,
  );
  while (kept.length > 0 && kept.at(-1) === null) kept.pop();
  const others = Object.fromEntries(
    Object.entries(row).filter(([key]) => key !== 'hint' && key !== 'hints'),
  ) as Record<string, unknown>;
  const { hintedPrompts } = others;
  return {
    ...others,
    hints: kept,
    ...(Array.isArray(hintedPrompts) && { hintedPrompts: promptsOf(hintedPrompts, kept) }),
  };
}

/** The whole prompts that a data set has by level go with their hints. */
function promptsOf(prompts: readonly unknown[], hints: readonly (string | null)[]): unknown[] {
  return prompts.slice(0, hints.length).map((prompt, index) => (hints[index] === null ? null : prompt));
}
