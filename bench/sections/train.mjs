// Training by the native engine: forward with log-probs and entropies, backward, and a step of AdamW, in tokens of
// prompts and responses a second, beside the bound of arithmetic; the best of the rounds.
//
// The bound: of each group of 8 the prompt is counted once, as the engine computes it once; all of these tokens pass
// the layers, the response tokens the output matrix too. 2 FLOPs a weight forward and 4 backward (6·N·tokens), and the
// same for the products of attention.
import { Limits } from '../limits.mjs';
import { attendedPairs, forwardFlops, randomTokens, SHAPES, weightBytes, withModels } from '../models.mjs';
import { interleaved, secondsOf } from '../timing.mjs';

const GROUP = 8;
const LOADS = {
  tiny: { prompts: 16, promptTokens: 44, responseTokens: 64 },
  '135m': { prompts: 2, promptTokens: 44, responseTokens: 32 },
};
const OPTIMIZER = {
  learningRate: 1e-6,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
};

/** Groups of `group` responses to each of `prompts` prompts. */
export function batchOf(vocabularySize, { prompts, promptTokens, responseTokens, group = GROUP }) {
  return Array.from({ length: prompts * group }, (_, index) => ({
    promptTokens: randomTokens(vocabularySize, promptTokens, 'prompt', Math.floor(index / group)),
    responseTokens: randomTokens(vocabularySize, responseTokens, 'response', index),
  }));
}

export async function forwardBackward(model, sequences) {
  const pass = await model.forward(sequences, {
    gradient: true,
    want: { logprobs: true, entropies: true },
    temperature: 1,
  });
  await model.backward(pass, {
    logprobs: pass.logprobs.map((logprobs) => logprobs.map((value) => value / sequences.length)),
  });
}

function workOf(shape, dtype, { prompts, promptTokens, responseTokens }) {
  const responses = prompts * GROUP;
  const forward = forwardFlops(shape, {
    tokens: prompts * promptTokens + responses * responseTokens,
    scored: responses * responseTokens,
    attended:
      prompts * attendedPairs(0, promptTokens) + responses * attendedPairs(promptTokens, responseTokens),
  });
  return {
    dtype,
    flops: 3 * forward.flops,
    attentionFlops: 3 * forward.attentionFlops,
    bytes: weightBytes(shape, dtype),
  };
}

/** The least seconds of a pass and of a step in each dtype, the dtypes in turns; both models are held at once. */
async function measure(limits, shape, sequences, { dtypes, threads, isa, rounds }) {
  return withModels(shape, { dtypes, threads, isa, trainable: true }, async (opened) => {
    const [, ...samples] = await interleaved(
      rounds,
      [
        () => limits.measure(dtypes.map((dtype) => weightBytes(shape, dtype))),
        ...dtypes.map((dtype) => async () => ({
          pass: await secondsOf(() => forwardBackward(opened[dtype], sequences)),
          step: await secondsOf(() => opened[dtype].step(OPTIMIZER)),
        })),
      ],
      { warm: true },
    );
    return samples.map((all) => ({
      pass: Math.min(...all.map(({ pass }) => pass)),
      step: Math.min(...all.map(({ step }) => step)),
    }));
  });
}

export async function train({ models, dtypes, threads, isa, rounds = 9, print }) {
  const records = [];
  for (const name of models) {
    const [shape, load] = [SHAPES[name], LOADS[name]];
    const sequences = batchOf(shape.vocabularySize, load);
    const tokens = load.prompts * load.promptTokens + sequences.length * load.responseTokens;
    const limits = await Limits.open({ isa, threads });
    try {
      const measured = await measure(limits, shape, sequences, { dtypes, threads, isa, rounds });
      for (const [index, { pass, step }] of measured.entries()) {
        const work = workOf(shape, dtypes[index], load);
        const bound = limits.bound(work).seconds;
        const record = {
          section: 'train',
          model: name,
          dtype: dtypes[index],
          threads,
          ...load,
          tokens,
          gflop: Number(((work.flops + work.attentionFlops) / 1e9).toPrecision(4)),
          tokensPerSecond: Math.round(tokens / (pass + step)),
          boundTokensPerSecond: Math.round(tokens / bound),
          shareOfBound: Number((bound / (pass + step)).toFixed(3)),
          stepShare: Number((step / (pass + step)).toFixed(3)),
        };
        print(record);
        records.push(record);
      }
    } finally {
      limits.close();
    }
  }
  return [
    {
      title: `train (forward, backward, step), ${threads} threads`,
      header: ['model', 'dtype', 'tokens', 'GFLOP', 'tokens/s', 'bound', 'of the bound', 'optimizer step'],
      rows: records.map((r) => [
        r.model,
        r.dtype,
        r.tokens,
        r.gflop,
        r.tokensPerSecond,
        r.boundTokensPerSecond,
        `${Math.round(100 * r.shareOfBound)} %`,
        `${Math.round(100 * r.stepShare)} % of the time`,
      ]),
    },
  ];
}
