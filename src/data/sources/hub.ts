// A split of a data set of the Hugging Face hub as files on this machine. What belongs to a commit never changes, so it
// is fetched once and kept under the user's cache; whoever names a commit that is there needs no network. It knows
// nothing of rows.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DataError, ModelError, messageOf } from '../../errors.ts';
import { sizeOf } from '../../model/download.ts';
import { HubRepository, type RepositoryFile } from '../../model/hub-repository.ts';
import { filesOfSplit } from './hub-files.ts';
import type { HubReference } from './source-config.ts';

export interface HubAccess {
  readonly token?: string | undefined;
  /** https://huggingface.co by default. */
  readonly hubUrl?: string | undefined;
  /** Where data sets are kept. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
}

export interface HubProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface HubSplit {
  readonly commit: string;
  /** Of the files on this machine, in order. */
  readonly paths: readonly string[];
}

/** HF_TOKEN, HF_ENDPOINT and XDG_CACHE_HOME, as set in the environment. */
export function hubAccessFrom(env: Readonly<Record<string, string | undefined>>): HubAccess {
  const set = (name: string) => (env[name] === '' ? undefined : env[name]);
  return {
    token: set('HF_TOKEN'),
    hubUrl: set('HF_ENDPOINT'),
    cacheDir: join(set('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'guiderail'),
  };
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The commit that a reference is at now. @throws DataError, or the reason of the signal */
export async function commitOf(reference: HubReference, access: HubAccess): Promise<string> {
  if (isCommit(reference.revision)) return reference.revision;
  return asDataError(() => repositoryAt(reference, reference.revision, access).commit());
}

const manifestSchema = z.object({
  files: z.array(z.object({ path: z.string(), size: z.number() })).min(1),
});

/**
 * Fetches what is missing of a split, going on with what is partly there.
 * @throws DataError, or the reason of the signal
 */
export async function fetchSplit(reference: HubReference, access: HubAccess): Promise<HubSplit> {
  const commit = await commitOf(reference, access);
  const dir = join(access.cacheDir, 'datasets', reference.repo, commit);
  // Its presence means complete: it is written last.
  const manifest = join(dir, `.${reference.config ?? ''}.${reference.split}.json`);
  const kept = await readManifest(manifest, dir);
  if (kept !== null) return { commit, paths: kept };
  const repository = repositoryAt(reference, commit, access);
  const files = await asDataError(async () => {
    const all = await repository.list(true);
    const readme = all.get('README.md');
    const card =
      readme === undefined ? null : await readFile(await fetched(repository, [readme], dir, access), 'utf8');
    return filesOfSplit([...all.keys()], card, reference).map((path) => all.get(path)!);
  });
  await asDataError(() => fetched(repository, files, dir, access));
  const content = { files: files.map(({ path, size }) => ({ path, size })) };
  await writeFile(`${manifest}.partial`, JSON.stringify(content));
  await rename(`${manifest}.partial`, manifest);
  return { commit, paths: files.map(({ path }) => placeOf(dir, path)) };
}

function repositoryAt({ repo }: HubReference, revision: string, access: HubAccess): HubRepository {
  const { token, hubUrl, signal = new AbortController().signal } = access;
  return new HubRepository({ kind: 'dataset', repo, revision, token, hubUrl, signal });
}

async function readManifest(manifest: string, dir: string): Promise<string[] | null> {
  let files: z.output<typeof manifestSchema>['files'];
  try {
    ({ files } = manifestSchema.parse(JSON.parse(await readFile(manifest, 'utf8'))));
  } catch {
    // Not there, or cut off: the hub says it again.
    return null;
  }
  for (const { path, size } of files) if ((await sizeOf(placeOf(dir, path))) !== size) return null;
  return files.map(({ path }) => placeOf(dir, path));
}

/** Gives every file its name. @returns that of the last */
async function fetched(
  repository: HubRepository,
  files: readonly RepositoryFile[],
  dir: string,
  { onProgress }: HubAccess,
): Promise<string> {
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  let path = dir;
  for (const file of files) {
    path = placeOf(dir, file.path);
    await mkdir(dirname(path), { recursive: true });
    const got = await repository.fetch(file, path, (bytes) =>
      onProgress?.({ file: file.path, bytes: before + bytes, totalBytes }),
    );
    if ('partial' in got) await rename(got.partial, path);
    before += file.size;
  }
  return path;
}

/** A path of the repository within the folder of its commit; the hub's word alone leads nowhere else. */
function placeOf(dir: string, path: string): string {
  if (/(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:/.test(path)) {
    throw new DataError(
      `The hub lists a file "${path}", which leads out of its repository; it was not fetched.`,
    );
  }
  return join(dir, path);
}

/** What goes wrong with a repository is here a matter of data. */
async function asDataError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModelError) throw new DataError(messageOf(error));
    if ((error as NodeJS.ErrnoException).syscall !== undefined) {
      throw new DataError(
        `Cannot keep data sets of the hub: ${messageOf(error)}; set XDG_CACHE_HOME to a folder that can be written.`,
      );
    }
    throw error;
  }
}
