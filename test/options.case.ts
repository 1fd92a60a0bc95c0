// How the tests of options walk a schema and compare runs. Every option of a recipe must matter: the leaves of the
// schema are walked, so an option without an entry fails the test, and an entry shows that changing it changes the
// files it should; a number that is parsed and then forgotten, or only echoed into a log, does not pass.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { messageOf } from '../src/errors.ts';
import {
  fingerprint,
  type runSft,
  type runTraining,
  scratchFolder,
  withValue,
  type Tree,
} from './micro.case.ts';

export const scratch = scratchFolder();

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: string;
}

/**
 * Names of everything a recipe can say: `a.b` for an option, `a.b=value` for each value of a choice,
 * `a[kind].b` where an option belongs to one kind of a.
 */
function walk(schema: JsonSchema, path = ''): string[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.flatMap((branch) => walk(branch, path));
  if (schema.properties) {
    const { kind } = schema.properties;
    const prefix = kind?.const === undefined ? path : `${path}[${kind.const}]`;
    return Object.entries(schema.properties).flatMap(([name, value]) =>
      name === 'kind' && kind?.const !== undefined
        ? [`${path}.kind=${kind.const}`]
        : walk(value, prefix === '' ? name : `${prefix}.${name}`),
    );
  }
  return schema.enum ? schema.enum.map((value) => `${path}=${value}`) : [path];
}

export function leavesOf(schema: z.ZodType): string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return [...new Set(walk(json))].sort();
}

type Patch = Readonly<Record<string, unknown>>;

export interface Change {
  /** What is set, by dotted path. */
  readonly to: Patch;
  /** What both runs have beside the base recipe. */
  readonly given: Patch;
  /** Where the difference must show: a file, or the beginning of its path. */
  readonly shows: string;
}

/** A change of the option itself, which the name of the entry gives. */
export type Entry = (leaf: string) => Change;

export const change =
  (shows: string, value: unknown, given: Patch = {}): Entry =>
  (leaf) => ({ to: { [leaf.replace(/\[\w+\]/, '')]: value }, given, shows });
/** One value of a choice, against the base recipe or what is given. */
export const choice =
  (shows: string, given: Patch = {}): Entry =>
  (leaf) => {
    const [path, value] = leaf.split('=');
    return { to: { [path]: value }, given, shows };
  };
export const kind =
  (shows: string, value: unknown, given: Patch = {}): Entry =>
  (leaf) => ({ to: { [leaf.split('.kind=')[0]]: value }, given, shows });

export const MODEL = 'model/model.safetensors';
export const EVALS = 'evals.jsonl';
export const METRICS = 'metrics.jsonl';
export const ROLLOUTS = 'rollouts/';
export const CHECKPOINTS = 'checkpoints';
export const ERROR = 'error';

export const machinesEntries = (path: string, shows: string): Record<string, Entry> => {
  const changes: Record<string, unknown> = {
    seed: 2,
    machines: 2,
    depth: 1,
    easyMachines: 0,
    easyDepth: 2,
    operations: ['swap-first', 'reverse', 'rotate-left'],
    wordLength: 4,
    alphabet: 3,
    heldOutShare: 0.5,
  };
  // Three machines without an easy one would need more procedures than three operations give.
  const two = { [`${path}.machines`]: 2 };
  const given: Record<string, Patch> = {
    easyMachines: two,
    easyDepth: two,
    alphabet: path.startsWith('problems') ? { [`${path.replace('.machines', '')}.count`]: 3 } : {},
  };
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [`${path}.${name}`, change(shows, value, given[name])]),
  );
};

export const optimizerEntries: Record<string, Entry> = {
  'optimizer.learningRate': change(MODEL, 1e-3),
  'optimizer.schedule=constant': choice(MODEL, { 'optimizer.schedule': 'linear' }),
  'optimizer.schedule=linear': choice(MODEL, { 'optimizer.schedule': 'cosine', steps: 4 }),
  'optimizer.schedule=cosine': choice(MODEL),
  'optimizer.warmupSteps': change(MODEL, 2),
  'optimizer.finalFraction': change(MODEL, 0.5, { 'optimizer.schedule': 'linear' }),
  'optimizer.beta1': change(MODEL, 0.5),
  'optimizer.beta2': change(MODEL, 0.5),
  'optimizer.epsilon': change(MODEL, 1e-3),
  'optimizer.weightDecay': change(MODEL, 0.5),
  'optimizer.maxGradNorm': change(MODEL, 0.01, { 'optimizer.epsilon': 1e-3 }),
};

const done = new Map<string, Promise<Record<string, string>>>();

/** What a run leaves, by path, with the names of its checkpoints, or the sentence it failed with. */
export function outcomeOf(
  command: typeof runTraining | typeof runSft,
  recipe: Tree,
): Promise<Record<string, string>> {
  const key = `${command.name} ${JSON.stringify(recipe)}`;
  let outcome = done.get(key);
  if (outcome === undefined) done.set(key, (outcome = run(command, recipe)));
  return outcome;
}

async function run(
  command: typeof runTraining | typeof runSft,
  recipe: Tree,
): Promise<Record<string, string>> {
  const dir = join(scratch, String(done.size));
  try {
    await command(recipe, dir);
  } catch (error) {
    return { error: messageOf(error) };
  }
  return { ...fingerprint(dir), checkpoints: readdirSync(join(dir, 'checkpoints')).join(' ') };
}

const patched = (base: Tree, ...patches: Patch[]) =>
  patches
    .flatMap((patch) => Object.entries(patch))
    .reduce((tree, [path, value]) => withValue(tree, path, value), base);

/** Runs the recipe without the change and with it, and compares where the difference must show. */
export async function expectDifference(
  command: typeof runTraining | typeof runSft,
  base: Tree,
  wanted: Change,
) {
  const { given, to, shows } = wanted;
  const before = await outcomeOf(command, patched(base, given));
  const after = await outcomeOf(command, patched(base, given, to));
  if (shows !== ERROR) expect([before['error'], after['error']]).toEqual([undefined, undefined]);
  const seen = (outcome: Record<string, string>) =>
    Object.fromEntries(Object.entries(outcome).filter(([path]) => path.startsWith(shows)));
  expect(seen(after)).not.toEqual(seen(before));
}
