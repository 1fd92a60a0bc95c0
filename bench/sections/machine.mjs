// The machine: what computes, and its limits in arithmetic and in reading memory.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { Limits, root } from '../limits.mjs';
import { interleaved } from '../timing.mjs';

const MEMORY_BYTES = 2 ** 28;

function commit() {
  try {
    const git = (...args) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ', changed');
  } catch {
    return 'unknown';
  }
}

export async function machine({ threads, isa, rounds = 9, print }) {
  const facts = {
    cpu: cpus()[0].model,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commit(),
  };
  const limits = {};
  for (const count of new Set([1, threads])) {
    limits[count] = await Limits.open({ isa, threads: count });
  }
  try {
    await interleaved(
      rounds,
      Object.values(limits).map((one) => () => one.measure([MEMORY_BYTES])),
    );
    const rows = [];
    for (const [count, one] of Object.entries(limits)) {
      const record = {
        section: 'machine',
        ...facts,
        instructionSet: one.instructionSet,
        threads: Number(count),
        peakGflopsFp32: Math.round(one.peak('fp32')),
        peakGflopsBf16: Math.round(one.peak('bf16')),
        readGBs: Number(one.readRate(MEMORY_BYTES).toFixed(1)),
      };
      print(record);
      rows.push([count, record.peakGflopsFp32, record.peakGflopsBf16, record.readGBs]);
    }
    return [
      {
        title: `Machine: ${facts.cpu}, ${facts.cores} cores, ${facts.memoryGiB} GiB; Node ${facts.node}; commit ${facts.commit}; ${limits[threads].instructionSet} of ${limits[threads].available.join(', ')}`,
        header: ['threads', 'peak fp32, GFLOP/s', 'peak bf16', 'reading memory, GB/s'],
        rows,
      },
    ];
  } finally {
    for (const one of Object.values(limits)) one.close();
  }
}
