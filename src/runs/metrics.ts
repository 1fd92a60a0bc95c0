// Every number of a training step, declared once: the type of a line of metrics.jsonl, its documentation
// (docs/metrics.md, by scripts/generate-metrics-doc.mjs) and what readers show are derived from this table.
// Computes nothing.
//
// Times stand in the group `seconds` alone, so that two runs can be compared bit for bit without it.

export interface MetricSpec {
  readonly unit: string;
  /** What it is, precise enough to compute it again from the rollouts. */
  readonly formula: string;
  /** What it is taken over. */
  readonly rows: string;
  /** Names of the parts; a metric without parts is one number. */
  readonly parts?: readonly string[];
  /** What an entry is about, where the metric is a list: names of these fields with their types, beside the parts. */
  readonly entries?: Readonly<Record<string, keyof EntryTypes>>;
  /** Parts of an entry that may be null. */
  readonly nullableParts?: readonly string[];
  /** When it is null; a metric without this is never null. NaN is not absence: it means a number went wrong. */
  readonly nullWhen?: string;
}

interface EntryTypes {
  readonly text: string;
  readonly number: number;
}

const PLAIN_FRESH = 'rollouts with evidence in the plain context, of problems drawn in this step';
const TRAINED_TOKENS =
  'response tokens of the rows run in the minibatches of this step; on-context rows of advantage 0 are not run';
const OFF_CONTEXT_TOKENS = 'response tokens of off-context rows (trained in another context than sampled in)';
const PROMPTS = 'problems drawn in this step';

export const STEP_METRICS = {
  step: { unit: 'steps', formula: 'number of this training step, from 0', rows: 'the run' },
  policyVersion: {
    unit: 'updates',
    formula: 'optimizer updates the policy had received when this step began to sample',
    rows: 'the run',
  },

  hintFreeAccuracy: {
    unit: 'fraction',
    formula: 'correct / evidence; groups kept from earlier steps do not count',
    rows: PLAIN_FRESH,
    nullWhen: 'no plain rollout has evidence',
  },
  guidedAccuracy: {
    unit: 'fraction',
    formula: 'correct / evidence',
    rows: 'rollouts with evidence in hinted contexts, of problems drawn in this step',
    nullWhen: 'nothing was sampled with a hint',
  },

  promptsDrawn: { unit: 'problems', formula: 'draws from the problem source', rows: PROMPTS },
  promptsGuided: {
    unit: 'problems',
    formula: 'problems sampled with a hint at least once',
    rows: PROMPTS,
  },
  promptsRescued: {
    unit: 'problems',
    formula: 'problems without a correct plain rollout and with a correct guided one',
    rows: PROMPTS,
  },
  hintUse: {
    unit: 'problems, rollouts and fractions',
    formula:
      'by source and hint level: problems of the source that were drawn, those sampled with the hint (problems), those of them without a correct plain rollout and with a correct one at this level (rescued), correct and evidence in both contexts over problems that have evidence in both, rescueRate = rescued / problems, and lift = guidedCorrect / guidedEvidence − plainCorrect / plainEvidence. At most 8 sources by name, those with most guided problems; the others are summed as `(other)`. Where a strategy samples hints only after failures, plainCorrect is 0 by that choice, and lift says more than the hint does: evals.jsonl compares both contexts on all problems',
    rows: PROMPTS,
    entries: { source: 'text', level: 'number' },
    parts: [
      'drawn',
      'problems',
      'rescued',
      'plainCorrect',
      'plainEvidence',
      'guidedCorrect',
      'guidedEvidence',
      'rescueRate',
      'lift',
    ],
    nullableParts: ['lift'],
    nullWhen: 'nothing was sampled with a hint',
  },
  dropped: {
    unit: 'groups',
    formula:
      'groups that gave nothing to train on, by reason: allPass (all correct, no contrast), allFail (none correct, no guidance applies), noneWrong (none correct, none verified wrong), tooLittleEvidence (grader faults), noHint (guidance due, no hint of that level), guidedAllFail, guidedAllPass, stale (surplus older than its limit), overlong (the prompt leaves no room for a response)',
    rows: `${PROMPTS}; stale: groups kept from earlier steps`,
    parts: [
      'allPass',
      'allFail',
      'noneWrong',
      'tooLittleEvidence',
      'noHint',
      'guidedAllFail',
      'guidedAllPass',
      'stale',
      'overlong',
    ],
  },
  groups: {
    unit: 'fraction',
    formula: 'share of groups with none, some and all of their evidence correct',
    rows: 'plain groups with evidence, of problems drawn in this step',
    parts: ['allFail', 'mixed', 'allPass'],
    nullWhen: 'no plain group has evidence',
  },
  groupsTrained: { unit: 'groups', formula: 'groups in the batch', rows: 'the batch' },
  groupsShort: {
    unit: 'groups',
    formula: 'groups asked for by the recipe minus groupsTrained',
    rows: 'the batch',
  },

  lossOnContext: {
    unit: 'nats',
    formula:
      'their part of the policy loss (same normaliser, so the parts add up), mean over minibatches; before the updates of each',
    rows: 'rows trained in the context they were sampled in',
    nullWhen: 'the batch has no such row',
  },
  lossOffContext: {
    unit: 'nats',
    formula: 'as lossOnContext',
    rows: 'rows trained in another context than sampled in',
    nullWhen: 'the batch has no such row',
  },
  lossRetention: {
    unit: 'nats',
    formula: 'coefficient × mean negative log-prob in the hinted context, mean over minibatches',
    rows: 'retention rows',
    nullWhen: 'the batch has no such row',
  },
  offContextRatio: {
    unit: 'ratio',
    formula:
      'r = exp(log π_θ(y | train context) − log π_old(y | sampled context)): quantiles by linear interpolation, maximum, and effective sample size (Σr)² / (n Σr²)',
    rows: OFF_CONTEXT_TOKENS,
    parts: ['q05', 'q50', 'q95', 'max', 'essFraction'],
    nullWhen: 'the batch has no such token',
  },
  offContextGradientShare: {
    unit: 'fraction',
    formula:
      'Σ |∂loss/∂log π| over off-context tokens divided by the same sum over all tokens: how much of the push on the policy comes from guidance after shaping and clipping. Shaping f weighs a token by |A| · r f′(r), a clipped token by 0',
    rows: TRAINED_TOKENS,
    nullWhen: 'no token has a gradient',
  },
  clipFraction: {
    unit: 'fraction',
    formula: 'share of tokens whose ratio is clipped in the direction of their advantage, so that their gradient is 0',
    rows: 'response tokens of rows trained in the context they were sampled in',
    nullWhen: 'the batch has no such token',
  },
  klBehaviour: {
    unit: 'nats',
    formula: 'mean of (r − 1) − log r, the k3 estimator of KL(π_old ‖ π_θ) (Schulman 2020)',
    rows: 'response tokens of rows sampled and trained in the plain context',
    nullWhen: 'the batch has no such token',
  },
  entropy: {
    unit: 'nats',
    formula: 'mean entropy of the distribution each token was drawn from, at the temperature of training',
    rows: TRAINED_TOKENS,
    nullWhen: 'entropies were not asked for',
  },
  gradNorm: {
    unit: 'L2 norm',
    formula: 'global norm before clipping: mean and maximum over the minibatches',
    rows: 'minibatches of this step',
    parts: ['mean', 'max'],
    nullWhen: 'no update was made',
  },
  updatesApplied: { unit: 'updates', formula: 'optimizer updates applied', rows: 'minibatches of this step' },
  updatesSkipped: {
    unit: 'updates',
    formula: 'updates refused because the loss or a gradient was not finite',
    rows: 'minibatches of this step',
  },
  learningRate: { unit: 'per update', formula: 'of the last update of the step', rows: 'the step' },

  responseLengthPlain: {
    unit: 'tokens',
    formula: 'mean and maximum, the stop token included',
    rows: 'rollouts sampled in this step in the plain context',
    parts: ['mean', 'max'],
    nullWhen: 'nothing was sampled',
  },
  responseLengthGuided: {
    unit: 'tokens',
    formula: 'mean and maximum, the stop token included',
    rows: 'rollouts sampled in this step in hinted contexts',
    parts: ['mean', 'max'],
    nullWhen: 'nothing was sampled with a hint',
  },
  truncatedFraction: {
    unit: 'fraction',
    formula: 'truncated verdicts / evidence',
    rows: 'rollouts sampled in this step',
    nullWhen: 'no rollout has evidence',
  },
  malformedFraction: {
    unit: 'fraction',
    formula: 'malformed verdicts / evidence',
    rows: 'rollouts sampled in this step',
    nullWhen: 'no rollout has evidence',
  },
  graderFaults: {
    unit: 'rollouts',
    formula: 'graderError and graderTimeout verdicts',
    rows: 'rollouts sampled in this step',
  },
  rewardParts: {
    unit: 'reward',
    formula: 'mean of what each part of a composite reward gave, its weight included (verification.parts)',
    rows: 'rollouts with evidence sampled in this step',
    parts: ['correctness', 'format'],
    nullWhen: 'the recipe has no verification.parts, or no rollout has evidence',
  },

  tokensSampled: {
    unit: 'tokens',
    formula:
      'response tokens sampled: in this step, since the run began, in this step by context, and in this step in groups that were dropped',
    rows: 'rollouts sampled in this step (evaluation excluded)',
    parts: ['step', 'cumulative', 'plain', 'guided', 'dropped'],
  },
  tokensTrained: { unit: 'tokens', formula: 'number of tokens', rows: TRAINED_TOKENS },
  rowAge: {
    unit: 'steps',
    formula: 'this step minus the step whose policy sampled the row: mean and maximum',
    rows: 'rows run in the minibatches of this step',
    parts: ['mean', 'max'],
    nullWhen: 'no row was run',
  },
  rounds: { unit: 'rounds', formula: 'rounds of drawing until the batch was full', rows: 'the step' },

  seconds: {
    unit: 'seconds',
    formula:
      'wall-clock time of sampling, verification, forward, backward, optimizer steps, evaluation, checkpoint and the whole step (verification overlaps sampling, so parts may exceed the total)',
    rows: 'the step',
    parts: ['sample', 'verify', 'forward', 'backward', 'step', 'evaluate', 'checkpoint', 'total'],
  },
} as const satisfies Record<string, MetricSpec>;

type Value<Spec extends MetricSpec> = Spec extends {
  readonly entries: infer Fields extends NonNullable<MetricSpec['entries']>;
}
  ? readonly ({ readonly [F in keyof Fields]: EntryTypes[Fields[F]] } & Parts<Spec>)[]
  : Parts<Spec>;
type Parts<Spec extends MetricSpec> = Spec extends { readonly parts: readonly (infer Part extends string)[] }
  ? { readonly [P in Part]: P extends NullablePart<Spec> ? number | null : number }
  : number;
type NullablePart<Spec extends MetricSpec> = Spec extends {
  readonly nullableParts: readonly (infer Part)[];
}
  ? Part
  : never;
type Nullable<Spec extends MetricSpec> = Spec extends { readonly nullWhen: string } ? null : never;

/** A line of metrics.jsonl. */
export type StepMetrics = {
  readonly [Name in keyof typeof STEP_METRICS]:
    Value<(typeof STEP_METRICS)[Name]> | Nullable<(typeof STEP_METRICS)[Name]>;
};

/** A line of metrics.jsonl of a supervised run. */
export interface SftMetrics {
  readonly step: number;
  /** Mean negative log-likelihood per response token of the batch, before its update, in nats. */
  readonly loss: number;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  /** false: the update was refused because something was not finite. */
  readonly applied: boolean;
  readonly learningRate: number;
  readonly tokensTrained: number;
  readonly seconds: { readonly total: number };
}

/** Why a group gave nothing to train on: what a strategy may say, and what happens before and after it is asked. */
export type DroppedReason = keyof StepMetrics['dropped'];

/** An estimate of pass@k with its interval. */
export interface PassAtK {
  readonly k: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A line of evals.jsonl: one evaluation in one context. Its fields are documented in EVALUATION_FIELDS. */
export interface EvaluationLine {
  readonly step: number;
  readonly context: string;
  readonly problems: number;
  readonly samples: number;
  readonly passAtK: readonly PassAtK[];
  readonly bySource: readonly {
    readonly source: string;
    readonly problems: number;
    readonly passAtK: readonly PassAtK[];
  }[];
  readonly truncated: number;
  readonly malformed: number;
  readonly graderFaults: number;
  readonly seconds: { readonly total: number };
}

export const EVALUATION_FIELDS: Readonly<Record<keyof EvaluationLine, string>> = {
  step: 'finished training steps when it was made; 0 is the model before training',
  context: '`plain`, or `hint1`, `hint2`, … for evaluation with hints',
  problems: 'number of problems',
  samples: 'samples for each problem (n)',
  passAtK:
    'for each k: the mean over problems of the unbiased 1 − C(n−c, k) / C(n, k) (Chen et al. 2021), c of n samples with evidence being correct; `low` and `high` bound its 95 % interval (bootstrap over problems)',
  bySource: 'the same for each source path',
  truncated: 'rollouts cut off at the token limit',
  malformed: 'rollouts without an answer in the required format',
  graderFaults: 'rollouts the grader failed on; they are left out of every estimate',
  seconds: 'wall-clock time',
};
