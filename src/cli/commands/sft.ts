// guiderail sft RECIPE: supervised fine-tuning on demonstrations.
import process from 'node:process';
import { Command } from 'commander';
import { sftRecipe } from '../../train/sft.ts';
import type { CommandIO } from '../command-io.ts';
import { createEngine } from '../engines.ts';
import { interruptedAfter, listenForInterrupt } from '../interrupt.ts';
import { createProgress } from '../progress.ts';
import { recipeFor } from '../recipes.ts';
import { addRunOptions, runDirectoryOf, type RunOptions } from './train.ts';

export function sftCommand(io: CommandIO): Command {
  const command = new Command('sft').description(
    'fine-tune a model on demonstrations, or start one from nothing',
  );
  return addRunOptions(command).action((recipe: string | undefined, options: RunOptions) =>
    runSft(io, recipe, options),
  );
}

async function runSft(io: CommandIO, file: string | undefined, options: RunOptions): Promise<void> {
  const recipe = await recipeFor('sft', file, options, io.cwd);
  const dir = runDirectoryOf(io, options, recipe.name);
  const progress = createProgress(io.stderr);
  const interrupt = listenForInterrupt(io.interrupts ?? process, io.stderr);
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
    if (outcome.interrupted) throw interruptedAfter(outcome.completedSteps, `sft --resume ${dir}`);
    io.stdout.write(`run: ${dir}\nmodel: ${outcome.modelFolder}\n`);
  } finally {
    progress.done();
    interrupt.dispose();
    await engine.close();
  }
}
