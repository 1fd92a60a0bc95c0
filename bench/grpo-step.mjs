// A GRPO step end to end on a random model: sampling, loss, backward, optimizer. Every response is forced to its full
// length (no stop tokens), rewards are random, one update a step: the work of bench/peers/trl_grpo.py. A process of its
// own, so that its memory is that of the step alone; the section `step` runs it.
//
// Arguments: --shape --dtype --prompts --prompt-tokens --new-tokens --steps --threads --isa; --folder of a model of that
// shape (random-model.mjs) instead of one made here; --adapter-rank for LoRA on every linear layer.
// Prints one JSON line: medians over the steps after the first, the event loop's delay, peak resident memory, and of the
// engine's buffers what was planned and their peak.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { tokenMean } from '../dist/algorithms/aggregation.js';
import { unshaped } from '../dist/algorithms/shaping.js';
import { loadAddon } from '../dist/engine/native/addon.js';
import { LORA_TARGETS } from '../dist/model/adapter.js';
import { seedOf, UniformStream } from '../dist/random.js';
import { updatePolicy } from '../dist/train/update.js';
import { LARGEST, randomTokens, SHAPES, withModelAt, withModels } from './models.mjs';
import { median } from './timing.mjs';

const K = 8;
const { values } = parseArgs({
  options: {
    shape: { type: 'string' },
    dtype: { type: 'string' },
    prompts: { type: 'string' },
    'prompt-tokens': { type: 'string' },
    'new-tokens': { type: 'string' },
    steps: { type: 'string' },
    threads: { type: 'string' },
    isa: { type: 'string', default: '' },
    folder: { type: 'string' },
    'adapter-rank': { type: 'string', default: '0' },
  },
});
const [prompts, promptTokens, newTokens, steps, threads] = [
  'prompts',
  'prompt-tokens',
  'new-tokens',
  'steps',
  'threads',
].map((name) => Number(values[name]));
const shape = { ...SHAPES, ...LARGEST }[values.shape];
const completions = prompts * K;

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

/** Seconds of generation and of training. */
async function step(model, index) {
  const promptOf = (prompt) => randomTokens(shape.vocabularySize, promptTokens, index, prompt);
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

/** The most memory this process ever had, in MiB. */
function peakMemoryMiB() {
  if (process.platform !== 'linux') return Math.round(process.resourceUsage().maxRSS / 1024);
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024);
}

const rank = Number(values['adapter-rank']);
const options = {
  dtypes: [values.dtype],
  threads,
  isa: values.isa,
  trainable: true,
  adapter:
    rank > 0 ? { kind: 'lora', rank, alpha: 2 * rank, targets: LORA_TARGETS, seed: 1 } : { kind: 'none' },
};
async function measure({ [values.dtype]: model }) {
  const plan = model.planMemory({
    sampled: completions,
    sampledPrompts: prompts,
    trained: completions,
    trainedPrompts: prompts,
    promptTokens,
    newTokens,
  });
  loadAddon().memoryUse(); // the peak from here on
  const times = [await step(model, 0)];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let index = 1; index < steps; index++) times.push(await step(model, index));
  delay.disable();
  const rate = (pick) => Math.round((completions * newTokens) / median(times.slice(1).map(pick)));
  const result = {
    system: 'guiderail',
    shape: values.shape,
    dtype: values.dtype,
    completions,
    promptTokens,
    newTokens,
    steps,
    generateTokensPerSecond: rate(({ generate }) => generate),
    trainTokensPerSecond: rate(({ train }) => train),
    endToEndTokensPerSecond: rate(({ generate, train }) => generate + train),
    peakMemoryMiB: peakMemoryMiB(),
    plannedMiB: Math.round(plan.bytes / 2 ** 20),
    buffersMiB: Math.round(loadAddon().memoryUse().peakBytes / 2 ** 20),
    eventLoopDelayP99Ms: Number((delay.percentile(99) / 1e6).toFixed(1)),
    eventLoopDelayMaxMs: Number((delay.max / 1e6).toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
await (values.folder ? withModelAt(values.folder, options, measure) : withModels(shape, options, measure));
