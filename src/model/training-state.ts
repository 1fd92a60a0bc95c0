// The training state on disk, in the precision of the engine that trains. A saved folder is a model folder, or that of a
// PEFT adapter where one trains (so it opens like any other), beside the optimizer's moments and, written last,
// state.json: a folder without it is not complete.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import {
  ADAPTER_WEIGHTS,
  adapterTable,
  readAdapterFolder,
  writeAdapterFolder,
  type LoraConfig,
} from './adapter.ts';
import { readModelFolder, tensorsToWrite, writeModelFolder, type TensorsByName } from './folder.ts';
import { openSafetensors, writeAside, writeSafetensors } from './safetensors.ts';
import type { ModelShape, Parameter } from './shape.ts';
import { parameterTable } from './shape.ts';

type FloatArray = Float32Array | Float64Array;
export const STATE_ARRAYS = ['weights', 'firstMoments', 'secondMoments'] as const;
export type StateArray = (typeof STATE_ARRAYS)[number];
const MOMENTS = 'moments.safetensors';
/** What stands before a parameter's name in its file. */
const PREFIXES = { weights: '', firstMoments: 'first.', secondMoments: 'second.' } as const;

/** What of a model is saved and loaded: all its weights, or its adapter. */
export interface StateOwner {
  readonly shape: ModelShape;
  readonly adapter: LoraConfig | null;
}

/** The tensors of its state. */
export function stateTable({ shape, adapter }: StateOwner): Parameter[] {
  return adapter === null ? parameterTable(shape) : adapterTable(shape, adapter);
}

/** Arrays in the engine's own precision, one per row of the state's table. */
export interface TrainingState<A extends FloatArray> {
  readonly weights: ReadonlyMap<string, A>;
  readonly firstMoments: ReadonlyMap<string, A>;
  readonly secondMoments: ReadonlyMap<string, A>;
  /** Updates applied so far. */
  readonly step: number;
}

/** The same to be saved. */
export interface StateToSave {
  readonly weights: TensorsByName;
  readonly firstMoments: TensorsByName;
  readonly secondMoments: TensorsByName;
  readonly step: number;
}

const stateSchema = z.strictObject({
  format: z.literal('guiderail-training-state'),
  version: z.literal(1),
  step: z.int().nonnegative(),
});

/**
 * One consistent snapshot where nothing changes `state` before the promise settles.
 * @param base what the model was opened from: its tokenizer files come along, and an adapter names it.
 */
export async function saveState(
  dir: string,
  owner: StateOwner,
  state: StateToSave,
  base: string,
): Promise<void> {
  const { shape, adapter } = owner;
  if (adapter === null) await writeModelFolder(dir, shape, state.weights, { copyTokenizerFrom: base });
  else await writeAdapterFolder(dir, base, shape, adapter, state.weights);
  const moments = (['firstMoments', 'secondMoments'] as const).flatMap((array) =>
    tensorsToWrite(stateTable(owner), state[array]).map((row) => ({
      ...row,
      name: PREFIXES[array] + row.name,
    })),
  );
  await writeSafetensors(join(dir, MOMENTS), moments);
  const text = JSON.stringify({ format: 'guiderail-training-state', version: 1, step: state.step });
  await writeAside(join(dir, 'state.json'), async (file) => file.writeFile(`${text}\n`));
}

async function readStep(dir: string): Promise<number> {
  const path = join(dir, 'state.json');
  try {
    return stateSchema.parse(JSON.parse(await readFile(path, 'utf8'))).step;
  } catch (error) {
    throw new ModelError(
      `Expected ${dir} to be a training state that was saved in full, but ${path} cannot be used: ${messageOf(error)}.`,
    );
  }
}

/** The constructor of the arrays that an engine computes in. */
export type Precision<A extends FloatArray> = { new (length: number): A; readonly name: string };

/** Everything that changes a forward; the end-of-sequence ids do not. */
function computation(shape: ModelShape): ModelShape {
  return { ...shape, eosTokenIds: [] };
}

/** @throws ModelError unless the folder holds weights for the owner's computation. */
async function checkOwner(dir: string, { shape, adapter }: StateOwner): Promise<void> {
  if (adapter !== null) {
    const { config } = await readAdapterFolder(dir);
    const said = ({ rank, alpha, targets }: LoraConfig) =>
      `rank ${rank}, alpha ${alpha}, ${[...targets].sort().join(' ')}`;
    if (said(config) === said(adapter)) return;
    throw new ModelError(
      `Expected ${dir} to hold the state of this adapter, ${said(adapter)}, got ${said(config)}.`,
    );
  }
  const folder = await readModelFolder(dir);
  // A shape from a GGUF file has its keys in another order.
  if (!isDeepStrictEqual(computation(folder.shape), computation(shape))) {
    throw new ModelError(
      `Expected ${dir} to hold the state of this model, ${JSON.stringify(computation(shape))}, got ${JSON.stringify(computation(folder.shape))}.`,
    );
  }
}

/** A state on disk whose files were checked; a tensor is read when it is asked for. */
export interface SavedState<A extends FloatArray> {
  readonly step: number;
  read(array: StateArray, name: string): Promise<A>;
}

/** @throws ModelError when the folder is incomplete, damaged, or of a model of another shape or precision. */
export async function openState<A extends FloatArray>(
  dir: string,
  owner: StateOwner,
  precision: Precision<A>,
): Promise<SavedState<A>> {
  const step = await readStep(dir);
  await checkOwner(dir, owner);
  const weights = await openSafetensors(
    join(dir, owner.adapter === null ? 'model.safetensors' : ADAPTER_WEIGHTS),
  );
  const moments = await openSafetensors(join(dir, MOMENTS));
  const locate = (array: StateArray, name: string) => ({
    file: array === 'weights' ? weights : moments,
    stored: PREFIXES[array] + name,
  });
  const refuse = (path: string, stored: string): never => {
    throw new ModelError(
      `Expected "${stored}" of ${path} to be a ${precision.name} of the model's dims, as this engine saves it.`,
    );
  };
  const dtype = precision.name === 'Float64Array' ? 'F64' : 'F32';
  for (const array of STATE_ARRAYS) {
    for (const { name, dims } of stateTable(owner)) {
      const { file, stored } = locate(array, name);
      const entry = file.tensors.get(stored);
      if (entry?.dtype !== dtype || entry.dims.join() !== dims.join()) refuse(file.path, stored);
    }
  }
  return {
    step,
    read: async (array, name) => {
      const { file, stored } = locate(array, name);
      const data = await file.read(stored);
      return data instanceof precision ? data : refuse(file.path, stored);
    },
  };
}

/** All of a state. @throws ModelError as openState does, and when a tensor cannot be read. */
export async function loadState<A extends FloatArray>(
  dir: string,
  owner: StateOwner,
  precision: Precision<A>,
): Promise<TrainingState<A>> {
  const saved = await openState(dir, owner, precision);
  const all = async (array: StateArray): Promise<Map<string, A>> => {
    const tensors = new Map<string, A>();
    for (const { name } of stateTable(owner)) tensors.set(name, await saved.read(array, name));
    return tensors;
  };
  return {
    weights: await all('weights'),
    firstMoments: await all('firstMoments'),
    secondMoments: await all('secondMoments'),
    step: saved.step,
  };
}
