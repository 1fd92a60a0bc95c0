import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FakeInterrupts, ROWS, Scratch } from '../scratch.case.ts';
import { passAtFor } from '../sampling-options.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const figure = z.strictObject({ k: z.int(), estimate: z.number(), low: z.number(), high: z.number() });
const reportSchema = z.strictObject({
  model: z.string(),
  file: z.string(),
  seed: z.int(),
  temperature: z.number(),
  topK: z.int(),
  topP: z.number(),
  minP: z.number(),
  maxNewTokens: z.int(),
  stopStrings: z.array(z.string()),
  context: z.string(),
  problems: z.int(),
  samples: z.int(),
  passAtK: z.array(figure),
  bySource: z.array(z.strictObject({ source: z.string(), problems: z.int(), passAtK: z.array(figure) })),
  truncated: z.int(),
  malformed: z.int(),
  graderFaults: z.int(),
  tokensSampled: z.int(),
  seconds: z.strictObject({ total: z.number() }),
});
type Report = z.output<typeof reportSchema>;

const argv = (...more: string[]) => [
  ...['eval', '--model', 'model', '--problems', 'problems.jsonl', '--max-new-tokens', '16'],
  ...more,
];

/** The report without its time. */
async function report(...more: string[]): Promise<Omit<Report, 'seconds'>> {
  const { code, out } = await scratch.run(argv('--json', ...more));
  expect(code).toBe(0);
  expect(out.trimEnd()).not.toContain('\n');
  const { seconds, ...rest } = reportSchema.parse(JSON.parse(out));
  expect(seconds.total).toBeGreaterThan(0);
  return rest;
}

const estimates = ({ passAtK }: Pick<Report, 'passAtK'>) => passAtK.map(({ estimate }) => estimate);

describe('guiderail eval', () => {
  it('prints one JSON object that says what was measured and how', async () => {
    expect(
      await report('--samples', '3', '--seed', '7', '--temperature', '0.5', '--limit', '3'),
    ).toMatchObject({
      model: 'model',
      file: 'problems.jsonl',
      seed: 7,
      temperature: 0.5,
      maxNewTokens: 16,
      context: 'plain',
      problems: 3,
      samples: 3,
      passAtK: [{ k: 1 }, { k: 2 }, { k: 3 }],
      bySource: [{ source: 'a' }, { source: 'b' }, { source: 'c' }],
      graderFaults: 0,
    });
  });

  it('prints a line for a person, with progress on stderr', async () => {
    const { out, err } = await scratch.run(argv('--samples', '2'));
    expect(out).toMatch(/^plain: pass@1 \S+ \[\S+, \S+\], pass@2 \S+ \[\S+, \S+\] on 4 problems.*\n$/);
    expect(err).toMatch(
      /^Memory at most: weights .* in all\.\nevaluating 1\/8[^]*\nevaluating 8\/8 · .* · took \S+\n$/,
    );
  });

  it('shows the hint in the hinted context only: the base follows it', async () => {
    const plain = await report('--samples', '16');
    const hinted = await report('--samples', '16', '--context', 'hint');
    expect(hinted.context).toBe('hint1');
    expect(estimates(hinted)[0]).toBeGreaterThan(estimates(plain)[0] + 0.1);
    expect(await report('--samples', '16', '--level', '1')).toEqual(hinted);
  });

  it('estimates pass@1 and pass@2 from two samples as by hand', async () => {
    const { passAtK, bySource } = await report('--samples', '2', '--context', 'hint', '--temperature', '1.5');
    // One problem a source: pass@1 = c/2, and pass@2 = 1 − C(2−c, 2)/C(2, 2) = 1 for c > 0.
    const correct = bySource.map((entry) => estimates(entry)[0] * 2);
    expect(correct).toContain(1);
    expect(bySource.map((entry) => estimates(entry)[1])).toEqual(correct.map((c) => (c > 0 ? 1 : 0)));
    const total = correct.reduce((sum, c) => sum + c);
    expect(passAtK).toMatchObject([
      { k: 1, estimate: total / 8 },
      { k: 2, estimate: correct.filter((c) => c > 0).length / 4 },
    ]);
  });

  it('is the same for the same seed, another for another', async () => {
    const first = await report('--samples', '4', '--seed', '3');
    expect(await report('--samples', '4', '--seed', '3')).toEqual(first);
    expect({ ...(await report('--samples', '4', '--seed', '4')), seed: 3 }).not.toEqual(first);
  });

  it('is greedy at temperature 0: more samples and seeds change nothing', async () => {
    const once = await report('--samples', '1', '--temperature', '0');
    const often = await report('--samples', '3', '--temperature', '0', '--seed', '9');
    expect(new Set(estimates(often))).toEqual(new Set(estimates(once)));
    expect(often.tokensSampled).toBe(3 * once.tokensSampled);
  });

  it('samples from a part of the distribution: from the most likely token alone it is greedy', async () => {
    const untruncated = { topK: 0, topP: 1, minP: 0 };
    const greedy = await report('--samples', '1', '--temperature', '0');
    expect(greedy).toMatchObject(untruncated);
    for (const cut of [{ topK: 1 }, { topP: 1e-6 }, { minP: 1 }]) {
      const [[name, value]] = Object.entries(cut);
      const option = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
      const narrow = await report('--samples', '1', `--${option}`, String(value));
      expect(narrow).toEqual({ ...greedy, temperature: 1, ...untruncated, ...cut });
    }
  });

  it('ends responses at stop strings, so that what follows is not seen', async () => {
    const whole = await report('--samples', '4', '--context', 'hint');
    const cut = await report(
      ...['--samples', '4', '--context', 'hint', '--stop-string', '####', '--stop-string', 'never'],
    );
    // Answers stand behind ####.
    expect(cut).toMatchObject({ stopStrings: ['####', 'never'], malformed: 16, truncated: 0 });
    expect(whole.malformed).toBeLessThan(16);
    expect(cut.tokensSampled).toBeLessThan(whole.tokensSampled);
  });

  it('writes what each problem came to, from which its estimate follows', async () => {
    const { passAtK } = await report('--samples', '4', '--counts', 'counts.jsonl');
    const rows = scratch.lines<{ id: string; source: string; samples: number; correct: number }>(
      'counts.jsonl',
    );
    expect(rows.map((row) => [row.source, row.samples, Object.keys(row).sort().join()])).toEqual(
      ['a', 'b', 'c', 'd'].map((source) => [source, 4, 'context,correct,id,samples,source']),
    );
    expect(rows.every(({ id }) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
    const mean = rows.reduce((sum, { correct }) => sum + correct / 4, 0) / rows.length;
    expect(passAtK[0].estimate).toBeCloseTo(mean, 12);
  });

  it('leaves problems without the hint out, and says so', async () => {
    scratch.writeRows('some.jsonl', [{ ...ROWS[0], hint: null }, ...ROWS.slice(1)]);
    const { code, out, err } = await scratch.run(
      argv('--problems', 'some.jsonl', '--samples', '1', '--context', 'hint', '--json'),
    );
    expect(code).toBe(0);
    expect(err).toContain('1 of 4 problems have no hint of level 1 and are left out.\n');
    expect(JSON.parse(out)).toMatchObject({ problems: 3 });
  });

  it('leaves unusable rows out where asked to, and says which', async () => {
    scratch.writeRows('torn.jsonl', [ROWS[0], '{"prompt": ', ROWS[1]]);
    const { code, out, err } = await scratch.run(
      argv('--problems', 'torn.jsonl', '--samples', '1', '--drop-unusable', '--json'),
    );
    expect(code).toBe(0);
    expect(err).toMatch(/Dropped 1 rows that cannot be used:\ntorn\.jsonl:2 \(row\): not JSON/);
    expect(JSON.parse(out)).toMatchObject({ problems: 2 });
  });

  it('puts system prompt and hint as asked', async () => {
    const longSystem = await scratch.run(argv('--samples', '1', '--system-prompt', 'a '.repeat(31).trim()));
    expect(longSystem.err).toMatch(/room for 16 new tokens within the 64 .* has 49; lower --max-new-tokens/);
    const hintFirst = ['--context', 'hint', '--hint-template', '{hint} {content}'];
    const other = await report('--samples', '8', ...hintFirst);
    expect(other).not.toEqual(await report('--samples', '8', '--context', 'hint'));
  });

  it('measures the model it is given', async () => {
    await scratch.run(['sft', 'sft.yaml']);
    const tuned = await report('--model', 'runs/warm-up/model', '--samples', '4');
    expect({ ...tuned, model: 'model' }).not.toEqual(await report('--samples', '4'));
  });

  it('stops at Ctrl-C with nothing on stdout', async () => {
    const interrupts = new FakeInterrupts();
    const { code, out, err } = await scratch.run(argv('--samples', '500', '--json'), {
      interrupts,
      onStderr: (text) => {
        if (/evaluating 1\/2000.*\n$/.test(text)) interrupts.press();
      },
    });
    expect({ code, out }).toEqual({ code: 130, out: '' });
    expect(err).toMatch(
      /\nevaluating 1\/2000 .*\n\nStopping\. Press Ctrl-C again to exit at once\.\nguiderail: Interrupted\.\n$/,
    );
    expect(interrupts.listeners()).toBe(0);
  });
});

describe('passAtFor', () => {
  it('takes the powers of two below the samples, and the samples', () => {
    expect([1, 2, 6, 8].map(passAtFor)).toEqual([[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]);
  });
});
