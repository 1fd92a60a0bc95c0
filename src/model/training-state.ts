// The training state on disk, in the precision of the engine that trains. A saved folder is a model folder (so it
// opens like any other) beside the optimizer's moments and, written last, state.json: a folder without it is not complete.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { readModelFolder, tensorsToWrite, writeModelFolder, type TensorsByName } from './folder.ts';
import { openSafetensors, writeAside, writeSafetensors } from './safetensors.ts';
import type { ModelShape } from './shape.ts';
import { parameterTable } from './shape.ts';

type FloatArray = Float32Array | Float64Array;
export const STATE_ARRAYS = ['weights', 'firstMoments', 'secondMoments'] as const;
export type StateArray = (typeof STATE_ARRAYS)[number];
const MOMENTS = 'moments.safetensors';
/** What stands before a parameter's name in its file. */
const PREFIXES = { weights: '', firstMoments: 'first.', secondMoments: 'second.' } as const;

/** Arrays in the engine's own precision, one per row of the parameter table. */
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
 * @param tokenizerFrom the folder whose tokenizer files come along.
 */
export async function saveState(
  dir: string,
  shape: ModelShape,
  state: StateToSave,
  tokenizerFrom: string,
): Promise<void> {
  await writeModelFolder(dir, shape, state.weights, { copyTokenizerFrom: tokenizerFrom });
  const moments = (['firstMoments', 'secondMoments'] as const).flatMap((array) =>
    tensorsToWrite(shape, state[array]).map((row) => ({ ...row, name: PREFIXES[array] + row.name })),
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

/** A state on disk whose files were checked; a tensor is read when it is asked for. */
export interface SavedState<A extends FloatArray> {
  readonly step: number;
  read(array: StateArray, name: string): Promise<A>;
}

/** @throws ModelError when the folder is incomplete, damaged, or of a model of another shape or precision. */
export async function openState<A extends FloatArray>(
  dir: string,
  shape: ModelShape,
  precision: Precision<A>,
): Promise<SavedState<A>> {
  const step = await readStep(dir);
  const folder = await readModelFolder(dir);
  // A shape from a GGUF file has its keys in another order.
  if (!isDeepStrictEqual(computation(folder.shape), computation(shape))) {
    throw new ModelError(
      `Expected ${dir} to hold the state of this model, ${JSON.stringify(computation(shape))}, got ${JSON.stringify(computation(folder.shape))}.`,
    );
  }
  const weights = await openSafetensors(join(dir, 'model.safetensors'));
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
    for (const { name, dims } of parameterTable(shape)) {
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
  shape: ModelShape,
  precision: Precision<A>,
): Promise<TrainingState<A>> {
  const saved = await openState(dir, shape, precision);
  const all = async (array: StateArray): Promise<Map<string, A>> => {
    const tensors = new Map<string, A>();
    for (const { name } of parameterTable(shape)) tensors.set(name, await saved.read(array, name));
    return tensors;
  };
  return {
    weights: await all('weights'),
    firstMoments: await all('firstMoments'),
    secondMoments: await all('secondMoments'),
    step: saved.step,
  };
}
