import { describe, expect, it } from 'vitest';
import { parseRopeScaling, ropeFrequencies, ropeScalingJson } from './rope.ts';

/** As in the config.json of Llama-3.2-1B. */
const LLAMA_3_2 = {
  rope_type: 'llama3',
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};
const scaling = parseRopeScaling(LLAMA_3_2, 'rope_scaling');
if (typeof scaling !== 'object') throw new Error('expected a scaling');

describe('ropeFrequencies', () => {
  it('are θ^(−2i/headDim) without scaling, and all divided by a linear factor', () => {
    const rope = { headDim: 8, ropeTheta: 10_000 };
    ropeFrequencies(rope).forEach((value, i) => expect(value).toBeCloseTo([1, 0.1, 0.01, 0.001][i], 12));
    const linear = ropeFrequencies({ ...rope, ropeScaling: { type: 'linear', factor: 4 } });
    expect(linear).toEqual(ropeFrequencies(rope).map((value) => value / 4));
  });

  it('of llama3 keep fast pairs, slow slow ones 32 times, and join the two without a step', () => {
    const rope = { headDim: 64, ropeTheta: 500_000 };
    const plain = ropeFrequencies(rope);
    const scaled = ropeFrequencies({ ...rope, ropeScaling: scaling });
    const ratios = plain.map((value, i) => value / scaled[i]);
    const wavelengths = plain.map((value) => (2 * Math.PI) / value);
    ratios.forEach((ratio, i) => {
      if (wavelengths[i] < 2048) expect(ratio).toBe(1);
      else if (wavelengths[i] > 8192) expect(ratio).toBe(32);
      else expect(ratio).toBeGreaterThan(ratios[i - 1]);
    });
    // Pair 16 turns once in 2π·√500000 = 4443 positions, 1.844 times in 8192: ramp (1.844 − 1) / 3 = 0.2813.
    expect(1 / ratios[16]).toBeCloseTo((1 - 0.28129) / 32 + 0.28129, 4);
  });
});

describe('parseRopeScaling', () => {
  it('takes either spelling of the type, and gives back what it was read from', () => {
    expect(parseRopeScaling({ type: 'linear', factor: 2 }, 'x')).toEqual({ type: 'linear', factor: 2 });
    expect(ropeScalingJson(scaling)).toEqual(LLAMA_3_2);
    for (const none of [null, undefined, {}, { rope_type: 'default' }]) {
      expect(parseRopeScaling(none, 'x')).toBeUndefined();
    }
    expect(ropeScalingJson(undefined)).toEqual({ rope_type: 'default' });
  });

  it.each([
    [{ rope_type: 'yarn', factor: 4 }, /"yarn" in rope_scaling \(supported: default, linear, llama3\)/],
    [{ rope_type: 'linear' }, /factor in rope_scaling/],
    [{ ...LLAMA_3_2, factor: 0 }, /factor in rope_scaling/],
    [{ ...LLAMA_3_2, original_max_position_embeddings: undefined }, /original_max_position_embeddings/],
    [{ ...LLAMA_3_2, high_freq_factor: 1 }, /high_freq_factor must be above low_freq_factor/],
  ])('says what is wrong with %j', (json, problem) => {
    expect(parseRopeScaling(json, 'rope_scaling')).toMatch(problem);
  });
});
