import { describe, expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { problemId } from '../problems.ts';
import { DEFAULT_PROMPT_OPTIONS } from '../prompts.ts';
import { Inspection, type InspectionSettings } from './inspection.ts';
import { Lengths } from './lengths.ts';
import { OverlapIndex } from './overlap.ts';

const problem = (content: string, rest: Partial<Problem> = {}): Problem => {
  const messages = [{ role: 'user' as const, content }];
  return {
    id: problemId(messages, '1'),
    messages,
    answer: '1',
    verifier: 'exact',
    hints: [],
    source: 'a',
    ...rest,
  };
};
const inspect = (problems: readonly Problem[], settings: Partial<InspectionSettings> = {}) => {
  const inspection = new Inspection({
    tokenizer: null,
    prompt: DEFAULT_PROMPT_OPTIONS,
    maxPromptLength: null,
    against: null,
    examples: 0,
    seed: 1,
    ...settings,
  });
  for (const [index, each] of problems.entries()) inspection.add({ line: index + 1, problem: each });
  return inspection;
};

describe('an inspection', () => {
  it('counts sources, verifiers and hints, and measures prompts with and without them', () => {
    const { sources, verifiers, hints, lengths } = inspect([
      problem('xxxx', { hints: ['h', 'hh'] }),
      problem('xx', { source: 'b', verifier: 'math', hints: ['', 'hhh'] }),
      problem('x', { source: 'b' }),
    ]).report();
    expect(sources).toEqual([
      { source: 'b', problems: 2, hinted: 1 },
      { source: 'a', problems: 1, hinted: 1 },
    ]);
    expect(verifiers).toEqual({ exact: 2, math: 1 });
    expect(hints).toEqual({
      without: 1,
      levels: [
        { level: 1, problems: 1 },
        { level: 2, problems: 2 },
      ],
    });
    // '{content}\n\nHint: {hint}' adds eight characters to message and hint.
    expect(lengths.plain).toEqual({ mean: 7 / 3, min: 1, q50: 2, q90: 4, q99: 4, max: 4 });
    expect(lengths.hinted.map(({ level, lengths: of }) => [level, of.min, of.max])).toEqual([
      [1, 13, 13],
      [2, 13, 14],
    ]);
  });

  it('counts prompts that are too long in any context', () => {
    const problems = [problem('x'.repeat(12)), problem('xx', { hints: ['h'] }), problem('x')];
    expect(inspect(problems, { maxPromptLength: 10 }).report().lengths.tooLong).toEqual({
      limit: 10,
      problems: 2,
      lines: [1, 2],
    });
    expect(inspect(problems, { maxPromptLength: 11 }).report().lengths.tooLong?.lines).toEqual([1]);
  });

  it('says which rows repeat which, and which overlap with which evaluation problem', () => {
    const index = new OverlapIndex();
    index.addEvaluation(problem('Which?'));
    index.addEvaluation(problem('What is it?'));
    const places = [4, 9].map((line) => ({ file: 'held.jsonl', line, id: 'e' }));
    const report = inspect([problem('What IS it'), problem('b'), problem('B.'), problem('b')], {
      against: { index, places },
    }).report();
    expect(report.repetitions).toEqual({
      exact: 1,
      near: 1,
      first: [
        { line: 3, kind: 'near', firstLine: 2 },
        { line: 4, kind: 'exact', firstLine: 2 },
      ],
    });
    expect(report.overlap).toMatchObject({
      words: 13,
      evaluationProblems: 2,
      problems: 1,
      first: [{ line: 1, kind: 'whole', share: 1, evaluation: { file: 'held.jsonl', line: 9 }, others: 0 }],
    });
  });

  it('shows the same examples every time, others with another seed, plain and with each hint', () => {
    const problems = Array.from({ length: 40 }, (_, n) =>
      problem(`q${n}`, { hints: n % 2 ? ['', 'two'] : [] }),
    );
    const lines = (seed: number, count = 3) =>
      inspect(problems, { seed, examples: count })
        .report()
        .examples.map(({ line }) => line);
    expect(lines(1)).toEqual(lines(1));
    expect(lines(1)).not.toEqual(lines(2));
    expect(lines(1, 8).slice(0, 3)).toEqual(lines(1));
    expect(new Set(lines(1, 40)).size).toBe(40);
    const [hinted] = inspect([problem('q', { hints: ['', 'two'] })], { examples: 1 }).report().examples;
    expect(hinted).toMatchObject({
      plain: 'user: q',
      hinted: [{ level: 2, prompt: 'user: q\n\nHint: two' }],
    });
  });

  it('lists a thousand findings at most and counts them all, by at most 200 names', () => {
    const inspection = inspect(Array.from({ length: 1500 }, (_, n) => problem('same', { source: `s${n}` })));
    for (let line = 1501; line <= 3000; line++) inspection.add({ line, field: `f${line}`, reason: 'bad' });
    const { repetitions, rejected, sources } = inspection.report();
    expect([repetitions.exact, repetitions.first.length]).toEqual([1499, 1000]);
    expect([rejected.rows, rejected.first.length, Object.keys(rejected.byField).length]).toEqual([
      1500, 1000, 201,
    ]);
    expect(sources.length).toBe(201);
    expect(sources[0]).toMatchObject({ source: '(others)', problems: 1300 });
  });
});

it('quantiles are lengths that occur, by nearest rank', () => {
  const lengths = new Lengths();
  for (let length = 100; length >= 1; length--) lengths.add(length);
  expect(lengths.summary()).toEqual({ mean: 50.5, min: 1, q50: 50, q90: 90, q99: 99, max: 100 });
  expect(new Lengths().summary()).toBeNull();
});
