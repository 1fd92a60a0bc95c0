// Tokens and money: an estimate before, the truth after, and a limit in between. It knows nothing of requests. Its one
// idea: what may be spent is reserved before a request is sent and settled when its reply is there, so requests under
// way cannot pass a limit together.
import type { ChatMessage } from '../../types.ts';
import { addUsage, NO_TOKENS, subtractUsage, type TokenUsage } from './teacher.ts';

/** Per million tokens, in any one currency. */
export interface Prices {
  readonly in: number;
  readonly out: number;
}

export interface Limits {
  /** Of prompts and replies together. */
  readonly tokens?: number;
  readonly price?: number;
}

/** English text has about 4 bytes to a token, formulae and code fewer. */
const BYTES_PER_TOKEN = 3.5;
/** What the form of a chat adds to each message. */
const TOKENS_PER_MESSAGE = 4;
/** Nudges are shorter, outlines longer. */
const TOKENS_PER_HINT = 100;

export const HOW_ESTIMATED = `a token for every ${BYTES_PER_TOKEN} bytes of prompt, ${TOKENS_PER_HINT} for a hint`;

export function estimateText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Of a request whose reply can be used at once. */
export function estimateRequest(messages: readonly ChatMessage[], levels: number): TokenUsage {
  return { promptTokens: estimatePrompt(messages), completionTokens: levels * TOKENS_PER_HINT };
}

export function estimatePrompt(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + estimateText(content) + TOKENS_PER_MESSAGE, 0);
}

export function priceOf(usage: TokenUsage, prices: Prices): number {
  return (usage.promptTokens * prices.in + usage.completionTokens * prices.out) / 1e6;
}

export class Spending {
  readonly #limits: Limits;
  readonly #prices: Prices;
  #spent: TokenUsage;
  #reserved: TokenUsage = NO_TOKENS;
  #underWay = 0;
  /** Those that wait for a request under way to end. */
  #waiting: (() => void)[] = [];

  /** @param before what earlier lives of the same work have spent. */
  constructor(limits: Limits, prices: Prices = { in: 0, out: 0 }, before: TokenUsage = NO_TOKENS) {
    this.#limits = limits;
    this.#prices = prices;
    this.#spent = before;
  }

  /** With what earlier lives spent. */
  get spent(): TokenUsage {
    return this.#spent;
  }

  /**
   * Room for a request that uses at most this much: waits for those under way where only they are in its way.
   * @returns what to call with the true usage (null: none), or null where the limit leaves no room.
   */
  async reserve(most: TokenUsage): Promise<((usage: TokenUsage | null) => void) | null> {
    while (!this.#fits(addUsage(addUsage(this.#spent, this.#reserved), most))) {
      if (this.#underWay === 0) return null;
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    this.#reserved = addUsage(this.#reserved, most);
    this.#underWay++;
    return (usage) => {
      this.#reserved = subtractUsage(this.#reserved, most);
      this.#underWay--;
      this.#spent = addUsage(this.#spent, usage ?? NO_TOKENS);
      for (const go of this.#waiting.splice(0)) go();
    };
  }

  #fits(usage: TokenUsage): boolean {
    const { tokens = Infinity, price = Infinity } = this.#limits;
    return usage.promptTokens + usage.completionTokens <= tokens && priceOf(usage, this.#prices) <= price;
  }
}
