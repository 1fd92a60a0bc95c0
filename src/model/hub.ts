// A model of the Hugging Face hub into a folder: which files, from where, and what the hub's refusals mean. Its one
// idea: config.json gets its name last, so its presence means complete, as in every folder guiderail writes; and it
// is read first, so a model that no engine computes is refused before its weights are fetched.
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileDownloadInfo, HubApiError, listFiles, type ListFileEntry } from '@huggingface/hub';
import { ConfigError, ModelError, messageOf } from '../errors.ts';
import { completePartial, isNetworkError, isSame, sizeOf, StatusError, type Source } from './download.ts';
import { INDEX, indexSchema, TOKENIZER_FILES, WEIGHTS } from './folder.ts';
import { parseConfig } from './shape.ts';

const CONFIG = 'config.json';
const HUB_URL = 'https://huggingface.co';

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

type Entries = ReadonlyMap<string, ListFileEntry>;

/**
 * Fetches what is missing, goes on with what is partly there, and never replaces a file.
 * @throws ConfigError for options, ModelError for the rest, or the reason of the signal
 */
export async function pullModel(options: PullOptions): Promise<Pulled> {
  const hub = new Hub(options);
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
async function weightFiles(hub: Hub, entries: Entries, options: PullOptions): Promise<string[]> {
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

function fileNamed(file: string, entries: Entries, { repo, revision }: PullOptions): ListFileEntry {
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

class Hub {
  readonly #options: PullOptions;
  readonly #url: string;
  readonly #access;

  constructor(options: PullOptions) {
    const { repo, revision, token, hubUrl = HUB_URL, signal } = options;
    if (!/^[\w.-]+\/[\w.-]+$/.test(repo)) {
      throw new ConfigError(`Expected a model of the hub as org/name, got "${repo}".`);
    }
    if (token !== undefined && !token.startsWith('hf_')) {
      throw new ConfigError(
        'Expected HF_TOKEN to begin with "hf_"; copy it anew from the settings of the hub.',
      );
    }
    if (!/^https?:\/\//.test(hubUrl) || !URL.canParse(hubUrl)) {
      throw new ConfigError(`Expected HF_ENDPOINT to be a URL such as ${HUB_URL}, got "${hubUrl}".`);
    }
    this.#options = options;
    this.#url = hubUrl.replace(/\/+$/, '');
    this.#access = {
      repo: { type: 'model' as const, name: repo },
      revision,
      hubUrl: this.#url,
      fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) => fetch(input, { ...init, signal }),
      ...(token !== undefined && { accessToken: token }),
    };
  }

  /** The files of the repository by path. */
  async list(): Promise<Entries> {
    const recursive = this.#options.file?.includes('/') ?? false;
    return this.#explained(async () => {
      const entries = new Map<string, ListFileEntry>();
      for await (const entry of listFiles({ ...this.#access, recursive })) {
        // An empty file says nothing, and no range of it can be asked for.
        if (entry.type === 'file' && entry.size > 0) entries.set(entry.path, entry);
      }
      return entries;
    });
  }

  /** A file of the folder, or a whole partial file that pull gives its name. @returns its path */
  async fetch(entry: ListFileEntry, onBytes?: (bytes: number) => void): Promise<string> {
    const { dir, token, signal } = this.#options;
    const path = join(dir, basename(entry.path));
    const source = { ...sourceOf(entry), url: '', token };
    if (await isSame(path, source)) return path;
    if ((await sizeOf(path)) > 0) {
      throw new ModelError(
        `${path} is there and is not the file of ${this.#options.repo} at ${this.#options.revision}; choose another --out, or remove it.`,
      );
    }
    const partial = this.#partialOf(entry);
    return this.#explained(async () => {
      const info = await fileDownloadInfo({ ...this.#access, path: entry.path });
      if (info === null) throw new StatusError(404);
      const own = new URL(info.url).origin === new URL(this.#url).origin;
      const from = { ...source, url: info.url, token: own ? token : undefined };
      await completePartial(partial, from, { signal, ...(onBytes && { onBytes }) });
      return partial;
    });
  }

  /** Fetches files in order and then gives them their names in order. */
  async pull(entries: readonly ListFileEntry[]): Promise<Pulled> {
    const totalBytes = entries.reduce((sum, { size }) => sum + size, 0);
    const before = await Promise.all(entries.map((entry) => this.#bytesOf(entry)));
    const bytesBefore = before.reduce((sum, bytes) => sum + bytes, 0);
    const { dir, onProgress } = this.#options;
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
    const files = entries.map(({ path }) => basename(path));
    for (const [i, name] of files.entries()) await rename(ready[i], join(dir, name));
    return { files, bytes: totalBytes };
  }

  async #bytesOf(entry: ListFileEntry): Promise<number> {
    const whole = await sizeOf(join(this.#options.dir, basename(entry.path)));
    return whole > 0 ? whole : sizeOf(this.#partialOf(entry));
  }

  /** Named after the content, so that another revision does not go on with it. */
  #partialOf(entry: ListFileEntry): string {
    const content = (entry.lfs?.oid ?? entry.oid ?? 'unknown').replaceAll(/[^0-9a-z]/gi, '').slice(0, 12);
    return join(this.#options.dir, `.${basename(entry.path)}.${content}.partial`);
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (error instanceof HubApiError) throw this.#refusal(error.statusCode);
      if (error instanceof StatusError) throw this.#refusal(error.status);
      if (isNetworkError(error)) {
        const why = messageOf(error.cause ?? error) || String((error.cause as { code?: string }).code);
        throw new ModelError(
          `Cannot reach ${this.#url}: ${why}. Check the network, a proxy, and HF_ENDPOINT where it is set.`,
        );
      }
      if (error instanceof ModelError) throw error;
      throw new ModelError(`The answer of ${this.#url} is not that of a hub: ${messageOf(error)}.`);
    }
  }

  #refusal(status: number): ModelError {
    const { repo, revision, token } = this.#options;
    const withToken = token === undefined ? 'set HF_TOKEN' : 'use an HF_TOKEN';
    switch (status) {
      case 401:
        return new ModelError(
          `The hub shows no ${repo} to whoever asks (401): check the name; for a private or gated model ${withToken} of an account that may read it.`,
        );
      case 403:
        return new ModelError(
          `The hub refuses ${repo} (403): accept its terms at ${this.#url}/${repo}, then ${withToken} of that account.`,
        );
      case 404:
        return new ModelError(`The hub has no ${repo} at revision ${revision} (404): check both.`);
      default:
        return new ModelError(`The hub answered ${status}; try again later: what has arrived is kept.`);
    }
  }
}

function sourceOf({ path, size, oid, lfs }: ListFileEntry): Pick<Source, 'name' | 'bytes' | 'checksum'> {
  const checksum =
    lfs !== undefined
      ? { kind: 'sha256' as const, hex: lfs.oid.replace(/^sha256:/, '') }
      : oid !== undefined
        ? { kind: 'gitBlob' as const, hex: oid }
        : null;
  return { name: path, bytes: lfs?.size ?? size, checksum };
}
