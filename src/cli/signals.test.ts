// Real signals to real processes of the built command line: what a test of Ctrl-C in this process cannot show.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Scratch } from './scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const built = (name: string) => fileURLToPath(new URL(`../../dist/cli/${name}`, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly err: string;
}

/** Runs node and calls `watch` with everything on stderr so far, each time there is more. */
function runNode(argv: readonly string[], watch: (err: string, child: ChildProcess) => void): Promise<Ended> {
  const child = spawn(process.execPath, argv, { cwd: scratch.dir, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    watch(err, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, err }));
  });
}

/** Interrupts once, as soon as stderr has the text. */
function interruptAt(text: string): (err: string, child: ChildProcess) => void {
  let sent = false;
  return (err, child) => {
    if (sent || !err.includes(text)) return;
    sent = true;
    child.kill('SIGINT');
  };
}

describe.skipIf(!existsSync(built('main.js')))('SIGINT', () => {
  // Were the signal not heard while the model samples, the step would take minutes.
  const LONG = ['--set', 'steps=1000000', '--set', 'sampling.groupsPerStep=20000', '--set', 'minibatches=1'];

  it('ends training with 130 and a checkpoint from which it goes on', async () => {
    const argv = [built('main.js'), 'train', 'train.yaml', '--set', 'steps=1000000'];
    const { code, signal, err } = await runNode(argv, interruptAt('evaluation after step 2, hint1'));
    expect({ code, signal }).toEqual({ code: 130, signal: null });
    const steps = Number(/guiderail: Interrupted after (\d+) steps\. Go on with: /.exec(err)?.[1]);
    expect(steps).toBeGreaterThanOrEqual(2);
    expect(readdirSync(scratch.at('runs/first/checkpoints'))).toContain(
      `step-${String(steps).padStart(6, '0')}`,
    );
    const resumed = await scratch.run(['train', '--resume', 'runs/first', '--set', `steps=${steps + 1}`]);
    expect(resumed.code).toBe(0);
    expect(scratch.lines('runs/first/metrics.jsonl').map(({ step }) => step)).toEqual(
      Array.from({ length: steps + 1 }, (_, step) => step),
    );
  });

  it('is heard in the middle of a step, which is discarded', async () => {
    const argv = [built('main.js'), 'train', 'train.yaml', '--out', 'runs/discarded', ...LONG];
    const { code, err } = await runNode(argv, interruptAt('evaluation after step 0, hint1'));
    expect(code).toBe(130);
    expect(err).toContain('Interrupted after 0 steps.');
  });

  it('is heard by sft between any two steps', async () => {
    const argv = [
      built('main.js'),
      'sft',
      'sft.yaml',
      '--set',
      'steps=1000000',
      '--set',
      'checkpoint.everySteps=1000000',
    ];
    const { code } = await runNode(argv, interruptAt('fine-tuning 1/'));
    expect(code).toBe(130);
    expect(await scratch.run(['sft', '--resume', 'runs/warm-up', '--set', 'steps=1'])).toMatchObject({
      code: 0,
    });
  });

  it('is heard by eval', async () => {
    const argv = 'eval --model model --problems problems.jsonl --max-new-tokens 16 --samples 20000'.split(
      ' ',
    );
    const { code } = await runNode([built('main.js'), ...argv], interruptAt('evaluating 1/'));
    expect(code).toBe(130);
  });

  it('sent again ends the process at once, whatever it is doing', async () => {
    const script = `
      import { listenForInterrupt } from ${JSON.stringify(built('interrupt.js'))};
      listenForInterrupt(process, process.stderr);
      setInterval(() => {}, 1000);
      process.stderr.write('working');`;
    const first = interruptAt('working');
    const second = interruptAt('Ctrl-C again');
    const ended = await runNode(['--input-type=module', '--eval', script], (err, child) => {
      first(err, child);
      second(err, child);
    });
    expect(ended).toMatchObject({ code: 130, signal: null });
  });
});
