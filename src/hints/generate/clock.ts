// Time, as far as requests need it: an argument, so that tests neither wait nor depend on how fast they run.

export interface Deadline {
  /** Aborted when the time is up. */
  readonly signal: AbortSignal;
  clear(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects with the reason of the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  deadline(ms: number): Deadline;
}

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      // What aborts is the reason, an Error or not.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      const stop = () => (clearTimeout(timer), reject(signal.reason));
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    }),
  deadline: (ms) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ms);
    return { signal: controller.signal, clear: () => clearTimeout(timer) };
  },
};
