// What a command may touch of the process it runs in. Everything arrives as an argument, so a command is tested
// without spawning one.

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** false once who reads it is gone. */
  readonly writable?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

export type InterruptSignal = 'SIGINT' | 'SIGTERM';

/** The part of `process` that Ctrl-C needs. */
export interface InterruptSource {
  on(signal: InterruptSignal, listener: () => void): unknown;
  off(signal: InterruptSignal, listener: () => void): unknown;
  exit(code: number): unknown;
}

export interface CommandIO {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** The standard input of the process by default. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Relative paths of options are resolved against it. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where interrupts come from; the process by default. */
  readonly interrupts?: InterruptSource;
}
