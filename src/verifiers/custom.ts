// Verifiers of a user: modules named in a recipe. Loaded where they run, in the threads of the pool, so that what they
// do at load is within the same limits. Its one idea: the export is checked once, with a sentence that says what
// is missing.
import { ConfigError, messageOf } from '../errors.ts';
import type { Verifier } from './verifier.ts';

/** What a module may export as `default` or `verify`: the function, or an object with it. */
type CustomExport = Verifier['verify'] | Pick<Verifier, 'verify'>;

/**
 * The verifier of a module, an ES module given by its file URL. It serves `kind`, whatever it calls itself.
 * @throws ConfigError where it cannot be loaded or exports no verifier.
 */
export async function loadCustomVerifier(kind: string, url: string): Promise<Verifier> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(
      `Cannot load the verifier of kind "${kind}" from ${url}: ${messageOf(error)}; expected the path of an ES module, such as verifier.mjs.`,
    );
  }
  const found = exported['default'] ?? exported['verify'];
  if (isFunction(found)) return { kind, verify: found };
  if (typeof found === 'object' && found !== null && 'verify' in found && isFunction(found.verify)) {
    const verifier = found as Exclude<CustomExport, Verifier['verify']>;
    return { kind, verify: (input) => verifier.verify(input) };
  }
  throw new ConfigError(
    `Expected ${url} to export a verifier of kind "${kind}" as default (a function, or an object with verify), got exports ` +
      `${Object.keys(exported).join(', ') || 'of nothing'}.`,
  );
}

function isFunction(value: unknown): value is Verifier['verify'] {
  return typeof value === 'function';
}
