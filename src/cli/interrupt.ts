// Ctrl-C, twice. The first asks: it aborts a signal, and the loop finishes or discards the step in flight and
// writes what it must. The second does not ask.
import { GuiderailError } from '../errors.ts';
import type { InterruptSignal, InterruptSource, OutputStream } from './command-io.ts';

/** Reason of the aborted signal. The command line prints its sentence and exits with 130. */
export class InterruptedError extends GuiderailError {
  override name = 'InterruptedError';
}

/** What a command throws whose run stopped at a point from which it can go on. */
export function interruptedAfter(steps: number, goOn: string): InterruptedError {
  return new InterruptedError(
    `Interrupted after ${steps} ${steps === 1 ? 'step' : 'steps'}. Go on with: guiderail ${goOn}`,
  );
}

const EXIT_CODES: Readonly<Record<InterruptSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

export interface Interrupt {
  /** Aborted by the first SIGINT or SIGTERM, with an InterruptedError. */
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  dispose(): void;
}

export function listenForInterrupt(source: InterruptSource, stderr: OutputStream): Interrupt {
  const controller = new AbortController();
  const onSignal = (signal: InterruptSignal) => {
    if (controller.signal.aborted) {
      source.exit(EXIT_CODES[signal]);
      return;
    }
    stderr.write('\nStopping. Press Ctrl-C again to exit at once.\n');
    controller.abort(new InterruptedError('Interrupted.'));
  };
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => onSignal(name)] as const);
  for (const [name, listener] of listeners) source.on(name, listener);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const [name, listener] of listeners) source.off(name, listener);
    },
  };
}
