// A training run from recipe to exported model: opens the model, prepares the plan, opens or resumes the run
// directory, runs the loop and exports the weights. The one entry for the command line, tests and programs;
// it is given an engine and knows none.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, Trainable } from '../engine/engine.ts';
import { messageOf } from '../errors.ts';
import { hubAccessFrom, type HubAccess } from '../data/sources/hub.ts';
import { loadTokenizer, type ChatTokenizer } from '../data/tokenizer.ts';
import { RunDirectory, type ResumedRun } from '../runs/run-directory.ts';
import { VerifierPool } from '../verifiers/pool.ts';
import { adapterOf, poolOptionsOf } from './compose.ts';
import type { TrainRecipe } from './config.ts';
import { checkedPlan } from './memory.ts';
import { train, type TrainOutcome, type TrainProgress } from './loop.ts';
import { pinnedProblems } from './pin.ts';
import { preparePlan } from './prepare.ts';

export interface SessionOptions {
  readonly engine: Engine;
  /** The run directory: new or empty, or one to resume. */
  readonly dir: string;
  readonly resume?: boolean;
  /** How data sets of the hub are reached; by default as the environment of the process says. */
  readonly hub?: HubAccess;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** What is good to know as work begins. */
  readonly onNote?: (sentence: string) => void;
  /** Sentences a person should see: what was dropped, what differs on resume. */
  readonly onWarning?: (sentence: string) => void;
}

export interface SessionOutcome extends TrainOutcome {
  /** The trained model as a Hugging Face folder; null after an interruption. */
  readonly modelFolder: string | null;
}

/** Nothing is written before everything that can be checked beforehand has been. */
export async function trainRecipe(asked: TrainRecipe, options: SessionOptions): Promise<SessionOutcome> {
  const hub = { ...(options.hub ?? hubAccessFrom(process.env)), signal: options.signal };
  const recipe = await pinnedProblems(asked, hub, options.resume ? options.dir : null);
  const tokenizer = await loadTokenizer(recipe.model.folder);
  const verifiers = new VerifierPool(poolOptionsOf(recipe));
  try {
    await verifiers.checkCustom();
    return await trainWith(verifiers, tokenizer, recipe, { ...options, hub });
  } finally {
    await verifiers.close();
  }
}

async function trainWith(
  verifiers: VerifierPool,
  tokenizer: ChatTokenizer,
  recipe: TrainRecipe,
  options: SessionOptions,
): Promise<SessionOutcome> {
  const model = await options.engine.open({
    folder: recipe.model.folder,
    head: 'lm',
    adapter: adapterOf(recipe.model, recipe.seed),
    trainable: true,
  });
  try {
    const { plan, warnings, workload } = await preparePlan(
      ...([recipe, model, tokenizer, verifiers.verifierFor] as const),
      options.hub === undefined ? {} : { hub: options.hub },
    );
    const memory = checkedPlan(model, workload);
    return await withRun(recipe, options, async ({ run, checkpoint, differences }) => {
      if (memory !== null) {
        run.event('memory', memory);
        options.onNote?.(memory);
      }
      for (const sentence of warnings) run.event('warning', sentence);
      for (const sentence of [...warnings, ...differences.map(changedSentence)])
        options.onWarning?.(sentence);
      const outcome = await train({
        plan,
        model,
        run,
        checkpoint,
        signal: options.signal ?? new AbortController().signal,
        onProgress: options.onProgress ?? (() => {}),
      });
      return { ...outcome, modelFolder: await finish(run, model, outcome) };
    });
  } finally {
    await model.close();
  }
}

/** Opens the run directory, new or to be resumed; what goes wrong while it is open is in its events. */
export async function withRun<T>(
  recipe: { readonly seed: number },
  { engine, dir, resume }: Pick<SessionOptions, 'engine' | 'dir' | 'resume'>,
  work: (opened: ResumedRun) => Promise<T>,
): Promise<T> {
  const description = {
    config: recipe,
    engine: engine.description,
    instructionSet: engine.instructionSet,
    seeds: { run: recipe.seed },
  };
  const opened = resume
    ? await RunDirectory.resume(dir, description)
    : { run: await RunDirectory.create(dir, description), checkpoint: null, differences: [] };
  try {
    return await work(opened);
  } catch (error) {
    opened.run.event('error', messageOf(error));
    throw error;
  } finally {
    await opened.run.close();
  }
}

/** For a difference that resuming a run found, such as `config.steps: 10 → 20`. */
export function changedSentence(difference: string): string {
  return `Not as when the run began: ${difference}.`;
}

/** Exports the model of a finished run and says in events.jsonl how the run ended. */
export async function finish(
  run: RunDirectory,
  model: Trainable,
  { interrupted, completedSteps }: TrainOutcome,
): Promise<string | null> {
  if (interrupted) {
    run.event('interrupt', `Interrupted after ${completedSteps} steps; a checkpoint holds them.`);
    return null;
  }
  const folder = join(run.layout.dir, 'model');
  await rm(folder, { recursive: true, force: true });
  await model.exportWeights(folder);
  run.event('end', `Finished ${completedSteps} steps; the model is in ${folder}.`);
  return folder;
}
