// From the tokens of a response, as they come, to text that can be sent at once. Its one idea: what later tokens
// could change is held back: bytes of a character that is not whole yet, and text that may be the beginning of a
// stop string. However the tokens are cut into increments, the text in the end is the same, and so are its pieces.
import type { ChatTokenizer } from '../data/tokenizer.ts';

/** Stands for bytes that are no character (yet). */
const REPLACEMENT = '\uFFFD';
/** Tokens before the response that decide how its first token is written, such as with a space or without. */
const CONTEXT_TOKENS = 8;

/** Text of a growing sequence; the pieces joined are the text of the whole. */
export class GrowingText {
  readonly #decode: (tokens: readonly number[]) => string;
  readonly #tokens: number[];
  /** Tokens from #shown on have not been written; those from #window on are decoded again as their context. */
  #window = 0;
  #shown: number;

  /** @param context tokens that stand before and are not written. */
  constructor(decode: (tokens: readonly number[]) => string, context: Int32Array) {
    this.#decode = decode;
    this.#tokens = [...context.subarray(-CONTEXT_TOKENS)];
    this.#shown = this.#tokens.length;
  }

  /** The text that is certain with this token. */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.#pending();
    if (text === '' || text.endsWith(REPLACEMENT)) return '';
    this.#window = this.#shown;
    this.#shown = this.#tokens.length;
    return text;
  }

  /** What was held back; bytes that never became a character are U+FFFD. */
  end(): string {
    const text = this.#pending();
    this.#shown = this.#tokens.length;
    return text;
  }

  #pending(): string {
    const before = this.#decode(this.#tokens.slice(this.#window, this.#shown));
    const now = this.#decode(this.#tokens.slice(this.#window));
    return now.slice(before.replace(/\uFFFD+$/, '').length);
  }
}

/** A token and the text that it added. */
export interface Piece {
  readonly token: number;
  readonly logprob: number;
  readonly text: string;
  /** Where its text begins in that of the response, in UTF-16 units. */
  readonly offset: number;
}

export interface TextDelta {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** null: the response goes on. */
  readonly finish: 'stop' | 'length' | null;
}

export class ResponseText {
  readonly #growing: GrowingText;
  readonly #stop: readonly string[];
  readonly #stopTokens: readonly number[];
  /** Written by the tokens so far and not sent. */
  #held = '';
  /** Of tokens whose text was not all sent, or is not known yet. */
  #heldPieces: Piece[] = [];
  #sentLength = 0;
  #tokenCount = 0;

  constructor(tokenizer: ChatTokenizer, stop: readonly string[], context: Int32Array) {
    this.#growing = new GrowingText((tokens) => tokenizer.decode(tokens, { skipSpecial: true }), context);
    this.#stop = stop;
    this.#stopTokens = tokenizer.stopTokens;
  }

  /** Tokens that were needed for this text, what ended it included. */
  get tokenCount(): number {
    return this.#tokenCount;
  }

  push(tokens: Int32Array, logprobs: Float64Array, finish: 'stop' | 'length' | null): TextDelta {
    let cut: number | null = null;
    for (let t = 0; t < tokens.length && cut === null; t++) {
      this.#tokenCount++;
      const token = tokens[t]!;
      if (finish === 'stop' && t === tokens.length - 1 && this.#stopTokens.includes(token)) break;
      const offset = this.#sentLength + this.#held.length;
      const text = this.#growing.push(token);
      this.#held += text;
      this.#heldPieces.push({ token, logprob: logprobs[t]!, text, offset });
      cut = this.#findStop();
    }
    if (cut === null && finish !== null) {
      const rest = this.#growing.end();
      this.#held += rest;
      const last = this.#heldPieces.pop();
      if (last !== undefined) this.#heldPieces.push({ ...last, text: last.text + rest });
      cut = this.#findStop();
    }
    const ended = cut === null ? finish : 'stop';
    const ready = cut ?? this.#held.length - (ended === null ? this.#possibleStopLength() : 0);
    const text = this.#held.slice(0, ready);
    this.#sentLength += text.length;
    this.#held = this.#held.slice(ready);
    const pieces = ended === null ? this.#sentPieces() : this.#lastPieces(cut !== null);
    return { text, pieces, finish: ended };
  }

  /** Those without text wait for the next with some: they may be bytes of its character. */
  #sentPieces(): Piece[] {
    const isSent = ({ offset, text }: Piece) => text !== '' && offset + text.length <= this.#sentLength;
    return this.#heldPieces.splice(0, this.#heldPieces.findLastIndex(isSent) + 1);
  }

  /** All that are left, or of a text that was cut what was sent of it. */
  #lastPieces(isCut: boolean): Piece[] {
    if (!isCut) return this.#heldPieces;
    const end = this.#sentLength;
    return this.#heldPieces
      .filter(({ offset }) => offset < end)
      .map((piece) => ({ ...piece, text: piece.text.slice(0, end - piece.offset) }));
  }

  /** Where in the held text the earliest stop string begins. */
  #findStop(): number | null {
    const found = this.#stop.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    return found.length === 0 ? null : Math.min(...found);
  }

  /** Length of the longest end of the held text with which a stop string begins. */
  #possibleStopLength(): number {
    const longest = Math.max(0, ...this.#stop.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, this.#held.length); length > 0; length--) {
      const end = this.#held.slice(-length);
      if (this.#stop.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
