// The policy loss against PyTorch autograd: every shaping, aggregation and normalisation, ratios on both sides
// of the clip. The same comparison must reject each of a list of plausible wrong implementations; a mutant that
// passes means that the golden minibatches have become too tame.
import { describe, expect, test } from 'vitest';
import { groupAdvantages } from './advantages.ts';
import type { Aggregation } from './aggregation.ts';
import { aggregationOf, goldenLosses, shapingOf } from './golden.case.ts';
import type { GoldenBatch, GoldenCase } from './golden.case.ts';
import { policyLoss } from './losses.ts';
import type { PolicyLossOptions, PolicyLossResult, PolicyLossRow } from './losses.ts';

const { batches, cases } = goldenLosses();
const TOLERANCE = 1e-12;

interface Solution {
  advantages: ArrayLike<number>;
  result: Pick<
    PolicyLossResult,
    'loss' | 'lossOnContext' | 'clipFraction' | 'dLogprobs' | 'weights' | 'gammas'
  >;
}

function advantagesOf(
  batch: GoldenBatch,
  advantages: (rewards_G: number[]) => ArrayLike<number>,
): Float64Array {
  const all = new Float64Array(batch.rows.length);
  for (const group of new Set(batch.rows.map((row) => row.group))) {
    const members = batch.rows.flatMap((row, r) => (row.group === group ? [r] : []));
    const own = advantages(members.map((r) => batch.rows[r].reward));
    members.forEach((r, i) => (all[r] = own[i]));
  }
  return all;
}

interface Problem {
  golden: GoldenCase;
  batch: GoldenBatch;
  advantages: Float64Array;
  rows: PolicyLossRow[];
  options: PolicyLossOptions;
}

function problemOf(golden: GoldenCase): Problem {
  const batch = batches.find((each) => each.name === golden.batch)!;
  const advantages = advantagesOf(batch, (rewards) => groupAdvantages(rewards, golden));
  return {
    golden,
    batch,
    advantages,
    rows: rowsOf(batch, advantages),
    options: {
      clipLow: batch.clipLow,
      clipHigh: batch.clipHigh,
      shaping: shapingOf(golden.shaping),
      aggregation: aggregationOf(golden.aggregation),
    },
  };
}

function rowsOf(batch: GoldenBatch, advantages: Float64Array): PolicyLossRow[] {
  return batch.rows.map((row, r) => ({
    logprobs_T: Float64Array.from(row.logprobs),
    behaviourLogprobs_T: Float64Array.from(row.behaviourLogprobs),
    advantage: advantages[r],
    offContext: row.offContext,
  }));
}

/** Largest deviation over everything the golden case states, relative above 1. */
function deviation({ advantages, result }: Solution, golden: GoldenCase): number {
  let largest = 0;
  const compare = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
    expect(actual.length).toBe(expected.length);
    for (let i = 0; i < expected.length; i++) {
      const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
      largest = Math.max(largest, Number.isNaN(error) ? Infinity : error);
    }
  };
  compare(advantages, golden.advantages);
  compare(result.gammas, golden.gammas);
  golden.weights.forEach((weights_T, r) => compare(result.weights[r], weights_T));
  golden.dLogprobs.forEach((dLogprobs_T, r) => compare(result.dLogprobs[r], dLogprobs_T));
  compare(
    [result.loss, result.lossOnContext, result.clipFraction],
    [golden.loss, golden.lossOnContext, golden.clipFraction],
  );
  return largest;
}

describe('policyLoss equals PyTorch', () => {
  for (const golden of cases) {
    const { batch, shaping, aggregation, normalizeByStd } = golden;
    const title = [batch, JSON.stringify(shaping), JSON.stringify(aggregation), `std ${normalizeByStd}`].join(
      ', ',
    );
    test(title, () => {
      const { rows, options, advantages } = problemOf(golden);
      expect(deviation({ advantages, result: policyLoss(rows, options) }, golden)).toBeLessThan(TOLERANCE);
    });
  }
});

describe('gradients', () => {
  test('equal central differences with γ held constant', () => {
    const step = 1e-6;
    for (const golden of cases.filter((each) => each.batch === 'mixed')) {
      const { rows, options } = problemOf(golden);
      const { dLogprobs, gammas } = policyLoss(rows, options);
      const held = { ...options, shaping: { ...options.shaping, gammas: () => gammas } };
      rows.forEach((row, r) => {
        const t = r % row.logprobs_T.length;
        const lossAt = (shift: number) => policyLoss(moved(rows, r, t, shift), held).loss;
        expect((lossAt(step) - lossAt(-step)) / (2 * step)).toBeCloseTo(dLogprobs[r][t], 7);
      });
    }
  });
});

function moved(rows: readonly PolicyLossRow[], r: number, t: number, shift: number): PolicyLossRow[] {
  return rows.map((row, index) =>
    index === r ? { ...row, logprobs_T: row.logprobs_T.map((x, i) => (i === t ? x + shift : x)) } : row,
  );
}

/** The gradient as it comes out when γ is recomputed, that is, differentiated through. */
function throughGamma({ rows, options, advantages }: Problem): Solution {
  const result = policyLoss(rows, options);
  const step = 1e-6;
  const dLogprobs = rows.map((row, r) =>
    row.logprobs_T.map((_, t) => {
      const lossAt = (shift: number) => policyLoss(moved(rows, r, t, shift), options).loss;
      return row.offContext ? (lossAt(step) - lossAt(-step)) / (2 * step) : result.dLogprobs[r][t];
    }),
  );
  return { advantages, result: { ...result, dLogprobs } };
}

function populationAdvantages(rewards_G: number[]): number[] {
  const mean = rewards_G.reduce((a, b) => a + b) / rewards_G.length;
  const variance = rewards_G.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards_G.length;
  return rewards_G.map((reward) => (reward - mean) / (Math.sqrt(variance) + 1e-6));
}

const withRows = (
  { rows, options, advantages }: Problem,
  change: (row: PolicyLossRow) => PolicyLossRow,
): Solution => ({
  advantages,
  result: policyLoss(rows.map(change), options),
});

const withAggregation = ({ rows, options, advantages }: Problem, aggregation: Aggregation): Solution => ({
  advantages,
  result: policyLoss(rows, { ...options, aggregation }),
});

/** Wrong on purpose. `on`: the golden cases on which the mutant must differ, all of those selected. */
const mutants: {
  name: string;
  on: (golden: GoldenCase) => boolean;
  solve: (problem: Problem) => Solution;
}[] = [
  {
    name: 'the sign of the advantage',
    on: () => true,
    solve: (problem) => withRows(problem, (row) => ({ ...row, advantage: -row.advantage })),
  },
  {
    name: 'behaviour log-probs shifted by one token',
    on: ({ batch }) => batch !== 'at the kink',
    solve: (problem) =>
      withRows(problem, (row) => ({
        ...row,
        behaviourLogprobs_T: row.behaviourLogprobs_T.map(
          (_, t, all) => all[(t + 1) % row.behaviourLogprobs_T.length],
        ),
      })),
  },
  {
    name: 'the off-context mask shifted by one row',
    on: ({ batch }) => batch === 'mixed',
    solve: (problem) => {
      const { rows } = problem;
      const shifted = rows.map((row, r) => ({ ...row, offContext: rows[(r + 1) % rows.length].offContext }));
      const result = policyLoss(shifted, problem.options);
      // Only gradients and loss: the other arrays are of other rows.
      const { gammas, weights } = problem.golden;
      const own = {
        ...result,
        gammas: Float64Array.from(gammas),
        weights: weights.map((w) => Float64Array.from(w)),
      };
      return { advantages: problem.advantages, result: own };
    },
  },
  {
    name: 'population deviation in the advantages',
    on: ({ normalizeByStd }) => normalizeByStd,
    solve: ({ batch, options }) => {
      const advantages = advantagesOf(batch, populationAdvantages);
      return { advantages, result: policyLoss(rowsOf(batch, advantages), options) };
    },
  },
  {
    name: 'a gradient through γ',
    on: ({ batch, shaping }) => batch === 'mixed' && shaping.kind === 'percentile',
    solve: throughGamma,
  },
  {
    name: 'off-context rows clipped like the others',
    on: ({ batch, shaping }) => batch === 'mixed' && shaping.kind !== 'unshaped',
    solve: (problem) => {
      const { options } = problem;
      const bound = (ratio: number) => Math.min(Math.max(ratio, 1 - options.clipLow), 1 + options.clipHigh);
      const own = options.shaping;
      const shaping = {
        ...own,
        weight: (ratio: number, gamma: number) => own.weight(bound(ratio), gamma),
        slope: (ratio: number, gamma: number) => (bound(ratio) === ratio ? own.slope(ratio, gamma) : 0),
      };
      return { advantages: problem.advantages, result: policyLoss(problem.rows, { ...options, shaping }) };
    },
  },
  {
    name: 'a normaliser per row instead of the minibatch',
    on: ({ batch, aggregation }) => batch === 'mixed' && aggregation.kind === 'tokenMean',
    solve: (problem) =>
      withAggregation(problem, (lengths_R) => Float64Array.from(lengths_R, (length) => 1 / length)),
  },
  {
    name: 'token mean where sequence mean is meant',
    on: ({ batch, aggregation }) => batch === 'mixed' && aggregation.kind === 'sequenceMean',
    solve: (problem) => withAggregation(problem, aggregationOf({ kind: 'tokenMean' })),
  },
  {
    name: 'γ over the ratios of all rows',
    on: ({ batch, shaping }) => batch === 'mixed' && shaping.kind === 'percentile' && !shaping.perSequence,
    solve: ({ rows, options, advantages }) => {
      const { ratios } = policyLoss(rows, options);
      const offContext = rows.filter((row) => row.offContext).length;
      const gammas = () => options.shaping.gammas(ratios).slice(0, offContext);
      return {
        advantages,
        result: policyLoss(rows, { ...options, shaping: { ...options.shaping, gammas } }),
      };
    },
  },
  {
    name: 'no clip at all',
    on: ({ batch }) => batch === 'mixed' || batch.startsWith('plain'),
    solve: ({ rows, options, advantages }) => ({
      advantages,
      result: policyLoss(rows, { ...options, clipLow: Infinity, clipHigh: Infinity }),
    }),
  },
  {
    name: 'the symmetric clip where the upper one is wider',
    on: ({ batch }) => batch.startsWith('plain'),
    solve: ({ rows, options, advantages }) => ({
      advantages,
      result: policyLoss(rows, { ...options, clipHigh: options.clipLow }),
    }),
  },
  {
    name: 'no gradient on the clip boundary',
    on: ({ batch }) => batch === 'at the kink',
    solve: ({ rows, options, advantages }) => {
      const result = policyLoss(rows, options);
      return {
        advantages,
        result: { ...result, dLogprobs: result.dLogprobs.map((d) => d.map((x) => 0 * x)) },
      };
    },
  },
  {
    name: 'the whole gradient on the clip boundary',
    on: ({ batch }) => batch === 'at the kink',
    solve: ({ rows, options, advantages }) => {
      const result = policyLoss(rows, options);
      return {
        advantages,
        result: { ...result, dLogprobs: result.dLogprobs.map((d) => d.map((x) => 2 * x)) },
      };
    },
  },
  {
    name: 'every token outside the range counted as clipped, whichever branch is active',
    on: ({ batch }) => batch === 'mixed',
    solve: ({ rows, options, advantages }) => {
      const result = policyLoss(rows, options);
      const ratios = result.ratios.flatMap((ratios_T, r) => (rows[r].offContext ? [] : [...ratios_T]));
      const outside = ratios.filter((ratio) => ratio < 1 - options.clipLow || ratio > 1 + options.clipHigh);
      return { advantages, result: { ...result, clipFraction: outside.length / ratios.length } };
    },
  },
  {
    name: 'no floor under γ',
    on: ({ batch }) => batch.startsWith('ratios under the floor'),
    solve: ({ rows, options, advantages }) => {
      const gammas = (ratios_RT: readonly Float64Array[]) =>
        new Float64Array(ratios_RT.length).fill(Math.min(...ratios_RT.flatMap((ratios_T) => [...ratios_T])));
      return {
        advantages,
        result: policyLoss(rows, { ...options, shaping: { ...options.shaping, gammas } }),
      };
    },
  },
];

describe('the golden comparison rejects', () => {
  for (const { name, on, solve } of mutants) {
    test(name, () => {
      const selected = cases.filter(on);
      expect(selected.length).toBeGreaterThan(0);
      for (const golden of selected) {
        expect(deviation(solve(problemOf(golden)), golden)).toBeGreaterThan(1e-4);
      }
    });
  }
});
