// The option --custom of commands that verify: modules of custom verifiers by the kind they serve.
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';

export function addCustomOption(command: Command): Command {
  return command.option(
    '--custom <kind=module>',
    'a verifier of your own for problems of this kind (verification.custom of a recipe); may be given several times',
    addCustom,
    [],
  );
}

function addCustom(text: string, others: readonly string[]): string[] {
  if (!/^[\w-]+=./.test(text))
    throw new InvalidArgumentError('Expected the kind and the path of a module, such as mine=verifier.mjs.');
  return [...others, text];
}

/** Absolute paths by kind. */
export function customModules(given: readonly string[], cwd: string): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const separator = text.indexOf('=');
      return [text.slice(0, separator), resolve(cwd, text.slice(separator + 1))];
    }),
  );
}

/** For what so many processes or a timer are made of: more is a slip. */
export function positiveIntegerUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = positiveInteger(text);
    if (value > most) throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
    return value;
  };
}

/** Each is a process. */
export const MOST_JOBS = 256;

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1 up.');
  return value;
}
