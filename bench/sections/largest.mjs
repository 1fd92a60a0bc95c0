// The largest models that 16 GB carry: a GRPO step of 0.5B with all weights and of 1.5B with an adapter, in bf16; what was
// planned, what the engine's buffers held at most, and the peak of the process.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LARGEST, withModelFolder } from '../models.mjs';
import { measureStep } from './step.mjs';

const LOAD = { prompts: 2, promptTokens: 100, newTokens: 64 };
const CASES = [
  { shape: '0.5b', trained: 'all weights', adapterRank: 0 },
  { shape: '1.5b', trained: 'LoRA of rank 16 on every linear layer', adapterRank: 16 },
];

const writeApart = (shape) => (path) =>
  execFileSync(process.execPath, [
    fileURLToPath(new URL('../random-model.mjs', import.meta.url)),
    shape,
    path,
  ]);

export async function largest({ threads, isa, quick, print }) {
  const rows = [];
  for (const { shape, trained, adapterRank } of quick ? [] : CASES) {
    const result = await withModelFolder(
      LARGEST[shape],
      (folder) =>
        measureStep(process.execPath, 'grpo-step.mjs', { shape, ...LOAD }, 'bf16', 3, {
          threads,
          isa,
          folder,
          'adapter-rank': adapterRank,
        }),
      writeApart(shape),
    );
    print({ section: 'largest', threads, trained, ...result });
    const gibibytes = (mebibytes) => (mebibytes / 1024).toFixed(2);
    rows.push([
      shape,
      trained,
      gibibytes(result.plannedMiB),
      gibibytes(result.buffersMiB),
      gibibytes(result.peakMemoryMiB),
      result.generateTokensPerSecond,
      result.trainTokensPerSecond,
    ]);
  }
  return [
    {
      title: `largest models: a GRPO step, bf16, ${threads} threads`,
      header: [
        'model',
        'trained',
        'planned, GiB',
        'buffers at most, GiB',
        'peak of the process, GiB',
        'sampled tokens/s',
        'trained tokens/s',
      ],
      rows,
    },
  ];
}
