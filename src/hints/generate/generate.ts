// From a problem to its hints: ask, read, check, and ask again with what was wrong, a bounded number of times. It knows
// neither files nor servers. Its one idea: what happens to a problem is a function of its replies alone, and replies are
// kept; so a second life walks the same way through the cache, asks for the first reply that is not there, and nothing
// is lost or asked twice.
import type { Problem } from '../../types.ts';
import type { HintPrompts } from './prompts.ts';
import { requestKey, type ReplyCache } from './reply-cache.ts';
import { hintsOf } from './reply.ts';
import { estimatePrompt, estimateText, type Spending } from './spending.ts';
import {
  RequestError,
  type Teacher,
  type TeacherReply,
  type TeacherRequest,
  type MeteredReply,
} from './teacher.ts';

/**
 * Whether the hint of a level (from 1) of a problem may be shown; a reason that can be said to the teacher where it may
 * not. The problem has the hints of the other levels too.
 */
export type HintCheck = (
  problem: Problem,
  level: number,
) => Promise<{ readonly ok: boolean; readonly reason: string }>;

export interface GenerateSettings {
  readonly teacher: Teacher;
  readonly prompts: HintPrompts;
  /** Hints of a problem. */
  readonly levels: number;
  /** Replies asked for, at most. */
  readonly attempts: number;
  /** Of one reply. */
  readonly maxNewTokens: number;
  readonly cache: ReplyCache;
  readonly spending: Spending;
  readonly check?: HintCheck;
  readonly signal: AbortSignal;
}

/** complete: a hint of every level; partial: of some; failed: of none; notAsked: the limit of spending came first. */
export interface GeneratedHints {
  readonly status: 'complete' | 'partial' | 'failed' | 'notAsked';
  /** The hint of level n at n - 1, null for a level without; empty where there is none. */
  readonly hints: readonly (string | null)[];
  readonly dropped: readonly { readonly level: number; readonly reason: string }[];
  /** Replies used, kept ones included. */
  readonly attempts: number;
  /** Why there is no hint. */
  readonly reason?: string;
}

/** How many replies came from where. */
export interface ReplyCounts {
  asked: number;
  fromCache: number;
  /** Replies that were no use: torn, invalid, of another form, refusals. */
  useless: number;
  /** Hints that the check refused. */
  refusedHints: number;
  /** Replies without a word on tokens, whose tokens are estimated. */
  unmetered: number;
}

export class HintGenerator {
  readonly counts: ReplyCounts = { asked: 0, fromCache: 0, useless: 0, refusedHints: 0, unmetered: 0 };
  readonly #settings: GenerateSettings;
  /** Equal requests at the same time (a problem that stands twice in a file) are one. */
  readonly #underWay = new Map<string, Promise<MeteredReply | null>>();

  constructor(settings: GenerateSettings) {
    this.#settings = settings;
  }

  /** @throws TeacherError, or the reason of the signal; a fault of this problem alone is in what is returned. */
  async generate(problem: Problem): Promise<GeneratedHints> {
    const { prompts, levels, attempts, teacher } = this.#settings;
    const accepted = new Array<string | null>(levels).fill(null);
    // Without faults, which quote earlier replies.
    const shown = prompts
      .messages(problem, levels, [])
      .map(({ content }) => content)
      .join('\n');
    let refusals: Refusal[] = [];
    let faults: string[] = [];
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const messages = prompts.messages(problem, levels, faults);
      const key = requestKey({ problem, messages, levels, attempt }, teacher);
      let reply: MeteredReply | null;
      try {
        reply = await this.#reply({ key, messages, levels });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return conclude(accepted, refusals, attempt - 1, error.message);
      }
      if (reply === null) return { ...conclude(accepted, refusals, attempt - 1, ''), ...NOT_ASKED };
      const read = hintsOf(reply, levels, shown);
      if ('fault' in read) {
        this.counts.useless++;
        faults = [read.fault, ...refusals.map(faultOf)];
        continue;
      }
      refusals = await this.#refusals(problem, read.hints, accepted);
      if (refusals.length === 0) return conclude(accepted, [], attempt, '');
      faults = refusals.map(faultOf);
    }
    return conclude(accepted, refusals, attempts, `No reply could be used. ${faults[0] ?? ''}`);
  }

  /** Accepts the hints of levels that have none yet; those that are refused again are the rest. */
  async #refusals(
    problem: Problem,
    hints: readonly string[],
    accepted: (string | null)[],
  ): Promise<Refusal[]> {
    const { check } = this.#settings;
    const refusals: Refusal[] = [];
    const proposed = { ...problem, hints: hints.map((hint, index) => accepted[index] ?? hint) };
    for (const [index, hint] of hints.entries()) {
      if (accepted[index] !== null) continue;
      const level = index + 1;
      const verdict = check ? await check(proposed, level) : { ok: true, reason: '' };
      if (verdict.ok) accepted[index] = hint;
      else refusals.push({ level, hint, reason: verdict.reason });
    }
    this.counts.refusedHints += refusals.length;
    return refusals;
  }

  /** null: the limit of spending leaves no room. */
  async #reply(request: TeacherRequest): Promise<MeteredReply | null> {
    const kept = this.#settings.cache.get(request.key);
    if (kept !== undefined) {
      this.counts.fromCache++;
      return kept;
    }
    const same = this.#underWay.get(request.key);
    if (same !== undefined) return same;
    const asked = this.#ask(request).finally(() => this.#underWay.delete(request.key));
    this.#underWay.set(request.key, asked);
    return asked;
  }

  async #ask(request: TeacherRequest): Promise<MeteredReply | null> {
    const { teacher, cache, spending, maxNewTokens, signal } = this.#settings;
    signal.throwIfAborted();
    const promptTokens = estimatePrompt(request.messages);
    const settle = await spending.reserve({ promptTokens, completionTokens: maxNewTokens });
    if (settle === null) return null;
    let reply: MeteredReply | null = null;
    try {
      signal.throwIfAborted();
      reply = this.#metered(await teacher.ask(request, signal), promptTokens);
    } finally {
      settle(reply?.usage ?? null);
    }
    this.counts.asked++;
    await cache.add(request.key, teacher.model, reply);
    return reply;
  }

  #metered(reply: TeacherReply, promptTokens: number): MeteredReply {
    if (reply.usage !== null) return { ...reply, usage: reply.usage };
    this.counts.unmetered++;
    return { ...reply, usage: { promptTokens, completionTokens: estimateText(reply.text) } };
  }
}

interface Refusal {
  readonly level: number;
  readonly hint: string;
  readonly reason: string;
}

function faultOf({ level, hint, reason }: Refusal): string {
  return `Hint ${level} was ${JSON.stringify(hint)}. ${reason}`;
}

const NOT_ASKED = {
  status: 'notAsked',
  reason: 'The limit of spending was reached before it was asked.',
} as const;

function conclude(
  accepted: readonly (string | null)[],
  refusals: readonly Refusal[],
  attempts: number,
  reason: string,
): GeneratedHints {
  const last = accepted.findLastIndex((hint) => hint !== null);
  const hints = accepted.slice(0, last + 1);
  const dropped = refusals.map(({ level, reason }) => ({ level, reason }));
  const status = hints.length === 0 ? 'failed' : accepted.includes(null) ? 'partial' : 'complete';
  const none = status === 'failed' && { reason: dropped[0]?.reason ?? reason };
  return { status, hints, dropped, attempts, ...none };
}
