import { describe, expect, it } from 'vitest';
import type { EvaluationLine } from '../../runs/metrics.ts';
import { resultTable } from './demo.ts';

const line = (step: number, context: string, values: readonly [number, number]): EvaluationLine => ({
  step,
  context,
  problems: 4,
  samples: 8,
  passAtK: [
    { k: 1, estimate: values[0], low: values[0] - 0.1, high: values[0] + 0.1 },
    { k: 8, estimate: values[1], low: values[1] - 0.1, high: values[1] + 0.1 },
  ],
  bySource: [],
  truncated: 0,
  malformed: 0,
  graderFaults: 0,
  seconds: { total: 1 },
});

describe('resultTable', () => {
  it('shows the first and the last evaluation of each context, not those between', () => {
    const table = resultTable([
      line(0, 'plain', [0.25, 0.5]),
      line(0, 'hint1', [0.75, 0.8]),
      line(10, 'plain', [0.3, 0.4]),
      line(20, 'plain', [0.5, 0.875]),
      line(20, 'hint1', [0.7, 0.8]),
    ]);
    expect(table.split('\n').map((row) => row.trimEnd())).toEqual([
      'held-out words     before              after',
      'hint-free pass@1   0.25 [0.15, 0.35]   0.5 [0.4, 0.6]',
      'hint-free pass@8   0.5 [0.4, 0.6]      0.875 [0.775, 0.975]',
      'guided pass@1      0.75 [0.65, 0.85]   0.7 [0.6, 0.8]',
    ]);
  });
});
