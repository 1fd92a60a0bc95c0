// Resume is exact: a run that was interrupted or killed, however often and whenever, ends with the bytes of one that
// was not (times aside). The process that is killed is the command line itself, as built into dist/.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrainProgress } from '../src/train/loop.ts';
import {
  fingerprint,
  linesOf,
  MACHINES,
  runSft,
  runTraining,
  scratchFolder,
  SFT_RECIPE,
  TRAIN_RECIPE,
  withValue,
} from './micro.case.ts';
import { lifeOf } from './process-life.case.ts';

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

describe('training', () => {
  let expected: Record<string, string>;
  beforeAll(async () => {
    await runTraining(TRAIN_RECIPE, join(root, 'whole'));
    expected = fingerprint(join(root, 'whole'));
  });

  test('the run has in it what resume must restore: surplus, guidance, retention, rollouts, a ledger, evaluations', () => {
    const metrics = linesOf<{ rowAge: { max: number }; lossRetention: number | null }>(
      join(root, 'whole/metrics.jsonl'),
    );
    expect(metrics.length).toBe(8);
    // An odd and an even step, so that surplus crosses checkpoints whether they come every two steps or not.
    const withSurplus = metrics.flatMap(({ rowAge }, step) => (rowAge.max > 0 ? [step % 2] : []));
    expect(new Set(withSurplus).size).toBe(2);
    expect(metrics.some(({ lossRetention }) => lossRetention !== null)).toBe(true);
    expect(Object.keys(expected)).toEqual(
      expect.arrayContaining([
        'checkpoints/step-000008/state.json',
        'checkpoints/step-000008/engine/model.safetensors',
        'evals.jsonl',
        'ledger.jsonl',
        'model/model.safetensors',
        'rollouts/step-000007.jsonl',
      ]),
    );
    expect(linesOf(join(root, 'whole/evals.jsonl')).map(({ step }) => step)).toEqual([0, 0, 4, 4, 8, 8]);
  });

  test('a run interrupted at every kind of moment', async () => {
    const moments: [string, (progress: TrainProgress) => boolean][] = [
      ['evaluating 0', (p) => p.kind === 'evaluating' && p.step === 0 && p.done === 3],
      ['first rollouts', (p) => p.kind === 'sampling' && p.step === 0 && p.rollouts === 5],
      ['step 1 done', (p) => p.kind === 'step' && p.metrics.step === 1],
      ['sampling 2', (p) => p.kind === 'sampling' && p.step === 2 && p.rollouts === 9],
      ['updating 3', (p) => p.kind === 'updating' && p.step === 3],
      ['evaluating 4, second context', (p) => p.kind === 'evaluating' && p.step === 4 && p.done === 20],
      ['evaluated 4', (p) => p.kind === 'evaluation' && p.line.step === 4 && p.line.context === 'hint1'],
      ['sampling 5', (p) => p.kind === 'sampling' && p.step === 5 && p.rollouts === 1],
      ['step 6 done', (p) => p.kind === 'step' && p.metrics.step === 6],
      ['evaluating 8', (p) => p.kind === 'evaluating' && p.step === 8 && p.done === 1],
    ];
    const dir = join(root, 'interrupted');
    let resume = false;
    for (const [name, isMoment] of moments) {
      const controller = new AbortController();
      const outcome = await runTraining(TRAIN_RECIPE, dir, {
        resume,
        signal: controller.signal,
        onProgress: (progress) => {
          if (isMoment(progress)) controller.abort(new Error(name));
        },
      });
      expect(outcome, name).toMatchObject({ interrupted: true, modelFolder: null });
      resume = true;
    }
    const outcome = await runTraining(TRAIN_RECIPE, dir, { resume });
    expect(outcome).toMatchObject({ completedSteps: 8, interrupted: false });
    expect(fingerprint(dir)).toEqual(expected);
  });

  test.each([
    ['by pass rate, over a mixture', { kind: 'passRate', floor: 0.3 }],
    ['by pass rate', { kind: 'passRate' }, false],
  ])('a run that draws %s is interrupted after every step', async (name, order, mixed = true) => {
    const half = (seed: number) => ({
      from: { machines: { ...MACHINES, seed }, split: 'train', count: 6 },
      ...(mixed && { weight: seed }),
    });
    const recipe = withValue(
      withValue(withValue(TRAIN_RECIPE, 'problems.train', [half(1), half(2)]), 'problems.order', order),
      'problems.heldOut',
      undefined,
    );
    const whole = join(root, `${name}-whole`);
    await runTraining(recipe, whole);
    const state = readFileSync(join(whole, 'checkpoints/step-000008/state.json'), 'utf8');
    const [draws] = /"nextDrawOrdinal":\d+,"orderCursors":\[[\d,]+\]/.exec(state) ?? [''];
    const [ordinal, ...cursors] = [...draws.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    // Something was passed over, so the ordinal alone would not do.
    expect(cursors.reduce((sum, cursor) => sum + cursor, 0)).toBeGreaterThan(ordinal);
    const dir = join(root, `${name}-interrupted`);
    for (let step = 0; step < 8; step++) {
      const controller = new AbortController();
      await runTraining(recipe, dir, {
        resume: step > 0,
        signal: controller.signal,
        onProgress: (progress) => {
          // In the middle of the step after, too.
          if (progress.kind === 'sampling' && progress.step === step && progress.rollouts === 5) {
            if (step % 2 === 1) controller.abort(new Error('sampling'));
          }
          if (progress.kind === 'step' && progress.metrics.step === step) controller.abort(new Error('step'));
        },
      });
    }
    await runTraining(recipe, dir, { resume: true });
    expect(fingerprint(dir)).toEqual(fingerprint(whole));
  });

  test('a run resumed after its end gains nothing and loses nothing', async () => {
    const dir = join(root, 'whole');
    await runTraining(TRAIN_RECIPE, dir, { resume: true });
    expect(fingerprint(dir)).toEqual(expected);
  });

  test('a process killed again and again', async () => {
    // The order depends on everything that the run measured.
    const recipe = withValue(TRAIN_RECIPE, 'problems.order', { kind: 'passRate', floor: 0.3 });
    const whole = join(root, 'whole-process');
    expect(await lifeOf('train', recipe, whole)).toBe('ended');
    const dir = join(root, 'killed');
    // Each is a change that the test sees in the directory; the kill follows at whatever moment it arrives.
    const moments = [
      'evals.jsonl',
      'rollouts/step-000001',
      'checkpoints/.partial-step-000002',
      'checkpoint of step 2',
      'rollouts/step-000003',
      'checkpoint of step 4',
      'evals.jsonl',
      'rollouts/.partial',
      'checkpoints/.partial-step-000006',
      'checkpoint of step 8',
    ];
    let killed = 0;
    for (const [life, killAt] of moments.entries()) {
      if ((await lifeOf('train', recipe, dir, { resume: life > 0, killAt })) === 'killed') killed++;
    }
    // The last kill may come after the end on a machine that is very busy.
    expect(killed).toBeGreaterThanOrEqual(moments.length - 1);
    expect(await lifeOf('train', recipe, dir, { resume: true })).toBe('ended');
    expect(fingerprint(dir)).toEqual(fingerprint(whole));
  });
});

describe('supervised fine-tuning', () => {
  test('interrupted and resumed', async () => {
    const whole = join(root, 'sft-whole');
    await runSft(SFT_RECIPE, whole);
    const dir = join(root, 'sft-interrupted');
    for (const [life, stopAfter] of [0, 1, 4].entries()) {
      const controller = new AbortController();
      const outcome = await runSft(SFT_RECIPE, dir, {
        resume: life > 0,
        signal: controller.signal,
        onStep: ({ step }) => {
          if (step === stopAfter) controller.abort();
        },
      });
      expect(outcome).toEqual({ completedSteps: stopAfter + 1, interrupted: true, modelFolder: null });
    }
    await runSft(SFT_RECIPE, dir, { resume: true });
    expect(fingerprint(dir)).toEqual(fingerprint(whole));
  });

  test('killed and resumed', async () => {
    const whole = join(root, 'sft-whole-process');
    const recipe = { ...SFT_RECIPE, steps: 30 };
    expect(await lifeOf('sft', recipe, whole)).toBe('ended');
    const dir = join(root, 'sft-killed');
    for (const [life, killAt] of [
      'metrics.jsonl',
      'checkpoint of step 6',
      'checkpoints/.partial-step-000020',
    ].entries()) {
      expect(await lifeOf('sft', recipe, dir, { resume: life > 0, killAt }), killAt).toBe('killed');
    }
    expect(await lifeOf('sft', recipe, dir, { resume: true })).toBe('ended');
    expect(fingerprint(dir)).toEqual(fingerprint(whole));
  });
});
