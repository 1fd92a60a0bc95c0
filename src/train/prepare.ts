// From a recipe and an opened model to the plan the loop carries out: problems are read, prompts rendered and
// measured once, so that whatever cannot be used is said before the first token is sampled.
import type { Sampler, Workload } from '../engine/engine.ts';
import { ConfigError, DataError, messageOf } from '../errors.ts';
import { readProblems, type RejectedRow } from '../data/problems.ts';
import { renderPrompt, type PromptOptions } from '../data/prompts.ts';
import { machinesProblems } from '../data/synthetic/machines.ts';
import type { ChatTokenizer } from '../data/tokenizer.ts';
import { keepLifting, readMeasurements } from '../hints/measurements.ts';
import { fitsContext, type ResponderSettings } from '../rollout/responder.ts';
import { contextOfLevel, hintOf, type Context, type Problem } from '../types.ts';
import { formatGateOf } from '../verifiers/format-gate.ts';
import { batchSettingsOf, objectiveOf, strategyOf } from './compose.ts';
import type { ProblemSource, TrainRecipe } from './config.ts';
import type { EvaluationPlan, TrainPlan } from './loop.ts';
import { workloadOf } from './memory.ts';
import { quoteProblem, screenTraining } from './screen.ts';
import { drawOrderOf, sourcesOf } from './training-set.ts';

export { quoteProblem } from './screen.ts';

export interface PreparedPlan {
  readonly plan: TrainPlan;
  /** Sentences about what was dropped; written to events.jsonl. */
  readonly warnings: readonly string[];
  /** What the run asks of the model at most. */
  readonly workload: Workload;
}

type VerifierFor = ResponderSettings['verifierFor'];
type Unusable = TrainRecipe['problems']['unusable'];

export async function preparePlan(
  recipe: TrainRecipe,
  sampler: Sampler,
  tokenizer: ChatTokenizer,
  verifierFor: VerifierFor,
): Promise<PreparedPlan> {
  const warnings: string[] = [];
  const responder = responderOf(tokenizer, recipe.prompt, {
    maxNewTokens: recipe.sampling.maxNewTokens,
    temperature: recipe.sampling.temperature,
    stopStrings: recipe.sampling.stopStrings,
    runSeed: recipe.seed,
    verifierFor,
    formatGate: formatGateOf(recipe.verification.format),
    ...(recipe.verification.parts && { rewardParts: recipe.verification.parts }),
  });
  const guidedContext = contextOfLevel(recipe.guidance.level);
  const contexts: Context[] = recipe.guidance.strategy === 'none' ? ['plain'] : ['plain', guidedContext];
  const load = async (source: ProblemSource, used: readonly Context[]) => {
    const { problems, rejected } = await loadProblems(source, verifierFor);
    handleRejected(rejected, nameOf(source), recipe.problems.unusable, warnings);
    const long = (problem: Problem) => overlongContext(problem, used, responder, sampler);
    return keepFitting(problems, long, recipe, sampler, warnings);
  };
  const { heldOut } = recipe.problems;
  const evaluationContexts: Context[] = recipe.evaluation.guided ? ['plain', guidedContext] : ['plain'];
  const loaded: Problem[][] = [];
  for (const { from } of sourcesOf(recipe.problems)) loaded.push(await load(from, contexts));
  const heldOutProblems = heldOut && (await load(heldOut, evaluationContexts));
  const bySource = await screenTraining(loaded, heldOutProblems ?? [], recipe.problems, warnings);
  const problems = await withLiftOnly(bySource.flat(), recipe, warnings);
  if (contexts.length > 1) checkHints(problems, recipe, warnings);
  const evaluation = heldOutProblems
    ? evaluationPlan(recipe, heldOutProblems, evaluationContexts, warnings)
    : null;
  const plan: TrainPlan = {
    steps: recipe.steps,
    tokenBudget: recipe.tokenBudget ?? Infinity,
    strategy: strategyOf(recipe),
    batch: batchSettingsOf(recipe),
    objective: objectiveOf(recipe),
    minibatches: recipe.minibatches,
    optimizer: recipe.optimizer,
    responder,
    problems,
    order: await drawOrderOf(recipe.problems, likewise(problems, bySource), recipe.seed, warnings),
    evaluation,
    checkpointEverySteps: recipe.checkpoint.everySteps,
    checkpointsKept: recipe.checkpoint.keep,
    maxBadSteps: recipe.maxBadSteps,
    rolloutsEverySteps: recipe.record.rolloutsEverySteps,
  };
  const longest = Math.max(
    longestPrompt(problems, contexts, responder),
    longestPrompt(evaluation?.problems ?? [], evaluationContexts, responder),
  );
  const workload = workloadOf(recipe, longest, evaluation?.problems.length ?? 0);
  return { plan, warnings, workload };
}

/** Problems in a row, cut as those they were made of. */
function likewise(problems: readonly Problem[], bySource: readonly (readonly Problem[])[]): Problem[][] {
  let end = 0;
  return bySource.map(({ length }) => problems.slice(end, (end += length)));
}

export function responderOf(
  tokenizer: ChatTokenizer,
  prompt: PromptOptions,
  rest: Omit<ResponderSettings, 'renderPrompt' | 'decode' | 'stopTokens'>,
): ResponderSettings {
  const rendered = new Map<string, Int32Array>();
  return {
    renderPrompt(problem, context) {
      const key = `${problem.id}/${context}`;
      let tokens = rendered.get(key);
      if (tokens === undefined)
        rendered.set(key, (tokens = renderPrompt(tokenizer, problem, context, prompt)));
      return tokens;
    },
    decode: (tokens) => tokenizer.decode(tokens, { skipSpecial: true }),
    stopTokens: tokenizer.stopTokens,
    ...rest,
  };
}

/** DataError if a problem names a verifier there is not: no response to it could ever be graded. */
export async function loadProblems(
  source: ProblemSource,
  verifierFor: VerifierFor,
): Promise<{ problems: Problem[]; rejected: RejectedRow[] }> {
  if ('machines' in source) {
    return { problems: machinesProblems(source.machines, source.split, source.count), rejected: [] };
  }
  const read = await readProblems(source.file);
  const problems = read.problems.slice(0, source.limit);
  for (const problem of problems) {
    try {
      verifierFor(problem.verifier);
    } catch (error) {
      throw new DataError(`${source.file}, problem ${quoteProblem(problem)}: ${messageOf(error)}`);
    }
  }
  return { problems, rejected: read.rejected };
}

function nameOf(source: ProblemSource): string {
  return 'file' in source ? source.file : `machines (${source.split})`;
}

/** A row that cannot be used stops the run before it begins, unless the recipe says to drop and count it. */
export function handleRejected(
  rejected: readonly RejectedRow[],
  file: string,
  unusable: Unusable,
  warnings: string[],
  toDrop = 'set problems.unusable: drop',
): void {
  if (rejected.length === 0) return;
  const listed = rejected
    .slice(0, 5)
    .map(({ line, field, reason }) => `${file}:${line} (${field}): ${reason}`);
  const more = rejected.length > listed.length ? `\n… and ${rejected.length - listed.length} more` : '';
  const list = `${listed.join('\n')}${more}`;
  if (unusable === 'drop') {
    warnings.push(`Dropped ${rejected.length} rows that cannot be used:\n${list}`);
    return;
  }
  throw new DataError(
    `Expected every row to be a problem, but ${rejected.length} cannot be used:\n${list}\n` +
      `Mend them, or ${toDrop} to leave them out.`,
  );
}

/**
 * The length of a problem's prompt in each of the contexts that it has. One without a hint of that level is no error:
 * the strategy drops and counts it when it comes to that.
 */
function promptLengths(
  problem: Problem,
  contexts: readonly Context[],
  responder: ResponderSettings,
): { context: Context; tokens: number }[] {
  return contexts
    .filter((context) => context === 'plain' || hintOf(problem, context) !== null)
    .map((context) => ({ context, tokens: responder.renderPrompt(problem, context).length }));
}

/** In tokens; 1 where there is none. */
function longestPrompt(
  problems: readonly Problem[],
  contexts: readonly Context[],
  responder: ResponderSettings,
): number {
  return problems.reduce(
    (most, problem) =>
      Math.max(most, ...promptLengths(problem, contexts, responder).map(({ tokens }) => tokens)),
    1,
  );
}

/** The first of the contexts in which the prompt leaves no room for a response, with its length. */
function overlongContext(
  problem: Problem,
  contexts: readonly Context[],
  responder: ResponderSettings,
  sampler: Sampler,
): { context: Context; tokens: number } | null {
  const tooLong = ({ tokens }: { tokens: number }) => !fitsContext(responder, sampler, tokens);
  return promptLengths(problem, contexts, responder).find(tooLong) ?? null;
}

function keepFitting(
  problems: readonly Problem[],
  overlong: (problem: Problem) => { context: Context; tokens: number } | null,
  recipe: TrainRecipe,
  sampler: Sampler,
  warnings: string[],
): Problem[] {
  const long: string[] = [];
  const kept = problems.filter((problem) => {
    const found = overlong(problem);
    if (found)
      long.push(`problem ${quoteProblem(problem)}: ${found.tokens} tokens in the ${found.context} context`);
    return found === null;
  });
  if (long.length === 0) return kept;
  const list = long.slice(0, 5).join('\n') + (long.length > 5 ? `\n… and ${long.length - 5} more` : '');
  const limit =
    `the model takes ${sampler.info.maxSequenceLength} tokens and sampling.maxNewTokens is ` +
    `${recipe.sampling.maxNewTokens}`;
  if (recipe.problems.unusable === 'drop' && kept.length > 0) {
    warnings.push(`Dropped ${long.length} problems whose prompt is too long (${limit}):\n${list}`);
    return kept;
  }
  throw new DataError(
    `Expected every prompt to leave room for a response (${limit}), but ${long.length} do not:\n${list}\n` +
      'Lower sampling.maxNewTokens, or set problems.unusable: drop to leave them out.',
  );
}

/** With the hints that lift where the recipe asks for those alone; what that leaves is said. */
async function withLiftOnly(
  problems: Problem[],
  recipe: TrainRecipe,
  warnings: string[],
): Promise<Problem[]> {
  const { lift } = recipe.guidance;
  if (lift === undefined) return problems;
  const { measurements } = await readMeasurements(lift.file);
  const lifting = keepLifting(problems, measurements, lift.above);
  warnings.push(
    `Of the hints ${lifting.kept} lift by more than ${lift.above} in ${lift.file} and are used; ${lifting.removed} do not, and ` +
      `${lifting.unmeasured} are not measured there.`,
  );
  return lifting.problems;
}

/** Guidance that can never come is a mistake of the recipe; some problems without a hint are the user's choice. */
function checkHints(problems: readonly Problem[], recipe: TrainRecipe, warnings: string[]): void {
  const { level, strategy } = recipe.guidance;
  const hinted = problems.filter((problem) => hintOf(problem, contextOfLevel(level)) !== null).length;
  if (hinted === 0) {
    throw new ConfigError(
      `Expected problems with a hint of level ${level} for guidance.strategy: ${strategy}, but none of the ${problems.length} ` +
        `in ${sourcesOf(recipe.problems)
          .map(({ from }) => nameOf(from))
          .join(', ')} has one; add hints, lower guidance.level, or set guidance.strategy: none.`,
    );
  }
  if (hinted < problems.length) {
    warnings.push(
      `${problems.length - hinted} of ${problems.length} problems have no hint of level ${level}: when all their ` +
        'rollouts fail they are dropped (noHint) instead of guided.',
    );
  }
}

function evaluationPlan(
  recipe: TrainRecipe,
  problems: readonly Problem[],
  contexts: readonly Context[],
  warnings: string[],
): EvaluationPlan {
  const { everySteps, samples, passAt, temperature, topK, topP, minP } = recipe.evaluation;
  const truncation = { topK, topP, minP };
  const usable = contexts.filter(
    (context) => context === 'plain' || problems.some((p) => hintOf(p, context) !== null),
  );
  const hinted =
    usable.length > 1 ? problems.filter((problem) => hintOf(problem, usable[1]!) !== null) : problems;
  if (usable.length < contexts.length) {
    warnings.push(
      `No held-out problem has a hint for the ${contexts[1]!} context, so evaluations are hint-free only, as with evaluation.guided: false.`,
    );
  }
  if (hinted.length < problems.length) {
    // Both contexts are measured on the same problems, or their difference would mean nothing.
    warnings.push(
      `Evaluation leaves out ${problems.length - hinted.length} of ${problems.length} held-out problems, which have ` +
        `no hint for the ${usable[1]!} context; set evaluation.guided: false to evaluate all of them without hints.`,
    );
  }
  return { everySteps, samples, passAt, temperature, truncation, problems: hinted, contexts: usable };
}
