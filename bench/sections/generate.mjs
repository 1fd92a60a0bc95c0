// Sampling by the native engine through its public interface, on random weights: prefill (prompts of their own, one new
// token each) and decode (what further tokens take), beside what the machine allows; the best of the rounds.
//
// The bound of a step of decode: it reads every weight of a matrix once, in its dtype, and all keys and values; it
// multiplies each weight for each sequence. That of a prefill is almost always arithmetic. Weights that fit into a cache
// are held against the rate at which so many bytes are read, which is then the cache's.
import { Limits } from '../limits.mjs';
import {
  attendedPairs,
  forwardFlops,
  keyValueBytes,
  randomTokens,
  SHAPES,
  weightBytes,
  withModels,
} from '../models.mjs';
import { interleaved, secondsOf } from '../timing.mjs';

const BATCHES = [1, 8, 64, 128];
/** Prompt tokens of a batch: one prefill of the engine. */
const PROMPT_TOKENS = 2048;
const LONGEST_PROMPT = 512;

/** Batch, prompt length and further tokens of each measurement. */
const loadsOf = (newTokens) =>
  BATCHES.map((batch) => ({
    batch,
    promptTokens: Math.min(LONGEST_PROMPT, PROMPT_TOKENS / batch),
    newTokens: batch < 64 ? newTokens : newTokens / 2,
  }));

/** Seconds of a prefill alone and of one with `newTokens` steps of decode after it, for every sequence of the batch. */
export async function generate(model, { batch, promptTokens, newTokens }) {
  const sample = (maxNewTokens) =>
    secondsOf(async () => {
      const requests = Array.from({ length: batch }, (_, index) => ({
        promptTokens: randomTokens(model.info.vocabularySize, promptTokens, index),
        maxNewTokens,
        temperature: 1,
        stopTokens: [],
        seed: BigInt(index),
      }));
      for await (const sequence of model.sample(requests)) void sequence;
    });
  return { prefill: await sample(1), all: await sample(newTokens + 1) };
}

/** The work of a prefill, and of one step of decode half-way. */
export function workOf(shape, dtype, { batch, promptTokens, newTokens }) {
  const weights = weightBytes(shape, dtype);
  const before = promptTokens + newTokens / 2;
  return {
    prefill: {
      dtype,
      ...forwardFlops(shape, {
        tokens: batch * promptTokens,
        scored: batch,
        attended: batch * attendedPairs(0, promptTokens),
      }),
      bytes: weights,
    },
    decode: {
      dtype,
      ...forwardFlops(shape, { tokens: batch, scored: batch, attended: batch * before }),
      bytes: weights + batch * keyValueBytes(shape, before),
    },
  };
}

/** Least seconds of a prefill and of a step of decode, of samples of generate(). */
export function bestOf(samples, { newTokens }) {
  const prefill = Math.min(...samples.map((sample) => sample.prefill));
  return { prefill, decode: (Math.min(...samples.map(({ all }) => all)) - prefill) / newTokens };
}

/** Records of prefill and decode. */
export function recordsOf(limits, work, load, best) {
  const { batch, promptTokens } = load;
  return Object.entries({ prefill: batch * promptTokens, decode: batch }).map(([phase, tokens]) => {
    const bound = limits.bound(work[phase]);
    return {
      phase,
      ...load,
      tokensPerSecond: Number((tokens / best[phase]).toPrecision(4)),
      boundTokensPerSecond: Number((tokens / bound.seconds).toPrecision(4)),
      boundBy: bound.by,
      shareOfBound: Number((bound.seconds / best[phase]).toFixed(3)),
    };
  });
}

/** The sections `prefill` and `decode`. */
export async function measureGeneration({ models, dtypes, threads, isa, rounds = 9, quick, print }) {
  const records = [];
  for (const name of models) {
    const shape = SHAPES[name];
    const loads = loadsOf(quick ? 8 : 32);
    const limits = await Limits.open({ isa, threads });
    try {
      await withModels(shape, { dtypes, threads, isa, trainable: false }, async (opened) => {
        const cases = loads.flatMap((load) =>
          dtypes.map((dtype) => ({ load, dtype, work: workOf(shape, dtype, load) })),
        );
        const workingSets = cases.flatMap(({ work }) => [work.prefill.bytes, work.decode.bytes]);
        const [, ...samples] = await interleaved(
          rounds,
          [
            () => limits.measure(workingSets),
            ...cases.map(
              ({ load, dtype }) =>
                () =>
                  generate(opened[dtype], load),
            ),
          ],
          { warm: !quick },
        );
        for (const [index, { load, dtype, work }] of cases.entries()) {
          for (const record of recordsOf(limits, work, load, bestOf(samples[index], load))) {
            records.push({ section: 'generate', model: name, dtype, threads, ...record });
            print(records.at(-1));
          }
        }
      });
    } finally {
      limits.close();
    }
  }
  return ['decode', 'prefill'].map((phase) => ({
    title: `${phase}, tokens/s, ${threads} threads`,
    header: ['model', 'dtype', 'batch', 'prompt', 'tokens/s', 'bound', 'of the bound', 'bound by'],
    rows: records
      .filter((record) => record.phase === phase)
      .map((r) => [
        r.model,
        r.dtype,
        r.batch,
        r.promptTokens,
        r.tokensPerSecond,
        r.boundTokensPerSecond,
        `${Math.round(100 * r.shareOfBound)} %`,
        r.boundBy,
      ]),
  }));
}
