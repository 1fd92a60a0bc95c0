// What a person reads when a recipe, a data row or any other outside value does not fit its zod schema: one
// sentence for each problem, with the file, the path and, for a misspelt name, the name that was probably meant.
import { closest, distance } from 'fastest-levenshtein';
import { core } from 'zod';
import { ConfigError } from './errors.ts';

type Issue = core.$ZodIssue;
type Schema = core.$ZodType;
type Path = readonly PropertyKey[];

/** Checks `value` and gives it with defaults filled in, or throws a ConfigError that explains every problem. */
export function parseConfig<S extends Schema>(schema: S, value: unknown, file: string): core.output<S> {
  const result = core.safeParse(schema, value);
  if (result.success) return result.data;
  throw new ConfigError(explainZodError(result.error, { file, schema, value }));
}

interface Checked {
  /** What to call the source of the value: a path, or `--set`. */
  readonly file: string;
  readonly schema: Schema;
  /** The value that was checked. */
  readonly value: unknown;
}

/** One sentence a line. */
export function explainZodError(error: { readonly issues: readonly Issue[] }, checked: Checked): string {
  return error.issues.flatMap((issue) => explainIssue(issue, [], checked)).join('\n');
}

function explainIssue(issue: Issue, prefix: Path, checked: Checked): string[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => explainUnknownKey(key, path, checked));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The alternative that got furthest is the one that was meant.
    const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
    return best.flatMap((inner) => explainIssue(inner, path, checked));
  }
  const sentence = explainMessage(issue, valueAt(checked.value, path));
  return [`${checked.file}: ${showPath(path)}: ${sentence}${sentence.endsWith('?') ? '' : '.'}`];
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === 'invalid_type' ? 0 : 0.5)));
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
};

function explainMessage(issue: Issue, found: unknown): string {
  const came = found === undefined ? 'but it is missing' : `got ${describeValue(found)}`;
  const expected = expectationOf(issue);
  if (expected !== null) return `expected ${expected}, ${came}`;
  const choices = choicesOf(issue);
  if (choices !== null) return `${expectOneOf(choices)}, ${came}${suggest(found, choices)}`;
  return lowerFirst(issue.message.replace(/^Invalid (?:input|option): /, '').replace(/\.$/, ''));
}

/** What a number or a type should have been; null where the issue is of another kind. */
function expectationOf(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return NOUNS[issue.expected] ?? issue.expected;
  const isNumber = 'origin' in issue && (issue.origin === 'number' || issue.origin === 'int');
  if (issue.code === 'too_small' && isNumber)
    return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  if (issue.code === 'too_big' && isNumber)
    return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
  return null;
}

/** The values there are to choose from; null where the issue is of another kind. */
function choicesOf(issue: Issue): readonly unknown[] | null {
  if (issue.code === 'invalid_value') return issue.values;
  return issue.code === 'invalid_union' && 'options' in issue && issue.options ? issue.options : null;
}

function expectOneOf(choices: readonly unknown[]): string {
  return `expected ${choices.length === 1 ? '' : 'one of '}${choices.map(describeValue).join(', ')}`;
}

function suggest(found: unknown, choices: readonly unknown[]): string {
  if (typeof found !== 'string') return '';
  const near = nearestName(
    found,
    choices.filter((choice) => typeof choice === 'string'),
  );
  return near === null ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return `${value as number | bigint | boolean}`;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (here, part) =>
      typeof here === 'object' && here !== null ? (here as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  );
}

function explainUnknownKey(key: string, path: Path, { file, schema }: Checked): string {
  const known = knownKeys(schemasAt(schema, path));
  const place = path.length === 0 ? 'at the top level' : `in ${showPath(path)}`;
  const start = `${file}: unknown key ${JSON.stringify(key)} ${place}`;
  const near = nearestName(key, known);
  if (near !== null) return `${start}; did you mean ${JSON.stringify(near)}?`;
  const elsewhere = allPaths(schema).find((candidate) => candidate.split('.').at(-1) === key);
  if (elsewhere !== undefined) return `${start}; it belongs at ${elsewhere}.`;
  return known.length === 0 ? `${start}.` : `${start}; known keys there: ${known.join(', ')}.`;
}

/** The known name that `name` is probably a misspelling of, or null if none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  const folded = new Map(known.map((candidate) => [fold(candidate), candidate]));
  if (folded.size === 0) return null;
  const best = closest(fold(name), [...folded.keys()]);
  const limit = Math.ceil(Math.min(name.length, best.length) / 3);
  return distance(fold(name), best) <= limit ? folded.get(best)! : null;
}

/** learning_rate, learning-rate and LearningRate are near learningRate. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '');
}

/** The schemas that may govern the value at a path: several where the way leads through a union. */
function schemasAt(schema: Schema, path: Path): Schema[] {
  let here = unwrap(schema);
  for (const segment of path) {
    here = here.flatMap((candidate) => childOf(candidate, segment)).flatMap(unwrap);
  }
  return here;
}

function childOf(schema: Schema, segment: PropertyKey): Schema[] {
  const { def } = schema._zod;
  if (isDef<core.$ZodObjectDef>(def, 'object')) {
    const child = def.shape[String(segment)];
    return child === undefined ? [] : [child];
  }
  if (isDef<core.$ZodArrayDef>(def, 'array')) return [def.element];
  if (isDef<core.$ZodRecordDef>(def, 'record')) return [def.valueType];
  if (isDef<core.$ZodTupleDef>(def, 'tuple')) {
    const child = def.items[Number(segment)] ?? def.rest;
    return child === null || child === undefined ? [] : [child];
  }
  return [];
}

/** Removes what does not change the shape (optional, default, …) and opens unions. */
function unwrap(schema: Schema): Schema[] {
  const { def } = schema._zod;
  if ('innerType' in def) return unwrap(def.innerType as Schema);
  if (isDef<core.$ZodUnionDef>(def, 'union')) return def.options.flatMap((option) => unwrap(option));
  if (isDef<core.$ZodIntersectionDef>(def, 'intersection')) return [def.left, def.right].flatMap(unwrap);
  if (isDef<core.$ZodLazyDef>(def, 'lazy')) return unwrap(def.getter());
  if (isDef<core.$ZodPipeDef>(def, 'pipe')) return [def.in, def.out].flatMap(unwrap);
  return [schema];
}

function isDef<Def extends core.$ZodTypeDef>(def: core.$ZodTypeDef, type: Def['type']): def is Def {
  return def.type === type;
}

function knownKeys(schemas: readonly Schema[]): string[] {
  const keys = schemas.flatMap(({ _zod: { def } }) =>
    isDef<core.$ZodObjectDef>(def, 'object') ? Object.keys(def.shape) : [],
  );
  return [...new Set(keys)];
}

/** Dotted paths of every key, shallow ones first; through objects and unions of them, six levels deep at most. */
function allPaths(schema: Schema): string[] {
  const paths: string[] = [];
  let level: { path: string; schemas: Schema[] }[] = [{ path: '', schemas: unwrap(schema) }];
  for (let steps = 0; steps < 6 && level.length > 0; steps++) {
    level = level.flatMap(({ path, schemas }) =>
      knownKeys(schemas).map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        schemas: schemas.flatMap((candidate) => childOf(candidate, key)).flatMap(unwrap),
      })),
    );
    paths.push(...level.map(({ path }) => path));
  }
  return paths;
}

function showPath(path: Path): string {
  if (path.length === 0) return 'the whole of it';
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}

function lowerFirst(text: string): string {
  return text === '' ? text : text[0].toLowerCase() + text.slice(1);
}
