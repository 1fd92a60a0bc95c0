// What the registry says of a data set: where it is on the hub, what its rows look like, and how one becomes the row of
// a problem. It knows no particular data set and no files. Its one idea: the columns of a row are untrusted and checked
// by a schema in one place, so that an entry is a few declarative lines, and a bad row is a field and a reason.
import { z } from 'zod';
import type { ChatMessage } from '../../types.ts';

/** What is wrong with a row, and in which of the data set's own columns ('row' where no one column is at fault). */
export interface RowFault {
  readonly field: string;
  readonly reason: string;
}

/** What an entry makes of a row that fits its columns. `source` only where it says more than the entry's. */
export type MadeRow = { readonly answer: string } & (
  { readonly prompt: string } | { readonly messages: readonly ChatMessage[] }
) & {
    readonly hints?: readonly string[];
    /** By level, the whole conversation that a data set has for it. */
    readonly hintedPrompts?: readonly (readonly ChatMessage[])[];
    readonly solution?: string | null;
    readonly source?: string;
  };

/** The row that problemOf takes. */
export type ProblemRow = MadeRow & { readonly verifier: string; readonly source: string };

export interface DatasetEntry {
  /** As a recipe names it. */
  readonly name: string;
  readonly title: string;
  readonly task: 'math' | 'science' | 'code';
  /** The verifier that grades its answers. */
  readonly verifier: 'exact' | 'math' | 'science' | 'code';
  /** Splits by the name they have here, with the name the hub has for them. */
  readonly hub: {
    readonly repo: string;
    readonly config?: string;
    readonly splits: Readonly<Record<string, string>>;
  };
  /** As the data set says; null where that was not seen. */
  readonly licence: string | null;
  /** domain/source; rows may add a subcategory. */
  readonly source: string;
  /** Where the columns were seen, or why they are not verified. */
  readonly schema: { readonly seen: string } | { readonly unverified: string };
  /** What one should know before using it, as sentences. */
  readonly note?: string;
  /** The columns that are read; others need not be there. */
  readonly columns: readonly string[];
  readonly toRow: (raw: Readonly<Record<string, unknown>>) => ProblemRow | RowFault;
}

/** An entry, from what is to be said of it, the schema of the columns it reads, and what it makes of them. */
export function dataset<Columns extends z.ZodRawShape>(
  about: Omit<DatasetEntry, 'columns' | 'toRow'>,
  columns: Columns,
  make: (row: z.output<z.ZodObject<Columns>>) => MadeRow | RowFault,
): DatasetEntry {
  const schema = z.object(columns);
  return {
    ...about,
    columns: Object.keys(columns),
    toRow: (raw) => {
      const parsed = schema.safeParse(raw);
      if (!parsed.success) {
        const { path, message } = parsed.error.issues[0]!;
        return { field: path.join('.') || 'row', reason: message };
      }
      const made = make(parsed.data);
      return isFault(made) ? made : { source: about.source, ...made, verifier: about.verifier };
    },
  };
}

export function isFault(row: object): row is RowFault {
  return 'reason' in row;
}

/** A text with something in it, as it stands. */
export const text = z.string().refine((value) => value.trim() !== '', { error: 'must not be empty' });

/** A text that may be missing or blank. */
export const maybeText = z
  .string()
  .nullish()
  .transform((value) => (value?.trim() ? value : null));

/** A whole number; parquet's 64-bit ones arrive as bigints. */
export const wholeNumber = z
  .union([z.int(), z.bigint()], { error: 'must be a whole number' })
  .transform((value) => Number(value));

/** A final answer: a text with something in it, or a number, whose decimal point is not a digit (27.0 is 27). */
export const finalAnswer = z
  .union([text, z.number(), z.bigint()], { error: 'must be a text or a number' })
  .transform((value) => String(value).trim());

/** A source with a subcategory in the form of a path segment: `Counting & Probability` is counting-and-probability. */
export function within(source: string, subcategory: string): string {
  const segment = subcategory
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replace(/[^\p{L}\p{N}._]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return segment === '' ? source : `${source}/${segment}`;
}
