// Problems divided into those to train on and those held out, by content: which side a problem is on does not depend on
// where it stands in a file, on a seed or on chance, so it can be found again wherever the same problems are.
import { ConfigError } from '../errors.ts';
import type { Problem } from '../types.ts';

export interface HoldOut {
  readonly train: Problem[];
  readonly heldOut: Problem[];
}

/** The problems in the order of their ids (content hashes); the first `count` are held out. */
export function holdOut(problems: readonly Problem[], count: number): HoldOut {
  if (count >= problems.length) {
    throw new ConfigError(
      `Expected fewer problems to hold out than the ${problems.length} there are, got ${count}; lower it.`,
    );
  }
  const ordered = [...problems].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { heldOut: ordered.slice(0, count), train: ordered.slice(count) };
}
