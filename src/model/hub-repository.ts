// A repository of the Hugging Face hub, of a model or a data set: what is in it at a revision, and one file of it onto
// the disk. It knows nothing of what the files mean; it makes sentences of what the hub refuses. Its one idea: a file
// is complete or it has no name; what has arrived of it waits beside its place under a name of its content.
import { basename, dirname, join } from 'node:path';
import {
  datasetInfo,
  fileDownloadInfo,
  HubApiError,
  listFiles,
  modelInfo,
  type ListFileEntry,
} from '@huggingface/hub';
import { ConfigError, ModelError, messageOf } from '../errors.ts';
import { completePartial, isNetworkError, isSame, sizeOf, StatusError, type Source } from './download.ts';

export const HUB_URL = 'https://huggingface.co';

export interface RepositoryOptions {
  readonly kind: 'model' | 'dataset';
  /** owner/name */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly token?: string | undefined;
  /** https://huggingface.co by default. */
  readonly hubUrl?: string | undefined;
  readonly signal: AbortSignal;
}

export type RepositoryFile = ListFileEntry;

/** Its methods throw ModelError, or the reason of the signal; its constructor ConfigError. */
export class HubRepository {
  readonly #options: RepositoryOptions;
  readonly #url: string;
  readonly #access;

  constructor(options: RepositoryOptions) {
    const { kind, repo, revision, token, hubUrl = HUB_URL, signal } = options;
    if (!/^[\w.-]+\/[\w.-]+$/.test(repo)) {
      throw new ConfigError(`Expected a ${nounOf(kind)} of the hub as org/name, got "${repo}".`);
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
      repo: { type: kind, name: repo },
      revision,
      hubUrl: this.#url,
      fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) => fetch(input, { ...init, signal }),
      ...(token !== undefined && { accessToken: token }),
    };
  }

  /** The commit that the revision is. */
  async commit(): Promise<string> {
    const { kind, repo: name } = this.#options;
    return this.#explained(async () => {
      const asked = { ...this.#access, name, additionalFields: ['sha' as const] };
      const { sha } = kind === 'model' ? await modelInfo(asked) : await datasetInfo(asked);
      if (!/^[0-9a-f]{40}$/.test(sha)) throw new Error(`it names the commit "${sha}"`);
      return sha;
    });
  }

  /** The files of the repository by path; those of folders too if recursive. Empty files are left out. */
  async list(recursive: boolean): Promise<ReadonlyMap<string, RepositoryFile>> {
    return this.#explained(async () => {
      const entries = new Map<string, RepositoryFile>();
      for await (const entry of listFiles({ ...this.#access, recursive })) {
        // An empty file says nothing, and no range of it can be asked for.
        if (entry.type === 'file' && entry.size > 0) entries.set(entry.path, entry);
      }
      return entries;
    });
  }

  /** Makes a file complete in a partial file beside `path`, or finds it there. @returns which of the two holds it */
  async fetch(
    entry: RepositoryFile,
    path: string,
    onBytes?: (bytes: number) => void,
  ): Promise<{ readonly path: string } | { readonly partial: string }> {
    const { token, signal } = this.#options;
    const source = { ...sourceOf(entry), url: '', token };
    if (await isSame(path, source)) return { path };
    if ((await sizeOf(path)) > 0) {
      throw new ModelError(
        `${path} is there and is not the file of ${this.#options.repo} at ${this.#options.revision}; choose another --out, or remove it.`,
      );
    }
    const partial = partialOf(entry, path);
    return this.#explained(async () => {
      const info = await fileDownloadInfo({ ...this.#access, path: entry.path });
      if (info === null) throw new StatusError(404);
      const own = new URL(info.url).origin === new URL(this.#url).origin;
      const from = { ...source, url: info.url, token: own ? token : undefined };
      await completePartial(partial, from, { signal, ...(onBytes && { onBytes }) });
      return { partial };
    });
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
    const { kind, repo, revision, token } = this.#options;
    const withToken = token === undefined ? 'set HF_TOKEN' : 'use an HF_TOKEN';
    const page = `${this.#url}/${kind === 'dataset' ? 'datasets/' : ''}${repo}`;
    switch (status) {
      case 401:
        return new ModelError(
          `The hub shows no ${repo} to whoever asks (401): check the name; for a private or gated ${nounOf(kind)} ${withToken} of an account that may read it.`,
        );
      case 403:
        return new ModelError(
          `The hub refuses ${repo} (403): accept its terms at ${page}, then ${withToken} of that account.`,
        );
      case 404:
        return new ModelError(`The hub has no ${repo} at revision ${revision} (404): check both.`);
      default:
        return new ModelError(`The hub answered ${status}; try again later: what has arrived is kept.`);
    }
  }
}

/** What has arrived of a file that goes to `path`; 0 before the first byte. */
export async function bytesArrived(entry: RepositoryFile, path: string): Promise<number> {
  const whole = await sizeOf(path);
  return whole > 0 ? whole : sizeOf(partialOf(entry, path));
}

/** Named after the content, so that another revision does not go on with it. */
function partialOf(entry: RepositoryFile, path: string): string {
  const content = (entry.lfs?.oid ?? entry.oid ?? 'unknown').replaceAll(/[^0-9a-z]/gi, '').slice(0, 12);
  return join(dirname(path), `.${basename(path)}.${content}.partial`);
}

function nounOf(kind: 'model' | 'dataset'): string {
  return kind === 'model' ? 'model' : 'data set';
}

function sourceOf({ path, size, oid, lfs }: RepositoryFile): Pick<Source, 'name' | 'bytes' | 'checksum'> {
  const checksum =
    lfs !== undefined
      ? { kind: 'sha256' as const, hex: lfs.oid.replace(/^sha256:/, '') }
      : oid !== undefined
        ? { kind: 'gitBlob' as const, hex: oid }
        : null;
  return { name: path, bytes: lfs?.size ?? size, checksum };
}
