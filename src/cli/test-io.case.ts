// A CommandIO that keeps what was written, for tests.
import type { CommandIO, OutputStream } from './command-io.ts';

export interface RecordedIO extends CommandIO {
  readonly out: () => string;
  readonly err: () => string;
}

export function recordedStream(): { stream: OutputStream; text: () => string } {
  const written: string[] = [];
  return { stream: { write: (text) => written.push(text) }, text: () => written.join('') };
}

export function recordedIO(cwd = '/nowhere'): RecordedIO {
  const out = recordedStream();
  const err = recordedStream();
  return { stdout: out.stream, stderr: err.stream, cwd, env: {}, out: out.text, err: err.text };
}
