// The data sets of this field by name. Each is a few lines in the file of its kind; the one list is here.
import { closest } from 'fastest-levenshtein';
import { ConfigError } from '../../errors.ts';
import { code } from './code.ts';
import { competitionMath } from './competition-math.ts';
import type { DatasetEntry } from './entry.ts';
import { gsm8k } from './gsm8k.ts';
import { guide } from './guide.ts';
import { livecodebench } from './livecodebench.ts';
import { science } from './science.ts';
import { trainingMath } from './training-math.ts';

export type { DatasetEntry, ProblemRow, RowFault } from './entry.ts';

/** By task, in the order in which they are listed. */
export const DATASETS: readonly DatasetEntry[] = [
  ...gsm8k,
  ...competitionMath,
  ...trainingMath,
  guide,
  ...science,
  ...code,
  livecodebench,
];

/** @throws ConfigError with the nearest name */
export function findDataset(name: string): DatasetEntry {
  const entry = DATASETS.find((known) => known.name === name);
  if (entry !== undefined) return entry;
  const names = DATASETS.map((known) => known.name);
  throw new ConfigError(
    `Expected the name of a data set, got "${name}"; did you mean "${closest(name, names)}"? ` +
      '`guiderail data sets` lists them.',
  );
}
