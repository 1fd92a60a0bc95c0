// Tokens that end a response for certain. Stop strings are found in the text, after sampling; its one idea: a token
// whose own text holds a stop string ends the response wherever it stands, so the engine may stop there and need
// not sample what would be thrown away. It changes no reply, only how long one takes.
import type { ChatTokenizer } from '../data/tokenizer.ts';

export class StopTokens {
  readonly #tokenizer: ChatTokenizer;
  readonly #vocabularySize: number;
  /** By token id; made when it is first needed. */
  #texts: readonly string[] | undefined;

  /** @param vocabularySize the model's, which knows no token beyond it. */
  constructor(tokenizer: ChatTokenizer, vocabularySize: number) {
    this.#tokenizer = tokenizer;
    this.#vocabularySize = Math.min(vocabularySize, tokenizer.vocabularySize);
  }

  /** The tokenizer's own, and those that hold one of the strings. */
  for(strings: readonly string[]): readonly number[] {
    const { stopTokens } = this.#tokenizer;
    if (strings.length === 0) return stopTokens;
    this.#texts ??= Array.from({ length: this.#vocabularySize }, (_, token) =>
      this.#tokenizer.decode([token], { skipSpecial: true }),
    );
    const holding = this.#texts.flatMap((text, token) =>
      strings.some((string) => text.includes(string)) ? [token] : [],
    );
    return [...new Set([...stopTokens, ...holding])];
  }
}
