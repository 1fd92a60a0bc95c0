// guiderail sft RECIPE: supervised fine-tuning on demonstrations.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { sftRecipeSchema } from '../../train/config.ts';
import { sftRecipe } from '../../train/sft.ts';
import type { CommandIO } from '../command-io.ts';
import { createEngine } from '../engines.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { readRecipe } from '../recipes.ts';
import { collect } from './train.ts';

interface SftOptions {
  readonly out?: string;
  readonly set: string[];
  readonly resume?: string;
}

export function sftCommand(io: CommandIO): Command {
  return new Command('sft')
    .description('fine-tune a model on demonstrations, or start one from nothing')
    .argument('<recipe>', 'recipe in YAML')
    .option('--out <dir>', 'run directory (default: runs/<name of the recipe>)')
    .option('--set <path=value>', 'change an option of the recipe', collect, [])
    .option('--resume <dir>', 'go on with this run from its last checkpoint')
    .action((recipe: string, options: SftOptions) => runSft(io, recipe, options));
}

async function runSft(io: CommandIO, file: string, options: SftOptions): Promise<void> {
  const recipe = await readRecipe(sftRecipeSchema, file, options.set, io.cwd);
  const dir = resolve(io.cwd, options.resume ?? options.out ?? `runs/${recipe.name}`);
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(process, io.stderr);
  const engine = createEngine(recipe.engine);
  const started = performance.now();
  let startStep: number | null = null;
  try {
    const outcome = await sftRecipe(recipe, {
      engine,
      dir,
      resume: options.resume !== undefined,
      signal: interrupt.signal,
      onWarning: (sentence) => progress.note(sentence),
      onStep: ({ step, loss, gradNorm, learningRate }) => {
        startStep ??= step;
        progress.update({
          label: 'fine-tuning',
          step: step + 1,
          totalSteps: recipe.steps,
          startStep,
          seconds: (performance.now() - started) / 1000,
          figures: { loss, 'grad norm': gradNorm, 'learning rate': learningRate },
        });
      },
    });
    progress.done();
    if (outcome.interrupted) throw interrupt.signal.reason;
    io.stdout.write(`run: ${dir}\nmodel: ${outcome.modelFolder}\n`);
  } finally {
    progress.done();
    interrupt.dispose();
    await engine.close();
  }
}
