import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationLine } from '../../runs/metrics.ts';
import type { RunInfo } from '../../runs/provenance.ts';
import type { RunEvent } from '../../runs/run-directory.ts';
import { FakeInterrupts, ROWS, Scratch, type Ran } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const stepsOf = (run: string) => scratch.lines('runs', run, 'metrics.jsonl').map(({ step }) => step);

describe('guiderail train', () => {
  let ran: Ran;
  beforeAll(async () => {
    ran = await scratch.run(['train', 'train.yaml']);
  });

  it('ends with the first and last evaluation, the run and the model on stdout', () => {
    const evaluations = scratch.lines<EvaluationLine>('runs/first/evals.jsonl');
    const figure = (step: number, context: string, k: number) =>
      Number(
        evaluations
          .find((line) => line.step === step && line.context === context)!
          .passAtK.find((entry) => entry.k === k)!
          .estimate.toPrecision(3),
      );
    expect(ran.code).toBe(0);
    const [plain, hinted, ...places] = ran.out.split('\n');
    for (const [text, context] of [
      [plain, 'plain'],
      [hinted, 'hint1'],
    ] as const) {
      const shape = new RegExp(
        `^${context}: pass@1 (\\S+) \\[.*\\], pass@2 (\\S+) \\[.*\\] \\(step 0\\) → pass@1 (\\S+) \\[.*\\], pass@2 (\\S+) \\[.*\\] \\(step 2\\)$`,
      );
      const figures = shape.exec(text)?.slice(1).map(Number);
      expect(figures).toEqual([0, 2].flatMap((step) => [1, 2].map((k) => figure(step, context, k))));
    }
    expect(places).toEqual([
      `run: ${scratch.at('runs/first')}`,
      `model: ${scratch.at('runs/first/model')}`,
      '',
    ]);
  });

  it('says on stderr how it goes, without control characters where there is no terminal', () => {
    const lines = ran.err.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('evaluation after step')).length).toBe(6);
    expect(lines[0]).toMatch(/^Memory at most: weights .* in all\.$/);
    // The recipe evaluates on two of the problems that it trains on.
    expect(lines[1]).toMatch(/^Found and kept 2 training problems that share 13 words/);
    expect(lines.slice(2, 4)).toEqual([
      expect.stringMatching(/: the whole text$/),
      expect.stringMatching(/^"/),
    ]);
    expect(lines[4]).toMatch(/^training 0\/2/);
    expect(lines.at(-1)).toMatch(
      /^training 2\/2 · .* · took \S+ · hint-free \S+ · guided \S+ · all-fail \S+ · rescued \d+ · groups \d+ · .* · tokens [\d,]+$/,
    );
    expect(ran.err).not.toMatch(/\u001b/);
  });

  it('refuses a directory that holds a run, names the ways out and leaves it as it is', async () => {
    const before = scratch.content();
    const { code, out, err } = await scratch.run(['train', 'train.yaml']);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toBe(
      `guiderail: Expected ${scratch.at('runs/first')} to be a new or empty directory, but it already holds a run. ` +
        'Continue that run with --resume, or choose another directory with --out.\n',
    );
    expect(scratch.content()).toEqual(before);
  });

  it('takes another directory, and changes of the recipe', async () => {
    const set = [
      '--set',
      'steps=1',
      '--set',
      'optimizer.learningRate=5e-4',
      '--set',
      'optimizer.learningRate=1e-4',
    ];
    const { code, out } = await scratch.run(['train', 'train.yaml', '--out', 'runs/other', ...set]);
    expect(code).toBe(0);
    expect(out).toContain(`run: ${scratch.at('runs/other')}\n`);
    const [metrics] = scratch.lines('runs/other/metrics.jsonl');
    expect(metrics).toMatchObject({ step: 0, learningRate: 1e-4 });
    expect(stepsOf('other')).toEqual([0]);
  });

  it('goes on with a run without its recipe, from another folder, and says what is changed', async () => {
    await scratch.run(['train', 'train.yaml', '--set', 'steps=1', '--out', 'runs/resumed']);
    mkdirSync(scratch.at('elsewhere'));
    const { code, out, err } = await scratch.run(
      ['train', '--resume', '../runs/resumed', '--set', 'steps=2', '--set', 'optimizer.learningRate=1e-3'],
      { cwd: 'elsewhere' },
    );
    expect(code).toBe(0);
    expect(stepsOf('resumed')).toEqual([0, 1]);
    expect(err).toContain('Not as when the run began: config.steps: 1 → 2.\n');
    expect(err).toContain('Not as when the run began: config.optimizer.learningRate: 0.002 → 0.001.\n');
    expect(err).not.toContain('config.model');
    // The summary is of the whole run, not of this process.
    expect(out).toMatch(/^plain: .* \(step 0\) → .* \(step 2\)$/m);
  });

  it('goes on with a run by a recipe of its own', async () => {
    scratch.write('longer.yaml', `steps: 3\n${recipeOf('first', 'steps')}`);
    const { code, err } = await scratch.run(['train', 'longer.yaml', '--resume', 'runs/first']);
    expect(code).toBe(0);
    expect(err).toContain('config.steps: 2 → 3.');
    expect(stepsOf('first')).toEqual([0, 1, 2]);
  });

  it('does not guess whether to resume or to start', async () => {
    const both = await scratch.run(['train', '--resume', 'runs/first', '--out', 'runs/new']);
    expect(both.code).toBe(1);
    expect(both.err).toContain("option '--resume <dir>' cannot be used with option '--out <dir>'");
    const neither = await scratch.run(['train']);
    expect(neither.code).toBe(1);
    expect(neither.err).toMatch(/Expected a recipe, .* or --resume with a run directory/);
    const missing = await scratch.run(['train', '--resume', 'runs/none']);
    expect(missing.err).toMatch(
      /runs\/none.*no such directory\. Check the name, or start the run without --resume/,
    );
    expect(existsSync(scratch.at('runs/new')) || existsSync(scratch.at('runs/none'))).toBe(false);
  });

  it('names the command that goes on with a run of another kind', async () => {
    await scratch.run(['sft', 'sft.yaml', '--set', 'steps=1', '--out', 'runs/tuned']);
    const { code, err } = await scratch.run(['train', '--resume', 'runs/tuned']);
    expect(code).toBe(1);
    expect(err).toContain('guiderail sft made it; go on with guiderail sft --resume runs/tuned.');
  });

  it('says which problems can never be guided', async () => {
    scratch.writeRows('some.jsonl', [{ ...ROWS[0], hint: null }, ...ROWS.slice(1)]);
    const set = ['--set', 'steps=1', '--set', 'problems={train: {file: some.jsonl}}'];
    const { code, out, err } = await scratch.run(['train', 'train.yaml', '--out', 'runs/some', ...set]);
    expect(code).toBe(0);
    expect(err).toContain('1 of 4 problems have no hint of level 1: when all their rollouts fail');
    expect(out).toContain('no evaluation: the recipe has no problems.heldOut\n');
    const warnings = scratch
      .lines<RunEvent>('runs/some/events.jsonl')
      .filter(({ kind }) => kind === 'warning');
    expect(warnings[0].message).toContain('no hint of level 1');
  });

  it('runs without hints where no guidance is asked for', async () => {
    scratch.writeRows(
      'bare.jsonl',
      ROWS.map(({ prompt, answer }) => ({ prompt, answer })),
    );
    const set = [
      'problems={train: {file: bare.jsonl}}',
      'guidance={strategy: none, retention: 0}',
      'steps=1',
    ];
    const argv = ['train', 'train.yaml', '--out', 'runs/bare', ...set.flatMap((change) => ['--set', change])];
    const { code, err } = await scratch.run(argv);
    expect(code).toBe(0);
    expect(err).not.toContain('no hint');
  });
});

describe('Ctrl-C', () => {
  it('stops a run at a point from which the printed command goes on', async () => {
    const interrupts = new FakeInterrupts();
    let pressed = false;
    const { code, out, err } = await scratch.run(['train', 'train.yaml', '--out', 'runs/stopped'], {
      interrupts,
      onStderr: (text) => {
        if (pressed || !text.includes('evaluation after step 1, hint1')) return;
        pressed = true;
        interrupts.press();
      },
    });
    expect(code).toBe(130);
    expect(out).toBe('');
    expect(err).toContain('Stopping. Press Ctrl-C again to exit at once.\n');
    const goOn = `train --resume ${scratch.at('runs/stopped')}`;
    expect(err.endsWith(`guiderail: Interrupted after 1 step. Go on with: guiderail ${goOn}\n`)).toBe(true);
    expect(interrupts).toMatchObject({ exits: [] });
    expect(interrupts.listeners()).toBe(0);
    expect(await scratch.run(goOn.split(' '))).toMatchObject({ code: 0 });
    expect(stepsOf('stopped')).toEqual([0, 1]);
  });

  it('pressed twice does not wait', async () => {
    const interrupts = new FakeInterrupts();
    let pressed = false;
    await scratch.run(['train', 'train.yaml', '--out', 'runs/twice'], {
      interrupts,
      onStderr: (text) => {
        if (pressed || !text.includes('evaluation after step 0')) return;
        pressed = true;
        interrupts.press();
        expect(interrupts.exits).toEqual([]);
        interrupts.press();
        expect(interrupts.exits).toEqual([130]);
      },
    });
    expect(pressed).toBe(true);
  });
});

/** The recipe of a run as YAML, but for one option. */
function recipeOf(run: string, without: string): string {
  const { config } = JSON.parse(scratch.read('runs', run, 'run.json')) as RunInfo;
  const kept = Object.entries(config as Record<string, unknown>).filter(([key]) => key !== without);
  return kept.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('');
}
