// `--set path=value`: changes to a recipe from the command line. Works on the parsed YAML before validation, so
// defaults, unknown keys and types are the schema's business, not this file's.
import { parse } from 'yaml';
import { ConfigError, messageOf } from '../errors.ts';

type Container = Record<string, unknown> | unknown[];

/**
 * A copy of `recipe` with each `a.b.0=value` set in order. Values are YAML (1e-4, true, [a, b], {kind: lora});
 * an index addresses an element of a list that exists, and maps that are not there yet are created.
 */
export function applyOverrides(recipe: unknown, overrides: readonly string[]): unknown {
  let result: unknown = structuredClone(recipe) ?? {};
  for (const override of overrides) result = applyOverride(result, override);
  return result;
}

function applyOverride(root: unknown, override: string): unknown {
  const equals = override.indexOf('=');
  const segments = override.slice(0, Math.max(0, equals)).trim().split('.');
  if (equals < 0 || segments.some((segment) => segment === '' || segment === '__proto__')) {
    throw new ConfigError(
      `Expected --set to be path=value, such as --set optimizer.learningRate=1e-4, got ${JSON.stringify(override)}.`,
    );
  }
  const value = parseValue(override, override.slice(equals + 1));
  const last = segments.pop()!;
  let here = asContainer(root, override, []);
  segments.forEach((segment, index) => {
    const walked = segments.slice(0, index + 1);
    const key = keyIn(here, segment, override, segments.slice(0, index));
    const next = read(here, key) ?? {};
    write(here, key, next);
    here = asContainer(next, override, walked);
  });
  write(here, keyIn(here, last, override, segments), value);
  return root;
}

function parseValue(override: string, text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch (error) {
    const [firstLine] = messageOf(error).split('\n');
    throw new ConfigError(
      `Expected the value of --set ${JSON.stringify(override)} to be YAML: ${firstLine} Quote it if it is meant as text.`,
    );
  }
}

function asContainer(value: unknown, override: string, walked: readonly string[]): Container {
  if (typeof value === 'object' && value !== null) return value as Container;
  const place = walked.length === 0 ? 'the recipe' : walked.join('.');
  throw new ConfigError(
    `--set ${JSON.stringify(override)}: expected ${place} to be a map or a list, but it is ${JSON.stringify(value)}.`,
  );
}

/** The key or index that a segment names in a container. */
function keyIn(
  container: Container,
  segment: string,
  override: string,
  walked: readonly string[],
): string | number {
  if (!Array.isArray(container)) return segment;
  const index = Number(segment);
  if (/^\d+$/.test(segment) && index < container.length) return index;
  throw new ConfigError(
    `--set ${JSON.stringify(override)}: expected an index from 0 to ${container.length - 1} into the list ${walked.join('.')}, got ${JSON.stringify(segment)}.`,
  );
}

function read(container: Container, key: string | number): unknown {
  return Object.hasOwn(container, key) ? (container as Record<string | number, unknown>)[key] : undefined;
}

function write(container: Container, key: string | number, value: unknown): void {
  (container as Record<string | number, unknown>)[key] = value;
}
