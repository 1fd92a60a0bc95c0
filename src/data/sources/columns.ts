// From a row as a data set has it to the row of a problem: by the columns that a recipe names, or as it stands. It knows
// nothing of files. Its one idea: a path finds only what the row itself holds, so no name of a column reaches anything
// of JavaScript's own.
import { ConfigError } from '../../errors.ts';
import { GUIDE_FIELDS, guideProblemRow, isGuideRow } from './guide.ts';
import type { RowFault } from '../problem-row.ts';
import type { Columns } from './source-config.ts';

/** Fields of a row that problemOf takes. */
const PROBLEM_FIELDS = [
  ...['messages', 'prompt', 'answer', 'verifier', 'hints', 'hint', 'hintedPrompts', 'solution', 'source'],
];
/** Fields that may arrive as JSON text, in a CSV file for instance. */
const LISTS = new Set(['messages', 'hints', 'hintedPrompts']);

type Value = Readonly<Record<string, unknown>>;

export interface RowMapping {
  /** Chooses the columns to read of those that a table has. ConfigError where a named one is missing. */
  readonly columns: (available: readonly string[]) => readonly string[];
  readonly toRow: (value: Value) => unknown;
  /** Columns that were named and that no row has had so far. */
  readonly unseen: () => readonly string[];
}

/** @param name of the source, for sentences */
export function rowMapping(columns: Columns | undefined, name: string): RowMapping {
  return columns === undefined ? asItStands(name) : byColumns(columns, name);
}

function asItStands(name: string): RowMapping {
  const known = new Set([...PROBLEM_FIELDS, ...GUIDE_FIELDS]);
  return {
    columns: (available) => {
      const kept = available.filter((column) => known.has(column) || /^hint\d+$/.test(column));
      if (!kept.includes('prompt') && !kept.includes('messages')) {
        throw new ConfigError(
          `Expected a column prompt or messages in ${name}, got ${listed(available)}; say which columns hold what, such as columns: { prompt: question, answer: answer }.`,
        );
      }
      return kept;
    },
    toRow: (value) => (isGuideRow(value) ? guideProblemRow(value) : shaped(value)),
    unseen: () => [],
  };
}

function byColumns(columns: Columns, name: string): RowMapping {
  const paths = Object.values(columns).flatMap((path) => path ?? []);
  const unseen = new Set(paths);
  return {
    columns: (available) => {
      const missing = paths.find((path) => !available.includes(path) && !available.includes(headOf(path)));
      if (missing !== undefined) {
        throw new ConfigError(
          `Expected a column "${missing}" in ${name}, as columns says, got ${listed(available)}.`,
        );
      }
      return [...new Set(paths.map((path) => (available.includes(path) ? path : headOf(path))))];
    },
    toRow: (value) => {
      const take = (path: string): unknown => {
        const found = valueAt(value, path);
        if (found !== undefined) unseen.delete(path);
        return found ?? undefined;
      };
      const row: Record<string, unknown> = {};
      for (const [field, path] of Object.entries(columns)) {
        if (path === undefined) continue;
        const found = Array.isArray(path) ? levelsOf(path, take) : take(path);
        if (found === undefined && ['prompt', 'messages', 'answer'].includes(field)) {
          return { field: String(path), reason: `is missing, and columns.${field} names it` };
        }
        if (isFault(found)) return found;
        if (field === 'hints') row[field] = hintsIn(found);
        else if (found !== '' || field === 'answer') row[field] = found;
      }
      return shaped(row);
    },
    unseen: () => [...unseen],
  };
}

/** One hint a column; a level that is missing below one that is there has none. */
function levelsOf(paths: readonly string[], take: (path: string) => unknown): unknown {
  const found = paths.map(take).map((hint) => (hint === '' || hint === undefined ? null : hint));
  return found.slice(0, found.findLastIndex((hint) => hint !== null) + 1);
}

/** One hint, or the list of them. */
function hintsIn(found: unknown): unknown {
  const hints = listIn(found);
  return typeof hints !== 'string' ? hints : hints.trim() === '' ? undefined : [hints];
}

export function isFault(value: unknown): value is RowFault {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, 'reason') &&
    Object.hasOwn(value, 'field')
  );
}

/** Lists in their place: messages that stand in prompt, lists that arrive as text. */
function shaped(value: Value): Value {
  const row: Record<string, unknown> = {};
  for (const field of PROBLEM_FIELDS) {
    const found = Object.hasOwn(value, field) ? value[field] : undefined;
    if (found !== undefined) row[field] = LISTS.has(field) ? listIn(found) : found;
  }
  const conversation = listIn(row['prompt']);
  // A question may be a list as well; a conversation has roles.
  if (row['messages'] !== undefined || !Array.isArray(conversation) || !conversation.every(hasRole))
    return row;
  delete row['prompt'];
  return { ...row, messages: conversation };
}

function hasRole(item: unknown): boolean {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, 'role');
}

/** A list that is written as JSON text; anything else as it is. */
function listIn(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*\[/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** What stands at a dotted path; a column whose own name has dots comes first. Undefined where there is nothing. */
export function valueAt(value: Value, path: string): unknown {
  if (Object.hasOwn(value, path)) return value[path];
  let found: unknown = value;
  for (const part of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Value)[part];
  }
  return found;
}

function headOf(path: string): string {
  return path.split('.')[0]!;
}

function listed(columns: readonly string[]): string {
  const shown = columns.slice(0, 20).join(', ');
  return columns.length === 0 ? 'none' : columns.length > 20 ? `${shown}, … (${columns.length})` : shown;
}
