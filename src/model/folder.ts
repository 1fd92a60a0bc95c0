// A model folder in Hugging Face layout: config.json, weights in one safetensors file or in shards with an
// index, and the tokenizer's files, which are copied and never read here. Its one idea: a folder that opens is
// complete, every parameter of its shape there with the right dims, so engines check nothing again.
import { copyFile, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { isGguf } from './gguf.ts';
import { ggufTokenizerFiles } from './gguf-tokenizer.ts';
import type { ModelSource } from './model-source.ts';
import type { SafetensorsFile, UnreadTensor } from './safetensors.ts';
import { openSafetensors, unread, writeAside, writeSafetensors } from './safetensors.ts';
import type { ModelShape, Parameter } from './shape.ts';
import { checkShape, parameterTable, parseConfig, toConfig } from './shape.ts';

/** Files that travel with the weights. generation_config.json holds the stop tokens of chat models. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'chat_template.json',
  'generation_config.json',
];
export const WEIGHTS = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';

export interface ModelFolder extends ModelSource {
  /** Names, within the folder, of the files to copy with the weights. */
  readonly tokenizerFiles: readonly string[];
}

export const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** @throws ModelError when the file is missing or not JSON. */
async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ModelError(
      `Expected a model folder with ${basename(path)}, but ${path} cannot be read: ${messageOf(error)}. Name a folder ` +
        'in Hugging Face layout, with all the files of the model.',
    );
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ModelError(`Expected ${path} to be JSON: ${messageOf(error)}.`);
  }
}

/** Which file holds which tensor. */
async function locateTensors(folder: string): Promise<Map<string, SafetensorsFile>> {
  const whole = join(folder, WEIGHTS);
  if (await exists(whole)) {
    const file = await openSafetensors(whole);
    return new Map([...file.tensors.keys()].map((name) => [name, file]));
  }
  const indexPath = join(folder, INDEX);
  if (!(await exists(indexPath))) {
    throw new ModelError(
      `Expected ${folder} to hold ${WEIGHTS} or ${INDEX}; it has neither. Download the weights as safetensors.`,
    );
  }
  return locateInShards(folder, indexPath);
}

/** The index and the headers of the shards must say the same of every tensor. */
async function locateInShards(folder: string, indexPath: string): Promise<Map<string, SafetensorsFile>> {
  const parsed = indexSchema.safeParse(await readJson(indexPath));
  if (!parsed.success)
    throw new ModelError(`Expected ${indexPath} to have a "weight_map" from tensors to files.`);
  const files = new Map<string, SafetensorsFile>();
  const located = new Map<string, SafetensorsFile>();
  for (const [tensor, name] of Object.entries(parsed.data.weight_map)) {
    // Either slash, so that what is refused does not depend on the operating system.
    if (/[/\\]/.test(name) || !name.endsWith('.safetensors')) {
      throw new ModelError(
        `${indexPath} sends tensor "${tensor}" to "${name}", which is no shard of this folder.`,
      );
    }
    const path = join(folder, name);
    if (!files.has(name) && !(await exists(path))) {
      throw new ModelError(
        `${indexPath} sends tensor "${tensor}" to "${name}", which is not in the folder; download every shard.`,
      );
    }
    const file = files.get(name) ?? (await openSafetensors(path));
    files.set(name, file);
    if (!file.tensors.has(tensor))
      throw new ModelError(`${path} lacks tensor "${tensor}", which ${INDEX} says it has.`);
    located.set(tensor, file);
  }
  for (const file of files.values()) {
    for (const tensor of file.tensors.keys()) {
      const other = located.get(tensor);
      if (other === file) continue;
      const says = other === undefined ? 'does not name' : `sends to ${basename(other.path)}`;
      throw new ModelError(
        `${file.path} has tensor "${tensor}", which ${INDEX} ${says}; they are of different models.`,
      );
    }
  }
  return located;
}

/** Every parameter there with its dims, and nothing that a forward would silently leave out. */
function checkTensors(
  shape: ModelShape,
  located: ReadonlyMap<string, SafetensorsFile>,
  folder: string,
): void {
  // Before the table is made: a layer has nine tensors or more, so the files bound the number of layers.
  if (shape.layers > located.size) {
    throw new ModelError(
      `config.json of ${folder} claims ${shape.layers} layers, but the weights are only ${located.size} tensors.`,
    );
  }
  const table = parameterTable(shape);
  for (const { name, dims } of table) {
    const file = located.get(name);
    const entry = file?.tensors.get(name);
    if (file === undefined || entry === undefined) {
      throw new ModelError(
        `${folder} lacks tensor "${name}", which config.json says a ${shape.family} model has.`,
      );
    }
    if (entry.dims.length !== dims.length || dims.some((dim, axis) => entry.dims[axis] !== dim)) {
      throw new ModelError(
        `Expected tensor "${name}" of ${file.path} to be [${dims.join(', ')}] as config.json says, got [${entry.dims.join(', ')}].`,
      );
    }
  }
  const known = new Set(table.map(({ name }) => name));
  for (const name of located.keys()) {
    // Old checkpoints store RoPE's frequencies, and some store the tied output matrix beside the embeddings.
    const redundant =
      name.endsWith('.rotary_emb.inv_freq') || (shape.tiedEmbeddings && name === 'lm_head.weight');
    if (!known.has(name) && !redundant) {
      throw new ModelError(
        `${folder} has tensor "${name}", which a ${shape.family} model of its config.json does not have.`,
      );
    }
  }
}

/** Opens a model folder and checks that it is whole. @throws ModelError naming file and tensor. */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const configPath = join(folder, 'config.json');
  const shape = parseConfig(await readJson(configPath), configPath);
  const located = await locateTensors(folder);
  checkTensors(shape, located, folder);
  const present = new Set(await readdir(folder));
  return {
    path: folder,
    shape,
    tokenizerFiles: TOKENIZER_FILES.filter((name) => present.has(name)),
    readTensor: async (name) => {
      const file = located.get(name);
      if (file === undefined) throw new ModelError(`${folder} has no tensor "${name}".`);
      return file.read(name);
    },
  };
}

/** @throws ModelError unless `dir` is empty or missing; makes it. */
export async function makeEmptyFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    const present = await readdir(dir);
    if (present.length > 0) {
      throw new ModelError(
        `Expected ${dir} to be empty or missing, but it holds ${present[0]}; choose another folder.`,
      );
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`Could not make the folder ${dir}: ${messageOf(error)}.`);
  }
}

/** Copies the tokenizer's files of a folder, or those that a GGUF file stands for. @throws ModelError */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  try {
    if (isGguf(from)) {
      for (const [name, text] of await ggufTokenizerFiles(from)) await writeFile(join(to, name), text);
      return;
    }
    const present = new Set(await readdir(from));
    for (const name of TOKENIZER_FILES) {
      if (present.has(name)) await copyFile(join(from, name), join(to, name));
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`Could not copy the tokenizer files of ${from} to ${to}: ${messageOf(error)}.`);
  }
}

/** Tensors by name: all in memory, or each read when it is written, as UnreadTensor says. */
export type TensorsByName =
  | ReadonlyMap<string, Float32Array | Float64Array>
  | { readonly dtype: 'F32' | 'F64'; readonly read: (name: string) => Float32Array | Float64Array };

/** Every row of a table, to be written. @throws ModelError when one is missing. */
export function tensorsToWrite(table: readonly Parameter[], tensors: TensorsByName): UnreadTensor[] {
  return table.map(({ name, dims }) => {
    if ('read' in tensors) return { name, dims, dtype: tensors.dtype, read: () => tensors.read(name) };
    const data = tensors.get(name);
    if (data === undefined) throw new ModelError(`Expected tensor "${name}" among those to write.`);
    return unread({ name, dims, data });
  });
}

/**
 * Writes a folder that readModelFolder and transformers open, config.json last, so that its presence means
 * complete.
 * @param dir empty or missing.
 * @param tensors every row of parameterTable(shape); stored in the precision of its array.
 * @param options.copyTokenizerFrom a folder, or a GGUF file, whose tokenizer comes along.
 * @throws ModelError when a tensor is missing or has the wrong size.
 */
export async function writeModelFolder(
  dir: string,
  shape: ModelShape,
  tensors: TensorsByName,
  options: { readonly copyTokenizerFrom?: string } = {},
): Promise<void> {
  checkShape(shape, `the shape for ${dir}`);
  const rows = tensorsToWrite(parameterTable(shape), tensors);
  await makeEmptyFolder(dir);
  if (options.copyTokenizerFrom !== undefined) await copyTokenizer(options.copyTokenizerFrom, dir);
  await writeSafetensors(join(dir, WEIGHTS), rows);
  const dtype = rows.some((row) => row.dtype === 'F64') ? 'float64' : 'float32';
  const config = `${JSON.stringify(toConfig(shape, dtype), null, 2)}\n`;
  await writeAside(join(dir, 'config.json'), async (file) => file.writeFile(config));
}
