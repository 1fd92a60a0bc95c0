// A model written anew in a type of storage of one's choice: as a folder in Hugging Face layout, or as a GGUF file. Its one
// idea: tensors pass through one at a time, read, rounded and written, so a model larger than memory can be exported.
import { join } from 'node:path';
import { ModelError } from '../errors.ts';
import { copyTokenizer, makeEmptyFolder } from './folder.ts';
import { narrowed } from './half.ts';
import type { ModelSource } from './model-source.ts';
import { writeAside, writeSafetensors } from './safetensors.ts';
import { parameterTable, toConfig } from './shape.ts';

export type ExportType = 'float32' | 'bfloat16' | 'float16';
const DTYPES = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' } as const;

/**
 * Writes a folder that readModelFolder and transformers open, config.json last, so that its presence means complete.
 * @param dir empty or missing.
 * @param type numbers are rounded to it, to the nearest, of two equally near the even one.
 * @throws ModelError for weights beyond the type.
 */
export async function exportFolder(dir: string, source: ModelSource, type: ExportType): Promise<void> {
  await makeEmptyFolder(dir);
  await copyTokenizer(source.path, dir);
  const tensors = parameterTable(source.shape).map(({ name, dims }) => ({
    ...{ name, dims, dtype: DTYPES[type] },
    read: () => rounded(source, name, type),
  }));
  await writeSafetensors(join(dir, 'model.safetensors'), tensors);
  const config = `${JSON.stringify(toConfig(source.shape, type), null, 2)}\n`;
  await writeAside(join(dir, 'config.json'), async (file) => file.writeFile(config));
}

async function rounded(
  source: ModelSource,
  name: string,
  type: ExportType,
): Promise<Float32Array | Uint16Array> {
  const values = await source.readTensor(name);
  if (type !== 'float32') return narrowed(values, type, `tensor "${name}" of ${source.path}`);
  if (values instanceof Float32Array) return values;
  const singles = new Float32Array(values);
  const infinite = singles.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]));
  if (infinite < 0) return singles;
  throw new ModelError(`Number ${infinite} of tensor "${name}" of ${source.path} is beyond float32.`);
}
