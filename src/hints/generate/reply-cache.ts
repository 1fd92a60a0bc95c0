// Replies that were paid for, kept so that none is asked for twice: a folder with an append-only log, a line for each
// reply, on the disk before the reply is used. What was killed in the middle of a line loses that line alone. Its one
// idea: a reply belongs to the content of its request (problem and solution, every word of the prompt, model,
// parameters, number of levels), so whatever changes one of them asks anew, and nothing else does.
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunError, messageOf } from '../../errors.ts';
import { openAppendLog, readLog, type AppendLog } from '../../runs/append-log.ts';
import { lockRunDirectory, type RunLock } from '../../runs/lock.ts';
import type { ChatMessage, Problem } from '../../types.ts';
import { addUsage, NO_TOKENS, type MeteredReply, type Teacher, type TokenUsage } from './teacher.ts';

export interface RequestContent {
  readonly problem: Problem;
  readonly messages: readonly ChatMessage[];
  readonly levels: number;
  /** From 1. The same words may be said again after a reply that was no use. */
  readonly attempt: number;
}

/** SHA-256, 64 hex digits. */
export function requestKey(
  { problem, messages, levels, attempt }: RequestContent,
  { model, parameters }: Pick<Teacher, 'model' | 'parameters'>,
): string {
  const content = {
    problem: problem.id,
    solution: problem.solution ?? null,
    messages: messages.map(({ role, content }) => [role, content]),
    model,
    parameters: Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)),
    levels,
    attempt,
  };
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

const entrySchema = z.object({
  key: z.string(),
  model: z.string(),
  text: z.string(),
  finish: z.enum(['stop', 'length', 'refused']),
  usage: z.object({ promptTokens: z.number(), completionTokens: z.number() }),
});

export class ReplyCache {
  readonly path: string;
  /** What all replies of a model in this cache have used. */
  readonly #spent = new Map<string, TokenUsage>();
  readonly #replies = new Map<string, MeteredReply>();
  readonly #log: AppendLog;
  readonly #lock: RunLock;

  private constructor(dir: string, lock: RunLock) {
    this.path = join(dir, 'replies.jsonl');
    this.#lock = lock;
    this.#log = openAppendLog(this.path);
  }

  /** @throws RunError where the folder cannot be written to, or another process writes to it. */
  static async open(dir: string): Promise<ReplyCache> {
    try {
      await mkdir(dir, { recursive: true });
    } catch (error) {
      throw new RunError(
        `Expected a folder for replies at ${dir}, but it cannot be made: ${messageOf(error)}.`,
      );
    }
    const lock = takeLock(dir);
    try {
      const cache = new ReplyCache(dir, lock);
      await cache.#read();
      return cache;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get size(): number {
    return this.#replies.size;
  }

  spentOn(model: string): TokenUsage {
    return this.#spent.get(model) ?? NO_TOKENS;
  }

  get(key: string): MeteredReply | undefined {
    return this.#replies.get(key);
  }

  /** Resolves when the reply is on the disk. */
  async add(key: string, model: string, reply: MeteredReply): Promise<void> {
    this.#log.append({ key, model, ...reply });
    await this.#log.flush();
    this.#remember(key, model, reply);
  }

  close(): void {
    this.#log.close();
    this.#lock.release();
  }

  /** A line that is no reply (damaged by a disk, or of another version) is as good as not there. */
  async #read(): Promise<void> {
    const { records } = await readLog<unknown>(this.path);
    for (const record of records) {
      const parsed = entrySchema.safeParse(record);
      if (!parsed.success) continue;
      const { key, model, ...reply } = parsed.data;
      this.#remember(key, model, reply);
    }
  }

  #remember(key: string, model: string, reply: MeteredReply): void {
    this.#replies.set(key, reply);
    this.#spent.set(model, addUsage(this.spentOn(model), reply.usage));
  }
}

function takeLock(dir: string): RunLock {
  try {
    return lockRunDirectory(dir);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new RunError(
      `Another process generates hints with the replies in ${dir}; wait for it, or name another folder with --cache. ` +
        `If there is none, delete ${join(dir, 'lock')}.`,
    );
  }
}
