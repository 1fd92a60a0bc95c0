// A response 'c' or 'w' has two tokens (itself and the stop token), each sampled at log-prob −0.5.
import { describe, expect, test } from 'vitest';
import { sequenceMean, tokenMean } from '../algorithms/aggregation.ts';
import { constantShaping, unshaped } from '../algorithms/shaping.ts';
import { decode, ScriptedModel, scriptedResponder, type Script } from '../rollout/scripted-engine.case.ts';
import type { TrainingGroup } from '../types.ts';
import { groupOf } from './scripted-groups.case.ts';
import { cutByGroup, rowsOf, updatePolicy, type PolicyObjective, type UpdateInputs } from './update.ts';

const { renderPrompt } = scriptedResponder();
const objective: PolicyObjective = {
  clipLow: 0.2,
  clipHigh: 0.2,
  shaping: unshaped,
  aggregation: tokenMean,
  normalizeByStd: false,
  retentionWeight: 0,
};
const optimizer = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
};

async function update(
  groups: readonly TrainingGroup[],
  script: Script = {},
  fields: Partial<UpdateInputs> & { goal?: Partial<PolicyObjective> } = {},
) {
  const model = new ScriptedModel(script);
  const { goal, ...rest } = fields;
  const results = await updatePolicy({
    model,
    groups,
    renderPrompt,
    objective: { ...objective, ...goal },
    temperature: 1,
    minibatches: 1,
    optimizer,
    seconds: { forward: 0, backward: 0, step: 0 },
    ...rest,
  });
  return { model, results };
}

const numbers = (arrays: readonly Float64Array[]) => arrays.map((array) => [...array]);
const close = (expected: readonly (readonly number[])[]) =>
  expected.map((row) => row.map((value) => expect.closeTo(value, 12) as number));

describe('cutByGroup', () => {
  test.each([
    [
      5,
      2,
      [
        [0, 1],
        [2, 3, 4],
      ],
    ],
    [
      4,
      2,
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [
      7,
      3,
      [
        [0, 1],
        [2, 3],
        [4, 5, 6],
      ],
    ],
    [1, 3, [[0]]],
    [0, 2, []],
  ])('%i groups into %i parts', (count, parts, expected) => {
    expect(
      cutByGroup(
        Array.from({ length: count }, (_, index) => index),
        parts,
      ),
    ).toEqual(expected);
  });
});

describe('rowsOf', () => {
  const advantages = (letters: string, normalizeByStd: boolean) =>
    rowsOf(groupOf('B', letters), { normalizeByStd }, renderPrompt).map(({ advantage }) => advantage);

  test('centres rewards over all rows of the group', () => {
    expect(advantages('cw', false)).toEqual([0.5, -0.5]);
    expect(advantages('cwww', false)).toEqual([0.75, -0.25, -0.25, -0.25]);
    // Plain failures and guided rows are one group: the mean is over all four.
    expect(advantages('ww/cc', false)).toEqual([-0.5, -0.5, 0.5, 0.5]);
  });

  test('divides by the standard deviation with n − 1 where asked', () => {
    // ±0.5 / √(4 · 0.25 / 3) = ±0.8660, where n would give ±1.
    const expected = [-0.8660254, -0.8660254, 0.8660254, 0.8660254];
    expect(advantages('ww/cc', true)).toEqual(expected.map((value) => expect.closeTo(value, 5) as number));
  });

  test('trains guided rollouts on the plain prompt, with tokens and log-probs as sampled', () => {
    const group = groupOf('B', 'w/c');
    const [plain, guided] = rowsOf(group, objective, renderPrompt);
    const { rollout } = group.plan.rows[1];
    expect(decode(rollout.promptTokens)).toBe('B+hint1');
    expect(decode(guided.trainPrompt)).toBe('B');
    expect(guided).toMatchObject({
      problemId: 'B',
      sampledContext: 'hint1',
      trainContext: 'plain',
      reward: 1,
    });
    expect(guided.behaviourLogprobs).toBe(rollout.behaviourLogprobs);
    expect(guided.response).toBe(rollout.responseTokens);
    expect(plain.trainPrompt).toBe(group.plan.rows[0].rollout.promptTokens);
  });
});

describe('a minibatch', () => {
  test('is forward, backward and step; on-policy the derivative of each token is −A / tokens', async () => {
    const { model, results } = await update([groupOf('A', 'cw')]);
    expect(model.calls).toEqual(['forward', 'backward', 'step']);
    expect(model.scored).toEqual([['A>c.', 'A>w.']]);
    expect(numbers(model.cotangents[0])).toEqual([
      [-0.125, -0.125],
      [0.125, 0.125],
    ]);
    expect(numbers(results[0].rows.map(({ ratios_T }) => ratios_T))).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test('has the behaviour log-probs as denominators, and clips on-context rows only', async () => {
    const scoredLogprob = () => -1; // ratios e^{−1} / e^{−0.5} = 0.6065, below 1 − clipLow
    const { model, results } = await update([groupOf('B', 'ww/cc')], { scoredLogprob });
    const ratio = Math.exp(-0.5);
    expect(model.scored).toEqual([['B>w.', 'B>w.', 'B>c.', 'B>c.']]);
    // A = ±0.5, 8 tokens. Failures are clipped (the ratio has already fallen enough); guided rows never are.
    const guided = (-0.5 * ratio) / 8;
    expect(numbers(model.cotangents[0])).toEqual(
      close([
        [0, 0],
        [0, 0],
        [guided, guided],
        [guided, guided],
      ]),
    );
    expect(results[0].policy.clipFraction).toBe(1);
    expect(numbers(results[0].rows.map(({ ratios_T }) => ratios_T))).toEqual(
      close(Array.from({ length: 4 }, () => [ratio, ratio])),
    );
  });

  test('scores guided rows without their hint', async () => {
    // With the hint the response was sure (log-prob −0.5); without, it is improbable (−3.5).
    const script: Script = { scoredLogprob: (prompt) => (prompt === 'B' ? -3.5 : -0.5) };
    const { results } = await update([groupOf('B', 'ww/cc')], script);
    expect(results[0].rows[2].ratios_T[0]).toBeCloseTo(Math.exp(-3), 12);
  });

  test('shapes off-context ratios', async () => {
    const { model } = await update([groupOf('B', 'ww/cc')], {}, { goal: { shaping: constantShaping(1) } });
    // f′(r) · r = γ r / (r + γ)² = 1/4 at r = γ = 1.
    expect(numbers(model.cotangents[0]).at(-1)).toEqual([-0.5 / 4 / 8, -0.5 / 4 / 8]);
  });

  test('is normalised as a whole: a token weighs the same in a long group and in a short one', async () => {
    const groups = [groupOf('A', 'cw'), groupOf('B', 'cw', { padding: 'xx' })];
    const { model } = await update(groups); // 2 · 2 + 2 · 4 tokens
    expect(numbers(model.cotangents[0]).map(([d]) => d)).toEqual([-0.5, 0.5, -0.5, 0.5].map((a) => a / 12));
    const bySequence = await update(groups, {}, { goal: { aggregation: sequenceMean } });
    expect(numbers(bySequence.model.cotangents[0]).map(([d]) => d)).toEqual(
      [-0.5 / 2, 0.5 / 2, -0.5 / 4, 0.5 / 4].map((weight) => weight / 4),
    );
  });

  test('does not run rows whose advantage is 0, and counts their tokens in the normaliser', async () => {
    const groups = [groupOf('A', 'cw'), groupOf('B', 'ccc', { padding: 'xx' })]; // 2 · 2 + 3 · 4 tokens
    const { model, results } = await update(groups);
    expect(model.scored).toEqual([['A>c.', 'A>w.']]);
    expect(numbers(model.cotangents[0]).map(([d]) => d)).toEqual([-0.5 / 16, 0.5 / 16]);
    expect(results[0].rows.map(({ row }) => row.problemId)).toEqual(['A', 'A']);
    const bySequence = await update(groups, {}, { goal: { aggregation: sequenceMean } });
    expect(numbers(bySequence.model.cotangents[0]).map(([d]) => d)).toEqual([-0.5 / 2 / 5, 0.5 / 2 / 5]);
  });

  test('runs rows off context whatever their advantage: their ratios make the γ of other rows', async () => {
    const { model } = await update([groupOf('B', 'cc/cc')]);
    expect(model.scored).toEqual([['B>c.', 'B>c.']]);
    expect(
      numbers(model.cotangents[0])
        .flat()
        .every((d) => d === 0),
    ).toBe(true);
  });

  test('without a row that can have a gradient is still a step: moments and weights decay', async () => {
    const { model, results } = await update([groupOf('B', 'ccc')]);
    expect(model.calls).toEqual(['forward', 'backward', 'step']);
    expect(model.scored).toEqual([[]]);
    expect(results[0]).toMatchObject({ rows: [], applied: true, lossRetention: 0, policy: { loss: 0 } });
  });

  test('asks the engine at the temperature of sampling and steps with the optimizer it is given', async () => {
    const { model } = await update([groupOf('A', 'cw')], {}, { temperature: 0.7 });
    expect(model.forwardOptions).toEqual([
      { gradient: true, want: { logprobs: true, entropies: true }, temperature: 0.7 },
    ]);
    expect(model.updates).toEqual([optimizer]);
  });

  test('says which rollout each row is', async () => {
    const group = groupOf('B', 'ww/cc', { drawOrdinal: 8 });
    const { results } = await update([group]);
    expect(results[0].rows.map(({ row, sampleIndex }) => `${row.sampledContext} ${sampleIndex}`)).toEqual([
      'plain 0',
      'plain 1',
      'hint1 0',
      'hint1 1',
    ]);
    expect(results[0].rows.every((row) => row.group === group)).toBe(true);
    expect(results[0].rows[0].entropies_T).toEqual(Float64Array.of(0.25, 0.25));
  });
});

describe('retention', () => {
  const groups = [groupOf('B', 'ww/cc', { retention: true })];

  test('adds the likelihood of the retained rows in the hinted context, over their own tokens', async () => {
    const { model, results } = await update(groups, {}, { goal: { retentionWeight: 0.2 } });
    expect(model.scored).toEqual([['B>w.', 'B>w.', 'B>c.', 'B>c.', 'B+hint1>c.', 'B+hint1>c.']]);
    // −0.2 / 4 tokens each; loss 0.2 · 0.5 nats.
    expect(numbers(model.cotangents[0]).slice(4)).toEqual([
      [-0.05, -0.05],
      [-0.05, -0.05],
    ]);
    expect(results[0]).toMatchObject({ retentionRows: 2, lossRetention: expect.closeTo(0.1, 12) as number });
  });

  test('changes nothing of the policy loss', async () => {
    const without = await update(groups);
    const retained = await update(groups, {}, { goal: { retentionWeight: 0.2 } });
    expect(retained.model.cotangents[0].slice(0, 4)).toEqual(without.model.cotangents[0]);
    expect(retained.results[0].rows).toEqual(without.results[0].rows);
  });

  test('of weight 0 costs nothing', async () => {
    const { model, results } = await update(groups);
    expect(model.scored[0].length).toBe(4);
    expect(results[0]).toMatchObject({ retentionRows: 0, lossRetention: 0 });
  });
});

describe('minibatches', () => {
  test('are cut by group and updated one after the other, the later ones against the moved policy', async () => {
    const groups = [groupOf('A', 'cw'), groupOf('B', 'cw')];
    const scoredLogprob: Script['scoredLogprob'] = (_p, _r, _t, updates) => -0.5 + 0.1 * updates;
    const { model, results } = await update(groups, { scoredLogprob }, { minibatches: 2 });
    expect(model.calls).toEqual(['forward', 'backward', 'step', 'forward', 'backward', 'step']);
    expect(model.scored).toEqual([
      ['A>c.', 'A>w.'],
      ['B>c.', 'B>w.'],
    ]);
    expect(results.map(({ rows }) => rows[0].ratios_T[0])).toEqual([1, expect.closeTo(Math.exp(0.1), 12)]);
  });

  test('of an empty batch are none', async () => {
    const { model, results } = await update([], {}, { minibatches: 2 });
    expect([model.calls, results]).toEqual([[], []]);
  });
});

describe('numbers that are not finite', () => {
  test.each([NaN, Infinity])(
    'a log-prob of %f never reaches the model, and the next minibatch goes on',
    async (bad) => {
      const scoredLogprob: Script['scoredLogprob'] = (prompt, _r, t) =>
        prompt === 'A' && t === 1 ? bad : -0.5;
      const groups = [groupOf('A', 'cw'), groupOf('B', 'cw')];
      const { model, results } = await update(groups, { scoredLogprob }, { minibatches: 2 });
      expect(model.calls).toEqual(['forward', 'release', 'forward', 'backward', 'step']);
      expect(results.map(({ applied, gradNorm }) => [applied, gradNorm])).toEqual([
        [false, NaN],
        [true, 1],
      ]);
    },
  );

  test('in a retention row count too', async () => {
    const scoredLogprob: Script['scoredLogprob'] = (prompt) => (prompt === 'B+hint1' ? NaN : -0.5);
    const { model, results } = await update(
      [groupOf('B', 'ww/cc', { retention: true })],
      { scoredLogprob },
      { goal: { retentionWeight: 0.1 } },
    );
    expect(model.calls).toEqual(['forward', 'release']);
    expect(results[0].applied).toBe(false);
  });

  test('that the engine finds in the gradient are passed on', async () => {
    const step = () => ({ gradNorm: Infinity, applied: false });
    const { results } = await update([groupOf('A', 'cw')], { step });
    expect(results[0]).toMatchObject({ gradNorm: Infinity, applied: false });
  });
});
