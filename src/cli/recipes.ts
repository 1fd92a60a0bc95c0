// Reads a recipe for a command: YAML from a file, `--set` applied, checked against its schema.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { parseConfig } from '../config-errors.ts';
import { ConfigError, messageOf } from '../errors.ts';
import { applyOverrides } from './recipe-overrides.ts';

/** Nodes that aliases may expand to: more than any recipe needs, less than an alias bomb. */
const MAX_ALIASES = 100;

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
    throw new ConfigError(`Cannot read the recipe ${file}: ${messageOf(error)}`);
  }
  const document = parseDocument(text, { logLevel: 'error' });
  const [fault] = document.errors;
  if (fault) throw new ConfigError(`Expected ${file} to be YAML: ${fault.message}`);
  return parseConfig(schema, applyOverrides(toPlain(document, file), overrides), file);
}

function toPlain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    throw new ConfigError(`Expected ${file} to be a recipe: ${messageOf(error)}`);
  }
}
