// The micro machines on the reference engine, for tests that need a whole run: a recipe of a few seconds, runs of
// it in this process, and what of a run directory must not depend on time or interruptions.
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createReferenceEngine } from '../src/engine/reference/reference.ts';
import { stripTimes } from '../src/runs/run-directory.ts';
import { sftRecipeSchema, trainRecipeSchema } from '../src/train/config.ts';
import { trainRecipe, type SessionOptions, type SessionOutcome } from '../src/train/session.ts';
import { sftRecipe } from '../src/train/sft.ts';

export const MICRO_BASE = fileURLToPath(new URL('fixtures/micro-base', import.meta.url));

export const MACHINES = {
  machines: 3,
  depth: 2,
  easyMachines: 1,
  operations: ['reverse', 'rotate-left', 'swap-first'],
  wordLength: 3,
  alphabet: 4,
};

/** Recipes as a person writes them: trees of JSON values. */
export type Tree = Record<string, unknown>;

/** Surplus, guidance, retention, evaluations and checkpoints, all within eight steps. */
export const TRAIN_RECIPE: Tree = {
  name: 'micro',
  seed: 1,
  steps: 8,
  model: { folder: MICRO_BASE },
  problems: {
    train: { machines: MACHINES, split: 'train', count: 24 },
    heldOut: { machines: MACHINES, split: 'heldOut', count: 6 },
  },
  sampling: { k: 4, groupsPerStep: 3, promptsPerRound: 4, maxRounds: 2, maxNewTokens: 16 },
  guidance: { strategy: 'joint', retention: 0.1 },
  optimizer: { learningRate: 2e-3 },
  minibatches: 2,
  evaluation: { everySteps: 4, samples: 2, passAt: [1, 2] },
  checkpoint: { everySteps: 2 },
};

export const SFT_RECIPE: Tree = {
  name: 'micro-warm-up',
  seed: 1,
  steps: 6,
  batchSize: 4,
  model: {
    initialize: {
      hiddenSize: 16,
      intermediateSize: 32,
      layers: 2,
      heads: 2,
      keyValueHeads: 2,
      headDim: 8,
      maxSequenceLength: 64,
      initializerRange: 0.15,
    },
  },
  demonstrations: { machines: MACHINES },
  optimizer: { learningRate: 1e-2 },
  checkpoint: { everySteps: 2 },
};

/** A tree with the value at a dotted path replaced; `undefined` removes it. */
export function withValue(tree: Tree, path: string, value: unknown): Tree {
  const [head, ...rest] = path.split('.');
  if (rest.length === 0) return { ...tree, [head]: value };
  return { ...tree, [head]: withValue((tree[head] ?? {}) as Tree, rest.join('.'), value) };
}

export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'guiderail-micro-'));
}

export async function runTraining(
  recipe: Tree,
  dir: string,
  options: Partial<SessionOptions> = {},
): Promise<SessionOutcome> {
  const engine = createReferenceEngine();
  try {
    return await trainRecipe(trainRecipeSchema.parse(recipe), { engine, dir, ...options });
  } finally {
    await engine.close();
  }
}

export async function runSft(
  recipe: Tree,
  dir: string,
  options: Partial<Parameters<typeof sftRecipe>[1]> = {},
): Promise<SessionOutcome> {
  const engine = createReferenceEngine();
  try {
    return await sftRecipe(sftRecipeSchema.parse(recipe), { engine, dir, ...options });
  } finally {
    await engine.close();
  }
}

export function linesOf<T = Record<string, number>>(path: string): T[] {
  const text = readFileSync(path, 'utf8').trim();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as T);
}

const TIMED = ['metrics.jsonl', 'evals.jsonl'];

/**
 * Content by path of all that a run leaves, times aside: logs, rollouts, model, and state and weights of the
 * newest checkpoint (older ones depend on when the run was interrupted). Weights as base64.
 */
export function fingerprint(dir: string): Record<string, string> {
  const newest = readdirSync(join(dir, 'checkpoints')).sort().at(-1);
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
    if (statSync(join(dir, name)).isDirectory() || ['run.json', 'events.jsonl', 'lock'].includes(name))
      continue;
    const inCheckpoint = /^checkpoints.([^/\\]+)/.exec(name)?.[1];
    if (inCheckpoint !== undefined && (inCheckpoint !== newest || name.endsWith('manifest.json'))) continue;
    const bytes = readFileSync(join(dir, name));
    if (TIMED.includes(name)) found[name] = bytes.toString().trim().split('\n').map(timeless).join('\n');
    else found[name] = bytes.toString(/\.(json|jsonl)$/.test(name) ? 'utf8' : 'base64');
  }
  return found;
}

function timeless(line: string): string {
  return line === '' ? '' : stripTimes(line);
}
