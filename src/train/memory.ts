// The memory plan of a run: what its recipe and its prompts make an engine hold at most, told before work begins, and
// refused with the ways out where this machine does not have it. It knows no engine.
import type { MemoryPlan, Sampler, Workload } from '../engine/engine.ts';
import { EngineError } from '../errors.ts';
import { byteSize } from '../sizes.ts';
import type { TrainRecipe } from './config.ts';

/** @param longestPrompt in tokens, over every context that is used. @param heldOut problems of an evaluation. */
export function workloadOf(recipe: TrainRecipe, longestPrompt: number, heldOut: number): Workload {
  const { sampling, guidance, minibatches, evaluation } = recipe;
  const round = (sampling.promptsPerRound ?? sampling.groupsPerStep) * sampling.k;
  const evaluated = heldOut * evaluation.samples;
  const groups = Math.ceil(sampling.groupsPerStep / minibatches);
  const guided = guidance.strategy === 'none' ? 0 : 1;
  // A joint group has the plain rows and the guided ones; rows of retention have the hinted prompt.
  const rows = guidance.strategy === 'joint' ? 2 * sampling.k : sampling.k;
  const retained = guided === 1 && guidance.retention > 0 ? 1 : 0;
  return {
    sampled: Math.max(round, evaluated),
    sampledPrompts: evaluated > round ? heldOut : round / sampling.k,
    trained: groups * (rows + retained * sampling.k),
    trainedPrompts: groups * (1 + retained),
    promptTokens: longestPrompt,
    newTokens: sampling.maxNewTokens,
  };
}

/** `weights 512 MiB, …: 2.5 GiB in all`. */
export function describePlan({ parts, bytes }: MemoryPlan): string {
  return `${parts.map((part) => `${part.name} ${byteSize(part.bytes)}`).join(', ')}: ${byteSize(bytes)} in all`;
}

/**
 * A sentence that tells the plan; null where the engine plans none.
 * @throws EngineError when it does not fit.
 */
export function checkedPlan(sampler: Sampler, work: Workload): string | null {
  const plan = sampler.planMemory?.(work);
  if (plan === undefined) return null;
  const told = describePlan(plan);
  if (plan.bytes <= plan.availableBytes) return `Memory at most: ${told}.`;
  const ways =
    work.trained === 0
      ? 'use engine.dtype bf16 or shorter responses'
      : 'lower engine.activationBudgetMiB, take more minibatches, fewer groups or shorter responses, train an adapter (model.adapter)';
  throw new EngineError(
    `Expected the run to fit into the ${byteSize(plan.availableBytes)} that this process can have, but it takes ${told}; ` +
      `${ways}, or end other programs.`,
  );
}
