// When to ask again, and when to give up. It knows nothing of HTTP: a try says how it ended. Its one idea: a server that
// is busy is busy for everybody, so a pause that it asks for holds for all requests, and a server that answers nobody
// ends the run instead of costing every problem its tries.
import { seedOf, UniformStream } from '../../random.ts';
import type { Clock } from './clock.ts';
import { RequestError, TeacherError, type TeacherReply } from './teacher.ts';

export type TryOutcome =
  | { readonly kind: 'reply'; readonly reply: TeacherReply }
  /** Worth trying later. */
  | { readonly kind: 'busy'; readonly reason: string; readonly retryAfterMs: number | null }
  /** This request will not be answered. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No request will be. */
  | { readonly kind: 'unusable'; readonly reason: string };

export interface PatienceSettings {
  readonly clock: Clock;
  /** Of the jitter. */
  readonly seed: number;
  /** Tries of one request after the first. */
  readonly retries: number;
  /** Requests that fail one after the other, with no reply between them, before the run ends. */
  readonly failuresInARow: number;
  /** Told of each pause, in a sentence. */
  readonly onPause?: (sentence: string) => void;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A server that wants a longer pause has a quota of hours or days. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

export class Patience {
  readonly #settings: PatienceSettings;
  /** Nobody asks before. */
  #notBefore = 0;
  #failuresInARow = 0;

  constructor(settings: PatienceSettings) {
    this.#settings = settings;
  }

  /**
   * Tries until there is a reply.
   * @throws RequestError, TeacherError, or the reason of the signal.
   */
  async ask(key: string, attempt: () => Promise<TryOutcome>, signal: AbortSignal): Promise<TeacherReply> {
    const { clock, retries } = this.#settings;
    const jitter = new UniformStream(seedOf(this.#settings.seed, 'hints-pause', key));
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      for (let left; (left = this.#notBefore - clock.now()) > 0;) await clock.wait(left, signal);
      const outcome = await attempt();
      if (outcome.kind === 'reply') {
        this.#failuresInARow = 0;
        return outcome.reply;
      }
      if (outcome.kind === 'unusable') throw new TeacherError(outcome.reason);
      if (outcome.kind === 'refused') throw this.#failure(outcome.reason);
      if (tries > retries)
        throw this.#failure(tries === 1 ? outcome.reason : `${outcome.reason} (tried ${tries} times)`);
      await this.#pause(outcome, tries, jitter, signal);
    }
  }

  /** Exponential, between half and the whole of its length; never shorter than the server asks for. */
  async #pause(
    { reason, retryAfterMs }: TryOutcome & { kind: 'busy' },
    tries: number,
    jitter: UniformStream,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, onPause } = this.#settings;
    const own = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1)) * (0.5 + jitter.next() / 2);
    if (retryAfterMs === null) {
      onPause?.(`${reason}; asking again in ${Math.ceil(own / 1000)} s.`);
      await clock.wait(own, signal);
      return;
    }
    if (retryAfterMs > LONGEST_RETRY_AFTER_MS) {
      throw new TeacherError(
        `${reason}, and the server asks to wait ${Math.ceil(retryAfterMs / 60_000)} minutes; run the same command again then.`,
      );
    }
    // Not all at the same moment, when the pause is over.
    const until = clock.now() + retryAfterMs + jitter.next() * FIRST_PAUSE_MS;
    this.#notBefore = Math.max(this.#notBefore, clock.now() + retryAfterMs);
    onPause?.(`${reason}; the server asks to wait ${Math.ceil(retryAfterMs / 1000)} s.`);
    await clock.wait(until - clock.now(), signal);
  }

  #failure(reason: string): RequestError | TeacherError {
    this.#failuresInARow++;
    if (this.#failuresInARow < this.#settings.failuresInARow) return new RequestError(`${reason}.`);
    return new TeacherError(
      `${reason}. ${this.#failuresInARow} requests in a row have failed, so the rest is not asked.`,
    );
  }
}
