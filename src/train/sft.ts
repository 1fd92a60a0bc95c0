// Supervised fine-tuning on demonstrations: the warm-up that makes a base model, and the first control of every
// comparison. Minimises the mean negative log-likelihood per response token. Uses the same engine, loss,
// schedule, run directory and checkpoints as training with rewards; it is a loop of its own because none of
// sampling, verdicts, groups or guidance exist in it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { tokenMean } from '../algorithms/aggregation.ts';
import { likelihoodLoss } from '../algorithms/losses.ts';
import { readDemonstrations } from '../data/demonstrations.ts';
import { renderDemonstration } from '../data/prompts.ts';
import { machinesTokenizerFiles } from '../data/synthetic/machines-tokenizer.ts';
import { machinesDemonstrations } from '../data/synthetic/machines.ts';
import { loadTokenizer, type ChatTokenizer } from '../data/tokenizer.ts';
import type { AdapterSpec, ScoredSequence, Trainable } from '../engine/engine.ts';
import { ConfigError, DataError, TrainingError } from '../errors.ts';
import { writeModelFolder } from '../model/folder.ts';
import { initializeModel } from '../model/initialize.ts';
import { checkShape, type ModelShape } from '../model/shape.ts';
import { permutation, seedOf } from '../random.ts';
import type { LoadedCheckpoint } from '../runs/checkpoint.ts';
import type { SftMetrics } from '../runs/metrics.ts';
import type { RunDirectory } from '../runs/run-directory.ts';
import type { SftRecipe } from './config.ts';
import { adapterOf } from './compose.ts';
import { applyGradient } from './apply-gradient.ts';
import { adamwUpdate } from './schedule.ts';
import { changedSentence, finish, withRun, type SessionOptions, type SessionOutcome } from './session.ts';

/** The demonstration at a position of the endless stream that a run trains on. */
type DemonstrationAt = (position: number) => ScoredSequence;

export async function sftRecipe(
  recipe: SftRecipe,
  options: Omit<SessionOptions, 'onProgress'> & { readonly onStep?: (step: SftMetrics) => void },
): Promise<SessionOutcome> {
  const { folder, dispose } = await startingFolder(recipe);
  try {
    const tokenizer = await loadTokenizer(folder);
    const { engine } = options;
    const adapter: AdapterSpec =
      'folder' in recipe.model ? adapterOf(recipe.model, recipe.seed) : { kind: 'none' };
    const model = await engine.open({ folder, head: 'lm', adapter, trainable: true });
    try {
      const demonstrationAt = await demonstrationStream(recipe, tokenizer, model.info.maxSequenceLength);
      return await withRun(recipe, options, ({ run, checkpoint, differences }) => {
        for (const difference of differences) options.onWarning?.(changedSentence(difference));
        return runSteps(recipe, { ...options, model, run, checkpoint, demonstrationAt });
      });
    } finally {
      await model.close();
    }
  } finally {
    await dispose();
  }
}

/** The folder to open: the recipe's own, or a fresh model of the given shape in a temporary place. */
async function startingFolder(recipe: SftRecipe): Promise<{ folder: string; dispose: () => Promise<void> }> {
  if ('folder' in recipe.model) return { folder: recipe.model.folder, dispose: async () => {} };
  if (!('machines' in recipe.demonstrations)) {
    throw new ConfigError(
      'model.initialize starts a model from nothing and needs the vocabulary of demonstrations.machines; ' +
        'for demonstrations from a file give model.folder.',
    );
  }
  const scratch = await mkdtemp(join(tmpdir(), 'guiderail-initial-'));
  for (const [name, text] of Object.entries(machinesTokenizerFiles(recipe.demonstrations.machines))) {
    await writeFile(join(scratch, name), text);
  }
  const { vocabularySize, stopTokens } = await loadTokenizer(scratch);
  const { initializerRange, ...dimensions } = recipe.model.initialize;
  const shape: ModelShape = {
    ...dimensions,
    vocabularySize,
    eosTokenIds: stopTokens,
    ropeTheta: 10_000,
    rmsNormEps: 1e-5,
    tiedEmbeddings: true,
    qkvBias: dimensions.family === 'qwen2',
    qkNorm: dimensions.family === 'qwen3',
  };
  checkShape(shape, 'model.initialize');
  const folder = join(scratch, 'model');
  await writeModelFolder(folder, shape, initializeModel(shape, recipe.seed, initializerRange), {
    copyTokenizerFrom: scratch,
  });
  return { folder, dispose: () => rm(scratch, { recursive: true, force: true }) };
}

async function demonstrationStream(
  recipe: SftRecipe,
  tokenizer: ChatTokenizer,
  maxSequenceLength: number,
): Promise<DemonstrationAt> {
  const source = recipe.demonstrations;
  if ('machines' in source) {
    const demonstrationAt = machinesDemonstrations(source.machines, recipe.seed);
    return (position) => renderDemonstration(tokenizer, demonstrationAt(position));
  }
  const demonstrations = (await readDemonstrations(source.file)).map((demonstration) =>
    renderDemonstration(tokenizer, demonstration),
  );
  demonstrations.forEach(({ promptTokens, responseTokens }, index) => {
    const tokens = promptTokens.length + responseTokens.length;
    if (tokens > maxSequenceLength) {
      throw new DataError(
        `Expected every demonstration of ${source.file} to fit into the ${maxSequenceLength} tokens that the model ` +
          `takes, but number ${index + 1} has ${tokens}; shorten it or leave it out.`,
      );
    }
  });
  return shuffledStream(demonstrations, recipe.seed);
}

/** Every demonstration once an epoch, in a new seeded order each. */
function shuffledStream(demonstrations: readonly ScoredSequence[], seed: number): DemonstrationAt {
  let epoch = -1;
  let order: Int32Array = new Int32Array(0);
  return (position) => {
    const wanted = Math.floor(position / demonstrations.length);
    if (wanted !== epoch)
      order = permutation(demonstrations.length, seedOf(seed, 'demonstrations', (epoch = wanted)));
    return demonstrations[order[position % demonstrations.length]!]!;
  };
}

interface SftRun {
  readonly model: Trainable;
  readonly run: RunDirectory;
  readonly checkpoint: LoadedCheckpoint | null;
  readonly demonstrationAt: DemonstrationAt;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: SftMetrics) => void;
}

async function runSteps(recipe: SftRecipe, context: SftRun): Promise<SessionOutcome> {
  const { model, run, checkpoint, signal } = context;
  let step = 0;
  let refusedInARow = 0;
  if (checkpoint) {
    ({ step, refusedInARow } = checkpoint.state as { step: number; refusedInARow: number });
    await model.load(checkpoint.engineDir);
  }
  const save = () =>
    run.checkpoint(step, {
      saveEngine: (dir) => model.save(dir),
      state: { step, refusedInARow },
      keep: recipe.checkpoint.keep,
    });
  let saved = step;
  while (step < recipe.steps && signal?.aborted !== true) {
    const line = await runStep(recipe, context, step);
    run.appendMetrics(line);
    context.onStep?.(line);
    // An engine may compute without letting the event loop turn, and then an interrupt would never be heard.
    await turnOfEventLoop();
    step++;
    refusedInARow = line.applied ? 0 : refusedInARow + 1;
    if (refusedInARow >= recipe.maxBadSteps) {
      throw new TrainingError(
        `${refusedInARow} updates in a row had a loss or gradient that is not finite; the last checkpoint is ` +
          'intact: lower optimizer.learningRate and resume from it.',
      );
    }
    if (step % recipe.checkpoint.everySteps === 0) {
      await save();
      saved = step;
    }
  }
  if (saved !== step) await save();
  const outcome = { completedSteps: step, interrupted: step < recipe.steps };
  return { ...outcome, modelFolder: await finish(run, model, outcome) };
}

async function runStep(recipe: SftRecipe, context: SftRun, step: number): Promise<SftMetrics> {
  const { model, demonstrationAt } = context;
  const started = performance.now();
  const sequences = Array.from({ length: recipe.batchSize }, (_, index) =>
    demonstrationAt(step * recipe.batchSize + index),
  );
  const pass = await model.forward(sequences, { gradient: true, want: { logprobs: true }, temperature: 1 });
  const likelihood = likelihoodLoss(pass.logprobs!, { weight: 1, aggregation: tokenMean });
  const optimizer = adamwUpdate(recipe.optimizer, step, recipe.steps);
  const result = await applyGradient(model, pass, likelihood, optimizer);
  return {
    step,
    loss: likelihood.loss,
    ...result,
    learningRate: optimizer.learningRate,
    tokensTrained: sequences.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0),
    seconds: { total: (performance.now() - started) / 1000 },
  };
}
