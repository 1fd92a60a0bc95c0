import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  problemNamed,
  ScriptedModel,
  scriptedResponder,
  type Script,
} from '../rollout/scripted-engine.case.ts';
import type { Problem } from '../types.ts';
import { liftOf, measureHints } from './lift.ts';
import {
  hintHash,
  keepLifting,
  levelsOf,
  MeasurementFile,
  readMeasurements,
  type Measurement,
} from './measurements.ts';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'guiderail-lift-'))));
afterEach(() => rmSync(dir, { recursive: true }));

const measured = (
  id: string,
  context: Measurement['context'],
  correct: number,
  more: Partial<Measurement> = {},
): Measurement => ({
  id,
  source: 'math/a',
  context,
  hint: context === 'plain' ? null : hintHash(`${id} ${context}`),
  samples: 4,
  correct,
  truncated: 0,
  copied: 0,
  ...more,
});

describe('liftOf', () => {
  const options = { passAt: [1, 4], runSeed: 1 };

  test('is the mean over problems of pass@k with the hint minus that without', () => {
    const [level] = liftOf(
      [
        measured('a', 'plain', 0),
        measured('a', 'hint1', 4),
        measured('b', 'plain', 2),
        measured('b', 'hint1', 1),
      ],
      options,
    );
    // pass@1: (4/4 − 0/4 + 1/4 − 2/4) / 2; pass@4: (1 − 0 + 1 − 1) / 2.
    expect(level.passAtK.map(({ k, lift }) => [k, lift.mean])).toEqual([
      [1, 0.375],
      [4, 0.5],
    ]);
    expect(level.passAtK[0]).toMatchObject({ plain: { mean: 0.25 }, hinted: { mean: 0.625 } });
    expect(level).toMatchObject({
      level: 1,
      source: 'all',
      problems: 2,
      rescued: 1,
      lost: 0,
      verdict: 'unclear',
    });
  });

  test('compares a level with the plain context of its own problems', () => {
    const levels = liftOf(
      [
        measured('a', 'plain', 4),
        measured('a', 'hint1', 4),
        measured('b', 'plain', 0),
        measured('b', 'hint2', 4),
      ],
      options,
    );
    expect(levels.map(({ level, passAtK }) => [level, passAtK[0].plain.mean, passAtK[0].lift.mean])).toEqual([
      [1, 1, 0],
      [2, 0, 1],
    ]);
  });

  test('says helps or hurts where the interval of the lift of pass@1 is on one side of 0', () => {
    const all = (plain: number, hinted: number) =>
      Array.from({ length: 8 }, (_, i) => [
        measured(`${i}`, 'plain', plain),
        measured(`${i}`, 'hint1', hinted),
      ]).flat();
    expect(liftOf(all(0, 2), options)[0].verdict).toBe('helps');
    expect(liftOf(all(2, 0), options)[0]).toMatchObject({ verdict: 'hurts', lost: 8 });
    expect(liftOf(all(2, 2), options)[0].verdict).toBe('unclear');
  });

  test('by source where there are several, and without problems that have no verdict', () => {
    const levels = liftOf(
      [
        measured('a', 'plain', 0),
        measured('a', 'hint1', 4),
        measured('b', 'plain', 0, { source: 'math/b' }),
        measured('b', 'hint1', 0, { source: 'math/b' }),
        measured('c', 'plain', 0, { samples: 0 }),
        measured('c', 'hint1', 4),
      ],
      options,
    );
    expect(levels.map(({ source, problems, passAtK }) => [source, problems, passAtK[0].lift.mean])).toEqual([
      ['all', 2, 0.5],
      ['math/a', 1, 1],
      ['math/b', 1, 0],
    ]);
  });
});

describe('measureHints', () => {
  const script: Script = {
    // Right with a hint, wrong without.
    respond: (prompt) => (prompt.includes('+hint') ? 'c.' : 'w.'),
  };
  const inputs = (problems: readonly Problem[], file: MeasurementFile | null) => {
    const model = new ScriptedModel(script);
    return {
      model,
      inputs: {
        sampler: model,
        responder: scriptedResponder(),
        problems,
        samples: 3,
        file,
        signal: new AbortController().signal,
      },
    };
  };

  test('samples every problem plain and under each of its hints', async () => {
    const { inputs: asked } = inputs([problemNamed('A'), problemNamed('B')], null);
    const all = await measureHints(asked);
    expect(all.map(({ context, samples, correct }) => [context, samples, correct])).toEqual([
      ['plain', 3, 0],
      ['hint1', 3, 3],
      ['plain', 3, 0],
      ['hint1', 3, 3],
    ]);
  });

  test('asks for nothing that a file has already, and gives the same again', async () => {
    const path = join(dir, 'lift.jsonl');
    const first = await MeasurementFile.open(path, { samples: 3 });
    await measureHints(inputs([problemNamed('A')], first).inputs);
    await first.close();
    const second = await MeasurementFile.open(path, { samples: 3 });
    const again = inputs([problemNamed('A'), problemNamed('B')], second);
    const all = await measureHints(again.inputs);
    await second.close();
    expect(all.length).toBe(4);
    expect(again.model.requests.length).toBe(6); // of B alone
    expect((await readMeasurements(path)).measurements).toEqual(all);
  });

  test('asks again for a hint that was reworded', async () => {
    const file = await MeasurementFile.open(join(dir, 'lift.jsonl'), {});
    await measureHints(inputs([problemNamed('A')], file).inputs);
    const reworded = { ...problemNamed('A'), hints: ['another'] };
    expect(file.find(reworded, 'plain')).toBeDefined();
    expect(file.find(reworded, 'hint1')).toBeUndefined();
    await file.close();
  });
});

describe('a file of measurements', () => {
  test('of another way of measuring is refused with what differs', async () => {
    const path = join(dir, 'lift.jsonl');
    await (await MeasurementFile.open(path, { samples: 3, model: 'a' })).close();
    await expect(MeasurementFile.open(path, { samples: 4, model: 'a' })).rejects.toThrow(
      /samples was 3 there and is 4 here/,
    );
  });

  test('bears the torn last line of a writer that was killed', async () => {
    const path = join(dir, 'lift.jsonl');
    const file = await MeasurementFile.open(path, {});
    file.add(measured('a', 'plain', 1));
    await file.close();
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"id":"b","con`);
    const again = await MeasurementFile.open(path, {});
    again.add(measured('b', 'plain', 2));
    await again.close();
    expect((await readMeasurements(path)).measurements.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test.each([
    ['something else', '{"prompt":"a","answer":"b"}\n', /its first line is something else/],
    ['a line that is no JSON', '{"guiderail":"hint-lift","settings":{}}\nno\n', /begins at byte 40/],
    ['a line with a wrong field', '{"guiderail":"hint-lift","settings":{}}\n{"id":1}\n', /:2, but id/],
  ])('%s is refused', async (_, text, sentence) => {
    const path = join(dir, 'other.jsonl');
    writeFileSync(path, text);
    await expect(readMeasurements(path)).rejects.toThrow(sentence);
  });
});

describe('keepLifting', () => {
  const problem = (id: string, hints: string[]): Problem => ({
    id,
    messages: [{ role: 'user', content: id }],
    answer: '1',
    verifier: 'exact',
    hints,
    source: 'math/a',
  });
  const hinted = (id: string, level: number, hint: string, correct: number) =>
    measured(id, `hint${level}`, correct, { hint: hintHash(hint) });

  test('blanks hints that were not measured to lift by more than asked, and keeps levels where they are', () => {
    const lifting = keepLifting(
      [problem('a', ['one', 'two', 'three']), problem('b', ['four'])],
      [
        measured('a', 'plain', 1),
        hinted('a', 1, 'one', 1),
        hinted('a', 2, 'two', 3),
        hinted('b', 1, 'four', 4),
      ],
      0,
    );
    expect(lifting.problems.map(({ hints }) => hints)).toEqual([['', 'two', ''], ['']]);
    expect(lifting).toMatchObject({ kept: 1, removed: 1, unmeasured: 2 });
    expect(levelsOf(lifting.problems)).toEqual([2]);
  });

  test('a hint that was reworded since is not measured', () => {
    const lifting = keepLifting(
      [problem('a', ['new'])],
      [measured('a', 'plain', 0), hinted('a', 1, 'old', 4)],
      0,
    );
    expect(lifting).toMatchObject({ kept: 0, unmeasured: 1 });
  });
});
