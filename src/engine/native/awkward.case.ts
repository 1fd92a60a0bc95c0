// Shapes in which no width is a multiple of a vector, and sequences that share prompts, for tests of the native engine.
import type { ModelShape } from '../../model/shape.ts';
import { LARGER, tokensOf } from '../conformance/bench.case.ts';
import type { ScoredSequence } from '../engine.ts';

const GROUPED: ModelShape = {
  ...LARGER,
  family: 'qwen3',
  vocabularySize: 101,
  hiddenSize: 36,
  intermediateSize: 52,
  heads: 6,
  keyValueHeads: 2,
  headDim: 10,
  tiedEmbeddings: true,
  qkNorm: true,
};
const BIASED: ModelShape = {
  ...LARGER,
  family: 'qwen2',
  vocabularySize: 65,
  hiddenSize: 20,
  intermediateSize: 17,
  heads: 3,
  keyValueHeads: 1,
  headDim: 18,
  tiedEmbeddings: false,
  qkvBias: true,
};
export const AWKWARD: Record<string, ModelShape> = {
  'grouped, normed queries': GROUPED,
  'one key head, biases': BIASED,
};

/** `count` responses of up to `length` tokens to five prompts in turn. */
export function sequencesOf(shape: ModelShape, count: number, length: number): ScoredSequence[] {
  return Array.from({ length: count }, (_, i) => ({
    promptTokens: tokensOf(`prompt ${i % 5}`, 20 + 9 * (i % 5), shape.vocabularySize),
    responseTokens: tokensOf(`response ${i}`, 1 + ((i * 37) % length), shape.vocabularySize),
  }));
}
