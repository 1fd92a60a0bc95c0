// The loop around a scripted model. Letters say how a problem's rollouts end, plain and with the hint; problems
// are drawn in the order of `names`, over and over. Every response has two tokens.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tokenMean } from '../algorithms/aggregation.ts';
import { unshaped } from '../algorithms/shaping.ts';
import type { ProblemOrder } from '../data/order/order.ts';
import { TrainingError } from '../errors.ts';
import { guideJoint } from '../guidance/guide-joint.ts';
import {
  problemNamed,
  respondByLetters,
  ScriptedModel,
  scriptedResponder,
  type Script,
} from '../rollout/scripted-engine.case.ts';
import { readLog } from '../runs/append-log.ts';
import type { LedgerTransition } from '../runs/ledger.ts';
import type { EvaluationLine, StepMetrics } from '../runs/metrics.ts';
import { readRollouts, RunDirectory, type RunEvent } from '../runs/run-directory.ts';
import type { Problem } from '../types.ts';
import { optimizerSchema } from './config.ts';
import { train, type TrainOutcome, type TrainPlan, type TrainProgress } from './loop.ts';

const root = mkdtempSync(join(tmpdir(), 'guiderail-loop-'));
afterAll(() => rmSync(root, { recursive: true }));

const LETTERS = { A: 'cw/cw', B: 'ww/cc', C: 'cc', F: 'ww/ww' };

function planFor(names: string, fields: Partial<TrainPlan> = {}): TrainPlan {
  const problems = [...new Set(names)].map((name) => problemNamed(name));
  return {
    steps: 3,
    tokenBudget: Infinity,
    strategy: guideJoint({ level: 1 }),
    batch: { k: 2, groupsPerStep: 2, promptsPerRound: 2, maxRounds: 1, surplusMaxAgeSteps: 1 },
    objective: {
      clipLow: 0.2,
      clipHigh: 0.2,
      shaping: unshaped,
      aggregation: tokenMean,
      normalizeByStd: true,
      retentionWeight: 0,
    },
    minibatches: 2,
    optimizer: optimizerSchema.parse({ learningRate: 0.1 }),
    responder: scriptedResponder(),
    problems,
    order: inTurn([...names].map((name) => problems.find(({ id }) => id === name)!)),
    evaluation: null,
    checkpointEverySteps: 100,
    checkpointsKept: 2,
    maxBadSteps: 100,
    rolloutsEverySteps: 1,
    ...fields,
  };
}

/** Over and over. */
function inTurn(problems: readonly Problem[]): ProblemOrder {
  return {
    initialRates: null,
    from: () => ({
      problemAt: (ordinal) => problems[ordinal % problems.length],
      cursorsAt: () => [],
    }),
  };
}

interface Told {
  outcome: TrainOutcome | Error;
  model: ScriptedModel;
  metrics: StepMetrics[];
  evals: EvaluationLine[];
  ledger: LedgerTransition[];
  events: RunEvent[];
  checkpoints: string[];
  rolloutFiles: string[];
  progress: TrainProgress[];
  dir: string;
}

interface RunOptions {
  script?: Script;
  signal?: AbortSignal;
  onProgress?: (progress: TrainProgress) => void;
}

let runs = 0;
async function play(plan: TrainPlan, options: RunOptions = {}): Promise<Told> {
  const dir = join(root, String(runs++));
  const description = { config: {}, engine: 'scripted', instructionSet: 'none', seeds: {} };
  const run = await RunDirectory.create(dir, description);
  const model = new ScriptedModel({ respond: respondByLetters(LETTERS), ...options.script });
  const progress: TrainProgress[] = [];
  const outcome = await train({
    plan,
    model,
    run,
    checkpoint: null,
    signal: options.signal ?? new AbortController().signal,
    onProgress: (each) => {
      progress.push(each);
      options.onProgress?.(each);
    },
  }).catch((error: unknown) => error as Error);
  await run.close();
  const lines = async <T>(path: string) => (await readLog<T>(path)).records;
  return {
    outcome,
    model,
    metrics: await lines<StepMetrics>(run.layout.metrics),
    evals: await lines<EvaluationLine>(run.layout.evals),
    ledger: await lines<LedgerTransition>(run.layout.ledger),
    events: await lines<RunEvent>(run.layout.events),
    checkpoints: readdirSync(run.layout.checkpoints),
    rolloutFiles: readdirSync(run.layout.rollouts),
    progress,
    dir,
  };
}

const evaluation = (everySteps: number): TrainPlan['evaluation'] => ({
  everySteps,
  problems: [problemNamed('A')],
  contexts: ['plain'],
  samples: 2,
  passAt: [1],
  temperature: 0.5,
  truncation: {},
});

describe('a run', () => {
  test('takes the steps it is asked for, counts on and ends with a checkpoint', async () => {
    const { outcome, metrics, model, checkpoints } = await play(planFor('AB'));
    expect(outcome).toEqual({ completedSteps: 3, interrupted: false });
    expect(metrics.map(({ step, policyVersion }) => [step, policyVersion])).toEqual([
      [0, 0],
      [1, 2],
      [2, 4],
    ]);
    // A: 2 rollouts; B: 2 plain and 2 guided; two tokens each.
    expect(metrics.map(({ tokensSampled }) => tokensSampled.cumulative)).toEqual([12, 24, 36]);
    expect(model.updates.length).toBe(6);
    expect(checkpoints).toEqual(['step-000003']);
  });

  test('stops after the step in which the token budget is reached', async () => {
    const steps = async (tokenBudget: number) => (await play(planFor('AB', { tokenBudget }))).outcome;
    expect(await steps(13)).toEqual({ completedSteps: 2, interrupted: false });
    expect(await steps(12)).toEqual({ completedSteps: 1, interrupted: false });
  });

  test('writes checkpoints every n steps and keeps the newest', async () => {
    const { checkpoints, events } = await play(
      planFor('A', { steps: 7, checkpointEverySteps: 2, checkpointsKept: 3 }),
    );
    expect(checkpoints).toEqual(['step-000004', 'step-000006', 'step-000007']);
    expect(events.filter(({ kind }) => kind === 'checkpoint').map(({ fields }) => fields!['step'])).toEqual([
      2, 4, 6, 7,
    ]);
  });

  test.each([
    [2, 5, [0, 2, 4, 5]],
    [2, 4, [0, 2, 4]],
    [9, 3, [0, 3]],
  ])(
    'evaluates every %i of %i steps, before the first and after the last',
    async (every, steps, expected) => {
      const { evals } = await play(planFor('A', { steps, evaluation: evaluation(every) }));
      expect(evals.map(({ step }) => step)).toEqual(expected);
    },
  );

  test('evaluates at its own temperature, in each context', async () => {
    const contexts = ['plain', 'hint1'] as const;
    const { evals, model } = await play(
      planFor('A', { steps: 1, evaluation: { ...evaluation(1)!, contexts } }),
      { script: { respond: () => 'c.' } },
    );
    expect(evals.map(({ step, context }) => `${step} ${context}`)).toEqual([
      '0 plain',
      '0 hint1',
      '1 plain',
      '1 hint1',
    ]);
    expect(model.requests.slice(0, 4).map(({ temperature }) => temperature)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(model.requests[4].temperature).toBe(1);
  });

  test('tells the story of every problem in the ledger', async () => {
    const { ledger } = await play(planFor('ABFC', { steps: 4 }));
    expect(ledger.map(({ step, problemId, from, to }) => `${step} ${problemId} ${from}→${to}`)).toEqual([
      '0 A null→graduated',
      '0 B null→rescued',
      '1 F null→neverSolved',
      '1 C null→graduated',
    ]);
  });

  test('tells whoever watches what it is doing', async () => {
    const { progress } = await play(planFor('A', { steps: 1, evaluation: evaluation(5) }));
    const kinds = progress.map(({ kind }) => kind);
    expect(kinds.filter((kind, index) => kind !== kinds[index - 1])).toEqual([
      'evaluating',
      'evaluation',
      'sampling',
      'updating',
      'step',
      'evaluating',
      'evaluation',
    ]);
    expect(progress[1]).toEqual({ kind: 'evaluating', step: 0, done: 2, of: 2 });
  });
});

describe('rollouts of a step', () => {
  test('are written with their rows and every n steps', async () => {
    const { rolloutFiles } = await play(planFor('A', { steps: 5, rolloutsEverySteps: 2 }));
    expect(rolloutFiles).toEqual(['step-000000.jsonl', 'step-000002.jsonl', 'step-000004.jsonl']);
    expect((await play(planFor('A', { rolloutsEverySteps: 0 }))).rolloutFiles).toEqual([]);
  });

  test('hold every rollout, dropped ones too, and every row that was trained', async () => {
    const { dir } = await play(planFor('BC', { steps: 1, minibatches: 1 }));
    const { records } = await readRollouts<Record<string, unknown>>(dir, 0);
    const rollouts = records.filter(({ kind }) => kind === 'rollout');
    expect(
      rollouts.map((each) => [each['problemId'], each['context'], each['verdict'], each['outcome']]),
    ).toEqual([
      ['B', 'plain', 'wrong', 'accepted'],
      ['B', 'plain', 'wrong', 'accepted'],
      ['B', 'hint1', 'correct', 'accepted'],
      ['B', 'hint1', 'correct', 'accepted'],
      ['C', 'plain', 'correct', 'allPass'],
      ['C', 'plain', 'correct', 'allPass'],
    ]);
    expect(rollouts[2]).toMatchObject({
      drawOrdinal: 0,
      source: 'test/B',
      hint: 'a hint',
      level: 1,
      hintHash: 'daa8efa887bbb609', // printf 'a hint' | sha256sum
      sampleIndex: 0,
      policyVersion: 0,
      reason: 'begins with c',
      extracted: 'c',
      reward: 1,
      finish: 'stop',
      text: 'c',
      promptTokens: [...'B+hint1'].map((character) => character.charCodeAt(0)),
      responseTokens: [99, 46],
      logprobs: [-0.5, -0.5],
    });
    expect(rollouts[0]).toMatchObject({ level: 0, hint: null, hintHash: null });
    const rows = records.filter(({ kind }) => kind === 'row');
    expect(rows.length).toBe(4);
    expect(rows[2]).toEqual({
      kind: 'row',
      minibatch: 0,
      drawOrdinal: 0,
      problemId: 'B',
      sampledAtStep: 0,
      sampledContext: 'hint1',
      trainContext: 'plain',
      sampleIndex: 0,
      reward: 1,
      advantage: expect.closeTo(Math.sqrt(3) / 2, 5) as number,
      ratios: [1, 1],
    });
  });
});

describe('a batch that is short', () => {
  test('is trained short, and said so with the reasons', async () => {
    const { metrics, events } = await play(planFor('AC', { steps: 1 }));
    expect(metrics[0]).toMatchObject({ groupsTrained: 1, groupsShort: 1 });
    const [warning] = events.filter(({ kind }) => kind === 'warning');
    expect(warning.message).toMatch(/trained on 1 of 2 groups.*allPass 1/);
  });

  test('and empty time after time stops the run', async () => {
    const { outcome, metrics, model } = await play(planFor('CF', { steps: 9, maxBadSteps: 3 }));
    expect(outcome).toBeInstanceOf(TrainingError);
    expect((outcome as Error).message).toMatch(/in 3 steps.*1 as allPass, 1 as guidedAllFail/);
    expect(metrics.length).toBe(3);
    expect(model.calls).toEqual([]);
  });

  test('and empty now and then does not', async () => {
    const { outcome } = await play(planFor('CCAA', { steps: 6, maxBadSteps: 2 }));
    expect(outcome).toEqual({ completedSteps: 6, interrupted: false });
  });
});

describe('updates that are refused', () => {
  const refused = () => ({ gradNorm: NaN, applied: false });

  test('time after time stop the run and leave the last checkpoint alone', async () => {
    const { outcome, metrics, checkpoints } = await play(
      planFor('A', { steps: 9, maxBadSteps: 3, checkpointEverySteps: 1 }),
      { script: { step: refused } },
    );
    expect(outcome).toBeInstanceOf(TrainingError);
    expect((outcome as Error).message).toMatch(/^4 updates in a row/); // two a step, looked at after each step
    expect(metrics.map(({ policyVersion, updatesSkipped }) => [policyVersion, updatesSkipped])).toEqual([
      [0, 2],
      [0, 2],
    ]);
    expect(checkpoints).toEqual(['step-000001']);
  });

  test('are counted anew after one that was applied', async () => {
    let updates = 0;
    const step = () => (updates++ % 3 === 2 ? { gradNorm: 1, applied: true } : refused());
    const { outcome } = await play(planFor('A', { steps: 6, maxBadSteps: 4 }), { script: { step } });
    expect(outcome).toEqual({ completedSteps: 6, interrupted: false });
  });

  test('are written with the rows that have the numbers', async () => {
    const scoredLogprob: Script['scoredLogprob'] = (prompt, response) =>
      prompt === 'B' && response === 'c.' ? NaN : -0.5;
    const { events, outcome } = await play(planFor('AB', { steps: 1, minibatches: 1 }), {
      script: { scoredLogprob },
    });
    expect(outcome).toMatchObject({ completedSteps: 1 });
    const [error] = events.filter(({ kind }) => kind === 'error');
    expect(error.message).toMatch(/minibatch 0 was refused/);
    expect(error.fields).toEqual({
      step: 0,
      gradNorm: NaN,
      rows: [0, 1].map((sampleIndex) => ({
        problemId: 'B',
        drawOrdinal: 1,
        sampledContext: 'hint1',
        sampleIndex,
      })),
    });
  });
});

describe('an interrupt', () => {
  const interruptWhen = (when: (progress: TrainProgress) => boolean) => {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      onProgress: (progress: TrainProgress) => {
        if (when(progress)) controller.abort(new Error('interrupted'));
      },
    };
  };

  test('while sampling leaves the step undone', async () => {
    const { outcome, metrics, checkpoints, rolloutFiles } = await play(
      planFor('A'),
      interruptWhen((progress) => progress.kind === 'sampling' && progress.step === 1),
    );
    expect(outcome).toEqual({ completedSteps: 1, interrupted: true });
    expect(metrics.length).toBe(1);
    expect(rolloutFiles).toEqual(['step-000000.jsonl']);
    expect(checkpoints).toEqual(['step-000001']);
  });

  test('while updating lets the step finish', async () => {
    const { outcome, metrics } = await play(
      planFor('A'),
      interruptWhen((progress) => progress.kind === 'updating' && progress.step === 1),
    );
    expect(outcome).toEqual({ completedSteps: 2, interrupted: true });
    expect(metrics.length).toBe(2);
  });

  test('in the last step is none: the run is finished', async () => {
    const { outcome } = await play(
      planFor('A'),
      interruptWhen((progress) => progress.kind === 'updating' && progress.step === 2),
    );
    expect(outcome).toEqual({ completedSteps: 3, interrupted: false });
  });

  test('while evaluating writes none of the evaluation', async () => {
    const { outcome, evals } = await play(
      planFor('A', { evaluation: { ...evaluation(1)!, contexts: ['plain', 'hint1'] } }),
      interruptWhen(
        (progress) => progress.kind === 'evaluating' && progress.step === 1 && progress.done === 3,
      ),
    );
    expect(outcome).toEqual({ completedSteps: 1, interrupted: true });
    expect(evals.map(({ step }) => step)).toEqual([0, 0]);
  });

  test('does not hide what broke at the same time', async () => {
    const broken = new Error('the sampler broke');
    const { outcome, checkpoints } = await play(planFor('A'), {
      ...interruptWhen(({ kind }) => kind === 'updating'),
      script: {
        step: () => {
          throw broken;
        },
      },
    });
    expect(outcome).toBe(broken);
    expect(checkpoints).toEqual([]);
  });
});
