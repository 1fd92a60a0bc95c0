// Lines of a text, however it arrives, with their numbers, in bounded memory. It knows nothing of what stands in them.
// Not node:readline, which also splits at U+2028, U+2029 and lone carriage returns: the first two may stand unescaped
// inside a JSON string.
import { StringDecoder } from 'node:string_decoder';

/** In UTF-16 units. A longer line is cut, and `cut` says so: no row that anyone means is as long. */
export const LONGEST_LINE = 16 * 2 ** 20;
/** What is kept of a line that is cut. */
const SHOWN = 200;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; a carriage return before that is kept, JSON takes it for a blank. */
  readonly text: string;
  readonly cut: boolean;
}

/** Lines that are not blank. A byte-order mark at the beginning is no part of the first. */
export async function* splitLines(input: AsyncIterable<string | Uint8Array>): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let number = 1;
  let pieces: string[] = [];
  let length = 0;
  const take = (): Line | null => {
    const cut = length > LONGEST_LINE;
    const text = pieces.join('');
    pieces = [];
    length = 0;
    return text.trim() === '' && !cut ? null : { number, text, cut };
  };
  const add = (piece: string) => {
    length += piece.length;
    if (length <= LONGEST_LINE) pieces.push(piece);
    else if (pieces.length > 1 || (pieces[0]?.length ?? 0) > SHOWN)
      pieces = [pieces.join('').slice(0, SHOWN)];
  };
  let start = true;
  for await (const chunk of input) {
    let text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    if (start && text !== '') {
      text = text.replace(/^\uFEFF/, '');
      start = false;
    }
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      add(text.slice(from, end));
      const line = take();
      if (line !== null) yield line;
      number++;
      from = end + 1;
    }
    add(text.slice(from));
  }
  add(decoder.end());
  const last = take();
  if (last !== null) yield last;
}
