// Sampling from a part of the distribution: which tokens may be drawn, and which of them a uniform draws. The models
// here are made to have the same known logits after every token, so that everything can be worked out beside them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { writeModelFolder } from '../../model/folder.ts';
import { parameterTable, type ModelShape } from '../../model/shape.ts';
import { uniformAt } from '../../random.ts';
import type { Trainable, Truncation } from '../engine.ts';
import type { Bench, Check } from './bench.case.ts';
import {
  LARGER,
  expectSame,
  expectWithin,
  goldenFolder,
  logprobsOf,
  openModel,
  request,
  sampleAll,
} from './bench.case.ts';

/** As oracles/engine/export_truncation.py writes it: what transformers leaves of some logits. */
interface GoldenTruncations {
  readonly format: 1;
  readonly cases: readonly {
    readonly temperature: number;
    readonly logits: readonly number[];
    readonly kept: readonly {
      readonly cut: Truncation;
      readonly tokens: readonly number[];
      readonly probs: readonly number[];
    }[];
  }[];
}

export async function readGoldenTruncations(): Promise<GoldenTruncations> {
  const path = fileURLToPath(new URL('../../../oracles/golden/engine/truncation.json', import.meta.url));
  const golden = JSON.parse(await readFile(path, 'utf8')) as GoldenTruncations;
  expect(golden.format).toBe(1);
  return golden;
}

/**
 * A model with these logits whatever it has seen: layers add nothing, every embedding is (1, 1, …), which the norm
 * leaves as it is (but for its epsilon of 1e-5), and of the output matrix only the first column is not 0.
 */
async function modelWithLogits(bench: Bench, name: string, logits_V: readonly number[]): Promise<Trainable> {
  const shape: ModelShape = { ...LARGER, vocabularySize: logits_V.length };
  const width = shape.hiddenSize;
  const tensors = new Map(
    parameterTable(shape).map(({ name: tensor, kind, dims }) => {
      const size = dims.reduce((product, dimension) => product * dimension, 1);
      const data = new Float32Array(size);
      if (kind !== 'matrix' || tensor === 'model.embed_tokens.weight') data.fill(1);
      if (tensor === 'lm_head.weight') logits_V.forEach((logit, v) => (data[v * width] = logit));
      return [tensor, data];
    }),
  );
  const folder = join(bench.folder, name);
  await writeModelFolder(folder, shape, tensors);
  return openModel(bench, folder, false);
}

/** The token that a uniform draws: the first, by ascending id, whose running sum exceeds it; null too near an edge. */
function drawnBy(uniform: number, tokens: readonly number[], probs: readonly number[]): number | null {
  let sum = 0;
  for (const [i, token] of tokens.entries()) {
    const below = sum;
    sum += probs[i];
    if (sum > uniform) return Math.min(uniform - below, sum - uniform) > 1e-4 ? token : null;
  }
  return null;
}

const PROMPT = Int32Array.of(1, 2);

/** Every token that 200 draws give. */
async function drawnTokens(model: Trainable, cut: Truncation): Promise<number[]> {
  const requests = Array.from({ length: 4 }, (_, i) =>
    request(PROMPT, BigInt(i), { maxNewTokens: 50, ...cut }),
  );
  const samples = await sampleAll(model, requests);
  return [...new Set(samples.flatMap(({ tokens }) => [...tokens]))].sort((a, b) => a - b);
}

export function truncationChecks(check: Check): void {
  check(
    'truncated sampling draws what transformers would, by the inverse CDF over ascending ids',
    async (bench) => {
      const { cases } = await readGoldenTruncations();
      for (const [c, { temperature, logits, kept }] of cases.entries()) {
        const model = await modelWithLogits(bench, `logits-${c}`, logits);
        const requests = kept.map(({ cut }, i) =>
          request(PROMPT, BigInt(100 * c + i), { temperature, maxNewTokens: 60, ...cut }),
        );
        const samples = await sampleAll(model, requests);
        for (const [i, { tokens }] of samples.entries()) {
          const drawn = [...tokens].map((_, t) =>
            drawnBy(uniformAt(requests[i].seed, t), kept[i].tokens, kept[i].probs),
          );
          const clear = drawn.filter((token) => token !== null);
          expect(clear.length).toBeGreaterThan(50);
          const where = `temperature ${temperature}, ${JSON.stringify(kept[i].cut)}`;
          expect(
            tokens.filter((_, t) => drawn[t] !== null),
            where,
          ).toEqual(Int32Array.from(clear));
        }
      }
    },
  );

  check(
    'a truncated sample reports log-probs of the whole distribution at its temperature',
    async (bench) => {
      const model = await openModel(bench, goldenFolder('qwen3'), false);
      const cut = { topK: 6, topP: 0.8, minP: 0.1 };
      for (const temperature of [1, 0.7]) {
        const [sample] = await sampleAll(model, [
          request(PROMPT, 5n, { temperature, maxNewTokens: 12, ...cut }),
        ]);
        const scored = await logprobsOf(
          model,
          [{ promptTokens: PROMPT, responseTokens: sample.tokens }],
          temperature,
        );
        expectSame(bench, bench.engine.capabilities.exactLogprobs, [sample.logprobs], scored, 'sample');
      }
    },
  );

  check('of equals, truncation keeps the lower ids, and the token that reaches topP', async (bench) => {
    // Tokens 1, 3, 4 and 6 are equally likely, the others less so by e^−2 and e^−20.
    const model = await modelWithLogits(bench, 'equals', [-2, 0, -20, 0, 0, -20, 0, -20]);
    expect(await drawnTokens(model, { topK: 2 })).toEqual([1, 3]);
    expect(await drawnTokens(model, { topK: 4, topP: 0.5 })).toEqual([1, 3]);
    expect(await drawnTokens(model, { topK: 4, topP: 0.51 })).toEqual([1, 3, 4]);
    expect(await drawnTokens(model, { topP: 0.01 })).toEqual([1]);
    expect(await drawnTokens(model, { minP: 1 })).toEqual([1, 3, 4, 6]);
    expect(await drawnTokens(model, { topK: 8, topP: 1, minP: 0 })).toContain(0);
  });

  check('topP counts shares of what topK left, and minP cuts after it', async (bench) => {
    // Probabilities 0.4, 0.3, 0.2 and 0.1, of which float32 and bf16 take enough.
    const model = await modelWithLogits(bench, 'shares', [0.4, 0.3, 0.2, 0.1].map(Math.log));
    // The most likely has 0.4 of all, which does not reach 0.55, and 0.4 / 0.7 of the first two, which does.
    expect(await drawnTokens(model, { topP: 0.65 })).toEqual([0, 1]);
    expect(await drawnTokens(model, { topP: 0.55 })).toEqual([0, 1]);
    expect(await drawnTokens(model, { topK: 2, topP: 0.55 })).toEqual([0]);
    // Were minP first, the 0.7 of two tokens would be 0.78 of what it leaves, and reach 0.72.
    expect(await drawnTokens(model, { topP: 0.72, minP: 0.4 })).toEqual([0, 1, 2]);
    expect(await drawnTokens(model, { topP: 0.72, minP: 0.6 })).toEqual([0, 1]);
  });

  check(
    'truncation leaves greedy sampling, and a cut that cuts nothing leaves sampling, as they are',
    async (bench) => {
      const model = await openModel(bench, goldenFolder('llama'), false);
      const options = { maxNewTokens: 20 };
      const plain = [
        request(PROMPT, 1n, { ...options, temperature: 0 }),
        request(PROMPT, 2n, { ...options, temperature: 0.8 }),
      ];
      const [greedy, sampled] = await sampleAll(model, plain);
      const cut = await sampleAll(model, [
        { ...plain[0], topK: 3, topP: 0.1, minP: 0.9 },
        { ...plain[1], topK: 0, topP: 1, minP: 0 },
      ]);
      expect(cut).toEqual([greedy, sampled]);
      const [widest] = await sampleAll(model, [{ ...plain[1], topK: 32 }]);
      expect(widest.tokens).toEqual(sampled.tokens);
      expectWithin(
        widest.logprobs,
        sampled.logprobs,
        bench.tolerances.logprobs,
        'topK of the whole vocabulary',
      );
    },
  );
}
