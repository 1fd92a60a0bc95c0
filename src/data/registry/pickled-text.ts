// A text out of base64 of zlib of a Python pickle, which is how LiveCodeBench stores its hidden tests. A pickle is a
// program: unpickling runs what it says. Nothing is run here: only the bytes that Python writes for one string are
// accepted, and every other pickle is refused. Opcodes: CPython, Lib/pickletools.py.
import { inflateSync } from 'node:zlib';

/** More than the largest of the suite; what is compressed further than this is refused. */
const LONGEST_BYTES = 2 ** 28;

const OPCODE = {
  proto: 0x80,
  frame: 0x95,
  shortText: 0x8c,
  text: 0x58,
  longText: 0x8d,
  memoize: 0x94,
  put: 0x71,
  longPut: 0x72,
  stop: 0x2e,
} as const;

/** The text is not one pickled string; the message says what it is instead, as a clause. */
export class NotPickledText extends Error {}

/** @throws NotPickledText; also for a text whose pickle is longer than `longestBytes` */
export function pickledText(base64: string, longestBytes = LONGEST_BYTES): string {
  const compressed = Buffer.from(base64, 'base64');
  if (compressed.length === 0 || compressed.toString('base64') !== base64.trim())
    throw new NotPickledText('it is not base64');
  let pickle: Buffer;
  try {
    pickle = inflateSync(compressed, { maxOutputLength: longestBytes });
  } catch (error) {
    const long = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new NotPickledText(long ? `it is longer than ${longestBytes} bytes` : 'it is not zlib data');
  }
  return new PickleReader(pickle).onlyText();
}

class PickleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  onlyText(): string {
    let text: string | null = null;
    for (;;) {
      const opcode = this.#take(1)[0]!;
      switch (opcode) {
        case OPCODE.proto:
        case OPCODE.put:
          this.#take(1);
          break;
        case OPCODE.longPut:
          this.#take(4);
          break;
        case OPCODE.frame:
          this.#take(8);
          break;
        case OPCODE.memoize:
          break;
        case OPCODE.shortText:
        case OPCODE.text:
        case OPCODE.longText:
          if (text !== null) throw new NotPickledText('its pickle holds more than one string');
          text = this.#text(opcode);
          break;
        case OPCODE.stop:
          if (text === null || this.#at !== this.#bytes.length)
            throw new NotPickledText('its pickle is not one string');
          return text;
        default:
          throw new NotPickledText(
            `its pickle is not one string (opcode 0x${opcode.toString(16)}), and it is not run`,
          );
      }
    }
  }

  #text(opcode: number): string {
    const length =
      opcode === OPCODE.shortText
        ? this.#take(1)[0]!
        : opcode === OPCODE.text
          ? this.#take(4).readUInt32LE()
          : Number(this.#take(8).readBigUInt64LE());
    const bytes = this.#take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new NotPickledText('its string is not UTF-8');
    }
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new NotPickledText('its pickle ends too early');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
