// guiderail train RECIPE: reinforcement learning as the recipe says.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { parseConfig } from '../../config-errors.ts';
import { ConfigError } from '../../errors.ts';
import { readRunInfo } from '../../runs/run-directory.ts';
import { trainRecipeSchema, type TrainRecipe } from '../../train/config.ts';
import { trainRecipe } from '../../train/session.ts';
import type { CommandIO } from '../command-io.ts';
import { createEngine } from '../engines.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { readRecipe } from '../recipes.ts';
import { TrainReporter } from '../train-reporter.ts';

interface TrainOptions {
  readonly out?: string;
  readonly set: string[];
  readonly resume?: string;
}

export function trainCommand(io: CommandIO): Command {
  return new Command('train')
    .description('train a model on problems with verifiable answers, guided by hints where it fails')
    .argument('[recipe]', 'recipe in YAML; with --resume the recipe of the run by default')
    .option('--out <dir>', 'run directory (default: runs/<name of the recipe>)')
    .option(
      '--set <path=value>',
      'change an option of the recipe, such as --set optimizer.learningRate=1e-4',
      collect,
      [],
    )
    .option('--resume <dir>', 'go on with this run from its last checkpoint')
    .action((recipe: string | undefined, options: TrainOptions) => runTrain(io, recipe, options));
}

export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

async function runTrain(io: CommandIO, file: string | undefined, options: TrainOptions): Promise<void> {
  const recipe = await recipeFor(io, file, options);
  const dir = resolve(io.cwd, options.resume ?? options.out ?? `runs/${recipe.name}`);
  const summary = await runTraining(io, recipe, { dir, resume: options.resume !== undefined });
  io.stdout.write(`${summary}\nrun: ${dir}\nmodel: ${dir}/model\n`);
}

/** Trains with progress on stderr and Ctrl-C as an interrupt, which is thrown. @returns first and last evaluation as text */
export async function runTraining(
  io: CommandIO,
  recipe: TrainRecipe,
  { dir, resume }: { readonly dir: string; readonly resume: boolean },
): Promise<string> {
  const progress = createProgress(io.stderr);
  const reporter = new TrainReporter(progress, recipe.steps);
  const interrupt = listenForInterrupt(process, io.stderr);
  const engine = createEngine(recipe.engine);
  try {
    const outcome = await trainRecipe(recipe, {
      engine,
      dir,
      resume,
      signal: interrupt.signal,
      onProgress: (event) => reporter.take(event),
      onWarning: (sentence) => progress.note(sentence),
    });
    progress.done();
    if (outcome.interrupted) throw interrupt.signal.reason;
    return reporter.summary();
  } finally {
    progress.done();
    interrupt.dispose();
    await engine.close();
  }
}

async function recipeFor(
  io: CommandIO,
  file: string | undefined,
  options: TrainOptions,
): Promise<TrainRecipe> {
  if (file !== undefined) return readRecipe(trainRecipeSchema, file, options.set, io.cwd);
  if (options.resume === undefined) {
    throw new ConfigError(
      'Expected a recipe, such as recipes/machines/guide-joint.yaml, or --resume with a run directory.',
    );
  }
  const info = await readRunInfo(resolve(io.cwd, options.resume));
  return parseConfig(trainRecipeSchema, info.config, `${options.resume}/run.json`);
}
