// Low-rank adapters (LoRA, Hu et al. 2021) beside a base model: which tensors they are, what they start as, and the
// folder that PEFT reads and writes them in (adapter_config.json, adapter_model.safetensors). It knows no engine. Its one
// idea: a linear layer with an adapter computes y = x·Wᵀ + (alpha / rank)·(x·Aᵀ)·Bᵀ, and whatever PEFT can say beyond
// that is refused by name.
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { UniformStream, seedOf } from '../random.ts';
import { copyTokenizer, makeEmptyFolder, tensorsToWrite, type TensorsByName } from './folder.ts';
import { openSafetensors, writeAside, writeSafetensors } from './safetensors.ts';
import type { ModelShape, Parameter } from './shape.ts';
import { parameterTable, sizeOf } from './shape.ts';

/** The linear layers that may have an adapter, in the order of their tensors. */
export const LORA_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

export interface LoraConfig {
  readonly rank: number;
  /** What an adapter adds is multiplied by alpha / rank. */
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** An adapter's two matrices and the base weight they belong to, by name. */
export interface AdaptedWeight {
  readonly weight: Parameter;
  /** [rank, in] */
  readonly a: Parameter;
  /** [out, rank] */
  readonly b: Parameter;
}

/** Every adapted weight, layer by layer, in the order of LORA_TARGETS. */
export function adaptedWeights(shape: ModelShape, { rank, targets }: LoraConfig): AdaptedWeight[] {
  const weights = new Map(parameterTable(shape).map((parameter) => [parameter.name, parameter]));
  const chosen = LORA_TARGETS.filter((target) => targets.includes(target));
  return Array.from({ length: shape.layers }, (_, layer) =>
    chosen.map((target) => {
      const block = ['gate_proj', 'up_proj', 'down_proj'].includes(target) ? 'mlp' : 'self_attn';
      const module = `model.layers.${layer}.${block}.${target}`;
      const weight = weights.get(`${module}.weight`)!;
      const [out, input] = weight.dims;
      const name = (which: string) => `base_model.model.${module}.lora_${which}.weight`;
      return {
        weight,
        a: { name: name('A'), dims: [rank, input], kind: 'matrix' as const },
        b: { name: name('B'), dims: [out, rank], kind: 'matrix' as const },
      };
    }),
  ).flat();
}

/** The tensors that an adapter trains: A and B of each adapted weight in turn, under PEFT's names. */
export function adapterTable(shape: ModelShape, config: LoraConfig): Parameter[] {
  return adaptedWeights(shape, config).flatMap(({ a, b }) => [a, b]);
}

/** A is uniform in ±1/√in (as PEFT's and torch.nn.Linear's), B zero, so that a new adapter changes nothing. */
export function initializeAdapter(
  shape: ModelShape,
  config: LoraConfig,
  seed: number,
): Map<string, Float32Array> {
  return new Map(
    adaptedWeights(shape, config).flatMap(({ a, b }) => {
      const stream = new UniformStream(seedOf(seed, 'initialize', a.name));
      const bound = 1 / Math.sqrt(a.dims[1]);
      const start = Float32Array.from({ length: sizeOf(a) }, () => bound * (2 * stream.next() - 1));
      return [
        [a.name, start],
        [b.name, new Float32Array(sizeOf(b))],
      ] as const;
    }),
  );
}

/** W + (alpha / rank)·B·A, summed in double precision. */
export function mergedWeight<A extends Float32Array | Float64Array>(
  weight: A,
  a: A,
  b: A,
  { rank, alpha }: LoraConfig,
): A {
  const merged = weight.slice() as A;
  const columns = a.length / rank;
  const scale = alpha / rank;
  for (let out = 0; out < b.length / rank; out++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[out * rank + r] * a[r * columns + column];
      merged[out * columns + column] += scale * sum;
    }
  }
  return merged;
}

const CONFIG = 'adapter_config.json';
export const ADAPTER_WEIGHTS = 'adapter_model.safetensors';

const nothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);
const configSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  base_model_name_or_path: z.string().min(1),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.enum(LORA_TARGETS)).min(1),
  bias: z.literal('none').default('none'),
});
/** Keys that change nothing of a trained adapter's computation. Any other that says something is refused. */
const HARMLESS = new Set([
  'auto_mapping',
  'inference_mode',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'task_type',
]);
/** Ways to begin that leave the base as it is; others (pissa, olora, …) change its weights. */
const INITIALIZATIONS = new Set<unknown>([true, false, 'gaussian']);

export interface AdapterFolder {
  readonly path: string;
  /** Where the base is. */
  readonly base: string;
  readonly config: LoraConfig;
}

export async function isAdapterFolder(path: string): Promise<boolean> {
  return stat(join(path, CONFIG)).then(
    () => true,
    () => false,
  );
}

/** A relative path is one from the adapter's folder or, as for PEFT, from the working directory. */
async function locateBase(folder: string, named: string): Promise<string> {
  for (const path of [resolve(folder, named), resolve(named)]) {
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new ModelError(
    `${join(folder, CONFIG)} names the base model "${named}", but there is none at ${resolve(folder, named)} or ${resolve(named)}; put it there or change base_model_name_or_path.`,
  );
}

/** @throws ModelError for a config that is damaged or asks for more than plain LoRA. */
export async function readAdapterFolder(path: string): Promise<AdapterFolder> {
  const where = join(path, CONFIG);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(where, 'utf8'));
  } catch (error) {
    throw new ModelError(
      `Expected ${path} to hold a PEFT adapter, but ${where} cannot be used: ${messageOf(error)}.`,
    );
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ModelError(
      `Expected ${where} to describe a LoRA adapter of ${LORA_TARGETS.join(', ')}, but "${issue?.path.join('.')}" is not valid: ${issue?.message}.`,
    );
  }
  const asked = Object.entries(parsed.data).find(([key, value]) =>
    key === 'init_lora_weights'
      ? !INITIALIZATIONS.has(value)
      : !Object.hasOwn(configSchema.shape, key) && !HARMLESS.has(key) && !nothing(value),
  )?.[0];
  if (asked !== undefined) {
    throw new ModelError(
      `${where} asks for ${asked}, which is not supported; merge the adapter with PEFT and use the model.`,
    );
  }
  const { r, lora_alpha, target_modules, base_model_name_or_path } = parsed.data;
  return {
    path,
    base: await locateBase(path, base_model_name_or_path),
    config: { rank: r, alpha: lora_alpha, targets: target_modules },
  };
}

/** The tensors of an adapter folder, each with the dims that the base's shape asks for. @throws ModelError */
export async function readAdapterTensors(
  folder: string,
  shape: ModelShape,
  config: LoraConfig,
): Promise<Map<string, Float32Array | Float64Array>> {
  const file = await openSafetensors(join(folder, ADAPTER_WEIGHTS));
  const table = adapterTable(shape, config);
  const tensors = new Map<string, Float32Array | Float64Array>();
  for (const { name, dims } of table) {
    const stored = file.tensors.get(name);
    if (stored?.dims.join() !== dims.join()) {
      throw new ModelError(
        `Expected tensor "${name}" of ${file.path} to be [${dims.join(', ')}] for this base model, got ${stored === undefined ? 'none' : `[${stored.dims.join(', ')}]`}.`,
      );
    }
    tensors.set(name, await file.read(name));
  }
  const known = new Set(table.map(({ name }) => name));
  const other = [...file.tensors.keys()].find((name) => !known.has(name));
  if (other !== undefined) {
    throw new ModelError(
      `${file.path} has tensor "${other}", which an adapter of its ${CONFIG} does not have.`,
    );
  }
  return tensors;
}

/**
 * Writes a folder that PEFT loads beside the base, with the base's tokenizer; adapter_config.json last.
 * @param dir empty or missing. @param tensors every row of adapterTable.
 */
export async function writeAdapterFolder(
  dir: string,
  base: string,
  shape: ModelShape,
  config: LoraConfig,
  tensors: TensorsByName,
): Promise<void> {
  await makeEmptyFolder(dir);
  await copyTokenizer(base, dir);
  await writeSafetensors(join(dir, ADAPTER_WEIGHTS), tensorsToWrite(adapterTable(shape, config), tensors));
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: resolve(base),
    r: config.rank,
    lora_alpha: config.alpha,
    target_modules: LORA_TARGETS.filter((target) => config.targets.includes(target)),
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
  };
  await writeAside(join(dir, CONFIG), async (file) => file.writeFile(`${JSON.stringify(json, null, 2)}\n`));
}
