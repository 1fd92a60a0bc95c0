// A model of the Hugging Face hub into a folder: which files, and in which order. Its one idea: config.json gets its
// name last, so its presence means complete, as in every folder guiderail writes; and it is read first, so a model that
// no engine computes is refused before its weights are fetched.
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ModelError, messageOf } from '../errors.ts';
import { bytesArrived, HubRepository, type RepositoryFile } from './hub-repository.ts';
import { INDEX, indexSchema, TOKENIZER_FILES, WEIGHTS } from './folder.ts';
import { parseConfig } from './shape.ts';

const CONFIG = 'config.json';

export interface PullOptions {
  /** org/name */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** Where the files go; made where it is missing. */
  readonly dir: string;
  /** One file, by its path in the repository, instead of a model in Hugging Face layout. */
  readonly file?: string | undefined;
  readonly token?: string | undefined;
  /** https://huggingface.co by default. */
  readonly hubUrl?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

export interface PullProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Of `bytes`, what earlier runs had fetched. */
  readonly bytesBefore: number;
}

export interface Pulled {
  /** Names in the folder. */
  readonly files: readonly string[];
  /** All files together. */
  readonly bytes: number;
}

type Entries = ReadonlyMap<string, RepositoryFile>;

/**
 * Fetches what is missing, goes on with what is partly there, and never replaces a file.
 * @throws ConfigError for options, ModelError for the rest, or the reason of the signal
 */
export async function pullModel(options: PullOptions): Promise<Pulled> {
  const hub = new ModelPull(options);
  const entries = await hub.list();
  await mkdir(options.dir, { recursive: true }).catch((error: unknown) => {
    throw new ModelError(`Could not make the folder ${options.dir}: ${messageOf(error)}.`);
  });
  if (options.file !== undefined) return hub.pull([fileNamed(options.file, entries, options)]);
  const config = entries.get(CONFIG);
  if (config === undefined) throw notAFolder(entries, options);
  const configPath = await hub.fetch(config);
  parseConfig(await readJson(configPath, CONFIG), `${CONFIG} of ${options.repo}`);
  const names = [...TOKENIZER_FILES, ...(await weightFiles(hub, entries, options))];
  const wanted = names.flatMap((name) => entries.get(name) ?? []);
  return hub.pull([...wanted, config]);
}

/** The weights in one file, or the index and the shards it names. */
async function weightFiles(hub: ModelPull, entries: Entries, options: PullOptions): Promise<string[]> {
  if (entries.has(WEIGHTS)) return [WEIGHTS];
  const index = entries.get(INDEX);
  if (index === undefined) throw notAFolder(entries, options);
  const parsed = indexSchema.safeParse(await readJson(await hub.fetch(index), INDEX));
  const shards = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))].sort() : [];
  const odd = shards.find((shard) => basename(shard) !== shard || !shard.endsWith('.safetensors'));
  const missing = shards.find((shard) => !entries.has(shard));
  if (shards.length === 0 || odd !== undefined || missing !== undefined) {
    throw new ModelError(
      `${INDEX} of ${options.repo} ${shards.length === 0 ? 'names no shards' : `names the shard "${odd ?? missing}", which the repository lacks`}; take another revision or model.`,
    );
  }
  return [...shards, INDEX];
}

function fileNamed(file: string, entries: Entries, { repo, revision }: PullOptions): RepositoryFile {
  const entry = entries.get(file);
  if (entry !== undefined) return entry;
  const others = [...entries.keys()].filter((name) => name.endsWith('.gguf'));
  throw new ModelError(
    `${repo} has no file "${file}" at ${revision}${others.length === 0 ? '' : `; its GGUF files: ${others.join(', ')}`}.`,
  );
}

function notAFolder(entries: Entries, { repo, revision }: PullOptions): ModelError {
  const gguf = [...entries.keys()].filter((name) => name.endsWith('.gguf'));
  return new ModelError(
    gguf.length > 0
      ? `${repo} holds GGUF files; name one with --file: ${gguf.join(', ')}.`
      : `Expected ${CONFIG} and weights as safetensors in ${repo} at ${revision}; it lacks them. Take another model or revision.`,
  );
}

async function readJson(path: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new ModelError(`Expected ${name} of the hub to be JSON: ${messageOf(error)}.`);
  }
}

/** The files of one pull: fetched in order into a folder. */
class ModelPull {
  readonly #options: PullOptions;
  readonly #repository: HubRepository;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#repository = new HubRepository({ ...options, kind: 'model' });
  }

  list(): Promise<Entries> {
    return this.#repository.list(this.#options.file?.includes('/') ?? false);
  }

  /** A file of the folder, or a whole partial file that pull gives its name. @returns its path */
  async fetch(entry: RepositoryFile, onBytes?: (bytes: number) => void): Promise<string> {
    const fetched = await this.#repository.fetch(entry, this.#pathOf(entry), onBytes);
    return 'path' in fetched ? fetched.path : fetched.partial;
  }

  /** Fetches files in order and then gives them their names in order. */
  async pull(entries: readonly RepositoryFile[]): Promise<Pulled> {
    const totalBytes = entries.reduce((sum, { size }) => sum + size, 0);
    const before = await Promise.all(entries.map((entry) => bytesArrived(entry, this.#pathOf(entry))));
    const bytesBefore = before.reduce((sum, bytes) => sum + bytes, 0);
    const { onProgress } = this.#options;
    let bytes = bytesBefore;
    const ready: string[] = [];
    for (const [i, entry] of entries.entries()) {
      const others = bytes - before[i];
      const file = basename(entry.path);
      const path = await this.fetch(entry, (have) => {
        bytes = others + have;
        onProgress?.({ file, bytes, totalBytes, bytesBefore });
      });
      ready.push(path);
    }
    for (const [i, entry] of entries.entries()) await rename(ready[i], this.#pathOf(entry));
    return { files: entries.map(({ path }) => basename(path)), bytes: totalBytes };
  }

  #pathOf(entry: RepositoryFile): string {
    return join(this.#options.dir, basename(entry.path));
  }
}
