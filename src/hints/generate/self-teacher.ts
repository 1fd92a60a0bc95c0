// The policy as its own teacher: it sees the reference solution and writes hints for itself. Needs a Sampler and a
// tokenizer, nothing of an engine. Its one idea: requests that wait are sampled together, and as their seeds name them,
// what comes of one does not depend on which others it was sampled with.
import { setImmediate } from 'node:timers/promises';
import type { ChatTokenizer } from '../../data/tokenizer.ts';
import type { Sampler, SampleRequest } from '../../engine/engine.ts';
import { DataError } from '../../errors.ts';
import { seedOf } from '../../random.ts';
import type { ChatMessage } from '../../types.ts';
import { RequestError, type Teacher, type TeacherReply, type TeacherRequest } from './teacher.ts';

export interface SelfTeacherSettings {
  readonly sampler: Sampler;
  readonly tokenizer: ChatTokenizer;
  /** Names the weights. */
  readonly model: string;
  readonly temperature: number;
  readonly maxNewTokens: number;
  readonly seed: number;
  /** What computes, where that decides the last digits: replies of another engine are others. */
  readonly engine: string;
}

interface Waiting {
  readonly request: SampleRequest;
  readonly signal: AbortSignal;
  readonly resolve: (reply: TeacherReply) => void;
  readonly reject: (error: unknown) => void;
}

export class SelfTeacher implements Teacher {
  readonly model: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly #settings: SelfTeacherSettings;
  readonly #waiting: Waiting[] = [];
  #sampling = false;

  constructor(settings: SelfTeacherSettings) {
    const { model, temperature, maxNewTokens, seed, engine } = settings;
    this.model = model;
    this.parameters = { temperature, maxNewTokens, seed, engine };
    this.#settings = settings;
  }

  async ask({ key, messages }: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    const { sampler, tokenizer, temperature, maxNewTokens, seed } = this.#settings;
    const promptTokens = this.#rendered(messages);
    const limit = sampler.info.maxSequenceLength;
    if (promptTokens.length + maxNewTokens > limit) {
      throw new RequestError(
        `The prompt has ${promptTokens.length} tokens, and with ${maxNewTokens} new ones it exceeds the ${limit} that the model takes; ` +
          'lower --max-new-tokens, or shorten the prompts.',
      );
    }
    const { stopTokens } = tokenizer;
    const drawn = seedOf(seed, 'hints', key);
    const request = { promptTokens, maxNewTokens, temperature, stopTokens, seed: drawn };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, signal, resolve, reject });
      void this.#sampleAll();
    });
  }

  /** A word that the tokenizer lacks, or roles that the chat template refuses, are this request's fault. */
  #rendered(messages: readonly ChatMessage[]): Int32Array {
    try {
      return this.#settings.tokenizer.renderChat(messages);
    } catch (error) {
      if (error instanceof DataError) throw new RequestError(error.message);
      throw error;
    }
  }

  async #sampleAll(): Promise<void> {
    if (this.#sampling) return;
    this.#sampling = true;
    // Those that are about to ask come along.
    await setImmediate();
    while (this.#waiting.length > 0) await this.#sample(this.#waiting.splice(0));
    this.#sampling = false;
  }

  async #sample(batch: readonly Waiting[]): Promise<void> {
    const { sampler, tokenizer } = this.#settings;
    const requests = batch.map(({ request }) => request);
    try {
      for await (const { index, tokens, finish } of sampler.sample(requests, batch[0]!.signal)) {
        const usage = {
          promptTokens: requests[index]!.promptTokens.length,
          completionTokens: tokens.length,
        };
        const text = tokenizer.decode(tokens, { skipSpecial: true });
        batch[index]!.resolve({ text, finish, usage });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
