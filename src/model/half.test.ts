import { describe, expect, it } from 'vitest';
import { expandBFloat16, expandFloat16, roundToBFloat16, roundToFloat16 } from './half.ts';

const FORMATS = [
  { name: 'float16', expand: expandFloat16, round: roundToFloat16, infinity: 0x7c00 },
  { name: 'bfloat16', expand: expandBFloat16, round: roundToBFloat16, infinity: 0x7f80 },
];

describe.each(FORMATS)('rounding to $name', ({ expand, round, infinity }) => {
  /** Every finite number of the format from 0 up, then infinity. */
  const halves = Uint16Array.from({ length: infinity + 1 }, (_, half) => half);
  const values = Float64Array.from(expand(halves));

  it('gives back every number of the format, of either sign', () => {
    expect(round(values)).toEqual(halves);
    expect(round(values.map((value) => -value))).toEqual(halves.map((half) => half | 0x8000));
  });

  it('takes the nearest, and of two equally near the even one', () => {
    // The last finite one has no finite neighbour above.
    const below = halves.subarray(0, -2);
    const middles = Float32Array.from(below, (half) => (values[half] + values[half + 1]) / 2);
    expect(round(middles)).toEqual(below.map((half) => half + (half % 2)));
    const words = new Uint32Array(middles.buffer);
    // Float32's neighbours of the middle; 0 has one beneath only in name.
    const nudged = (by: number) => new Float32Array(words.map((word) => word + by).buffer);
    expect(round(nudged(1))).toEqual(below.map((half) => half + 1));
    expect(round(nudged(-1))).toEqual(below);
  });

  it('keeps NaN, and infinity for what is nearer to it than to the largest number', () => {
    expect(expand(round([NaN]))[0]).toBeNaN();
    const step = values[infinity - 1] - values[infinity - 2];
    const limit = values[infinity - 1] + step / 2;
    expect([...round([limit, -limit, Infinity])]).toEqual([infinity, infinity | 0x8000, infinity]);
    expect([...round([limit - step / 1024])]).toEqual([infinity - 1]);
  });
});

it('rounds as PyTorch does', () => {
  // torch.tensor([...]).to(torch.float16 | torch.bfloat16).view(torch.int16), torch 2.15.
  const numbers = [0.1, -1 / 3, 1e-7, 65_519, 2049, 2051, 1e-45];
  expect([...roundToFloat16(numbers)]).toEqual([11878, 46421, 2, 31743, 26624, 26626, 0]);
  expect([...roundToBFloat16(numbers)]).toEqual([15821, 48811, 13271, 18304, 17664, 17664, 0]);
});
