// One step written by hand. Each letter is a rollout (c correct, w wrong, t truncated, m malformed, e grader
// fault) of two tokens, itself and the stop token, unless x's make it longer.
import { describe, expect, test } from 'vitest';
import type { DrawRecord } from '../rollout/collect-batch.ts';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import { STEP_METRICS } from '../runs/metrics.ts';
import type { Context } from '../types.ts';
import { groupOf, rolloutOf } from './scripted-groups.case.ts';
import { countDraw, stepMetrics, type StepRecord } from './step-metrics.ts';
import type { MinibatchResult, TrainedRow } from './update.ts';

function draw(
  name: string,
  outcome: DrawRecord['outcome'],
  plain: string[],
  guided: string[] = [],
): DrawRecord {
  const attempt = (context: Context, texts: string[]) => ({
    context,
    rollouts: texts.map((text, index) => ({
      ...rolloutOf(name, context, text, index),
      rewardParts: { correctness: text.startsWith('c') ? 1 : 0, format: text.startsWith('m') ? 0 : 0.5 },
    })),
  });
  const attempts = [attempt('plain', plain), ...(guided.length > 0 ? [attempt('hint1', guided)] : [])];
  return { problem: problemNamed(name), drawOrdinal: 0, attempts, outcome };
}

interface RowNumbers {
  sampled?: Context;
  trained?: Context;
  sampledAtStep?: number;
  logprobs?: number[];
  ratios: number[];
  d: number[];
  entropies: number[];
}

function trainedRow(numbers: RowNumbers): TrainedRow {
  const { sampled = 'plain', trained = 'plain', sampledAtStep = 5 } = numbers;
  const rollout = rolloutOf('A', sampled, 'c');
  return {
    row: {
      problemId: 'A',
      trainPrompt: rollout.promptTokens,
      response: rollout.responseTokens,
      behaviourLogprobs: rollout.behaviourLogprobs,
      sampledContext: sampled,
      trainContext: trained,
      reward: 1,
      advantage: 1,
    },
    group: groupOf('A', 'cw', { sampledAtStep }),
    sampleIndex: 0,
    logprobs_T: Float64Array.from(numbers.logprobs ?? [-0.5, -0.5]),
    entropies_T: Float64Array.from(numbers.entropies),
    ratios_T: Float64Array.from(numbers.ratios),
    dLogprobs_T: Float64Array.from(numbers.d),
  };
}

function minibatch(
  rows: readonly TrainedRow[],
  policy: { on: number; off: number; clipFraction: number },
  rest: Partial<MinibatchResult>,
): MinibatchResult {
  return {
    rows,
    retentionRows: 0,
    lossRetention: 0,
    gradNorm: 1,
    applied: true,
    policy: {
      loss: policy.on + policy.off,
      lossOnContext: policy.on,
      lossOffContext: policy.off,
      clipFraction: policy.clipFraction,
      dLogprobs: rows.map(({ dLogprobs_T }) => dLogprobs_T),
      ratios: rows.map(({ ratios_T }) => ratios_T),
      weights: [],
      gammas: new Float64Array(0),
    },
    ...rest,
  };
}

const seconds = {
  sample: 1,
  verify: 2,
  forward: 3,
  backward: 4,
  step: 5,
  evaluate: 6,
  checkpoint: 7,
  total: 8,
};
const record: StepRecord = {
  step: 5,
  policyVersion: 9,
  groupsAsked: 4,
  learningRate: 0.01,
  tokensBefore: 100,
  seconds,
  batch: {
    groups: [groupOf('A', 'cw'), groupOf('B', 'ww/cc'), groupOf('S', 'cw')],
    surplus: [],
    staleGroups: [groupOf('Z', 'cw')],
    nextDrawOrdinal: 5,
    rounds: 2,
    draws: [
      draw('A', 'accepted', ['c', 'w']),
      draw('B', 'accepted', ['w', 'w'], ['c', 'cxx']),
      draw('C', 'allPass', ['c', 'c']),
      draw('F', 'guidedAllFail', ['w', 'txx'], ['w', 'w']),
      draw('E', 'tooLittleEvidence', ['e', 'm']),
    ],
  },
  minibatches: [
    minibatch(
      [
        trainedRow({ ratios: [1, 1], d: [-0.1, -0.1], entropies: [0.2, 0.4] }),
        trainedRow({
          logprobs: [-0.5, -0.5 + Math.log(2)],
          ratios: [1, 2],
          d: [0, 0.1],
          entropies: [0.2, 0.4],
        }),
      ],
      { on: 0.4, off: 0, clipFraction: 0.5 },
      {},
    ),
    minibatch(
      [
        trainedRow({ sampled: 'hint1', ratios: [0.1, 0.3], d: [-0.2, 0], entropies: [0.6, 0.6] }),
        // Trained in the hinted context it was sampled in: on-context, but no part of klBehaviour.
        trainedRow({
          sampled: 'hint1',
          trained: 'hint1',
          sampledAtStep: 4,
          logprobs: [-9, -9],
          ratios: [1, 1],
          d: [0.1, 0],
          entropies: [0, 0],
        }),
      ],
      { on: 0.2, off: -0.6, clipFraction: 0 },
      { retentionRows: 2, lossRetention: 0.1, gradNorm: 3, applied: false },
    ),
  ],
};

const near = (value: number) => expect.closeTo(value, 12) as number;

test('every figure of a step', () => {
  expect(stepMetrics(record)).toEqual({
    step: 5,
    policyVersion: 9,
    hintFreeAccuracy: near(3 / 9), // the grader fault is no evidence
    guidedAccuracy: near(2 / 4),
    responseLengthPlain: { mean: near(2.2), max: 4 },
    responseLengthGuided: { mean: near(2.5), max: 4 },
    truncatedFraction: near(1 / 13),
    malformedFraction: near(1 / 13),
    graderFaults: 1,
    rewardParts: { correctness: near(5 / 13), format: near(6 / 13) },
    promptsDrawn: 5,
    promptsGuided: 2,
    promptsRescued: 1,
    hintUse: [
      expect.objectContaining({ source: 'test/B', level: 1, problems: 1, rescued: 1, lift: 1 }) as unknown,
      expect.objectContaining({ source: 'test/F', level: 1, problems: 1, rescued: 0, lift: 0 }) as unknown,
    ],
    dropped: {
      allPass: 1,
      allFail: 0,
      noneWrong: 0,
      tooLittleEvidence: 1,
      noHint: 0,
      guidedAllFail: 1,
      guidedAllPass: 0,
      stale: 1,
      overlong: 0,
    },
    groups: { allFail: near(3 / 5), mixed: near(1 / 5), allPass: near(1 / 5) },
    groupsTrained: 3,
    groupsShort: 1,
    lossOnContext: near((0.4 + 0.2) / 2),
    lossOffContext: near((0 - 0.6) / 2),
    lossRetention: near(0.1 / 2),
    offContextRatio: { q05: near(0.11), q50: near(0.2), q95: near(0.29), max: 0.3, essFraction: near(0.8) },
    offContextGradientShare: near(0.2 / 0.6),
    clipFraction: near((0.5 * 4 + 0 * 2) / 6), // weighted by on-context tokens
    klBehaviour: near((2 - 1 - Math.log(2)) / 4),
    entropy: near(2.4 / 8),
    gradNorm: { mean: 2, max: 3 },
    updatesApplied: 1,
    updatesSkipped: 1,
    learningRate: 0.01,
    tokensSampled: { step: 32, cumulative: 132, plain: 22, guided: 10, dropped: 18 },
    tokensTrained: 8,
    rowAge: { mean: near(0.25), max: 1 },
    rounds: 2,
    seconds,
  });
});

describe('the table of metrics', () => {
  const metrics = stepMetrics(record) as unknown as Record<string, unknown>;
  const empty = stepMetrics({
    ...record,
    minibatches: [],
    batch: { ...record.batch, groups: [], draws: [], staleGroups: [] },
  }) as unknown as Record<string, unknown>;

  test('names exactly the figures there are, and their parts', () => {
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(STEP_METRICS).sort());
    for (const [name, spec] of Object.entries(STEP_METRICS)) {
      const fields = 'entries' in spec ? Object.keys(spec.entries) : [];
      const parts = 'parts' in spec ? [...spec.parts, ...fields].sort() : undefined;
      const value = 'entries' in spec ? (metrics[name] as unknown[])[0] : metrics[name];
      expect(typeof value === 'object' ? Object.keys(value!).sort() : undefined, name).toEqual(parts);
    }
  });

  test('says of each figure whether it can be null, and an empty step has those null', () => {
    const nullable = Object.entries(STEP_METRICS).filter(([, spec]) => 'nullWhen' in spec);
    const nulls = Object.keys(empty).filter((name) => empty[name] === null);
    expect(nulls.sort()).toEqual(nullable.map(([name]) => name).sort());
  });
});

test('a figure that went wrong stays NaN and does not look absent', () => {
  const [first] = record.minibatches;
  const bad = { ...first, gradNorm: NaN, applied: false };
  expect(stepMetrics({ ...record, minibatches: [bad, first] }).gradNorm).toEqual({ mean: NaN, max: NaN });
});

test('countDraw counts evidence by context', () => {
  expect(countDraw(draw('B', 'accepted', ['w', 'e'], ['c', 'w', 'e']))).toEqual({
    plainCorrect: 0,
    plainEvidence: 1,
    guidedCorrect: 1,
    guidedEvidence: 2,
  });
});
