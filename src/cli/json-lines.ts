// Lines of a JSON Lines file or of standard input, with their numbers, in bounded memory. Not node:readline, which also
// splits at U+2028 and U+2029; those may stand unescaped inside a JSON string.
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { addAbortSignal, Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { DataError, messageOf } from '../errors.ts';
import type { CommandIO } from './command-io.ts';

/** A longer line is cut, and `cut` says so: no row that anyone means is as long. */
export const LONGEST_LINE = 16 * 2 ** 20;

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly cut: boolean;
}

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
  const decoder = new StringDecoder('utf8');
  let number = 1;
  let text = '';
  let cut = false;
  const add = (piece: string) => {
    cut ||= text.length + piece.length > LONGEST_LINE;
    text = cut ? text.slice(0, 200) : text + piece;
  };
  try {
    for await (const chunk of input as AsyncIterable<string | Buffer>) {
      const pieces = (typeof chunk === 'string' ? chunk : decoder.write(chunk)).split('\n');
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) {
          if (text.trim() !== '') yield { number, text, cut };
          number++;
          text = '';
          cut = false;
        }
        add(number === 1 && text === '' ? piece.replace(/^\uFEFF/, '') : piece);
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new DataError(`Cannot read ${path ?? 'standard input'}: ${messageOf(error)}.`);
  } finally {
    // Or the process would stay until whoever writes to its standard input ends.
    if (input instanceof Readable) input.destroy();
  }
  if (text.trim() !== '') yield { number, text, cut };
}
