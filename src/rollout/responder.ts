// From (problem, context) to graded rollouts: renders prompts, samples, decodes and verifies. It knows nothing
// of guidance or batches. Seeds name every draw, so neither the order of completion nor what else is in the
// call changes a rollout.
import type { Sampler, SampledSequence, SampleRequest, Truncation } from '../engine/engine.ts';
import { ConfigError } from '../errors.ts';
import { seedOf, seedToHex } from '../random.ts';
import type { Context, Problem, Rollout } from '../types.ts';
import {
  gradeResponse,
  PLAIN_REWARD,
  rewardPartsOf,
  type Grading,
  type RewardParts,
} from '../verifiers/grade.ts';
import { StopStringWatch, textBeforeStop } from './stop-strings.ts';

/** What turning problems into text and text into verdicts needs; the same for training and evaluation. */
export interface ResponderSettings extends Grading {
  readonly renderPrompt: (problem: Problem, context: Context) => Int32Array;
  /** Response tokens without the stop token, as text. */
  readonly decode: (tokens: Int32Array) => string;
  readonly stopTokens: readonly number[];
  /** A response ends with the token that completes one of these in its text; the text itself ends before it. */
  readonly stopStrings: readonly string[];
  /** Correctness alone where it is absent. */
  readonly rewardParts?: RewardParts;
  readonly maxNewTokens: number;
  readonly temperature: number;
  /** In evaluations only: what is trained on must come from the whole distribution. */
  readonly truncation?: Truncation;
  readonly runSeed: number;
}

/** One response to be sampled. The fields below `context` name its seed. */
export interface ResponseOrder {
  readonly problem: Problem;
  readonly context: Context;
  readonly purpose: 'train' | 'evaluate';
  readonly step: number;
  readonly drawOrdinal: number;
  readonly sampleIndex: number;
}

export interface ResponderSeconds {
  sample: number;
  verify: number;
}

/** Whether a prompt and its response fit into the model's context. */
export function fitsContext(settings: ResponderSettings, sampler: Sampler, promptLength: number): boolean {
  return promptLength + settings.maxNewTokens <= sampler.info.maxSequenceLength;
}

/**
 * Samples and grades every order. Returns the rollouts in the order of `orders`. Verification runs while later
 * sequences are still being sampled; `seconds.verify` is what remains after the last one.
 */
export async function respond(
  settings: ResponderSettings,
  sampler: Sampler,
  orders: readonly ResponseOrder[],
  policyVersion: number,
  options: { signal?: AbortSignal | undefined; seconds?: ResponderSeconds; onRollout?: () => void } = {},
): Promise<Rollout[]> {
  const prompts = renderPrompts(settings, orders);
  const requests = orders.map((order, index) => requestFor(settings, order, prompts[index]!));
  const started = performance.now();
  const grading: Promise<Rollout>[] = [];
  for await (const sequence of sampler.sample(requests, options.signal)) {
    const order = orders[sequence.index]!;
    const request = requests[sequence.index]!;
    grading[sequence.index] = gradeSequence(settings, order, request, sequence, policyVersion);
    options.onRollout?.();
  }
  const sampled = performance.now();
  const rollouts = await Promise.all(grading);
  if (options.seconds) {
    options.seconds.sample += (sampled - started) / 1000;
    options.seconds.verify += (performance.now() - sampled) / 1000;
  }
  return rollouts;
}

function requestFor(
  settings: ResponderSettings,
  order: ResponseOrder,
  promptTokens: Int32Array,
): SampleRequest {
  if (order.purpose === 'train' && settings.truncation) {
    throw new ConfigError(
      'Expected responses that are trained on to be sampled from the whole distribution, got a truncation (topK, topP, minP): ' +
        'their log-probs would not be those of the policy that sampled them. Keep truncation to evaluations.',
    );
  }
  return {
    promptTokens,
    maxNewTokens: settings.maxNewTokens,
    temperature: settings.temperature,
    stopTokens: settings.stopTokens,
    seed: seedOfOrder(settings.runSeed, order),
    ...settings.truncation,
    ...(settings.stopStrings.length > 0 && { onToken: stopHook(settings) }),
  };
}

function stopHook({ decode, stopTokens, stopStrings }: ResponderSettings): SampleRequest['onToken'] & {} {
  const watch = new StopStringWatch(decode, stopStrings);
  // A stop token ends the response by itself and has no part in its text.
  return (token) => (!stopTokens.includes(token) && watch.endsWith(token) ? 'stop' : 'continue');
}

/** Renders each (problem, context) once; the k orders of a group share the array. */
function renderPrompts(settings: ResponderSettings, orders: readonly ResponseOrder[]): Int32Array[] {
  const rendered = new Map<string, Int32Array>();
  return orders.map(({ problem, context }) => {
    const key = `${problem.id}/${context}`;
    let prompt = rendered.get(key);
    if (prompt === undefined) rendered.set(key, (prompt = settings.renderPrompt(problem, context)));
    return prompt;
  });
}

function seedOfOrder(runSeed: number, order: ResponseOrder): bigint {
  const { purpose, step, drawOrdinal, problem, context, sampleIndex } = order;
  return seedOf(runSeed, purpose, step, drawOrdinal, problem.id, context, sampleIndex);
}

async function gradeSequence(
  settings: ResponderSettings,
  order: ResponseOrder,
  request: SampleRequest,
  sequence: SampledSequence,
  policyVersion: number,
): Promise<Rollout> {
  const endsByToken = settings.stopTokens.includes(sequence.tokens.at(-1)!);
  const spoken = endsByToken ? sequence.tokens.subarray(0, -1) : sequence.tokens;
  const text = textBeforeStop(settings.decode(spoken), settings.stopStrings);
  const grade = await gradeResponse(settings, {
    problem: order.problem,
    response: text,
    finish: sequence.finish,
  });
  const parts = rewardPartsOf(grade, settings.rewardParts ?? PLAIN_REWARD);
  return {
    problemId: order.problem.id,
    context: order.context,
    promptTokens: request.promptTokens,
    responseTokens: sequence.tokens,
    behaviourLogprobs: sequence.logprobs,
    finish: sequence.finish,
    text,
    verdict: grade.verdict,
    reward: parts.correctness + parts.format,
    ...(settings.rewardParts && { rewardParts: parts }),
    policyVersion,
    seed: seedToHex(request.seed),
    sampleIndex: order.sampleIndex,
  };
}
