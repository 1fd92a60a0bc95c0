// Every entry on rows of its schema: the gold answer passes its own verifier, a wrong response does not, and a row that is
// no problem is refused with its field and a reason.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../types.ts';
import { sharedCodeBackend } from '../../verifiers/code/grade-code.ts';
import { parseCodeTask } from '../../verifiers/code/task.ts';
import { gradeResponse } from '../../verifiers/grade.ts';
import { verifierFor } from '../../verifiers/registry.ts';
import { problemOf } from '../problems.ts';
import { CODE_CASES } from './code-rows.case.ts';
import { fenced, type EntryCase, type GoodRow } from './entry.case.ts';
import { MATH_CASES } from './math-rows.case.ts';
import { DATASETS } from './registry.ts';
import { SCIENCE_CASES } from './science-rows.case.ts';

afterAll(() => sharedCodeBackend().close());

const CASES: Readonly<Record<string, EntryCase>> = { ...MATH_CASES, ...SCIENCE_CASES, ...CODE_CASES };

async function verdictOn(problem: Problem, response: string): Promise<string> {
  const { verdict } = await gradeResponse({ verifierFor }, { problem, response, finish: 'stop' });
  return `${verdict.kind}: ${verdict.reason}`;
}

/** As `guiderail data check` makes it; of a code problem, its solution. */
function goldResponse(problem: Problem, right: string | undefined): string {
  if (right !== undefined) return right;
  if (problem.verifier === 'code') return fenced(problem.solution!);
  const { answer } = problem;
  return verifierFor(problem.verifier).goldResponse?.(answer) ?? `#### ${answer}\n\\boxed{${answer}}`;
}

/** @throws where the verifier could not read it */
function readAnswer({ verifier, answer }: Problem): void {
  if (verifier === 'code') parseCodeTask(answer);
  else verifierFor(verifier).goldResponse?.(answer);
}

it('has rows for every entry, and no others', () => {
  expect(Object.keys(CASES).sort()).toEqual(DATASETS.map(({ name }) => name).sort());
});

describe.each(DATASETS)('$name', (entry) => {
  const { good, bad } = CASES[entry.name];
  const rowOf = (raw: GoodRow['raw']) => entry.toRow(raw);
  const problemFrom = (raw: GoodRow['raw']) => problemOf(rowOf(raw), { verifier: 'none', source: 'none' });

  it.each(good)('makes a problem whose gold passes its verifier (row %#)', async (row) => {
    const problem = problemFrom(row.raw);
    expect(problem).toMatchObject({ ...row.problem, verifier: entry.verifier });
    if ('reason' in problem) return;
    expect(problem.source.startsWith(entry.source) || entry.name === 'guide').toBe(true);
    readAnswer(problem);
    expect(await verdictOn(problem, goldResponse(problem, row.right))).toMatch(/^correct/);
    expect(await verdictOn(problem, row.wrong)).toMatch(/^(wrong|malformed)/);
  });

  it.each(good)('reads its columns alone (row %#)', ({ raw }) => {
    const alone = Object.fromEntries(
      entry.columns.flatMap((name) => (name in raw ? [[name, raw[name]]] : [])),
    );
    expect(rowOf(alone)).toEqual(rowOf(raw));
  });

  it('gives a fault or an answer that its verifier can read, whatever stands in the columns', () => {
    const value = fc.oneof(fc.anything({ withBigInt: true, withDate: true }), fc.json());
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...entry.columns), value), (change) => {
        const problem = problemFrom({ ...good[0].raw, ...change });
        if ('reason' in problem) expect([problem.field, problem.reason]).not.toContain('');
        else readAnswer(problem);
      }),
    );
  });

  it.each(bad)('refuses $field that $reason', ({ change, field, reason }) => {
    const row = rowOf({ ...good[0].raw, ...change });
    expect(row).toEqual({ field, reason: expect.stringMatching(reason) as string });
  });
});
