// Recipes for a command: YAML from a file, or what run.json of a run recorded; `--set` applied, checked against the
// schema, and with its paths made absolute, so that a run can be gone on with from anywhere.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseDocument, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { parseConfig } from '../config-errors.ts';
import { ConfigError, messageOf } from '../errors.ts';
import { readRunInfo } from '../runs/run-directory.ts';
import { sftRecipeSchema, trainRecipeSchema, type SftRecipe, type TrainRecipe } from '../train/config.ts';
import { applyOverrides } from './recipe-overrides.ts';

/** Nodes that aliases may expand to: more than any recipe needs, less than an alias bomb. */
const MAX_ALIASES = 100;

/** Options of recipes that are paths, by their last name. */
const PATH_OPTIONS = new Set(['folder', 'file']);

/** The recipes of the commands that write runs. */
interface Recipes {
  readonly train: TrainRecipe;
  readonly sft: SftRecipe;
}
const SCHEMAS: { readonly [C in keyof Recipes]: z.ZodType<Recipes[C]> } = {
  train: trainRecipeSchema,
  sft: sftRecipeSchema,
};

export interface RecipeSource {
  /** Changes in the form path=value. */
  readonly set: readonly string[];
  /** A run to go on with, whose recipe is the default. */
  readonly resume?: string;
}

/** The recipe a command line asks for: of the file, or without one that of the run to resume. */
export async function recipeFor<C extends keyof Recipes>(
  command: C,
  file: string | undefined,
  { set, resume }: RecipeSource,
  cwd: string,
): Promise<Recipes[C]> {
  if (file !== undefined) return readRecipe(SCHEMAS[command], file, set, cwd);
  if (resume !== undefined) return recipeOfRun(command, resume, set, cwd);
  throw new ConfigError(
    `Expected a recipe, such as guiderail ${command} recipe.yaml, or --resume with a run directory; docs/recipes.md has the options of a recipe.`,
  );
}

export async function readRecipe<S extends z.ZodType>(
  schema: S,
  file: string,
  overrides: readonly string[],
  cwd: string,
): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new ConfigError(whyUnreadable(error as NodeJS.ErrnoException, file, cwd));
  }
  const document = parseDocument(text, { logLevel: 'error' });
  const [fault] = document.errors;
  if (fault) throw new ConfigError(explainYamlError(fault, file));
  return checked(schema, applyOverrides(toPlain(document, file), overrides), file, cwd);
}

async function recipeOfRun<C extends keyof Recipes>(
  command: C,
  dir: string,
  overrides: readonly string[],
  cwd: string,
): Promise<Recipes[C]> {
  const { config } = await readRunInfo(resolve(cwd, dir));
  const others = Object.entries(SCHEMAS).filter(([name]) => name !== command);
  const other = others.find(([, schema]) => schema.safeParse(config).success);
  if (other !== undefined) {
    throw new ConfigError(
      `Expected ${dir} to be a run of guiderail ${command}, but guiderail ${other[0]} made it; go on with guiderail ${other[0]} --resume ${dir}.`,
    );
  }
  return checked(SCHEMAS[command], applyOverrides(config, overrides), `${dir}/run.json`, cwd);
}

function checked<S extends z.ZodType>(schema: S, value: unknown, file: string, cwd: string): z.output<S> {
  return withAbsolutePaths(parseConfig(schema, value, file), cwd);
}

function withAbsolutePaths<T>(value: T, cwd: string): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withAbsolutePaths(item, cwd)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]: [string, unknown]) => [
    name,
    typeof inner === 'string' && PATH_OPTIONS.has(name) ? resolve(cwd, inner) : withAbsolutePaths(inner, cwd),
  ]);
  return Object.fromEntries(entries) as T;
}

function whyUnreadable(error: NodeJS.ErrnoException, file: string, cwd: string): string {
  const place = resolve(cwd, file);
  if (error.code === 'ENOENT')
    return `Expected a recipe at ${place}, but there is no such file; check the path.`;
  if (error.code === 'EISDIR')
    return `Expected a recipe at ${place}, but that is a folder; name a YAML file in it.`;
  return `Cannot read the recipe ${place}: ${messageOf(error)}`;
}

/** The library's message ends with the place and a drawing of the line; the place goes first, as in compilers. */
function explainYamlError(fault: YAMLError, file: string): string {
  const [firstLine = ''] = fault.message.split('\n');
  const place = /\s*at line (\d+), column (\d+):?$/.exec(firstLine);
  const [what] = (place === null ? firstLine : firstLine.slice(0, place.index)).split(/[.;](?:\s|$)/);
  const where = place === null ? file : `${file}:${place[1]}:${place[2]}`;
  return `${where}: expected YAML: ${what}. ${yamlAdvice(fault.code)}`;
}

function yamlAdvice(code: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'Leave one of the two out.';
    case 'MULTIPLE_DOCS':
      return 'A recipe is a file of its own; leave out the line ---.';
    default:
      return 'Indent with spaces, close what is opened, and quote text that has ": " or " #" in it.';
  }
}

function toPlain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    throw new ConfigError(
      `Expected ${file} to be a recipe, but its aliases (*name) cannot be used: ${messageOf(error)}. Write the values out instead.`,
    );
  }
}
