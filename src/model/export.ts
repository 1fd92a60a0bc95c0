// A model written anew in a type of storage of one's choice: as a folder in Hugging Face layout, or as a GGUF file. Its one
// idea: tensors pass through one at a time, read, rounded and written, so a model larger than memory can be exported.
import { join } from 'node:path';
import { ModelError } from '../errors.ts';
import { copyTokenizer, makeEmptyFolder } from './folder.ts';
import { narrowed } from './half.ts';
import type { ModelSource } from './model-source.ts';
import { writeAside } from './safetensors.ts';
import type { Parameter } from './shape.ts';
import { parameterTable, sizeOf, toConfig } from './shape.ts';

export type ExportType = 'float32' | 'bfloat16' | 'float16';
const STORED = {
  float32: { name: 'F32', bytes: 4 },
  bfloat16: { name: 'BF16', bytes: 2 },
  float16: { name: 'F16', bytes: 2 },
};

/**
 * Writes a folder that readModelFolder and transformers open, config.json last, so that its presence means complete.
 * @param dir empty or missing.
 * @param type numbers are rounded to it, to the nearest, of two equally near the even one.
 * @throws ModelError for weights beyond the type.
 */
export async function exportFolder(dir: string, source: ModelSource, type: ExportType): Promise<void> {
  const table = parameterTable(source.shape);
  await makeEmptyFolder(dir);
  await copyTokenizer(source.path, dir);
  await writeAside(join(dir, 'model.safetensors'), async (file) => {
    await file.writeFile(header(table, type));
    for (const { name } of table) await file.writeFile(await tensorBytes(source, name, type));
  });
  const config = `${JSON.stringify(toConfig(source.shape, type), null, 2)}\n`;
  await writeAside(join(dir, 'config.json'), async (file) => file.writeFile(config));
}

async function tensorBytes(source: ModelSource, name: string, type: ExportType): Promise<Uint8Array> {
  const values = await source.readTensor(name);
  if (type !== 'float32') return narrowed(values, type, `tensor "${name}" of ${source.path}`);
  const singles = values instanceof Float32Array ? values : new Float32Array(values);
  const infinite = singles.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]));
  if (infinite >= 0) {
    throw new ModelError(`Number ${infinite} of tensor "${name}" of ${source.path} is beyond float32.`);
  }
  return new Uint8Array(singles.buffer, singles.byteOffset, singles.byteLength);
}

/** Length and JSON of a safetensors header, padded so that the data begin at a multiple of eight bytes. */
function header(table: readonly Parameter[], type: ExportType): Buffer {
  const { name: dtype, bytes } = STORED[type];
  const entries: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const parameter of table) {
    const end = offset + sizeOf(parameter) * bytes;
    entries[parameter.name] = { dtype, shape: parameter.dims, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(entries);
  const text = Buffer.from(json + ' '.repeat((8 - (json.length % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}
