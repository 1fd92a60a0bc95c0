// guiderail train RECIPE: reinforcement learning as the recipe says.
import { join, resolve } from 'node:path';
import process from 'node:process';
import { Command, Option } from 'commander';
import { readEvaluations } from '../../runs/run-directory.ts';
import type { TrainRecipe } from '../../train/config.ts';
import { trainRecipe } from '../../train/session.ts';
import type { CommandIO } from '../command-io.ts';
import { createEngine } from '../engines.ts';
import { interruptedAfter, listenForInterrupt } from '../interrupt.ts';
import { hubFor } from '../problem-source.ts';
import { createProgress } from '../progress.ts';
import { recipeFor } from '../recipes.ts';
import { evaluationSummary, TrainReporter } from '../train-reporter.ts';

export interface RunOptions {
  readonly out?: string;
  readonly set: string[];
  readonly resume?: string;
}

export function trainCommand(io: CommandIO): Command {
  const command = new Command('train').description(
    'train a model on problems with verifiable answers, guided by hints where it fails',
  );
  return addRunOptions(command).action((recipe: string | undefined, options: RunOptions) =>
    runTrain(io, recipe, options),
  );
}

/** The arguments of a command that writes a run. */
export function addRunOptions(command: Command): Command {
  return command
    .argument('[recipe]', 'recipe in YAML (docs/recipes.md); with --resume that of the run by default')
    .option('--out <dir>', 'run directory (default: runs/<name of the recipe>)')
    .option(
      '--set <path=value>',
      'change an option of the recipe, such as --set optimizer.learningRate=1e-4',
      collect,
      [],
    )
    .addOption(new Option('--resume <dir>', 'go on with this run from its last checkpoint').conflicts('out'));
}

export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Where a command writes its run. */
export function runDirectoryOf(io: CommandIO, options: RunOptions, name: string): string {
  return resolve(io.cwd, options.resume ?? options.out ?? `runs/${name}`);
}

async function runTrain(io: CommandIO, file: string | undefined, options: RunOptions): Promise<void> {
  const recipe = await recipeFor('train', file, options, io.cwd);
  const dir = runDirectoryOf(io, options, recipe.name);
  await runTraining(io, recipe, { dir, resume: options.resume !== undefined });
  const summary = evaluationSummary(await readEvaluations(dir));
  io.stdout.write(`${summary}\nrun: ${dir}\nmodel: ${join(dir, 'model')}\n`);
}

/** Trains with progress on stderr and Ctrl-C as an interrupt, which is thrown. */
export async function runTraining(
  io: CommandIO,
  recipe: TrainRecipe,
  { dir, resume }: { readonly dir: string; readonly resume: boolean },
): Promise<void> {
  const progress = createProgress(io.stderr);
  const reporter = new TrainReporter(progress, {
    steps: recipe.steps,
    evaluateEvery: recipe.evaluation.everySteps,
  });
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
  const engine = createEngine(recipe.engine);
  try {
    const outcome = await trainRecipe(recipe, {
      engine,
      dir,
      resume,
      hub: hubFor(io, progress),
      signal: interrupt.signal,
      onProgress: (event) => reporter.take(event),
      onNote: (sentence) => progress.note(sentence),
      onWarning: (sentence) => progress.note(sentence),
    });
    progress.done();
    if (outcome.interrupted) throw interruptedAfter(outcome.completedSteps, `train --resume ${dir}`);
  } finally {
    progress.done();
    interrupt.dispose();
    await engine.close();
  }
}
