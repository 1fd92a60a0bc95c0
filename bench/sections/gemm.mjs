// The matrices of both models by rows: y = x·Wᵀ (forward), dy·W (dx) and W's gradient += dyᵀ·x (dW), beside the
// roofline and, with --peer torch, beside PyTorch's matrix product of the same shapes in the same dtype on as many
// threads. Runs are short, so rates, limits and ratios are of the best round of each: what else the machine does only
// ever takes away. `medianRatioToTorch` is the median of the rounds' ratios.
//
// In bf16 ours takes and gives float32 and rounds within the time; PyTorch's tensors are bf16 throughout.
import { fileURLToPath } from 'node:url';
import { Child } from '../child.mjs';
import { Limits, startKernels } from '../limits.mjs';
import { SHAPES, weightBytes } from '../models.mjs';
import { interleaved, median, medianRatio } from '../timing.mjs';

/** Matrices take turns with copies of themselves, as many as the model is large, up to this. */
const MOST_BYTES = 64 * 2 ** 20;
const ROWS = [1, 8, 128, 2048];
/** The output matrix of 135m is worked in chunks of rows, never with all of them. */
const MOST_ELEMENTS = 2 ** 24;

function matricesOf({ hiddenSize: H, intermediateSize: F, heads, keyValueHeads, headDim, vocabularySize }) {
  const all = [
    [H, heads * headDim],
    [H, keyValueHeads * headDim],
    [H, F],
    [F, H],
    [H, vocabularySize],
  ];
  return [...new Map(all.map((size) => [size.join(), size])).values()];
}

function casesOf(models, dtype) {
  const cases = [];
  for (const model of models) {
    const bytes = Math.min(MOST_BYTES, weightBytes(SHAPES[model], dtype));
    for (const [input, output] of matricesOf(SHAPES[model])) {
      const copies = Math.ceil(bytes / (input * output * (dtype === 'bf16' ? 2 : 4)));
      for (const M of ROWS.filter((rows) => rows * output <= MOST_ELEMENTS)) {
        for (const op of M < 128 ? ['forward'] : ['forward', 'dx', 'dW']) {
          cases.push({ model, op, M, input, output, copies });
        }
      }
    }
  }
  const scores = [
    [64, 256, '135m'],
    [32, 112, 'tiny'],
  ].filter(([, , model]) => models.includes(model) && dtype === 'fp32');
  return [
    ...cases,
    ...scores.map(([input, output, model]) => ({ model, op: 'scores', M: 64, input, output, copies: 1 })),
  ];
}

/** What has to be read, and for dW written: factors of forward in the dtype, everything else float32. */
function workOf({ op, M, input, output, copies }, dtype) {
  const matrix = input * output * (dtype === 'bf16' && op !== 'dW' ? 2 : 4);
  const bytes = matrix * (op === 'dW' ? 2 : 1) + 4 * M * (input + output);
  return { dtype, flops: 2 * M * input * output, bytes, workingSet: bytes + matrix * (copies - 1) };
}

export async function gemm(options) {
  const { threads, isa, rounds = 9, models, dtypes, peers, python, print } = options;
  const tables = [];
  for (const dtype of dtypes) {
    const limits = await Limits.open({ isa, threads });
    const { child, instructionSet } = await startKernels({ isa, dtype, threads });
    const script = fileURLToPath(new URL('../peers/torch_gemm.py', import.meta.url));
    const torch = peers.includes('torch')
      ? new Child('PyTorch', python, [script, dtype, String(threads)])
      : undefined;
    try {
      await torch?.read();
      // Scores are worked by one thread a head; there the peak of one counts.
      const cases = casesOf(models, dtype).filter(({ op }) => op !== 'scores' || threads === 1);
      const question = ({ op, M, input, output, copies }) => `${op} ${M} ${input} ${output} ${copies}`;
      const ask = async (whom, one) => Number(await whom.ask(question(one)));
      const samples = await interleaved(rounds, [
        () => limits.measure(cases.map((one) => workOf(one, dtype).workingSet)),
        ...cases.map((one) => async () => ({
          ours: await ask(child, one),
          theirs: torch ? await ask(torch, one) : NaN,
        })),
      ]);
      const records = cases.map((one, index) => {
        const ours = samples[index + 1].map((sample) => sample.ours);
        const theirs = samples[index + 1].map((sample) => sample.theirs);
        const work = workOf(one, dtype);
        const { seconds, by } = limits.bound(work);
        const record = {
          section: 'gemm',
          ...one,
          dtype,
          instructionSet,
          threads,
          gflops: Number((work.flops / Math.min(...ours) / 1e9).toFixed(1)),
          shareOfRoofline: Number((seconds / Math.min(...ours)).toFixed(3)),
          boundBy: by,
        };
        if (!torch) return record;
        return {
          ...record,
          torchGflops: Number((work.flops / Math.min(...theirs) / 1e9).toFixed(1)),
          ratioToTorch: Number((Math.min(...theirs) / Math.min(...ours)).toFixed(2)),
          medianRatioToTorch: Number(medianRatio(theirs, ours).toFixed(2)),
        };
      });
      records.forEach(print);
      tables.push(tableOf(records, dtype, instructionSet, threads));
      if (torch) tables.push(summaryOf(records, dtype));
    } finally {
      child.close();
      torch?.close();
      limits.close();
    }
  }
  return tables;
}

function tableOf(records, dtype, instructionSet, threads) {
  return {
    title: `gemm, ${dtype}, ${instructionSet}, ${threads} threads`,
    header: ['model', 'what', 'M × in × out', 'GFLOP/s', 'of the roofline', 'bound by', 'PyTorch', 'ratio'],
    rows: records.map((r) => [
      r.model,
      r.op,
      `${r.M} × ${r.input} × ${r.output}`,
      r.gflops,
      `${Math.round(100 * r.shareOfRoofline)} %`,
      r.boundBy,
      r.torchGflops ?? '',
      r.ratioToTorch ?? '',
    ]),
  };
}

/** Ratios to PyTorch of each model and operation: the least and the median over shapes. */
function summaryOf(records, dtype) {
  const groups = new Map();
  for (const record of records) {
    const key = `${record.model}, ${record.op}${record.M < 128 ? `, M = ${record.M}` : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return {
    title: `gemm, ${dtype}: ratio to PyTorch`,
    header: ['model, what', 'shapes', 'least', 'median', 'below 0.9'],
    rows: [...groups].map(([key, group]) => {
      const ratios = group.map(({ ratioToTorch }) => ratioToTorch);
      const below = group.filter(({ ratioToTorch }) => ratioToTorch < 0.9);
      const names = below.map((r) => `${r.M} × ${r.input} × ${r.output}`).join(', ');
      return [key, group.length, Math.min(...ratios), median(ratios).toFixed(2), names];
    }),
  };
}
