// An append-only file of JSON lines, and a reader that bears what happens to such files: a writer killed in the
// middle of a line, and a resume that cuts the file back while somebody follows it.
//
// Appending is synchronous on purpose. Lines are small and few, they keep the order of the calls, and a line
// that append has returned from outlives the process (flush makes it outlive the machine).
import { closeSync, fstatSync, fsync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { RunError, messageOf } from '../errors.ts';
import { recordFromJson, recordToJson } from './record-json.ts';

const NEWLINE = 0x0a;

export interface AppendLog {
  readonly path: string;
  readonly byteLength: number;
  /** What was cut off on opening: the part of a record whose writer was killed, or null. */
  readonly tornOnOpening: string | null;
  /** Writes one line (record-json.ts says how). */
  append(record: unknown): void;
  /** Resolves when everything appended is on the disk. */
  flush(): Promise<void>;
  /** Cuts the file back to a length that `byteLength` had earlier; refuses to grow it. */
  truncateTo(bytes: number): void;
  close(): void;
}

/**
 * Opens a log for its only writer, creating it where absent. A last line without its newline is completed if it
 * is a whole record and cut off if it is not, so that the next record starts a line of its own.
 */
export function openAppendLog(path: string): AppendLog {
  const fd = openSync(path, 'a+');
  let byteLength = fstatSync(fd).size;
  let closed = false;

  function write(text: string): void {
    if (closed) throw new RunError(`The log ${path} is closed and takes no more records.`);
    const bytes = Buffer.from(text);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    } catch (error) {
      ftruncateSync(fd, byteLength); // a full disk must not leave half a line for the next one to join
      throw new RunError(`Writing to ${path} failed: ${messageOf(error)}.`);
    }
    byteLength += bytes.length;
  }

  function truncateTo(bytes: number): void {
    if (bytes > byteLength) {
      throw new RunError(`Expected ${path} to have at least ${bytes} bytes, but it has only ${byteLength}.`);
    }
    ftruncateSync(fd, bytes);
    byteLength = bytes;
  }

  const tail = readTail(fd, byteLength);
  let tornOnOpening: string | null = null;
  if (tail.length > 0) {
    const text = tail.toString('utf8');
    if (parses(text)) {
      write('\n');
    } else {
      truncateTo(byteLength - tail.length);
      tornOnOpening = text;
    }
  }

  return {
    path,
    get byteLength() {
      return byteLength;
    },
    tornOnOpening,
    append: (record) => {
      write(`${recordToJson(record)}\n`);
    },
    flush: () => promisify(fsync)(fd),
    truncateTo,
    close: () => {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

/** The bytes after the last newline. */
function readTail(fd: number, size: number): Buffer {
  let tail = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - 65_536);
    const block = Buffer.alloc(end - start);
    readSync(fd, block, 0, block.length, start);
    const newline = block.lastIndexOf(NEWLINE);
    tail = Buffer.concat([block.subarray(newline + 1), tail]);
    if (newline >= 0) break;
    end = start;
  }
  return tail;
}

function parses(text: string): boolean {
  try {
    recordFromJson(text);
    return true;
  } catch {
    return false;
  }
}

export interface LogContent<T> {
  /** The records that are whole, in order. Their shape is the writer's promise; it is not checked here. */
  readonly records: T[];
  /** Where the next call continues: the position after the last whole line. */
  readonly nextByte: number;
  /** The beginning of a line whose newline is not there (yet), or null. */
  readonly torn: string | null;
  /** Whole lines that are not JSON; a sound log has none. */
  readonly damaged: readonly { readonly atByte: number; readonly text: string }[];
  /** true: the file was cut back below `fromByte`, so this is its whole content from byte 0. */
  readonly restarted: boolean;
}

/** Reads a log from a position an earlier call returned (default: all of it). An absent file is an empty log. */
export async function readLog<T>(path: string, fromByte = 0): Promise<LogContent<T>> {
  const { bytes, start } = await readFrom(path, fromByte);
  const records: T[] = [];
  const damaged: { atByte: number; text: string }[] = [];
  let position = 0;
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, position);
    if (newline < 0) break;
    const text = bytes.toString('utf8', position, newline);
    try {
      records.push(recordFromJson(text) as T);
    } catch {
      damaged.push({ atByte: start + position, text });
    }
    position = newline + 1;
  }
  const torn = position < bytes.length ? bytes.toString('utf8', position) : null;
  return { records, nextByte: start + position, torn, damaged, restarted: start < fromByte };
}

/** The bytes from `fromByte` on, or all of them where that is no longer the start of a line. */
async function readFrom(path: string, fromByte: number): Promise<{ bytes: Buffer; start: number }> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: Buffer.alloc(0), start: 0 };
    throw error;
  }
  try {
    const { size } = await file.stat();
    let start = fromByte;
    if (start > 0) {
      const before = Buffer.alloc(1);
      const { bytesRead } = await file.read(before, 0, 1, start - 1);
      if (bytesRead === 0 || before[0] !== NEWLINE) start = 0;
    }
    const bytes = Buffer.alloc(Math.max(0, size - start));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) break; // cut back while we were reading
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), start };
  } finally {
    await file.close();
  }
}
