// docs/recipes.md as text, from the schemas of the recipes: every option with its path, what may stand there, its
// default and its meaning. scripts/generate-recipe-doc.mjs writes it and a test holds the file to it.
import { z } from 'zod';
import { sftRecipeSchema, trainRecipeSchema } from '../train/config.ts';

/** The part of JSON Schema that zod makes of recipes. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  /** Of keys that are the user's to name. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

export interface RecipeOption {
  readonly path: string;
  /** Text of what may stand there. */
  readonly values: string;
  /** Text of the default; `required` or `none` without one. */
  readonly default: string;
  readonly meaning: string | undefined;
}

export function renderRecipeDoc(): string {
  return [
    '# Recipes',
    '',
    '<!-- Generated from src/train/config.ts by `npm run build && node scripts/generate-recipe-doc.mjs`; edit the schemas, not this page. -->',
    '',
    'A recipe is YAML: `guiderail train` and `guiderail sft` take one, and `--set path=value` changes an option of it from the command line, such as `--set optimizer.learningRate=1e-4`. A key that is not listed here is refused. Relative paths are taken from the directory in which the command is run. `run.json` of a run has the recipe with every default filled in.',
    '',
    ...renderSection('Recipe of `guiderail train`', trainRecipeSchema),
    ...renderSection('Recipe of `guiderail sft`', sftRecipeSchema),
  ].join('\n');
}

function renderSection(title: string, schema: z.ZodType): string[] {
  const rows = optionsOf(schema).map(
    ({ path, values, default: fallback, meaning }) =>
      `| \`${path}\` | ${cell(values)} | ${cell(fallback)} | ${cell(meaning ?? '')} |`,
  );
  return [
    `## ${title}`,
    '',
    '| option | values | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Every option of a recipe in the order of its schema; of alternatives (a file or machines) all are listed. */
export function optionsOf(schema: z.ZodType): RecipeOption[] {
  return optionsBelow(z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as JsonSchema, '', new Map());
}

/** `seen`: where a group of options was listed, by its content; machines stand in several places. */
function optionsBelow(schema: JsonSchema, prefix: string, seen: Map<string, string>): RecipeOption[] {
  const groups = alternativesOf(schema).filter(({ properties }) => properties !== undefined);
  const names = new Set(groups.flatMap(({ properties }) => Object.keys(properties!)));
  return [...names].flatMap((name) => {
    const holders = groups.filter(({ properties }) => properties![name] !== undefined);
    const fields = holders.map(({ properties }) => properties![name]!);
    const required = holders.some((holder) => holder.required?.includes(name));
    return optionAt(`${prefix}${name}`, fields, required, seen);
  });
}

/** An option and those below it. `fields`: its schema in each of the alternatives that have it. */
function optionAt(
  path: string,
  fields: readonly JsonSchema[],
  required: boolean,
  seen: Map<string, string>,
): RecipeOption[] {
  const field: JsonSchema = fields.length === 1 ? fields[0]! : { anyOf: fields };
  // Alternatives may share an option.
  const meanings = new Set(fields.flatMap(({ description }) => description ?? []));
  const meaning = [...meanings].join(' ') || undefined;
  const hasDefault = field.default !== undefined && JSON.stringify(field.default) !== '{}';
  const fallback = hasDefault ? code(field.default) : required ? 'required' : 'none';
  const below = new Map(seen);
  const children = optionsBelow(field, `${path}.`, below);
  if (children.length === 0) return [{ path, values: valuesOf(field), default: fallback, meaning }];
  const content = JSON.stringify(alternativesOf(field).map(({ properties }) => properties ?? null));
  const earlier = seen.get(content);
  if (earlier !== undefined) {
    return [{ path, values: `as \`${earlier}\``, default: fallback, meaning }];
  }
  for (const [key, place] of below) seen.set(key, place);
  seen.set(content, path);
  // A plain group says nothing that the options in it do not.
  const isPlainGroup = field.properties !== undefined && meaning === undefined;
  return isPlainGroup
    ? children
    : [{ path, values: valuesOf(field), default: fallback, meaning }, ...children];
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(alternativesOf);
}

function valuesOf(schema: JsonSchema): string {
  const alternatives = alternativesOf(schema);
  const texts = alternatives.map((alternative) => {
    const { const: fixed, enum: names, properties, items } = alternative;
    if (fixed !== undefined) return code(fixed);
    if (names !== undefined) return names.map(code).join(', ');
    // The options of the only group stand in the lines below.
    if (properties !== undefined)
      return alternatives.length === 1 ? 'a group' : `\`{ ${Object.keys(properties).join(', ')} }\``;
    if (typeof alternative.additionalProperties === 'object')
      return `${valuesOf(alternative.additionalProperties)} by name`;
    if (items !== undefined) return `list of ${valuesOf(items)}`;
    if (alternative.type === 'string') return 'text';
    if (alternative.type === 'boolean') return '`true`, `false`';
    return `${alternative.type === 'integer' ? 'whole number' : 'number'}${rangeOf(alternative)}`;
  });
  return [...new Set(texts)].join(' or ');
}

function rangeOf(schema: JsonSchema): string {
  const { minimum, exclusiveMinimum, exclusiveMaximum } = schema;
  // zod bounds every whole number by what a double holds exactly.
  const maximum = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
  const bounds = [
    minimum === undefined ? [] : `≥ ${minimum}`,
    exclusiveMinimum === undefined ? [] : `> ${exclusiveMinimum}`,
    maximum === undefined ? [] : `≤ ${maximum}`,
    exclusiveMaximum === undefined ? [] : `< ${exclusiveMaximum}`,
  ].flat();
  return bounds.length === 0 ? '' : ` ${bounds.join(', ')}`;
}

/** A value as YAML has it on one line. */
function code(value: unknown): string {
  return `\`${typeof value === 'string' && /^[\w.-]+$/.test(value) ? value : JSON.stringify(value)}\``;
}
