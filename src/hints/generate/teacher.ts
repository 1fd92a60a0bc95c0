// What writes hints: anything that answers a conversation with a text. It knows nothing of problems, levels or JSON.
// Its one idea: three ways to fail, which decide what happens to the rest. A reply that is no use is a reply all the
// same; a RequestError costs one problem its hints; a TeacherError ends the run.
import { GuiderailError } from '../../errors.ts';
import type { ChatMessage } from '../../types.ts';

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export const NO_TOKENS: TokenUsage = { promptTokens: 0, completionTokens: 0 };

export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}

export function subtractUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    promptTokens: a.promptTokens - b.promptTokens,
    completionTokens: a.completionTokens - b.completionTokens,
  };
}

export interface TeacherReply {
  readonly text: string;
  /** length: cut off at the limit of new tokens; refused: the teacher will not answer. */
  readonly finish: 'stop' | 'length' | 'refused';
  /** null where the teacher does not say. */
  readonly usage: TokenUsage | null;
}

/** With the tokens that were used, or an estimate of them. */
export type MeteredReply = TeacherReply & { readonly usage: TokenUsage };

export interface TeacherRequest {
  /** Names the request: replies are kept by it, and draws and pauses that belong to it are seeded by it. */
  readonly key: string;
  readonly messages: readonly ChatMessage[];
  /** How many hints the reply is to have. */
  readonly levels: number;
}

export interface Teacher {
  /** Which model answers; a reply of another model is another reply. */
  readonly model: string;
  /** What else decides a reply, such as the temperature. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /**
   * @param signal no further request is begun after it, and no pause waited out.
   * @throws RequestError, TeacherError, or the reason of the signal.
   */
  ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply>;
}

/** One request cannot be answered; others may be. */
export class RequestError extends GuiderailError {
  override name = 'RequestError';
}

/** The teacher cannot be used at all: no key, no such model, no answer from anyone. */
export class TeacherError extends GuiderailError {
  override name = 'TeacherError';
}
