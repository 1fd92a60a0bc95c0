// One file over HTTP into a partial file beside its place. It knows nothing of hubs or models. Its one idea: what has
// arrived stays; a later call, or a later run, asks for the rest, and the checksum over all of it decides.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { ModelError, messageOf } from '../errors.ts';

export interface Source {
  /** For sentences. */
  readonly name: string;
  readonly url: string;
  /** Sent to the origin of the URL, and nowhere it sends us on to. */
  readonly token?: string | undefined;
  readonly bytes: number;
  /** sha256 of the content, or sha1 as git names a blob; null where neither is known. */
  readonly checksum: { readonly kind: 'sha256' | 'gitBlob'; readonly hex: string } | null;
}

/** A status that is not what was asked for. Whoever knows the server makes a sentence of it. */
export class StatusError extends Error {
  override name = 'StatusError';
  readonly status: number;

  constructor(status: number) {
    super(`The server answered ${status}.`);
    this.status = status;
  }
}

export interface Listener {
  readonly signal: AbortSignal;
  /** Called with what has arrived in all, what was there before included. */
  readonly onBytes?: (bytes: number) => void;
}

/** Connections in a row that may bring nothing. */
const MOST_FRUITLESS = 3;

/**
 * Makes the partial file whole: goes on where it ends, also after a connection that breaks, and checks size and
 * checksum. A partial file that turns out wrong is removed.
 * @throws ModelError, StatusError, or the reason of the signal
 */
export async function completePartial(partial: string, source: Source, listener: Listener): Promise<void> {
  if ((await sizeOf(partial)) > source.bytes) await rm(partial);
  let hash = await hashOf(partial, source);
  let fruitless = 0;
  for (let have = await sizeOf(partial); have < source.bytes;) {
    let broken: string;
    try {
      const response = await connect(source, have, listener.signal);
      if (have > 0 && response.status !== 206) {
        // The server sends all of it again.
        await rm(partial);
        hash = startHash(source);
        have = 0;
      }
      broken = await append(partial, response, source, hash, listener);
    } catch (error) {
      listener.signal.throwIfAborted();
      if (!isNetworkError(error)) throw error;
      broken = messageOf(error.cause ?? error);
    }
    const now = await sizeOf(partial);
    fruitless = now > have ? 0 : fruitless + 1;
    if (fruitless === MOST_FRUITLESS) {
      throw new ModelError(
        `The connection broke ${MOST_FRUITLESS} times before more of ${source.name} came (${broken}); the same command goes on from there.`,
      );
    }
    have = now;
  }
  const digest = hash.digest('hex');
  if (
    (await sizeOf(partial)) === source.bytes &&
    (source.checksum === null || digest === source.checksum.hex)
  )
    return;
  await rm(partial);
  throw new ModelError(
    `What arrived of ${source.name} is not what the server lists (its size or ${source.checksum?.kind ?? 'checksum'} differs) and was removed; run the same command again.`,
  );
}

/** Whether a file is the one that a source names. A file that is not there is not. */
export async function isSame(path: string, source: Source): Promise<boolean> {
  if ((await sizeOf(path)) !== source.bytes) return false;
  return source.checksum === null || (await hashOf(path, source)).digest('hex') === source.checksum.hex;
}

/** 0 for a file that is not there. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function startHash({ checksum, bytes }: Source): Hash {
  return checksum?.kind === 'gitBlob' ? createHash('sha1').update(`blob ${bytes}\0`) : createHash('sha256');
}

async function hashOf(path: string, source: Source): Promise<Hash> {
  const hash = startHash(source);
  if ((await sizeOf(path)) > 0) for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash;
}

async function connect(source: Source, from: number, signal: AbortSignal): Promise<Response> {
  const headers = new Headers({ 'accept-encoding': 'identity' });
  if (from > 0) headers.set('range', `bytes=${from}-`);
  if (source.token !== undefined) headers.set('authorization', `Bearer ${source.token}`);
  const response = await fetch(source.url, { headers, signal });
  if (!response.ok) throw new StatusError(response.status);
  return response;
}

/** What fetch throws where there is no answer. */
export function isNetworkError(error: unknown): error is TypeError {
  return error instanceof TypeError && error.message === 'fetch failed';
}

/** Writes and hashes what comes. @returns why it ended before all had come; '' where it did not. */
async function append(
  partial: string,
  response: Response,
  source: Source,
  hash: Hash,
  { signal, onBytes }: Listener,
): Promise<string> {
  const file = await open(partial, 'a');
  try {
    let { size } = await file.stat();
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      // More than is listed: kept, so that the check fails.
      await file.write(part);
      hash.update(part);
      size += part.length;
      onBytes?.(size);
      if (size > source.bytes) break;
    }
    return size < source.bytes ? 'it ended early' : '';
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).syscall !== undefined) {
      throw new ModelError(`Cannot write ${partial}: ${messageOf(error)}.`);
    }
    return messageOf(error);
  } finally {
    await file.sync().catch(() => undefined);
    await file.close();
  }
}
