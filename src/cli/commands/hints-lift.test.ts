import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FakeInterrupts, ROWS, Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const argv = (...more: string[]) => [
  ...['hints', 'lift', 'problems.jsonl', '--model', 'model', '--samples', '8', '--max-new-tokens', '16'],
  ...more,
];
const interval = z.looseObject({ mean: z.number(), low: z.number(), high: z.number() });
const reportSchema = z.looseObject({
  levels: z.array(
    z.looseObject({
      level: z.int(),
      source: z.string(),
      problems: z.int(),
      passAtK: z.array(z.strictObject({ k: z.int(), plain: interval, hinted: interval, lift: interval })),
    }),
  ),
});
const linesOf = (file: string) => readFileSync(join(scratch.dir, file), 'utf8').trimEnd().split('\n');

describe('guiderail hints lift', () => {
  it('finds that the base follows hints, over all sources and by source', async () => {
    const { code, out } = await scratch.run(argv('--json'));
    expect(code).toBe(0);
    const { levels } = reportSchema.parse(JSON.parse(out));
    expect(levels.map(({ source, problems }) => [source, problems])).toEqual([
      ['all', 4],
      ...['a', 'b', 'c', 'd'].map((source) => [source, 1]),
    ]);
    expect(levels[0].passAtK.map(({ k }) => k)).toEqual([1, 2, 4, 8]);
    const { plain, hinted, lift } = levels[0].passAtK[0];
    expect(lift.mean).toBeGreaterThan(0.1);
    expect(lift.mean).toBeCloseTo(hinted.mean - plain.mean, 12);
  });

  it('goes on from what --out keeps, and says the same', async () => {
    const whole = await scratch.run(argv('--out', 'whole.jsonl'));
    const lines = linesOf('whole.jsonl');
    expect(lines.length).toBe(1 + 4 * 2);
    // Stopped after one and a half problems, in the middle of a line.
    scratch.write('part.jsonl', `${lines.slice(0, 4).join('\n')}\n${lines[4].slice(0, 20)}`);
    const again = await scratch.run(argv('--out', 'part.jsonl'));
    expect(again.out).toBe(whole.out);
    expect(linesOf('part.jsonl')).toEqual(lines);
    expect(again.err).toContain('measuring 25/64');
    // One that is whole samples nothing.
    const repeated = await scratch.run(argv('--out', 'whole.jsonl'));
    expect(repeated.out).toBe(whole.out);
    expect(repeated.err).not.toContain('measuring');
  });

  it('stops at Ctrl-C', async () => {
    const interrupts = new FakeInterrupts();
    let pressed = false;
    const { code } = await scratch.run(argv(), {
      interrupts,
      onStderr: (text) => {
        if (pressed || !text.includes('measuring')) return;
        pressed = true;
        interrupts.press();
      },
    });
    expect(code).toBe(130);
  });

  it('refuses a file that was measured otherwise', async () => {
    await scratch.run(argv('--out', 'seed.jsonl'));
    const { code, err } = await scratch.run(argv('--out', 'seed.jsonl', '--seed', '2'));
    expect(code).toBe(1);
    expect(err).toContain('seed was 1 there and is 2 here');
  });

  it('refuses problems without hints', async () => {
    scratch.writeRows(
      'unhinted.jsonl',
      ROWS.map(({ prompt, answer }) => ({ prompt, answer })),
    );
    const { code, err } = await scratch.run(
      argv().map((word) => (word === 'problems.jsonl' ? 'unhinted.jsonl' : word)),
    );
    expect(code).toBe(1);
    expect(err).toContain('none has one');
  });
});
