// Where problems come from, as a recipe or a command line says it: a file, a split of a data set of the hub, an entry of
// the registry of data sets, or the synthetic family. Only what may be said; reading is source.ts.
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { machinesConfigSchema } from '../synthetic/machines.ts';

const positiveInteger = z.number().int().positive();

/** A dotted path into a row, such as extra.answer or choices.0 */
const columnPath = z.string().min(1);

export const columnsSchema = z.strictObject({
  prompt: columnPath
    .optional()
    .describe(
      'Column of the question, or of the conversation where it holds messages. Columns are dotted paths: `extra.answer`, `choices.0`.',
    ),
  messages: columnPath.optional().describe('Column of the conversation, instead of prompt.'),
  answer: columnPath.optional().describe('Column of the gold answer.'),
  hints: z
    .union([columnPath, z.array(columnPath).min(1)])
    .optional()
    .describe('Column of the hint or the list of hints; or a list of columns, one a level.'),
  solution: columnPath.optional().describe('Column of the reference solution.'),
  source: columnPath.optional().describe('Column of what evaluations report by.'),
  verifier: columnPath.optional().describe('Column of the verifier kind.'),
});

const columns = columnsSchema
  .refine((mapped) => (mapped.prompt === undefined) !== (mapped.messages === undefined), {
    error: 'names either prompt or messages, and not both',
  })
  .refine((mapped) => mapped.answer !== undefined, { error: 'must name the column of the answer' })
  .optional()
  .describe(
    'Which columns of the rows hold what; without it rows have the fields of problems (README) or the Guide schema.',
  );
const verifier = z.string().min(1).optional().describe('Verifier of rows that name none; default exact.');
const limit = positiveInteger.optional().describe('Use only the first n usable problems.');

const fileSource = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'File of problems, relative to the working directory: .jsonl, .json, .csv, .tsv (each also .gz) or .parquet.',
    ),
  columns,
  verifier,
  limit,
});

const hubSource = z.strictObject({
  hub: z
    .string()
    .refine((text) => parseHub(text) !== null, {
      error: 'must be owner/name[config]/split, with @revision where it is not the newest',
    })
    .describe(
      'A split of a data set of the Hugging Face hub: `owner/name[config]/split@revision`; config, split (train) and revision (main) may be left out. The commit is fixed as the run begins, and run.json has it.',
    ),
  columns,
  verifier,
  limit,
});

const datasetSource = z
  .strictObject({
    dataset: z
      .string()
      .min(1)
      .describe('A data set of the registry by name; `guiderail data sets` lists them.'),
    split: z.string().min(1).default('train').describe('Of the data set: such as train, test.'),
    revision: z
      .string()
      .min(1)
      .optional()
      .describe('Branch, tag or commit of its repository; fixed to a commit as the run begins.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('A local file with the rows of the data set, instead of fetching it; whatever the split.'),
    limit,
  })
  .refine(({ file, revision }) => file === undefined || revision === undefined, {
    error: 'has a file and a revision of the hub; leave one of them out',
  });

const machinesSource = z.strictObject({
  machines: machinesConfigSchema.describe('The synthetic family of problems to make, instead of a file.'),
  split: z.enum(['train', 'heldOut']).describe('Words of the two splits are disjoint.'),
  count: positiveInteger.describe('How many problems of the split to make.'),
});

export const problemSourceSchema = z.union([fileSource, hubSource, datasetSource, machinesSource]);

export type Columns = z.output<typeof columnsSchema>;
export type HubSource = z.output<typeof hubSource>;
export type DatasetSource = z.output<typeof datasetSource>;
export type ProblemSource = z.output<typeof problemSourceSchema>;
/** Sources whose rows are read, from a file or the hub. */
export type RowSource = Exclude<ProblemSource, { machines: unknown }>;

/** owner/name[config]/split@revision, taken apart. */
export interface HubReference {
  /** owner/name */
  readonly repo: string;
  /** null: the only one there is, or the one called default. */
  readonly config: string | null;
  readonly split: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const HUB = /^(?:hub:)?([\w.-]+\/[\w.-]+)(?:\[([\w.+-]+)\])?(?:\/([\w.-]+))?(?:@([\w./-]+))?$/;

/** null: it is no reference. */
export function parseHub(text: string): HubReference | null {
  const [, repo, config = null, split = 'train', revision = 'main'] = HUB.exec(text) ?? [];
  // A revision and a config become parts of paths and URLs.
  if (repo === undefined || /(^|\/)\.\.?(\/|$)/.test(`${repo}/${config}/${split}/${revision}`)) return null;
  return { repo, config, split, revision };
}

export function formatHub({ repo, config, split, revision }: HubReference): string {
  return `${repo}${config === null ? '' : `[${config}]`}/${split}@${revision}`;
}

/** A source as one argument of a command: `hub:…`, `dataset:NAME/SPLIT`, or the path of a file. */
export function parseSource(text: string): RowSource {
  if (text.startsWith('hub:')) {
    const reference = parseHub(text);
    if (reference !== null) return { hub: text.slice('hub:'.length) };
    throw new ConfigError(`Expected hub:owner/name[config]/split@revision, got "${text}".`);
  }
  const dataset = /^dataset:([^/]+)(?:\/(.+))?$/.exec(text);
  return dataset === null ? { file: text } : { dataset: dataset[1]!, split: dataset[2] ?? 'train' };
}

/** How sentences name a source. */
export function nameOfSource(source: ProblemSource): string {
  if ('machines' in source) return `machines (${source.split})`;
  if ('hub' in source) return source.hub.startsWith('hub:') ? source.hub : `hub:${source.hub}`;
  return source.file ?? ('dataset' in source ? `dataset:${source.dataset}/${source.split}` : 'a file');
}
