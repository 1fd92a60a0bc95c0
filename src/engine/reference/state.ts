// The training state on disk. A saved folder is a model folder with float64 weights (so it opens like any
// other) beside the optimizer's moments and, written last, state.json: a folder without it is not complete.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ModelError, messageOf } from '../../errors.ts';
import { readModelFolder, writeModelFolder } from '../../model/folder.ts';
import { openSafetensors, writeAside, writeSafetensors } from '../../model/safetensors.ts';
import type { ModelShape, Parameter } from '../../model/shape.ts';
import { parameterTable } from '../../model/shape.ts';
import type { Tensors } from './weights.ts';
import { readWeights } from './weights.ts';

export interface TrainingState {
  readonly weights: Tensors;
  readonly firstMoments: Tensors;
  readonly secondMoments: Tensors;
  /** Updates applied so far. */
  readonly step: number;
}

const stateSchema = z.strictObject({
  format: z.literal('guiderail-reference-state'),
  version: z.literal(1),
  step: z.int().nonnegative(),
});

/** @param tokenizerFrom the folder whose tokenizer files come along. */
export async function saveState(
  dir: string,
  shape: ModelShape,
  state: TrainingState,
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
  const text = JSON.stringify({ format: 'guiderail-reference-state', version: 1, step: state.step });
  await writeAside(join(dir, 'state.json'), async (file) => file.writeFile(`${text}\n`));
}

async function readStep(dir: string): Promise<number> {
  const path = join(dir, 'state.json');
  try {
    return stateSchema.parse(JSON.parse(await readFile(path, 'utf8'))).step;
  } catch (error) {
    throw new ModelError(
      `Expected ${dir} to be a folder that the reference engine saved in full, but ${path} cannot be used: ${messageOf(error)}.`,
    );
  }
}

async function readMoments(
  path: string,
  which: 'first' | 'second',
  table: readonly Parameter[],
): Promise<Tensors> {
  const file = await openSafetensors(path);
  const tensors = new Map<string, Float64Array>();
  for (const { name, dims } of table) {
    const data = await file.read(`${which}.${name}`);
    if (
      !(data instanceof Float64Array) ||
      file.tensors.get(`${which}.${name}`)!.dims.join() !== dims.join()
    ) {
      throw new ModelError(`Expected "${which}.${name}" of ${path} to be F64 [${dims.join(', ')}].`);
    }
    tensors.set(name, data);
  }
  return tensors;
}

/** Everything that changes a forward; the end-of-sequence ids do not. */
function computation(shape: ModelShape): string {
  return JSON.stringify({ ...shape, eosTokenIds: [] });
}

/** @throws ModelError when the folder is incomplete, damaged, or of a model of another shape. */
export async function loadState(dir: string, shape: ModelShape): Promise<TrainingState> {
  const step = await readStep(dir);
  const folder = await readModelFolder(dir);
  if (computation(folder.shape) !== computation(shape)) {
    throw new ModelError(
      `Expected ${dir} to hold the state of this model, ${computation(shape)}, got ${computation(folder.shape)}.`,
    );
  }
  const table = parameterTable(shape);
  const moments = join(dir, 'moments.safetensors');
  return {
    weights: await readWeights(folder),
    firstMoments: await readMoments(moments, 'first', table),
    secondMoments: await readMoments(moments, 'second', table),
    step,
  };
}
