import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { DropReason } from '../guidance/strategy.ts';
import { renderMetricsDoc } from './metrics-doc.ts';
import { STEP_METRICS } from './metrics.ts';
import type { DroppedReason, StepMetrics } from './metrics.ts';

describe('the metrics table', () => {
  it('gives the type of a line', () => {
    expectTypeOf<StepMetrics['step']>().toEqualTypeOf<number>();
    expectTypeOf<StepMetrics['hintFreeAccuracy']>().toEqualTypeOf<number | null>();
    expectTypeOf<StepMetrics['gradNorm']>().toEqualTypeOf<{
      readonly mean: number;
      readonly max: number;
    } | null>();
    expectTypeOf<StepMetrics['tokensSampled']['cumulative']>().toEqualTypeOf<number>();
  });

  it('counts every reason a strategy can give for a drop', () => {
    expectTypeOf<DropReason>().toExtend<DroppedReason>();
    expect(STEP_METRICS.dropped.parts).toContain('stale');
  });

  it('is what docs/metrics.md says (node scripts/generate-metrics-doc.mjs)', () => {
    expect(readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')).toBe(renderMetricsDoc());
  });
});
