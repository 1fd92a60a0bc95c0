// Problems of a source, whatever it is: rows are read, brought into the shape of a problem, and checked, one at a time.
// It knows nothing of what problems are for. Its one idea: every source is a stream of numbered problems and of rows
// that are none, so nothing is lost without a line that says so.
import path from 'node:path';
import { DataError } from '../../errors.ts';
import type { Problem } from '../../types.ts';
import { problemOf, type RejectedRow, type RowDefaults } from '../problem-row.ts';
import { findDataset, type DatasetEntry } from '../registry/registry.ts';
import { machinesProblems } from '../synthetic/machines.ts';
import { isFault, rowMapping, type RowMapping } from './columns.ts';
import { commitOf, fetchSplit, hubAccessFrom, type HubAccess } from './hub.ts';
import { formatOf, readRows } from './rows.ts';
import {
  formatHub,
  nameOfSource,
  parseHub,
  type HubReference,
  type ProblemSource,
  type RowSource,
} from './source-config.ts';

export interface NumberedProblem {
  /** From 1: the line of a text file, the row of a table; through all files of a split. */
  readonly line: number;
  readonly problem: Problem;
}

export interface ReadSourceOptions {
  /** Verifier of rows that name none, where the source names none either; default 'exact'. */
  readonly verifier?: string;
  /** Source path of rows that name none; default <format>/<name of the file>, hub/<owner>/<name>. */
  readonly source?: string;
  /** By default as the environment of the process says. */
  readonly hub?: HubAccess;
}

/** Every row of a source, in order. @throws DataError or ConfigError where the source as a whole cannot be read */
export async function* problemsOf(
  source: ProblemSource,
  options: ReadSourceOptions = {},
): AsyncGenerator<NumberedProblem | RejectedRow> {
  if ('machines' in source) {
    const problems = machinesProblems(source.machines, source.split, source.count);
    for (const [index, problem] of problems.entries()) yield { line: index + 1, problem };
    return;
  }
  const name = nameOfSource(source);
  const { mapping, defaults, paths } = await opened(source, name, options);
  let offset = 0;
  let rows = 0;
  for (const file of paths) {
    let last = 0;
    for await (const row of readRows(file, { columns: mapping.columns })) {
      rows++;
      const line = offset + row.line;
      last = 'through' in row && row.through !== undefined ? row.through : row.line;
      if ('reason' in row) {
        yield { ...row, line, ...(row.through !== undefined && { through: offset + row.through }) };
        continue;
      }
      const shaped = mapping.toRow(row.value);
      const problem = isFault(shaped) ? shaped : problemOf(shaped, defaults);
      yield 'reason' in problem ? { line, ...problem } : { line, problem };
    }
    offset += last;
  }
  const [unseen] = mapping.unseen();
  if (rows > 0 && unseen !== undefined) {
    throw new DataError(
      `Expected a column "${unseen}" in ${name}, as columns says, but none of its ${rows} rows has it; check its name.`,
    );
  }
}

interface OpenedSource {
  readonly mapping: RowMapping;
  readonly defaults: RowDefaults;
  /** Files of this machine. */
  readonly paths: readonly string[];
}

async function opened(source: RowSource, name: string, options: ReadSourceOptions): Promise<OpenedSource> {
  const defaultsOf = (path: string): RowDefaults => ({
    verifier: ('verifier' in source ? source.verifier : undefined) ?? options.verifier ?? 'exact',
    source: options.source ?? path,
  });
  if ('dataset' in source) {
    const entry = findDataset(source.dataset);
    const paths =
      source.file === undefined ? await fetchedPaths(referenceOf(source)!, options) : [source.file];
    return { mapping: mappingOf(entry, name), defaults: defaultsOf(entry.source), paths };
  }
  const mapping = rowMapping(source.columns, name);
  if ('file' in source)
    return { mapping, defaults: defaultsOf(sourceOfFile(source.file)), paths: [source.file] };
  const reference = referenceOf(source)!;
  return {
    mapping,
    defaults: defaultsOf(`hub/${reference.repo}`),
    paths: await fetchedPaths(reference, options),
  };
}

function mappingOf({ name, columns, toRow }: DatasetEntry, where: string): RowMapping {
  return {
    columns: (available) => {
      const kept = columns.filter((column) => available.includes(column));
      if (kept.length > 0) return kept;
      throw new DataError(
        `Expected the columns of the data set ${name} in ${where} (${columns.join(', ')}), got ${available.join(', ')}.`,
      );
    },
    toRow,
    unseen: () => [],
  };
}

async function fetchedPaths(reference: HubReference, { hub }: ReadSourceOptions): Promise<readonly string[]> {
  return (await fetchSplit(reference, hub ?? hubAccessFrom(process.env))).paths;
}

/** jsonl/problems for problems.jsonl */
function sourceOfFile(file: string): string {
  const base = path.basename(file).replace(/\.gz$/i, '');
  const format = formatOf(file)?.format ?? 'file';
  return `${format}/${base.replace(/\.\w+$/, '')}`;
}

/** Where on the hub a source is; null for one that is not. */
function referenceOf(source: ProblemSource): HubReference | null {
  if ('hub' in source) return parseHub(source.hub);
  if (!('dataset' in source) || source.file !== undefined) return null;
  const { repo, config = null, splits } = findDataset(source.dataset).hub;
  const split = Object.hasOwn(splits, source.split) ? splits[source.split] : undefined;
  if (split === undefined) {
    throw new DataError(
      `Expected a split of the data set ${source.dataset}, got "${source.split}"; there are ${Object.keys(splits).join(', ')}.`,
    );
  }
  return { repo, config, split, revision: source.revision ?? 'main' };
}

/** The source with its revision fixed to the commit that it is now; one that is not of the hub as it is. */
export async function pinned<S extends ProblemSource>(source: S, hub: HubAccess): Promise<S> {
  const reference = referenceOf(source);
  if (reference === null) return source;
  const revision = await commitOf(reference, hub);
  return 'hub' in source
    ? { ...source, hub: formatHub({ ...reference, revision }) }
    : { ...source, revision };
}

/** Whether two sources of the hub are the same but for the revision. */
export function sameButRevision(a: ProblemSource, b: ProblemSource): boolean {
  const [at, bt] = [a, b].map((source) => {
    const reference = referenceOf(source);
    return reference && JSON.stringify([reference.repo, reference.config, reference.split]);
  });
  return at !== null && at === bt;
}

export interface ProblemsRead {
  /** In the order of the source. */
  readonly problems: Problem[];
  /** lines[i] is that of problems[i]. */
  readonly lines: number[];
  readonly rejected: RejectedRow[];
}

/**
 * The problems of a source one at a time, up to its limit and without repetitions of an earlier one. Rows that are left
 * out are added to `rejected`. @throws DataError also where there is no problem
 */
export async function* uniqueProblems(
  source: ProblemSource,
  options: ReadSourceOptions,
  rejected: RejectedRow[],
): AsyncGenerator<Problem> {
  for await (const { problem } of uniqueNumbered(source, options, rejected)) yield problem;
}

async function* uniqueNumbered(
  source: ProblemSource,
  options: ReadSourceOptions,
  rejected: RejectedRow[],
): AsyncGenerator<NumberedProblem> {
  const limit = ('limit' in source ? source.limit : undefined) ?? Infinity;
  const lineOfId = new Map<string, number>();
  for await (const row of problemsOf(source, options)) {
    if ('reason' in row) {
      rejected.push(row);
      continue;
    }
    const earlier = lineOfId.get(row.problem.id);
    if (earlier !== undefined) {
      const reason = `the same messages and answer as line ${earlier}`;
      rejected.push({ line: row.line, field: 'row', reason });
      continue;
    }
    lineOfId.set(row.problem.id, row.line);
    yield row;
    if (lineOfId.size >= limit) return;
  }
  if (lineOfId.size === 0) throw new DataError(nothingLeft(nameOfSource(source), rejected));
}

/** The problems of a source in memory, as uniqueProblems gives them. */
export async function collectProblems(
  source: ProblemSource,
  options: ReadSourceOptions = {},
): Promise<ProblemsRead> {
  const read: ProblemsRead = { problems: [], lines: [], rejected: [] };
  for await (const { problem, line } of uniqueNumbered(source, options, read.rejected)) {
    read.problems.push(problem);
    read.lines.push(line);
  }
  return read;
}

function nothingLeft(name: string, rejected: readonly RejectedRow[]): string {
  const reasons = rejected.slice(0, 3).map(({ line, field, reason }) => `line ${line}, ${field}: ${reason}`);
  const found =
    rejected.length === 0 ? 'it is empty' : `all ${rejected.length} were refused (${reasons.join('; ')})`;
  return `Expected at least one problem in ${name}, but ${found}. A row is {"prompt": "…", "answer": "…"}.`;
}
