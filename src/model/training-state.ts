// The training state on disk, in the precision of the engine that trains. A saved folder is a model folder (so it
// opens like any other) beside the optimizer's moments and, written last, state.json: a folder without it is not complete.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { readModelFolder, writeModelFolder } from './folder.ts';
import { openSafetensors, writeAside, writeSafetensors } from './safetensors.ts';
import type { ModelShape, Parameter } from './shape.ts';
import { parameterTable } from './shape.ts';

type FloatArray = Float32Array | Float64Array;

/** Arrays in the engine's own precision, one per row of the parameter table. */
export interface TrainingState<A extends FloatArray> {
  readonly weights: ReadonlyMap<string, A>;
  readonly firstMoments: ReadonlyMap<string, A>;
  readonly secondMoments: ReadonlyMap<string, A>;
  /** Updates applied so far. */
  readonly step: number;
}

const stateSchema = z.strictObject({
  format: z.literal('guiderail-training-state'),
  version: z.literal(1),
  step: z.int().nonnegative(),
});

/** @param tokenizerFrom the folder whose tokenizer files come along. */
export async function saveState(
  dir: string,
  shape: ModelShape,
  state: TrainingState<FloatArray>,
  tokenizerFrom: string,
): Promise<void> {
  await writeModelFolder(dir, shape, state.weights, { copyTokenizerFrom: tokenizerFrom });
  const moments = (['first', 'second'] as const).flatMap((which) => {
    const tensors = which === 'first' ? state.firstMoments : state.secondMoments;
    return parameterTable(shape).map(({ name, dims }) => ({
      name: `${which}.${name}`,
      dims,
      data: tensors.get(name)!,
    }));
  });
  await writeSafetensors(join(dir, 'moments.safetensors'), moments);
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

async function readAll<A extends FloatArray>(
  path: string,
  prefix: string,
  table: readonly Parameter[],
  precision: Precision<A>,
): Promise<Map<string, A>> {
  const file = await openSafetensors(path);
  const tensors = new Map<string, A>();
  for (const { name, dims } of table) {
    const stored = `${prefix}${name}`;
    const data = await file.read(stored);
    if (!(data instanceof precision) || file.tensors.get(stored)!.dims.join() !== dims.join()) {
      throw new ModelError(
        `Expected "${stored}" of ${path} to be a ${precision.name} of [${dims.join(', ')}], as this engine saves it.`,
      );
    }
    tensors.set(name, data);
  }
  return tensors;
}

/** Everything that changes a forward; the end-of-sequence ids do not. */
function computation(shape: ModelShape): ModelShape {
  return { ...shape, eosTokenIds: [] };
}

/** @throws ModelError when the folder is incomplete, damaged, or of a model of another shape or precision. */
export async function loadState<A extends FloatArray>(
  dir: string,
  shape: ModelShape,
  precision: Precision<A>,
): Promise<TrainingState<A>> {
  const step = await readStep(dir);
  const folder = await readModelFolder(dir);
  // A shape from a GGUF file has its keys in another order.
  if (!isDeepStrictEqual(computation(folder.shape), computation(shape))) {
    throw new ModelError(
      `Expected ${dir} to hold the state of this model, ${JSON.stringify(computation(shape))}, got ${JSON.stringify(computation(folder.shape))}.`,
    );
  }
  const table = parameterTable(shape);
  const moments = join(dir, 'moments.safetensors');
  return {
    weights: await readAll(join(dir, 'model.safetensors'), '', table, precision),
    firstMoments: await readAll(moments, 'first.', table, precision),
    secondMoments: await readAll(moments, 'second.', table, precision),
    step,
  };
}
