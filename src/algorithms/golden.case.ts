// Reads the numbers that oracles/algorithms/export_golden.py took from PyTorch, and turns their descriptions
// into the values of this folder. Used by tests only.
import { readFileSync } from 'node:fs';
import { fixedLength, sequenceMean, tokenMean } from './aggregation.ts';
import type { Aggregation } from './aggregation.ts';
import { constantShaping, percentileShaping, powerShaping, unshaped } from './shaping.ts';
import type { Shaping } from './shaping.ts';

type ShapingChoice =
  | { kind: 'unshaped' }
  | { kind: 'constant' | 'power'; gamma: number }
  | { kind: 'percentile'; quantile: number; perSequence: boolean };

type AggregationChoice = { kind: 'tokenMean' | 'sequenceMean' } | { kind: 'fixedLength'; length: number };

export interface GoldenRow {
  group: number;
  reward: number;
  offContext: boolean;
  behaviourLogprobs: number[];
  logprobs: number[];
}

export interface GoldenBatch {
  name: string;
  clipLow: number;
  clipHigh: number;
  rows: GoldenRow[];
}

export interface GoldenCase {
  batch: string;
  shaping: ShapingChoice;
  aggregation: AggregationChoice;
  normalizeByStd: boolean;
  advantages: number[];
  gammas: number[];
  weights: number[][];
  loss: number;
  lossOnContext: number;
  clipFraction: number;
  dLogprobs: number[][];
}

export interface GoldenLosses {
  batches: GoldenBatch[];
  cases: GoldenCase[];
}

export interface GoldenStatistics {
  quantiles: { values: number[]; q: number; quantile: number }[];
  effectiveSampleSizes: { weights: number[]; ess: number }[];
  advantages: { rewards: number[]; normalizeByStd: boolean; advantages: number[] }[];
  passAtK: { samples: number; correct: number; k: number; passAtK: number }[];
  bootstraps: {
    values: number[];
    seed: string;
    resamples: number;
    confidence: number;
    mean: number;
    low: number;
    high: number;
  }[];
}

function read(name: string): unknown {
  const content = JSON.parse(
    readFileSync(new URL(`../../oracles/golden/algorithms-${name}.json`, import.meta.url), 'utf8'),
  ) as { format: number };
  if (content.format !== 1)
    throw new Error(`Expected format 1 of algorithms-${name}.json, got ${content.format}.`);
  return content;
}

export const goldenLosses = (): GoldenLosses => read('losses') as GoldenLosses;
export const goldenStatistics = (): GoldenStatistics => read('statistics') as GoldenStatistics;

export function shapingOf(choice: ShapingChoice): Shaping {
  switch (choice.kind) {
    case 'unshaped':
      return unshaped;
    case 'constant':
      return constantShaping(choice.gamma);
    case 'power':
      return powerShaping(choice.gamma);
    case 'percentile':
      return percentileShaping(choice.quantile, { perSequence: choice.perSequence });
  }
}

export function aggregationOf(choice: AggregationChoice): Aggregation {
  if (choice.kind === 'fixedLength') return fixedLength(choice.length);
  return choice.kind === 'tokenMean' ? tokenMean : sequenceMean;
}
