import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeInterrupts, Scratch, type Ran } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const stepsOf = (run: string) => scratch.lines('runs', run, 'metrics.jsonl').map(({ step }) => step);

describe('guiderail sft', () => {
  let ran: Ran;
  beforeAll(async () => {
    ran = await scratch.run(['sft', 'sft.yaml']);
  });

  it('ends with the run and the model on stdout, and shows loss and rate on stderr', () => {
    expect(ran.code).toBe(0);
    expect(ran.out).toBe(`run: ${scratch.at('runs/warm-up')}\nmodel: ${scratch.at('runs/warm-up/model')}\n`);
    const { loss } = scratch.lines<{ loss: number }>('runs/warm-up/metrics.jsonl').at(-1)!;
    const last = ran.err.trimEnd().split('\n').at(-1);
    expect(last).toMatch(
      /^fine-tuning 2\/2 · .* · took \S+ · loss \S+ · grad norm \S+ · learning rate 0\.01$/,
    );
    expect(last).toContain(`loss ${Number(loss.toPrecision(3))} `);
  });

  it('makes a model that evaluates', async () => {
    const { code } = await scratch.run(
      'eval --model runs/warm-up/model --problems problems.jsonl --samples 1 --max-new-tokens 4'.split(' '),
    );
    expect(code).toBe(0);
  });

  it('starts a model from nothing', async () => {
    const shape = 'hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 2, keyValueHeads: 1, headDim: 4';
    const set = [
      `model={initialize: {${shape}, maxSequenceLength: 64}}`,
      'demonstrations={machines: {machines: 2, easyMachines: 0, depth: 1, wordLength: 3, alphabet: 3}}',
      'steps=1',
    ];
    const argv = ['sft', 'sft.yaml', '--out', 'runs/new', ...set.flatMap((change) => ['--set', change])];
    expect(await scratch.run(argv)).toMatchObject({ code: 0 });
    expect(JSON.parse(scratch.read('runs/new/model/config.json'))).toMatchObject({ hidden_size: 8 });
  });

  it('refuses a directory that holds a run', async () => {
    const before = scratch.content();
    const { code, err } = await scratch.run(['sft', 'sft.yaml']);
    expect(code).toBe(1);
    expect(err).toMatch(
      /already holds a run\. Continue that run with --resume, or choose .* with --out\.\n$/,
    );
    expect(scratch.content()).toEqual(before);
  });

  it('goes on with a run without its recipe and says what is changed', async () => {
    const { code, err } = await scratch.run(['sft', '--resume', 'runs/warm-up', '--set', 'steps=3']);
    expect(code).toBe(0);
    expect(err).toContain('Not as when the run began: config.steps: 2 → 3.\n');
    expect(stepsOf('warm-up')).toEqual([0, 1, 2]);
  });

  it('stops at Ctrl-C and goes on by the printed command', async () => {
    const interrupts = new FakeInterrupts();
    const { code, err } = await scratch.run(['sft', 'sft.yaml', '--out', 'runs/stopped'], {
      interrupts,
      onStderr: (text) => {
        if (/fine-tuning 1\/2.*\n$/.test(text)) interrupts.press();
      },
    });
    expect(code).toBe(130);
    const goOn = `sft --resume ${scratch.at('runs/stopped')}`;
    expect(err.endsWith(`guiderail: Interrupted after 1 step. Go on with: guiderail ${goOn}\n`)).toBe(true);
    expect(await scratch.run(goOn.split(' '))).toMatchObject({ code: 0 });
    expect(stepsOf('stopped')).toEqual([0, 1]);
  });

  it('names the command that goes on with a run of another kind', async () => {
    await scratch.run(['train', 'train.yaml', '--set', 'steps=1']);
    const { code, err } = await scratch.run(['sft', '--resume', 'runs/first']);
    expect(code).toBe(1);
    expect(err).toContain('guiderail train made it; go on with guiderail train --resume runs/first.');
  });
});
