// What a program may import from guiderail: contracts, algorithms, strategies, engines and the training loop. Commands, file
// formats and everything not named here may change without notice.
export type * from './types.ts';
export * from './errors.ts';

export type * from './engine/engine.ts';
export { createNativeEngine, type NativeOptions } from './engine/native/native.ts';
export { createReferenceEngine } from './engine/reference/reference.ts';

export { groupAdvantages, type AdvantageOptions } from './algorithms/advantages.ts';
export { fixedLength, sequenceMean, tokenMean, type Aggregation } from './algorithms/aggregation.ts';
export { k1, k2, k3 } from './algorithms/kl.ts';
export {
  likelihoodLoss,
  policyLoss,
  type LikelihoodLossOptions,
  type LikelihoodLossResult,
  type PolicyLossOptions,
  type PolicyLossResult,
  type PolicyLossRow,
} from './algorithms/losses.ts';
export { effectiveSampleSize, summarizeRatios, type RatioSummary } from './algorithms/ratios.ts';
export {
  constantShaping,
  percentileShaping,
  powerShaping,
  unshaped,
  type PercentileOptions,
  type Shaping,
} from './algorithms/shaping.ts';

export { guideJoint } from './guidance/guide-joint.ts';
export { guideMixin } from './guidance/guide-mixin.ts';
export { guideWhole } from './guidance/guide-whole.ts';
export { noGuidance, type NoGuidanceOptions } from './guidance/no-guidance.ts';
export { withRetention } from './guidance/retention.ts';
export type * from './guidance/strategy.ts';

export { problemId, problemOf, readProblems } from './data/problems.ts';
export { renderMessages, renderPrompt, type PromptOptions } from './data/prompts.ts';
export { loadTokenizer, type ChatTokenizer } from './data/tokenizer.ts';

export { VerifierPool } from './verifiers/pool.ts';
export type { Verifier, VerifierInput } from './verifiers/verifier.ts';

export { bootstrapInterval, type Interval } from './eval/bootstrap.ts';
export { evaluate, type EvaluationInputs, type EvaluationResult } from './eval/evaluate.ts';
export { chanceOfNoSuccess, meanPassAtK, passAtK, type SampleCount } from './eval/pass-at-k.ts';

export { respond, type ResponderSettings } from './rollout/responder.ts';
export { trainRecipeSchema, type TrainRecipe } from './train/config.ts';
export { trainRecipe, type SessionOptions, type SessionOutcome } from './train/session.ts';
export { updatePolicy, type PolicyObjective, type UpdateInputs } from './train/update.ts';
