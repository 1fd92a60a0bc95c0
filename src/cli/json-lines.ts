// Lines of a JSON Lines file or of standard input, with their numbers, in bounded memory.
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { addAbortSignal, Readable } from 'node:stream';
import { splitLines, type Line } from '../data/sources/lines.ts';
import { DataError, messageOf } from '../errors.ts';
import type { CommandIO } from './command-io.ts';

export { LONGEST_LINE, type Line } from '../data/sources/lines.ts';

/**
 * Lines that are not blank; of a file, or of standard input without one. DataError where it cannot be read. An aborted
 * signal ends the wait for more of them with its reason.
 */
export async function* linesOf(
  io: CommandIO,
  path: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<Line> {
  const input =
    path === undefined ? (io.stdin ?? process.stdin) : createReadStream(resolve(io.cwd, path), 'utf8');
  if (signal !== undefined && input instanceof Readable) addAbortSignal(signal, input);
  try {
    yield* splitLines(input as AsyncIterable<string | Buffer>);
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new DataError(`Cannot read ${path ?? 'standard input'}: ${messageOf(error)}.`);
  } finally {
    // Or the process would stay until whoever writes to its standard input ends.
    if (input instanceof Readable) input.destroy();
  }
}
