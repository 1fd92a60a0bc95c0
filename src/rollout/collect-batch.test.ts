// Problems are drawn in the order of `names`, over and over; letters say how each one's rollouts end, plain and
// after the slash with the hint: c correct, w wrong, e grader fault.
import { describe, expect, test } from 'vitest';
import { guideJoint } from '../guidance/guide-joint.ts';
import { noGuidance } from '../guidance/no-guidance.ts';
import { withRetention } from '../guidance/retention.ts';
import type { GuidanceStrategy } from '../guidance/strategy.ts';
import { seedOf, seedToHex } from '../random.ts';
import type { TrainingGroup } from '../types.ts';
import { collectBatch, type BatchInputs, type BatchSettings, type CollectedBatch } from './collect-batch.ts';
import {
  problemNamed,
  respondByLetters,
  ScriptedModel,
  scriptedResponder,
  type Script,
} from './scripted-engine.case.ts';

const LETTERS = { A: 'cw', B: 'ww/cc', C: 'cc', D: 'wc', F: 'ww/ww', N: 'ww', E: 'we', G: 'cew' };

function inputsFor(
  names: string,
  settings: Partial<BatchSettings> = {},
  rest: Partial<BatchInputs> & { script?: Script } = {},
): BatchInputs & { sampler: ScriptedModel } {
  const { script, ...fields } = rest;
  return {
    settings: {
      k: 2,
      groupsPerStep: 2,
      promptsPerRound: 2,
      maxRounds: 3,
      surplusMaxAgeSteps: 1,
      ...settings,
    },
    responder: scriptedResponder(),
    strategy: guideJoint({ level: 1 }),
    problemAt: (ordinal) => {
      const name = names[ordinal % names.length];
      return problemNamed(name, name === 'N' ? { hints: [] } : {});
    },
    step: 0,
    policyVersion: 0,
    nextDrawOrdinal: 0,
    surplus: [],
    seconds: { sample: 0, verify: 0 },
    ...fields,
    sampler: new ScriptedModel({ respond: respondByLetters(LETTERS), ...script }),
  };
}

const named = (groups: readonly TrainingGroup[]) =>
  groups.map(({ problem, drawOrdinal }) => problem.id + drawOrdinal).join(' ');
const outcomes = (batch: CollectedBatch) =>
  batch.draws.map(({ problem, outcome }) => `${problem.id} ${outcome}`);
/** A copy that later changes of the original cannot reach. */
const frozenCopy = <T>(value: T): T => structuredClone(value);

describe('rounds', () => {
  test('go on until the batch is full, and no further', async () => {
    const batch = await collectBatch(inputsFor('CACAAA'));
    expect(outcomes(batch)).toEqual(['C allPass', 'A accepted', 'C allPass', 'A accepted']);
    expect(named(batch.groups)).toBe('A1 A3');
    expect(batch).toMatchObject({ rounds: 2, nextDrawOrdinal: 4, surplus: [], staleGroups: [] });
  });

  test('end at maxRounds with what there is', async () => {
    const batch = await collectBatch(inputsFor('CACC', { maxRounds: 2 }));
    expect(named(batch.groups)).toBe('A1');
    expect(batch).toMatchObject({ rounds: 2, nextDrawOrdinal: 4 });
  });

  test('draw promptsPerRound problems from the next ordinal, in one call of the sampler', async () => {
    const inputs = inputsFor('ADADAD', { promptsPerRound: 3 }, { nextDrawOrdinal: 10 });
    const batch = await collectBatch(inputs);
    expect(inputs.sampler.sampledPrompts).toEqual([['A', 'A', 'D', 'D', 'A', 'A']]);
    expect(batch.draws.map(({ drawOrdinal }) => drawOrdinal)).toEqual([10, 11, 12]);
    expect(batch.nextDrawOrdinal).toBe(13);
  });

  test('count every reason', async () => {
    const strategy = guideJoint({ level: 1 });
    const batch = await collectBatch(inputsFor('CFNE', { promptsPerRound: 4, maxRounds: 1 }, { strategy }));
    expect(outcomes(batch)).toEqual([
      'C allPass',
      'F guidedAllFail',
      'N noHint',
      // One rollout with evidence out of two is less than minEvidence.
      'E tooLittleEvidence',
    ]);
    expect(batch.groups).toEqual([]);
  });

  test('report groups, rounds and rollouts as they go', async () => {
    const seen: string[] = [];
    await collectBatch({
      ...inputsFor('CA', { groupsPerStep: 1 }),
      onProgress: ({ groups, rounds, rollouts }) => seen.push(`${groups}/${rounds}/${rollouts}`),
    });
    expect(seen).toEqual(['0/1/1', '0/1/2', '0/1/3', '0/1/4', '1/1/4']);
  });
});

describe('groups', () => {
  test('are in draw order whatever order sequences end in', async () => {
    const settings = { groupsPerStep: 4, promptsPerRound: 4 };
    const forwards = await collectBatch(inputsFor('ABDC', settings));
    const reversed = await collectBatch(inputsFor('ABDC', settings, { script: { completion: 'reversed' } }));
    expect(named(reversed.groups)).toBe('A0 B1 D2 A4');
    expect(reversed).toEqual(forwards);
  });

  test('say which step and policy sampled them', async () => {
    const batch = await collectBatch(inputsFor('A', {}, { step: 9, policyVersion: 17 }));
    expect(batch.groups.map(({ sampledAtStep }) => sampledAtStep)).toEqual([9, 9]);
    const { rollout } = batch.groups[0].plan.rows[0];
    expect(rollout.policyVersion).toBe(17);
    expect(rollout.seed).toBe(seedToHex(seedOf(7, 'train', 9, 0, 'A', 'plain', 0)));
  });

  test('leave out rollouts on which the grader failed', async () => {
    const batch = await collectBatch(inputsFor('G', { k: 3, groupsPerStep: 1 }));
    expect(batch.groups[0].plan.rows.map(({ rollout }) => rollout.text)).toEqual(['c', 'w']);
    expect(batch.draws[0].attempts[0].rollouts.map(({ verdict }) => verdict.kind)).toEqual([
      'correct',
      'graderError',
      'wrong',
    ]);
  });
});

describe('guidance', () => {
  test('rolls failed problems out again with the hinted prompt, all in one call, and trains on the plain one', async () => {
    const inputs = inputsFor(
      'BAF',
      { promptsPerRound: 3 },
      { strategy: withRetention(guideJoint({ level: 1 })) },
    );
    const batch = await collectBatch(inputs);
    expect(inputs.sampler.sampledPrompts).toEqual([
      ['B', 'B', 'A', 'A', 'F', 'F'],
      ['B+hint1', 'B+hint1', 'F+hint1', 'F+hint1'],
    ]);
    const { plan } = batch.groups[0];
    const text = ({ rollout, trainContext }: (typeof plan.rows)[number]) =>
      `${rollout.text} ${rollout.context}→${trainContext}`;
    expect(plan.rows.map(text)).toEqual(['w plain→plain', 'w plain→plain', 'c hint1→plain', 'c hint1→plain']);
    expect(plan.retention.map(text)).toEqual(['c hint1→hint1', 'c hint1→hint1']);
    expect(batch.draws[0].attempts.map(({ context }) => context)).toEqual(['plain', 'hint1']);
  });

  test('gives up on a draw whose hinted prompt leaves no room for a response', async () => {
    // Prompt 'B' of 1 token and a response of 10 fit into 14; 'B+hint1' of 7 does not.
    const batch = await collectBatch(
      inputsFor('BA', { groupsPerStep: 1 }, { script: { maxSequenceLength: 14 } }),
    );
    expect(outcomes(batch)).toEqual(['B overlong', 'A accepted']);
    expect(batch.draws[0].attempts.map(({ context }) => context)).toEqual(['plain']);
  });

  test('numbers samples on when a context is sampled twice, so that no seed repeats', async () => {
    const twice: GuidanceStrategy = {
      name: 'twice',
      decide: ({ attempts, k }) =>
        attempts.length < 2
          ? { kind: 'sample', context: 'plain', count: k }
          : { kind: 'drop', reason: 'allFail' },
    };
    const batch = await collectBatch(
      inputsFor('A', { promptsPerRound: 1, maxRounds: 1 }, { strategy: twice }),
    );
    const rollouts = batch.draws[0].attempts.flatMap((attempt) => attempt.rollouts);
    expect(rollouts.map(({ sampleIndex }) => sampleIndex)).toEqual([0, 1, 2, 3]);
    expect(new Set(rollouts.map(({ seed }) => seed)).size).toBe(4);
  });

  test('samples as many as the strategy asks for, draw by draw', async () => {
    const uneven: GuidanceStrategy = {
      name: 'uneven',
      decide: ({ attempts, problem }) =>
        attempts.length === 0
          ? {
              kind: 'sample',
              context: problem.id === 'A' ? 'plain' : 'hint1',
              count: problem.id === 'A' ? 1 : 3,
            }
          : { kind: 'drop', reason: 'allFail' },
    };
    const batch = await collectBatch(inputsFor('AB', { maxRounds: 1 }, { strategy: uneven }));
    expect(batch.draws.map(({ attempts }) => attempts[0].rollouts.map(({ problemId }) => problemId))).toEqual(
      [['A'], ['B', 'B', 'B']],
    );
  });
});

describe('surplus', () => {
  /** Log-probs that tell the steps apart, as another policy would. */
  const sampledAs = (logprob: number): Script => ({ sampledLogprob: () => logprob });
  const first = () => collectBatch(inputsFor('ADAD', { promptsPerRound: 4 }, { script: sampledAs(-0.25) }));

  test('is what the last round had over, in draw order', async () => {
    const batch = await first();
    expect(named(batch.groups)).toBe('A0 D1');
    expect(named(batch.surplus)).toBe('A2 D3');
  });

  test('comes first in the next step, with the log-probs of the policy that sampled it', async () => {
    const { surplus } = await first();
    const batch = await collectBatch(
      inputsFor(
        'A',
        { groupsPerStep: 3, promptsPerRound: 1 },
        { step: 1, nextDrawOrdinal: 4, surplus, script: sampledAs(-0.75) },
      ),
    );
    expect(named(batch.groups)).toBe('A2 D3 A4');
    expect(batch.groups.map(({ sampledAtStep }) => sampledAtStep)).toEqual([0, 0, 1]);
    const behaviour = batch.groups.map(({ plan }) => [...plan.rows[0].rollout.behaviourLogprobs]);
    expect(behaviour).toEqual([
      [-0.25, -0.25],
      [-0.25, -0.25],
      [-0.75, -0.75],
    ]);
  });

  test('that fills the batch saves sampling', async () => {
    const { surplus } = await first();
    const inputs = inputsFor('A', { groupsPerStep: 1 }, { step: 1, nextDrawOrdinal: 4, surplus });
    const batch = await collectBatch(inputs);
    expect(inputs.sampler.sampledPrompts).toEqual([]);
    expect(named(batch.groups)).toBe('A2');
    expect(named(batch.surplus)).toBe('D3');
    expect(batch).toMatchObject({ rounds: 0, draws: [], nextDrawOrdinal: 4 });
  });

  test.each([
    [1, 1, ''],
    [1, 2, 'A2 D3'],
    [0, 1, 'A2 D3'],
    [2, 2, ''],
    [2, 3, 'A2 D3'],
  ])(
    'with a limit of %i steps, at step %i the stale groups are "%s"',
    async (surplusMaxAgeSteps, step, stale) => {
      const { surplus } = await first();
      const batch = await collectBatch(
        inputsFor('A', { surplusMaxAgeSteps }, { step, nextDrawOrdinal: 4, surplus }),
      );
      expect(named(batch.staleGroups)).toBe(stale);
      expect(named(batch.groups)).toBe(stale === '' ? 'A2 D3' : 'A4 A5');
    },
  );
});

describe('a step that is abandoned', () => {
  test('ends with the reason and leaves no trace: the same step again gives what it would have given', async () => {
    const { surplus } = await collectBatch(inputsFor('AAA', { promptsPerRound: 3 }));
    const fields = { step: 1, nextDrawOrdinal: 3, surplus };
    const undisturbed = await collectBatch(inputsFor('BC', { groupsPerStep: 3 }, fields));
    const before = frozenCopy(surplus);
    const reason = new Error('stop');
    const totalRollouts = undisturbed.draws.flatMap(({ attempts }) =>
      attempts.flatMap((a) => a.rollouts),
    ).length;
    expect(totalRollouts).toBe(12);
    for (let abortAt = 1; abortAt < totalRollouts; abortAt++) {
      const controller = new AbortController();
      const inputs: BatchInputs = {
        ...inputsFor('BC', { groupsPerStep: 3 }, fields),
        signal: controller.signal,
        onProgress: ({ rollouts }) => {
          if (rollouts >= abortAt) controller.abort(reason);
        },
      };
      await expect(collectBatch(inputs)).rejects.toBe(reason);
      expect(surplus).toEqual(before);
    }
    expect(await collectBatch(inputsFor('BC', { groupsPerStep: 3 }, fields))).toEqual(undisturbed);
  });
});

test('without guidance a failed problem is not sampled again', async () => {
  const inputs = inputsFor('BA', { groupsPerStep: 1 }, { strategy: noGuidance() });
  const batch = await collectBatch(inputs);
  expect(inputs.sampler.sampledPrompts.length).toBe(1);
  expect(outcomes(batch)).toEqual(['B allFail', 'A accepted']);
});
