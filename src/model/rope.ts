// How fast RoPE turns each pair of a head, with the scalings that stretch a model to longer texts. It knows no files and
// no engine. Its one idea: whatever scaling a model has ends in one frequency per pair, so engines know frequencies
// and no scalings.
import { z } from 'zod';

/** A change of RoPE's frequencies; a model without one turns pair i by θ^(−2i/headDim) a position. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions the model was trained on before it was stretched. */
      readonly originalMaxPositions: number;
    };

const positive = z.number().positive();
const scalings = z.discriminatedUnion('rope_type', [
  z.looseObject({ rope_type: z.literal('linear'), factor: positive }),
  z
    .looseObject({
      rope_type: z.literal('llama3'),
      factor: positive,
      low_freq_factor: positive,
      high_freq_factor: positive,
      original_max_position_embeddings: z.int().positive(),
    })
    .refine((value) => value.high_freq_factor > value.low_freq_factor, {
      error: 'high_freq_factor must be above low_freq_factor',
    }),
]);

/** The part of a model's shape that decides its frequencies. */
interface RopeOf {
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
}

/** Frequencies in radians a position, one per pair: headDim / 2 numbers. */
export function ropeFrequencies(rope: RopeOf): Float64Array {
  return Float64Array.from({ length: rope.headDim / 2 }, (_, pair) =>
    scaled(rope.ropeTheta ** ((-2 * pair) / rope.headDim), rope.ropeScaling),
  );
}

/** llama3: as _compute_llama3_parameters of transformers (modeling_rope_utils.py), after the code of Llama 3.1. */
function scaled(frequency: number, scaling: RopeScaling | undefined): number {
  if (scaling === undefined) return frequency;
  const slow = frequency / scaling.factor;
  if (scaling.type === 'linear') return slow;
  const { lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
  // Turns of this pair within the original context: many keep their pace, few are slowed, between them a ramp.
  const turns = (scaling.originalMaxPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return slow;
  const ramp = (turns - low) / (high - low);
  return (1 - ramp) * slow + ramp * frequency;
}

/**
 * The scaling that a rope_scaling (transformers 4) or rope_parameters (5) object describes, if any, or the problem with
 * it in words, as the end of "…asks for".
 */
export function parseRopeScaling(
  json: Readonly<Record<string, unknown>> | null | undefined,
  key: string,
): RopeScaling | string | undefined {
  const type = json?.['rope_type'] ?? json?.['type'] ?? 'default';
  if (type === 'default') return undefined;
  if (type !== 'linear' && type !== 'llama3') {
    return `RoPE scaling ${JSON.stringify(type)} in ${key} (supported: default, linear, llama3)`;
  }
  const parsed = scalings.safeParse({ ...json, rope_type: type });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `${type} RoPE scaling whose ${issue?.path.join('.') || 'numbers'} in ${key} is not valid (${issue?.message})`;
  }
  const { data } = parsed;
  if (data.rope_type === 'linear') return { type: 'linear', factor: data.factor };
  return {
    type: 'llama3',
    factor: data.factor,
    lowFrequencyFactor: data.low_freq_factor,
    highFrequencyFactor: data.high_freq_factor,
    originalMaxPositions: data.original_max_position_embeddings,
  };
}

/** The object that transformers reads back, without rope_theta. */
export function ropeScalingJson(scaling: RopeScaling | undefined): Record<string, unknown> {
  if (scaling === undefined) return { rope_type: 'default' };
  if (scaling.type === 'linear') return { rope_type: 'linear', factor: scaling.factor };
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxPositions,
  };
}

/** What each frequency is divided by, as llama.cpp stores a scaling: headDim / 2 numbers in float32. */
export function ropeFactors(rope: RopeOf): Float32Array {
  const { headDim, ropeTheta } = rope;
  const plain = ropeFrequencies({ headDim, ropeTheta });
  const scaled = ropeFrequencies(rope);
  return Float32Array.from(plain, (frequency, pair) => frequency / scaled[pair]);
}

/**
 * The scaling that gives these factors, which do not name it: tried is that of Llama 3.1, 3.2 and 3.3, frequency
 * factors 1 and 4, with the largest factor as its own. Undefined if it gives others. Conversion computes in float32,
 * hence the margin.
 */
export function llama3FromFactors(
  factors: Float32Array,
  rope: { readonly headDim: number; readonly ropeTheta: number },
  originalMaxPositions: number,
): RopeScaling | undefined {
  const factor = factors.reduce((largest, value) => Math.max(largest, value), 1);
  const ropeScaling: RopeScaling = {
    ...{ type: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
    originalMaxPositions,
  };
  const { headDim, ropeTheta } = rope;
  const expected = ropeFactors({ headDim, ropeTheta, ropeScaling });
  const same =
    factors.length === expected.length &&
    expected.every((value, pair) => Math.abs(factors[pair] / value - 1) < 1e-4);
  return same ? ropeScaling : undefined;
}
