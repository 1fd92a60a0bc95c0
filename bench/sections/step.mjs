// A GRPO step end to end, in tokens of responses a second: generation, training (loss, backward, AdamW) and both; peak
// memory; how long the event loop waited. With --peer trl, TRL's GRPOTrainer doing the same work on the same shapes.
// Each measurement is a fresh process, the systems in turns; figures are medians over the steps after the first, and
// the ratio is of our slowest round to the peer's fastest in either dtype.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DTYPES } from '../models.mjs';

const VARIANTS = [
  { name: 'tiny', shape: 'tiny', prompts: 16, promptTokens: 44, newTokens: 64 },
  { name: '135m', shape: '135m', prompts: 2, promptTokens: 44, newTokens: 32 },
  { name: 'long prompt', shape: 'tiny', prompts: 8, promptTokens: 256, newTokens: 64 },
];
const STEPS = 8;
const FIELDS = {
  generate: 'generateTokensPerSecond',
  train: 'trainTokensPerSecond',
  'end to end': 'endToEndTokensPerSecond',
  'peak memory, MiB': 'peakMemoryMiB',
};

/** What the script's process says of a GRPO step. */
export function measureStep(command, script, variant, dtype, steps, more) {
  const args = {
    shape: variant.shape,
    dtype,
    prompts: variant.prompts,
    'prompt-tokens': variant.promptTokens,
    'new-tokens': variant.newTokens,
    steps,
    ...more,
  };
  const words = Object.entries(args).map(([name, value]) => `--${name}=${value}`);
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const result = spawnSync(command, [path, ...words], { encoding: 'utf8', cwd: tmpdir() });
  const line = result.stdout?.trim().split('\n').at(-1);
  if (result.status !== 0 || !line) {
    throw new Error(`${script} failed in ${command}:\n${result.error ?? result.stderr}`);
  }
  return JSON.parse(line);
}

export async function step({ models, dtypes, peers, python, threads, isa, rounds = 2, quick, print }) {
  const steps = quick ? 2 : STEPS;
  const tables = [];
  const variants = VARIANTS.filter(({ shape }) => models.includes(shape));
  for (const variant of quick ? variants.map((one) => ({ ...one, prompts: 2 })) : variants) {
    const [ours, theirs] = [[], []];
    const record = (into, result) => {
      into.push(result);
      print({ section: 'step', variant: variant.name, threads, ...result });
    };
    for (let round = 0; round < rounds; round++) {
      for (const dtype of dtypes) {
        record(ours, measureStep(process.execPath, 'grpo-step.mjs', variant, dtype, steps, { threads, isa }));
      }
      // The peer in both dtypes: the ratio is to whichever is faster.
      for (const dtype of peers.includes('trl') ? DTYPES : []) {
        record(theirs, measureStep(python, 'peers/trl_grpo.py', variant, dtype, steps, { threads }));
      }
    }
    tables.push(tableOf(variant, steps, ours, theirs, threads));
  }
  return tables;
}

function tableOf({ name, prompts, promptTokens, newTokens }, steps, ours, theirs, threads) {
  const rows = [...ours, ...theirs].map((result) => [
    `${result.system}, ${result.dtype}`,
    ...Object.values(FIELDS).map((field) => result[field].toLocaleString('en')),
    result.eventLoopDelayP99Ms ?? '',
    result.eventLoopDelayMaxMs ?? '',
  ]);
  for (const dtype of theirs.length > 0 ? new Set(ours.map((result) => result.dtype)) : []) {
    const ratios = Object.values(FIELDS).map((field) => {
      const mine = ours.filter((result) => result.dtype === dtype).map((result) => result[field]);
      const peer = theirs.map((result) => result[field]);
      // Of memory less is better.
      return field === 'peakMemoryMiB'
        ? Math.max(...mine) / Math.min(...peer)
        : Math.min(...mine) / Math.max(...peer);
    });
    rows.push([`worst of ours in ${dtype} / best of theirs`, ...ratios.map((r) => r.toFixed(2)), '', '']);
  }
  return {
    title: `GRPO step, ${name}: ${prompts} prompts of ${promptTokens} tokens × 8, ${newTokens} new tokens, ${steps - 1} steps, ${threads} threads`,
    header: ['tokens/s', ...Object.keys(FIELDS), 'loop delay p99, ms', 'max, ms'],
    rows,
  };
}
