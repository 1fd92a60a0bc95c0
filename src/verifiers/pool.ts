// Runs verifiers off this thread, with a limit of time for each response and of memory, so that a response that makes
// a verifier hang or grow, or a verifier that is wrong, costs one rollout and never the run. It knows nothing of what is
// verified. Its one idea: a thread in a process of its own (pool-host.ts says why) has one response at a time, and
// whatever goes wrong with either is the verdict on that response; another is started when it is needed.
//
// A verdict belongs to its request, whichever was faster. Verifiers that say so (`inPool: false`) are called where they
// are asked for.
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../errors.ts';
import type { Verdict } from '../types.ts';
import type { CustomModules, Outcome, VerifyRequest, WorkerLimits } from './pool-messages.ts';
import { PoolProcess } from './pool-process.ts';
import { verifierFor as builtInFor, verifierKinds } from './registry.ts';
import type { Verifier } from './verifier.ts';

export interface PoolOptions extends Partial<WorkerLimits> {
  /** Responses verified at once; default: the cores this process may use. Changes no verdict. */
  readonly size?: number;
  /** Modules of custom verifiers by the kind they serve: absolute paths of ES modules (custom.ts says what they export). */
  readonly custom?: Readonly<Record<string, string>>;
}

/** Generous, because verifiers share the cores with an engine, and a verdict must not depend on what else runs. */
export const DEFAULT_LIMITS: WorkerLimits = { timeoutMs: 10_000, loadTimeoutMs: 60_000, memoryMiB: 512 };

interface Waiting {
  readonly request: VerifyRequest;
  readonly settle: (outcome: Outcome) => void;
}

/** How many pools use a verifier that runs where it is called; the last to close ends what it started. */
const users = new Map<Verifier, number>();

export class VerifierPool {
  readonly #limits: WorkerLimits;
  readonly #size: number;
  readonly #custom: CustomModules;
  readonly #hosts = new Set<PoolProcess>();
  readonly #queue: Waiting[] = [];
  readonly #verifiers = new Map<string, Verifier>();
  /** Beside the verdicts, which a resumed run writes again in the same bytes. */
  readonly #milliseconds = new WeakMap<Verdict, number>();
  readonly #calledHere = new Set<Verifier>();
  #closed = false;

  constructor({ size, custom = {}, ...limits }: PoolOptions = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#size = size ?? availableParallelism();
    this.#custom = Object.fromEntries(
      Object.entries(custom).map(([kind, path]) => [kind, pathToFileURL(path).href]),
    );
    const taken = Object.keys(custom).find((kind) => verifierKinds().includes(kind));
    if (taken !== undefined) {
      throw new ConfigError(
        `Expected a custom verifier to serve a kind of its own, got "${taken}", which is built in; choose another name.`,
      );
    }
  }

  /** The verifier of a kind, whose faults are verdicts; DataError for a kind there is not. */
  readonly verifierFor = (kind: string): Verifier => {
    let verifier = this.#verifiers.get(kind);
    if (verifier === undefined) this.#verifiers.set(kind, (verifier = this.#pooled(kind)));
    return verifier;
  };

  /** Loads the custom verifiers. ConfigError for one that cannot be loaded. */
  async checkCustom(): Promise<void> {
    for (const kind of Object.keys(this.#custom)) {
      const outcome = await this.#run({ kind, input: null });
      if ('reason' in outcome) {
        throw new ConfigError(`The custom verifier of kind "${kind}" cannot be used: ${outcome.reason}`);
      }
    }
  }

  /** Ends every process of the pool. What is still being verified, and what is asked for later, is a graderError. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { settle } of this.#queue.splice(0)) settle(CLOSED);
    for (const verifier of this.#calledHere) {
      const others = (users.get(verifier) ?? 1) - 1;
      users.set(verifier, others);
      if (others === 0) verifier.close?.();
    }
    this.#calledHere.clear();
    await Promise.all([...this.#hosts].map((host) => host.close()));
  }

  #pooled(kind: string): Verifier {
    const builtIn = Object.hasOwn(this.#custom, kind) ? null : builtInFor(kind, Object.keys(this.#custom));
    if (builtIn?.inPool === false) {
      this.#calledHere.add(builtIn);
      users.set(builtIn, (users.get(builtIn) ?? 0) + 1);
      return builtIn;
    }
    return {
      kind,
      verify: async (input) => this.#verdictOf(await this.#run({ kind, input })),
      ...(builtIn?.goldResponse && { goldResponse: (answer) => builtIn.goldResponse!(answer) }),
    };
  }

  /** What the verifier took for a verdict, without waiting and loading; undefined where it was stopped, or not called here. */
  millisecondsOf(verdict: Verdict): number | undefined {
    return this.#milliseconds.get(verdict);
  }

  #verdictOf(outcome: Outcome): Verdict {
    const verdict = verdictOf(outcome);
    if (outcome.type === 'verdict') this.#milliseconds.set(verdict, outcome.milliseconds);
    return verdict;
  }

  #run(request: VerifyRequest): Promise<Outcome> {
    if (this.#closed) return Promise.resolve(CLOSED);
    return new Promise((settle) => {
      this.#queue.push({ request, settle });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const host = this.#idleHost();
      if (host === null) return;
      const { request, settle } = this.#queue.shift()!;
      void host.run(request).then((outcome) => {
        settle(outcome);
        this.#dispatch();
      });
    }
  }

  #idleHost(): PoolProcess | null {
    for (const host of this.#hosts) if (host.idle) return host;
    if (this.#hosts.size >= this.#size) return null;
    const settings = { limits: this.#limits, custom: this.#custom };
    const host: PoolProcess = new PoolProcess(settings, () => this.#hosts.delete(host));
    this.#hosts.add(host);
    return host;
  }
}

const CLOSED: Outcome = { type: 'error', reason: 'the verifiers were closed' };

function verdictOf(outcome: Outcome): Verdict {
  switch (outcome.type) {
    case 'verdict':
      return outcome.verdict;
    case 'timeout':
      return {
        kind: 'graderTimeout',
        reason: `The verifier was stopped: ${outcome.reason}.`,
        extracted: null,
      };
    case 'error':
      return { kind: 'graderError', reason: `The verifier failed: ${outcome.reason}.`, extracted: null };
    case 'loaded':
      return { kind: 'graderError', reason: 'The verifier gave no verdict.', extracted: null };
  }
}
