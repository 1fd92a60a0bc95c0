// Strings that end a response. A model that was not taught to stop is stopped at "\n\nQuestion:" and the like. Whether
// the text contains one is asked after every token, and a token need not end where a string, or even a character,
// does. Its one idea: every token that is kept here adds a byte or more to the text, so a string of n bytes that the
// newest token completes lies within the last n tokens, and only these are decoded.

/** Text of tokens, which may end inside a character (then in U+FFFD). */
type Decode = (tokens: Int32Array) => string;

/** Follows one response. */
export class StopStringWatch {
  readonly #decode: Decode;
  readonly #stopStrings: readonly string[];
  /** One token more than the longest string can take: decoders may drop a space before the first. */
  readonly #longest: number;
  readonly #recent: number[] = [];

  constructor(decode: Decode, stopStrings: readonly string[]) {
    this.#decode = decode;
    this.#stopStrings = stopStrings;
    this.#longest = 1 + Math.max(0, ...stopStrings.map((text) => Buffer.byteLength(text)));
  }

  /** Takes the next token. @returns whether the text contains a stop string with it, the first time it does */
  endsWith(token: number): boolean {
    if (this.#addsNothing(token)) return false;
    this.#recent.push(token);
    if (this.#recent.length > this.#longest) this.#recent.shift();
    const text = this.#decode(Int32Array.from(this.#recent));
    return this.#stopStrings.some((stopString) => text.includes(stopString));
  }

  /** Special tokens have no text, and any number of them may stand within a string. */
  #addsNothing(token: number): boolean {
    // Alone, a word's space may be without text as well.
    if (this.#recent.length === 0 || this.#decode(Int32Array.of(token)) !== '') return false;
    return (
      this.#decode(Int32Array.of(...this.#recent, token)) === this.#decode(Int32Array.from(this.#recent))
    );
  }
}

/** The text before the first place where a stop string begins; all of it where none does. */
export function textBeforeStop(text: string, stopStrings: readonly string[]): string {
  const places = stopStrings.map((stopString) => text.indexOf(stopString)).filter((place) => place >= 0);
  return text.slice(0, Math.min(text.length, ...places));
}
