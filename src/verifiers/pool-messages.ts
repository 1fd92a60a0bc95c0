// What a pool, the processes of its hosts and their threads say to each other. Plain data, since it is copied.
import { z } from 'zod';
import type { Verdict } from '../types.ts';
import type { VerifierInput } from './verifier.ts';

export interface WorkerLimits {
  /** Of one response. */
  readonly timeoutMs: number;
  /** Of the start of a thread and of the load of a verifier in it. */
  readonly loadTimeoutMs: number;
  /** Of the JavaScript heap of a thread. Buffers outside of the heap are not counted. */
  readonly memoryMiB: number;
}

/** Modules of custom verifiers as file URLs, by the kind they serve. */
export type CustomModules = Readonly<Record<string, string>>;

/** What a host is told first, by its only argument. */
export interface HostSettings {
  readonly limits: WorkerLimits;
  readonly custom: CustomModules;
}

/** How a request came out: what a host answers to each, in order. */
export type Outcome =
  | { readonly type: 'loaded' }
  | {
      readonly type: 'verdict';
      readonly verdict: Verdict;
      /** What the verifier itself took; neither waiting nor loading is in it. */
      readonly milliseconds: number;
    }
  | { readonly type: 'error' | 'timeout'; readonly reason: string };

export interface VerifyRequest {
  readonly kind: string;
  /** null: load the verifier and no more. */
  readonly input: VerifierInput | null;
}

/** What a thread is told: the request, and the number that its replies must have. */
export interface NumberedRequest {
  readonly number: number;
  readonly request: VerifyRequest;
}

/** Longer texts in a verdict are no reason and no answer. */
const LONGEST_TEXT = 2 ** 20;

/** What a verifier may return; a custom one may be wrong about it. */
export const verdictSchema = z.object({
  kind: z.enum(['correct', 'wrong', 'malformed', 'truncated', 'graderError', 'graderTimeout']),
  reason: z.string().max(LONGEST_TEXT),
  extracted: z.string().max(LONGEST_TEXT).nullable(),
});

/**
 * `ready` when the thread has started; then for each request `loaded` if it was the first of its kind, and, if it has an
 * input, `verdict`. Or `failed` in place of either. A custom verifier shares its thread with what sends them, so whoever
 * receives one checks it.
 */
export const threadReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('loaded'), number: z.int() }),
  z.object({
    type: z.literal('verdict'),
    number: z.int(),
    verdict: verdictSchema,
    milliseconds: z.number().nonnegative(),
  }),
  z.object({ type: z.literal('failed'), number: z.int(), reason: z.string() }),
]);

export type ThreadReply = z.output<typeof threadReplySchema>;
