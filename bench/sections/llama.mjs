// Decode and prefill beside llama.cpp on the same weights, those of a GGUF file dequantised: float32 against float32,
// bf16 against bf16. Runs in turns; of both the best of the rounds. Runs with --peer llama.cpp, --gguf FILE,
// --python PYTHON (with gguf, to convert) and --llama-python PYTHON (with llama-cpp-python).
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from '../../dist/model/open.js';
import { Child } from '../child.mjs';
import { Limits } from '../limits.mjs';
import { withModelAt } from '../models.mjs';
import { interleaved } from '../timing.mjs';
import { bestOf, generate, recordsOf, workOf } from './generate.mjs';

const LOADS = [
  { batch: 1, promptTokens: 512 },
  { batch: 8, promptTokens: 128 },
  { batch: 64, promptTokens: 32 },
];
const script = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/** The file with dense weights, made once and kept. */
function dense(gguf, dtype, python) {
  const kind = dtype === 'bf16' ? 'BF16' : 'F32';
  const path = join(tmpdir(), `guiderail-bench-${basename(gguf, '.gguf')}.${kind}.gguf`);
  if (!existsSync(path)) {
    execFileSync(python, [script('gguf_dense.py'), gguf, `${path}.part`, kind]);
    renameSync(`${path}.part`, path);
  }
  return path;
}

export async function llama({
  peers,
  gguf,
  python,
  llamaPython,
  dtypes,
  threads,
  isa,
  rounds = 9,
  quick,
  print,
}) {
  if (!peers.includes('llama.cpp')) return [];
  if (gguf === undefined)
    throw new Error('Expected --gguf FILE with --peer llama.cpp: the weights for both.');
  const { shape } = await openModel(gguf);
  const loads = LOADS.map((load) => ({ ...load, newTokens: quick ? 8 : 32 }));
  const records = [];
  for (const dtype of dtypes) {
    const limits = await Limits.open({ isa, threads });
    const child = new Child('llama.cpp', llamaPython, [
      script('llama_generate.py'),
      dense(gguf, dtype, python),
      dtype,
      String(threads),
    ]);
    try {
      await child.read();
      await withModelAt(
        gguf,
        { dtypes: [dtype], threads, isa, trainable: false },
        async ({ [dtype]: model }) => {
          const works = loads.map((load) => workOf(shape, dtype, load));
          const theirs = async ({ batch, promptTokens, newTokens }) => {
            const answer = await child.ask(`${batch} ${promptTokens} ${newTokens}`);
            const [prefill, decode] = answer.split(' ').map(Number);
            return { prefill, decode: decode / newTokens };
          };
          const [, ...samples] = await interleaved(
            rounds,
            [
              () => limits.measure(works.flatMap(({ prefill, decode }) => [prefill.bytes, decode.bytes])),
              ...loads.map((load) => async () => ({
                ours: await generate(model, load),
                theirs: await theirs(load),
              })),
            ],
            { warm: !quick },
          );
          for (const [index, load] of loads.entries()) {
            const best = bestOf(
              samples[index].map(({ ours }) => ours),
              load,
            );
            for (const record of recordsOf(limits, works[index], load, best)) {
              const peer = Math.min(...samples[index].map((sample) => sample.theirs[record.phase]));
              const tokens = record.phase === 'prefill' ? load.batch * load.promptTokens : load.batch;
              records.push({
                section: 'llama',
                dtype,
                threads,
                ...record,
                llamaTokensPerSecond: Number((tokens / peer).toPrecision(4)),
                ratioToLlama: Number((peer / best[record.phase]).toFixed(2)),
              });
              print(records.at(-1));
            }
          }
        },
      );
    } finally {
      child.close();
      limits.close();
    }
  }
  return [
    {
      title: `Beside llama.cpp on ${basename(gguf)}, tokens/s, ${threads} threads`,
      header: ['phase', 'dtype', 'batch', 'prompt', 'guiderail', 'of the bound', 'llama.cpp', 'ratio'],
      rows: records.map((r) => [
        r.phase,
        r.dtype,
        r.batch,
        r.promptTokens,
        r.tokensPerSecond,
        `${Math.round(100 * r.shareOfBound)} %`,
        r.llamaTokensPerSecond,
        r.ratioToLlama,
      ]),
    },
  ];
}
