import { describe, expect, test } from 'vitest';
import { seedOf } from '../random.ts';
import {
  problemNamed,
  respondByLetters,
  ScriptedModel,
  scriptedResponder,
  type Script,
} from '../rollout/scripted-engine.case.ts';
import { evaluate, type EvaluationInputs } from './evaluate.ts';

/** Four samples of each problem: A 2 of 4, B none plain and 3 of 4 with the hint, E 1 of 2 with evidence. */
const LETTERS = { A: 'cwcw', B: 'wtmw/cccw', E: 'ecew' };

function inputsFor(
  names: string,
  fields: Partial<EvaluationInputs> = {},
  script: Script = {},
): EvaluationInputs & { sampler: ScriptedModel } {
  return {
    responder: scriptedResponder(),
    problems: [...names].map((name) => problemNamed(name)),
    context: 'plain',
    samples: 4,
    passAt: [1, 2],
    step: 0,
    policyVersion: 0,
    ...fields,
    sampler: new ScriptedModel({ respond: respondByLetters(LETTERS), ...script }),
  };
}

const estimatesOf = ({ passAtK }: { passAtK: readonly { k: number; estimate: number }[] }) =>
  passAtK.map(({ k, estimate }) => [k, estimate]);
const near = (value: number) => expect.closeTo(value, 12) as number;

describe('evaluate', () => {
  test('averages the unbiased pass@k over problems', async () => {
    const { result } = await evaluate(inputsFor('AB'));
    // A: pass@1 2/4, pass@2 1 − C(2,2)/C(4,2) = 5/6. B: 0.
    expect(estimatesOf(result)).toEqual([
      [1, near(1 / 4)],
      [2, near(5 / 12)],
    ]);
    expect(result).toMatchObject({ context: 'plain', problems: 2, samples: 4, truncated: 1, malformed: 1 });
    expect(result.tokensSampled).toBe(16);
  });

  test('does not depend on the order in which sequences end', async () => {
    const forwards = await evaluate(inputsFor('AB'));
    expect(await evaluate(inputsFor('AB', {}, { completion: 'reversed' }))).toEqual(forwards);
  });

  test('shows the hint in its context', async () => {
    const inputs = inputsFor('B', { context: 'hint1' });
    const { result } = await evaluate(inputs);
    expect(inputs.sampler.sampledPrompts).toEqual([Array<string>(4).fill('B+hint1')]);
    expect(estimatesOf(result)[0]).toEqual([1, near(3 / 4)]);
  });

  test('leaves grader faults out of n, and a problem with too few graded samples out of the figure', async () => {
    const { result } = await evaluate(inputsFor('AE', { passAt: [1, 2, 3] }));
    expect(estimatesOf(result)).toEqual([
      [1, near((1 / 2 + 1 / 2) / 2)],
      [2, near((5 / 6 + 1) / 2)],
      [3, 1], // E has two graded samples
    ]);
    expect(result.graderFaults).toBe(2);
  });

  test('says NaN where no problem has enough graded samples', async () => {
    const { result } = await evaluate(inputsFor('E', { passAt: [4] }));
    expect(result.passAtK).toEqual([{ k: 4, estimate: NaN, low: NaN, high: NaN }]);
  });

  test('reports by source, in alphabetical order', async () => {
    const problems = ['B', 'A', 'E'].map((name) =>
      problemNamed(name, { source: name === 'B' ? 'z/b' : 'a/rest' }),
    );
    const { result } = await evaluate(inputsFor('', { problems }));
    expect(result.bySource.map(({ source, problems: count }) => [source, count])).toEqual([
      ['a/rest', 2],
      ['z/b', 1],
    ]);
    expect(result.bySource.map((part) => estimatesOf(part)[0][1])).toEqual([near(1 / 2), 0]);
  });

  test('bounds the estimate by an interval that is the same every time', async () => {
    const { result } = await evaluate(inputsFor('AB'));
    const [{ low, estimate, high }] = result.passAtK;
    // Resampling two problems with 1/2 and 0 gives means of 0, 1/4 and 1/2 only.
    expect([low, estimate, high]).toEqual([0, near(1 / 4), 1 / 2]);
    expect((await evaluate(inputsFor('AB'))).result).toEqual(result);
  });

  test('draws its own samples: other than those of training, and others at each step', async () => {
    const { rollouts } = await evaluate(inputsFor('A', { step: 3, policyVersion: 6, samples: 2 }));
    const seeds = rollouts.map(({ seed }) => BigInt(`0x${seed}`));
    expect(seeds).toEqual([0, 1].map((sample) => seedOf(7, 'evaluate', 3, 0, 'A', 'plain', sample)));
    expect(rollouts.map(({ policyVersion }) => policyVersion)).toEqual([6, 6]);
  });

  test('counts rollouts for whoever watches, and ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let seen = 0;
    const onRollout = () => {
      if (++seen === 3) controller.abort(reason);
    };
    await expect(evaluate(inputsFor('AB', { signal: controller.signal, onRollout }))).rejects.toBe(reason);
    expect(seen).toBe(3);
  });
});
