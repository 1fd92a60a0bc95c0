// The data sets of this field by name: where each is, and how its rows become rows of problems. It knows nothing of files.
import { closest } from 'fastest-levenshtein';
import { ConfigError } from '../../errors.ts';
import { socraticRow } from '../gsm8k.ts';
import type { RowFault } from '../problem-row.ts';

export interface DatasetEntry {
  readonly name: string;
  readonly title: string;
  /** Splits by the name they have here, with the name that the hub has. */
  readonly hub: {
    readonly repo: string;
    readonly config?: string;
    readonly splits: Readonly<Record<string, string>>;
  };
  /** The columns that are read; others need not be there. */
  readonly columns: readonly string[];
  /** The row that problemOf takes, or what is wrong with it. */
  readonly toRow: (raw: Record<string, unknown>) => unknown;
  /** domain/source */
  readonly source: string;
  /** Where the schema of its rows was seen. */
  readonly schema: { readonly seen: string } | { readonly unverified: string };
}

const DATASETS: readonly DatasetEntry[] = [
  {
    name: 'gsm8k-socratic',
    title: 'GSM8K, sub-questions as hints',
    hub: { repo: 'openai/gsm8k', config: 'socratic', splits: { train: 'train', test: 'test' } },
    columns: ['question', 'answer'],
    toRow: socraticRow satisfies (raw: Record<string, unknown>) => object | RowFault,
    source: 'math/gsm8k/socratic',
    schema: { seen: 'github.com/openai/grade-school-math, grade_school_math/data/test_socratic.jsonl' },
  },
];

/** @throws ConfigError with the nearest name */
export function findDataset(name: string): DatasetEntry {
  const entry = DATASETS.find((known) => known.name === name);
  if (entry !== undefined) return entry;
  const names = DATASETS.map((known) => known.name);
  throw new ConfigError(
    `Expected the name of a data set, got "${name}"; did you mean "${closest(name, names)}"? guiderail data sets lists them.`,
  );
}
