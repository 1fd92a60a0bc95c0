import { describe, expect, it } from 'vitest';
import type { Problem } from '../types.ts';
import { formatGateOf, type FormatOptions } from './format-gate.ts';
import { gradeResponse, rewardPartsOf } from './grade.ts';
import type { Verifier } from './verifier.ts';

const gate = (options: Partial<FormatOptions>) =>
  formatGateOf({ thinkTags: false, boxed: false, ...options })!;

describe('the format gate', () => {
  it('is none where nothing is asked for', () => {
    expect(gate({})).toBeNull();
  });

  it.each([
    ['<think>I add.</think>5', null],
    [' <think>\nI add.\n</think>\n5', null],
    ['I add.</think>5', null],
    ['5', /one <\/think>, got 0/],
    ['<think>I add.</think>5</think>', /got 2/],
    ['First <think>I add.</think>5', /at the beginning/],
    ['<think>I <think>add.</think>5', /once/],
    ['<think> </think>5', /thoughts/],
    ['<think>I add.</think> ', /an answer/],
  ])('of think tags says of %j %s', (response, fault) => {
    const said = gate({ thinkTags: true })(response);
    if (fault === null) expect(said).toBeNull();
    else expect(said).toMatch(fault);
  });

  it('of a box wants it behind the thoughts', () => {
    const boxed = gate({ boxed: true });
    expect(boxed('so \\boxed{5}')).toBeNull();
    for (const response of ['so 5', '\\boxed{}', '\\boxed{5', '<think>\\boxed{5}</think>5'])
      expect(boxed(response)).toMatch(/\\boxed/);
  });

  it('of a pattern matches across lines, and stops one that backtracks without end', () => {
    expect(gate({ pattern: '^a.*b$' })('a\nb')).toBeNull();
    expect(gate({ pattern: '^a.*b$' })('a\nbc')).toBe('expected it to match /^a.*b$/');
    expect(() => gate({ pattern: '^(a+)+$' })(`${'a'.repeat(40)}!`)).toThrow(/timed out/);
  });
});

describe('gradeResponse', () => {
  const problem: Problem = { id: 'p', messages: [], answer: '5', verifier: 'v', hints: [], source: 's' };
  const seen: string[] = [];
  const verifier: Verifier = {
    kind: 'v',
    verify: async ({ response }) => {
      seen.push(response);
      return { kind: 'correct', reason: '', extracted: response };
    },
  };
  const grading = (options: Partial<FormatOptions>) => ({
    verifierFor: () => verifier,
    formatGate: gate(options),
  });
  const grade = (options: Partial<FormatOptions>, response: string, finish: 'stop' | 'length' = 'stop') =>
    gradeResponse(grading(options), { problem, response, finish });

  it('asks the verifier only about what passes the gate', async () => {
    expect(await grade({ boxed: true }, '\\boxed{5}')).toMatchObject({
      wellFormed: true,
      verdict: { kind: 'correct' },
    });
    expect(await grade({ boxed: true }, '5')).toEqual({
      wellFormed: false,
      verdict: {
        kind: 'malformed',
        reason: 'The format gate refused it: expected the answer in \\boxed{…}.',
        extracted: null,
      },
    });
    expect(await grade({ boxed: true }, '5', 'length')).toMatchObject({ verdict: { kind: 'truncated' } });
    expect(seen).toEqual(['\\boxed{5}']);
  });

  it('makes a gate that fails a fault of the grader, which earns nothing', async () => {
    const failed = await grade({ pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`);
    expect(failed.verdict.kind).toBe('graderError');
    expect(rewardPartsOf(failed, { correctness: 1, format: 1 })).toEqual({ correctness: 0, format: 0 });
  });

  it('rewards form and correctness apart', async () => {
    const weights = { correctness: 2, format: 0.5 };
    expect(rewardPartsOf(await grade({ boxed: true }, '\\boxed{5}'), weights)).toEqual(weights);
    expect(rewardPartsOf(await grade({ boxed: true }, '5'), weights)).toEqual({ correctness: 0, format: 0 });
  });
});
