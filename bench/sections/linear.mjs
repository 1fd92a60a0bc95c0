// How cost grows, on tiny: seconds of sampling and of a forward and backward by responses a prompt (k) and by the
// prompt's length. What is to be seen: linear in tokens, and for k far below k times one response, because the prompt
// is computed once. The best of the rounds; writes bench/linear.svg.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../limits.mjs';
import { randomTokens, SHAPES, withModels } from '../models.mjs';
import { lineChart, svgOf } from '../plot.mjs';
import { interleaved, secondsOf } from '../timing.mjs';
import { batchOf, forwardBackward } from './train.mjs';

const SHAPE = { ...SHAPES.tiny, maxSequenceLength: 4096 };
const BY_K = [1, 2, 4, 8, 16, 32, 64].map((k) => ({ k, promptTokens: 512, responseTokens: 32 }));
const BY_PROMPT = [32, 64, 128, 256, 512, 1024, 2048].map((promptTokens) => ({
  k: 8,
  promptTokens,
  responseTokens: 32,
}));
const COLOURS = { train: '#d95f02', sample: '#1b9e77' };

async function sample(model, { k, promptTokens, responseTokens }) {
  const requests = Array.from({ length: k }, (_, index) => ({
    promptTokens: randomTokens(SHAPE.vocabularySize, promptTokens, 'prompt', 0),
    maxNewTokens: responseTokens,
    temperature: 1,
    stopTokens: [],
    seed: BigInt(index),
  }));
  for await (const sequence of model.sample(requests)) void sequence;
}

/** Seconds of training and of sampling for each load. */
async function measure(model, loads, rounds) {
  const samples = await interleaved(
    rounds,
    loads.map((load) => async () => ({
      train: await secondsOf(() =>
        forwardBackward(model, batchOf(SHAPE.vocabularySize, { prompts: 1, group: load.k, ...load })),
      ),
      sample: await secondsOf(() => sample(model, load)),
    })),
    { warm: true },
  );
  return loads.map((load, index) => ({
    ...load,
    train: Math.min(...samples[index].map(({ train }) => train)),
    sample: Math.min(...samples[index].map((one) => one.sample)),
  }));
}

const milliseconds = (seconds) => Number((1000 * seconds).toPrecision(3));

/** One chart of both, with what growth in proportion to `of` from its largest value would be, dashed. */
function chartOf(results, of, title) {
  const at = (one) => one[of];
  const [first, last] = [results[0], results.at(-1)];
  const seconds = results.flatMap(({ train, sample: sampling }) => [train, sampling]);
  const [low, high] = [Math.min(...seconds), Math.max(...seconds)].map((value) => Math.log2(1000 * value));
  const ticks = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => {
    const value = 2 ** (Math.floor(low) + i);
    return { at: value, label: value >= 1 ? value : value.toPrecision(2) };
  });
  const series = Object.keys(COLOURS).flatMap((what) => {
    const points = results.map((one) => ({ x: at(one), y: 1000 * one[what] }));
    const end = points.at(-1);
    const bottom = ticks[0].at;
    // As far down as the chart goes.
    const from = Math.max(at(first), (end.x * bottom) / end.y);
    const reference = [{ x: from, y: (end.y * from) / end.x }, end];
    return [
      { label: what === 'train' ? 'forward and backward' : 'sampling', colour: COLOURS[what], points },
      { label: 'in proportion', colour: COLOURS[what], dashed: true, points: reference },
    ];
  });
  return lineChart({
    width: 560,
    height: 360,
    legendWidth: 190,
    x: {
      from: at(first),
      to: at(last),
      log: true,
      ticks: results.map((one) => ({ at: at(one), label: at(one) })),
      title,
    },
    y: { from: ticks[0].at, to: ticks.at(-1).at, log: true, ticks, title: 'milliseconds' },
    series,
  });
}

export async function linear({ dtypes, threads, isa, rounds, quick, print }) {
  const dtype = dtypes[0];
  const loads = quick ? [BY_K.slice(0, 2), BY_PROMPT.slice(0, 2)] : [BY_K, BY_PROMPT];
  const results = await withModels(
    SHAPE,
    { dtypes: [dtype], threads, isa, trainable: true },
    async ({ [dtype]: model }) => [
      await measure(model, loads[0], rounds),
      await measure(model, loads[1], rounds),
    ],
  );
  for (const one of results.flat()) print({ section: 'linear', model: 'tiny', dtype, threads, ...one });
  if (!quick) {
    const charts = [
      chartOf(results[0], 'k', 'responses to a prompt of 512 tokens (32 tokens each)'),
      chartOf(results[1], 'promptTokens', 'tokens of the prompt (8 responses of 32 tokens)'),
    ];
    writeFileSync(join(root, 'bench', 'linear.svg'), svgOf(charts));
  }
  const table = (title, name, of, rows) => ({
    title: `linear, tiny, ${dtype}, ${threads} threads: ${title}`,
    header: [
      name,
      'tokens',
      'forward and backward, ms',
      'µs a token',
      'sampling, ms',
      `× the first, of ${name} ×`,
    ],
    rows: rows.map((one) => {
      const tokens = one.promptTokens + one.k * one.responseTokens;
      return [
        one[of],
        tokens,
        milliseconds(one.train),
        ((1e6 * one.train) / tokens).toFixed(1),
        milliseconds(one.sample),
        `${(one.train / rows[0].train).toFixed(1)} and ${(one.sample / rows[0].sample).toFixed(1)}, of ${one[of] / rows[0][of]}`,
      ];
    }),
  });
  return [
    table('responses of 32 tokens to a prompt of 512', 'k', 'k', results[0]),
    table('8 responses of 32 tokens', 'prompt', 'promptTokens', results[1]),
  ];
}
