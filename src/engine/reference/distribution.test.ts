import { describe, expect, it } from 'vitest';
import { readGoldenTruncations } from '../conformance/truncation.case.ts';
import {
  distributionBackward,
  drawToken,
  entropyOf,
  greedyToken,
  logSoftmax,
  truncate,
} from './distribution.ts';

const logs = (...probs: number[]): Float64Array => Float64Array.from(probs, Math.log);

describe('logSoftmax', () => {
  it('normalises at the temperature', () => {
    expect([...logSoftmax(logs(1, 3), 1)].map(Math.exp)).toEqual([
      expect.closeTo(0.25, 14),
      expect.closeTo(0.75, 14),
    ]);
    // At half the temperature odds are squared: 1 to 9.
    expect(Math.exp(logSoftmax(logs(1, 3), 0.5)[0])).toBeCloseTo(0.1, 14);
  });

  it('bears logits whose exponentials overflow or vanish', () => {
    expect([...logSoftmax(Float64Array.of(2000, 1000, -3000), 1)]).toEqual([0, -1000, -5000]);
  });
});

describe('entropyOf', () => {
  it('is log n for n equal tokens and 0 for a certain one', () => {
    expect(entropyOf(logs(0.25, 0.25, 0.25, 0.25))).toBeCloseTo(Math.log(4), 14);
    expect(entropyOf(Float64Array.of(0, -1e4, -Infinity))).toBe(0);
  });
});

describe('distributionBackward', () => {
  it('agrees with finite differences of log-prob and entropy', () => {
    const logits = Float64Array.of(0.3, -1.2, 2, 0.1);
    const loss = (at: Float64Array): number => {
      const logprobs = logSoftmax(at, 0.7);
      return 1.5 * logprobs[1] - 0.8 * entropyOf(logprobs);
    };
    const gradient = distributionBackward(logits, 0.7, 1, 1.5, -0.8);
    gradient.forEach((slope, v) => {
      const shifted = (by: number): Float64Array => logits.map((logit, i) => (i === v ? logit + by : logit));
      expect(slope).toBeCloseTo((loss(shifted(1e-5)) - loss(shifted(-1e-5))) / 2e-5, 8);
    });
  });

  it('is finite where a probability underflows', () => {
    expect([...distributionBackward(Float64Array.of(0, -2000), 1, 0, 1, 1)]).toEqual([0, 0]);
  });
});

describe('drawToken', () => {
  it('walks the ids in ascending order and takes the first whose cumulative probability exceeds the uniform', () => {
    const logprobs = logs(0.5, 0.25, 0.25);
    expect([0, 0.4999, 0.5, 0.7499, 0.75, 0.9999].map((u) => drawToken(logprobs, u))).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
  });

  it('never draws a token without probability', () => {
    const impossible = -Infinity;
    expect(drawToken(Float64Array.of(impossible, 0, impossible), 0)).toBe(1);
    // Probabilities that sum to just below the uniform: the last possible token, not the last one.
    expect(drawToken(Float64Array.of(Math.log(0.5), Math.log(0.4999), impossible), 0.99995)).toBe(1);
  });

  it('refuses weights that are not finite', () => {
    expect(() => drawToken(Float64Array.of(NaN, NaN), 0.5)).toThrow(/not finite/);
  });
});

describe('truncate', () => {
  it('leaves the distributions that transformers leaves', async () => {
    for (const { temperature, logits, kept } of (await readGoldenTruncations()).cases) {
      const logprobs = logSoftmax(Float64Array.from(logits), temperature);
      for (const { cut, tokens, probs } of kept) {
        const expected = new Float64Array(logits.length);
        tokens.forEach((token, i) => (expected[token] = probs[i]));
        const left = truncate(logprobs, { topK: 0, topP: 1, minP: 0, ...cut }).map(Math.exp);
        const where = `temperature ${temperature}, ${JSON.stringify(cut)}`;
        left.forEach((p, v) => expect(p, `${where}, token ${v}`).toBeCloseTo(expected[v], 8));
      }
    }
  });

  it('keeps the token that reaches topP, and of equals the lower ids', () => {
    const left = (cut: object) =>
      [...truncate(logs(0.25, 0.25, 0.25, 0.25), { topK: 0, topP: 1, minP: 0, ...cut })].map(Math.exp);
    expect(left({ topP: 0.5 })).toEqual([expect.closeTo(0.5, 14), expect.closeTo(0.5, 14), 0, 0]);
    expect(left({ topP: 0.500001 }).filter((p) => p > 0)).toHaveLength(3);
    expect(left({ topK: 1 })).toEqual([1, 0, 0, 0]);
    expect(left({ minP: 1 }).filter((p) => p > 0)).toHaveLength(4);
  });
});

describe('greedyToken', () => {
  it('takes the lowest id among equals', () => {
    expect(greedyToken(Float64Array.of(1, 3, 3, 2))).toBe(1);
  });
});
