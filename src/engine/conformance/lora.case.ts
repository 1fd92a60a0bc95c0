// Adapters against PEFT: log-probs and the gradient of every A and B of an adapter folder that PEFT wrote, and what saving
// and loading keep. Where an engine has no LoRA, capabilities.case.ts holds it to refusing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openSafetensors } from '../../model/safetensors.ts';
import { LORA_TARGETS } from '../../model/adapter.ts';
import type { ModelSpec, Trainable } from '../engine.ts';
import {
  GRADIENT_PROBE,
  TRAINING,
  accumulate,
  arraysOf,
  expectWithin,
  goldenFolder,
  logprobsOf,
  openModel,
  type Bench,
  type Check,
  type Golden,
} from './bench.case.ts';

const FOLDER = join(goldenFolder('qwen3'), '../lora');
const SPEC: ModelSpec = { folder: FOLDER, head: 'lm', adapter: { kind: 'none' }, trainable: true };

/** As oracles/engine/export_lora.py writes it. */
interface LoraGolden extends Pick<Golden, 'sequences' | 'logprobCoefficients' | 'entropyCoefficients'> {
  readonly temperature: number;
  /** By PEFT's name. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

async function readLoraGolden() {
  const golden = JSON.parse(await readFile(join(FOLDER, 'golden.json'), 'utf8')) as LoraGolden;
  const sequences = golden.sequences.map(({ promptTokens, responseTokens }) => ({
    promptTokens: Int32Array.from(promptTokens),
    responseTokens: Int32Array.from(responseTokens),
  }));
  return { golden, sequences };
}

/** The adapter's tensors as `save` writes them. */
async function savedAdapter(bench: Bench, model: Trainable, name: string) {
  const dir = join(bench.folder, name);
  await model.save(dir);
  const file = await openSafetensors(join(dir, 'adapter_model.safetensors'));
  const tensors = new Map<string, Float32Array | Float64Array>();
  for (const tensor of file.tensors.keys()) tensors.set(tensor, await file.read(tensor));
  return { dir, tensors };
}

export function loraChecks(check: Check): void {
  const whereDeclared = (name: string, body: (bench: Bench) => Promise<void>) =>
    check(name, async (bench) => {
      if (bench.engine.capabilities.lora) await body(bench);
    });

  whereDeclared("log-probs and entropies with an adapter equal PEFT's", async (bench) => {
    const { golden, sequences } = await readLoraGolden();
    const model = await bench.engine.open({ ...SPEC, trainable: false });
    const want = { logprobs: true, entropies: true };
    const pass = await model.forward(sequences, { gradient: false, want, temperature: 1 });
    golden.sequences.forEach(({ scored }, i) => {
      expectWithin(
        pass.logprobs![i],
        scored[0].logprobs,
        bench.tolerances.logprobs,
        `log-probs of sequence ${i}`,
      );
      expectWithin(
        pass.entropies![i],
        scored[0].entropies,
        bench.tolerances.entropies,
        `entropies of sequence ${i}`,
      );
    });
  });

  whereDeclared("gradients of an adapter equal PEFT's", async (bench) => {
    const { golden, sequences } = await readLoraGolden();
    const model = await bench.engine.open(SPEC);
    const cotangents = {
      logprobs: arraysOf(golden.logprobCoefficients),
      entropies: arraysOf(golden.entropyCoefficients),
    };
    await accumulate(model, sequences, cotangents, golden.temperature);
    const before = await savedAdapter(bench, model, 'before');
    await model.step(GRADIENT_PROBE.update);
    const after = await savedAdapter(bench, model, 'after');
    expect([...before.tensors.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
    for (const [name, expected] of Object.entries(golden.gradients)) {
      const moved = after.tensors.get(name)!;
      const gradient = Float64Array.from(
        before.tensors.get(name)!,
        (w, i) => (w - moved[i]) / GRADIENT_PROBE.scale,
      );
      expectWithin(gradient, expected, bench.tolerances.gradients, `gradient of ${name}`);
    }
  });

  whereDeclared(
    'an adapter that is saved opens as one and trains on as if it had not been',
    async (bench) => {
      const { golden, sequences } = await readLoraGolden();
      const cotangents = { logprobs: arraysOf(golden.logprobCoefficients) };
      const adapter = {
        kind: 'lora',
        rank: 2,
        alpha: 4,
        targets: LORA_TARGETS.slice(1, 6),
        seed: 3,
      } as const;
      const spec = { ...SPEC, folder: goldenFolder('llama'), adapter };
      const train = async (model: Trainable) => {
        await accumulate(model, sequences, cotangents);
        expect((await model.step(TRAINING)).applied).toBe(true);
      };
      const model = await bench.engine.open(spec);
      await train(model);
      const { dir } = await savedAdapter(bench, model, 'saved');
      const atSave = await logprobsOf(model, sequences);
      await train(model);
      const resumed = await bench.engine.open(spec);
      await resumed.load(dir);
      expect(await logprobsOf(resumed, sequences)).toEqual(atSave);
      await train(resumed);
      expect(await logprobsOf(resumed, sequences)).toEqual(await logprobsOf(model, sequences));
      const opened = await bench.engine.open({ ...SPEC, folder: dir, trainable: false });
      expect(await logprobsOf(opened, sequences)).toEqual(atSave);
    },
  );

  whereDeclared('models with an adapter and without share one base', async (bench) => {
    const { sequences } = await readLoraGolden();
    const adapter = { kind: 'lora', rank: 2, alpha: 4, targets: LORA_TARGETS, seed: 3 } as const;
    const folder = goldenFolder('qwen2');
    const alone = await logprobsOf(await openModel(bench, folder, false), sequences);
    const policy = await bench.engine.open({ ...SPEC, folder, adapter });
    const reference = await bench.engine.open({
      ...SPEC,
      folder,
      trainable: false,
      sharesBaseWith: policy,
    });
    expect(await logprobsOf(reference, sequences)).toEqual(alone);
    await policy.close();
    expect(await logprobsOf(reference, sequences)).toEqual(alone);
    const other = { ...SPEC, folder: goldenFolder('llama'), trainable: false, sharesBaseWith: reference };
    await expect(bench.engine.open(other)).rejects.toThrow(/share the base weights of .*llama.*qwen2/);
    const full = { ...SPEC, folder, sharesBaseWith: reference };
    await expect(bench.engine.open(full)).rejects.toThrow(/trains all its weights/);
  });
}
