// A GRPO step end to end on a random model: sampling, loss, backward, optimizer. Every response is forced to its full
// length (no stop tokens), rewards are random, one update a step: the work of bench/peers/trl_grpo.py.
//
//   npm run bench                                      the native engine alone
//   npm run bench -- --peer trl --python /path/python  TRL beside it, in turns, and the ratio
//
// Options: --shape tiny|135m  --prompts 16  --new-tokens 64  --steps 8  --threads N
//          --dtype fp32|bf16 (both by default)  --rounds 2 (with --peer)
// Prints one JSON line a system and round, medians over the steps after the first and the event loop's delay, and at
// the end a table of them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tokenMean } from '../dist/algorithms/aggregation.js';
import { unshaped } from '../dist/algorithms/shaping.js';
import { createNativeEngine } from '../dist/engine/native/native.js';
import { writeModelFolder } from '../dist/model/folder.js';
import { initializeModel } from '../dist/model/initialize.js';
import { seedOf, UniformStream } from '../dist/random.js';
import { updatePolicy } from '../dist/train/update.js';

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: 'tiny' },
    prompts: { type: 'string', default: '16' },
    'new-tokens': { type: 'string', default: '64' },
    steps: { type: 'string', default: '8' },
    threads: { type: 'string', default: String(availableParallelism()) },
    dtype: { type: 'string' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '2' },
  },
});
if (options.peer !== undefined && options.peer !== 'trl') {
  process.stderr.write(`Expected --peer trl, got ${options.peer}; its Python goes to --python.\n`);
  process.exit(2);
}
const K = 8;
const PROMPT_TOKENS = 44;
const SHAPES = {
  tiny: {
    vocabularySize: 128,
    hiddenSize: 192,
    intermediateSize: 512,
    layers: 6,
    heads: 6,
    keyValueHeads: 6,
    headDim: 32,
    maxSequenceLength: 1024,
  },
  '135m': {
    vocabularySize: 49152,
    hiddenSize: 576,
    intermediateSize: 1536,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    headDim: 64,
    maxSequenceLength: 2048,
  },
};
const prompts = Number(options.prompts);
const newTokens = Number(options['new-tokens']);
const steps = Number(options.steps);
const completions = prompts * K;

async function openModel(engine, folder) {
  const shape = {
    family: 'llama',
    ropeTheta: 10_000,
    rmsNormEps: 1e-6,
    tiedEmbeddings: true,
    qkvBias: false,
    qkNorm: false,
    eosTokenIds: [2],
    ...SHAPES[options.shape],
  };
  await writeModelFolder(join(folder, 'model'), shape, initializeModel(shape, 1));
  return engine.open({
    folder: join(folder, 'model'),
    head: 'lm',
    adapter: { kind: 'none' },
    trainable: true,
  });
}

function groupsOf(step, sampled, promptOf) {
  const stream = new UniformStream(seedOf(1, 'rewards', step));
  return Array.from({ length: prompts }, (_, prompt) => ({
    problem: { id: `p${prompt}` },
    drawOrdinal: prompt,
    sampledAtStep: step,
    plan: {
      retention: [],
      rows: sampled.slice(prompt * K, prompt * K + K).map(({ tokens, logprobs }, sampleIndex) => ({
        trainContext: 'plain',
        rollout: {
          context: 'plain',
          promptTokens: promptOf(prompt),
          responseTokens: tokens,
          behaviourLogprobs: logprobs,
          reward: stream.next() > 0.5 ? 1 : 0,
          sampleIndex,
        },
      })),
    },
  }));
}

async function step(model, index) {
  const promptOf = (prompt) => {
    const stream = new UniformStream(seedOf(1, 'prompts', index, prompt));
    return Int32Array.from({ length: PROMPT_TOKENS }, () => 3 + stream.integer(90));
  };
  const requests = Array.from({ length: completions }, (_, i) => ({
    promptTokens: promptOf(Math.floor(i / K)),
    maxNewTokens: newTokens,
    temperature: 1,
    stopTokens: [],
    seed: seedOf(1, 'sample', index, i),
  }));
  const started = performance.now();
  const sampled = [];
  for await (const sequence of model.sample(requests)) sampled[sequence.index] = sequence;
  const generated = performance.now();
  await updatePolicy({
    model,
    groups: groupsOf(index, sampled, promptOf),
    renderPrompt: () => {
      throw new Error('every row is on context');
    },
    objective: {
      clipLow: 0.2,
      clipHigh: 0.2,
      shaping: unshaped,
      aggregation: tokenMean,
      normalizeByStd: true,
      retentionWeight: 0,
    },
    temperature: 1,
    minibatches: 1,
    optimizer: {
      learningRate: 1e-5,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      maxGradNorm: 1,
    },
    seconds: { forward: 0, backward: 0, step: 0 },
  });
  return { generate: (generated - started) / 1000, train: (performance.now() - generated) / 1000 };
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

async function measureOurs(dtype) {
  const folder = mkdtempSync(join(tmpdir(), 'guiderail-bench-'));
  writeFileSync(join(folder, 'README'), 'scratch of bench/grpo-step.mjs\n');
  const engine = createNativeEngine({ dtype, threads: Number(options.threads) });
  try {
    const model = await openModel(engine, folder);
    const times = [await step(model, 0)];
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (let index = 1; index < steps; index++) times.push(await step(model, index));
    delay.disable();
    const tokens = completions * newTokens;
    const rate = (pick) => Math.round(tokens / median(times.slice(1).map(pick)));
    return {
      system: 'guiderail',
      shape: options.shape,
      dtype,
      instructionSet: engine.instructionSet,
      threads: Number(options.threads),
      completions,
      newTokens,
      steps,
      generateTokensPerSecond: rate(({ generate }) => generate),
      trainTokensPerSecond: rate(({ train }) => train),
      endToEndTokensPerSecond: rate(({ generate, train }) => generate + train),
      eventLoopDelayP99Ms: Number((delay.percentile(99) / 1e6).toFixed(1)),
      eventLoopDelayMaxMs: Number((delay.max / 1e6).toFixed(1)),
    };
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function measurePeer(dtype) {
  const script = fileURLToPath(new URL('peers/trl_grpo.py', import.meta.url));
  const args = [
    script,
    '--shape',
    options.shape,
    '--dtype',
    dtype,
    '--prompts',
    options.prompts,
    '--new-tokens',
    options['new-tokens'],
    '--steps',
    options.steps,
  ];
  const result = spawnSync(options.python, args, { encoding: 'utf8', cwd: tmpdir() });
  const line = result.stdout?.trim().split('\n').at(-1);
  if (result.status !== 0 || !line) {
    throw new Error(`TRL failed in ${options.python}:\n${result.error ?? result.stderr}`);
  }
  return JSON.parse(line);
}

const print = (result) => process.stdout.write(`${JSON.stringify(result)}\n`);
print({ machine: cpus()[0].model, cores: availableParallelism(), node: process.version });
const ours = [];
const peers = [];
for (let round = 0; round < (options.peer ? Number(options.rounds) : 1); round++) {
  for (const dtype of options.dtype ? [options.dtype] : ['fp32', 'bf16']) {
    ours.push(await measureOurs(dtype));
    print(ours.at(-1));
  }
  for (const dtype of options.peer ? ['fp32', 'bf16'] : []) {
    peers.push(measurePeer(dtype));
    print(peers.at(-1));
  }
}
const FIELDS = {
  generate: 'generateTokensPerSecond',
  train: 'trainTokensPerSecond',
  endToEnd: 'endToEndTokensPerSecond',
};
const rows = [...ours, ...peers].map((result) => [
  `${result.system}, ${result.dtype}`,
  ...Object.values(FIELDS).map((field) => result[field].toLocaleString('en')),
  ...(result.eventLoopDelayP99Ms === undefined
    ? ['', '']
    : [result.eventLoopDelayP99Ms, result.eventLoopDelayMaxMs]),
]);
if (peers.length > 0) {
  // Ours at its slowest in each dtype against the peer at its fastest in either.
  for (const dtype of new Set(ours.map((result) => result.dtype))) {
    const ratios = Object.values(FIELDS).map((field) => {
      const slowest = Math.min(
        ...ours.filter((result) => result.dtype === dtype).map((result) => result[field]),
      );
      return (slowest / Math.max(...peers.map((result) => result[field]))).toFixed(2);
    });
    print({
      dtype,
      ratioToPeersFastest: Object.fromEntries(
        Object.keys(FIELDS).map((name, i) => [name, Number(ratios[i])]),
      ),
    });
    rows.push([`slowest of ours in ${dtype} / fastest of theirs`, ...ratios, '', '']);
  }
}
const header = ['tokens/s', 'generate', 'train', 'end to end', 'loop delay p99 ms', 'max ms'];
const rule = header.map(() => '---');
for (const row of [header, rule, ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);
