// How cost grows, on tiny: seconds of sampling and of a forward and backward by responses a prompt (k) and by the
// prompt's length. What is to be seen: linear in tokens, and far below k times one response, because the prompt is
// computed once. The best of the rounds; writes bench/linear.svg.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../limits.mjs';
import { attendedPairs, forwardFlops, randomTokens, SHAPES, withModels } from '../models.mjs';
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

const tokensOf = ({ k, promptTokens, responseTokens }) => promptTokens + k * responseTokens;

/** FLOPs of a forward; those of a backward are twice as many. */
function flopsOf({ k, promptTokens, responseTokens }) {
  const { flops, attentionFlops } = forwardFlops(SHAPE, {
    tokens: promptTokens + k * responseTokens,
    scored: k * responseTokens,
    attended: attendedPairs(0, promptTokens) + k * attendedPairs(promptTokens, responseTokens),
  });
  return flops + attentionFlops;
}

/** Of ascending values, those that are far enough from the one before to be written beside it. */
const apart = (values) =>
  values.reduce((kept, value) => (value >= 1.3 * (kept.at(-1) ?? 0) ? [...kept, value] : kept), []);

/** One chart of both, with growth in proportion to x from the first measurement on, dashed. */
function chartOf(results, x, title) {
  const seconds = results.flatMap(({ train, sample: sampling }) => [train, sampling]);
  const [low, high] = [Math.min(...seconds), Math.max(...seconds)].map((value) => Math.log2(1000 * value));
  const ticks = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => {
    const at = 2 ** (Math.floor(low) + i);
    return { at, label: at >= 1 ? at : at.toPrecision(2) };
  });
  const top = ticks.at(-1).at;
  const series = Object.entries(COLOURS).flatMap(([what, colour]) => {
    const points = results.map((one) => ({ x: x(one), y: 1000 * one[what] }));
    const [first] = points;
    // As far as the chart goes.
    const end = Math.min(points.at(-1).x, (first.x * top) / first.y);
    return [
      { label: what === 'train' ? 'forward and backward' : 'sampling', colour, points },
      {
        label: 'in proportion',
        colour,
        dashed: true,
        points: [first, { x: end, y: (first.y * end) / first.x }],
      },
    ];
  });
  return lineChart({
    width: 560,
    height: 360,
    legendWidth: 190,
    x: {
      from: x(results[0]),
      to: x(results.at(-1)),
      log: true,
      ticks: apart(results.map(x)).map((at) => ({ at, label: at })),
      title,
    },
    y: { from: ticks[0].at, to: top, log: true, ticks, title: 'milliseconds' },
    series,
  });
}

export async function linear({ dtypes, threads, isa, rounds = 9, quick, print }) {
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
      chartOf(results[0], ({ k }) => k, 'responses of 32 tokens to a prompt of 512'),
      chartOf(results[1], tokensOf, 'tokens of a prompt and 8 responses of 32 tokens'),
    ];
    writeFileSync(join(root, 'bench', 'linear.svg'), svgOf(charts));
  }
  const table = (title, name, of, rows) => ({
    title: `linear, tiny, ${dtype}, ${threads} threads: ${title}`,
    header: [
      name,
      'tokens',
      'forward and backward, ms',
      '× the first',
      'sampling, ms',
      '× the first',
      'tokens ×',
      'FLOPs ×',
    ],
    rows: rows.map((one) => {
      const tokens = tokensOf(one);
      return [
        one[of],
        tokens,
        milliseconds(one.train),
        (one.train / rows[0].train).toFixed(1),
        milliseconds(one.sample),
        (one.sample / rows[0].sample).toFixed(1),
        (tokens / tokensOf(rows[0])).toFixed(1),
        (flopsOf(one) / flopsOf(rows[0])).toFixed(1),
      ];
    }),
  });
  return [
    table('responses of 32 tokens to a prompt of 512', 'k', 'k', results[0]),
    table('8 responses of 32 tokens', 'prompt', 'promptTokens', results[1]),
  ];
}
