import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { InterruptSource } from './command-io.ts';
import { InterruptedError, listenForInterrupt } from './interrupt.ts';
import { recordedStream } from './test-io.case.ts';

function fakeProcess() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const source: InterruptSource = {
    on: (signal, listener) => emitter.on(signal, listener),
    off: (signal, listener) => emitter.off(signal, listener),
    exit: (code) => exits.push(code),
  };
  return { emitter, exits, source };
}

describe('listenForInterrupt', () => {
  it('asks on the first Ctrl-C and exits on the second', () => {
    const { emitter, exits, source } = fakeProcess();
    const stderr = recordedStream();
    const { signal } = listenForInterrupt(source, stderr.stream);
    expect(signal.aborted).toBe(false);
    emitter.emit('SIGINT');
    expect(signal.reason).toBeInstanceOf(InterruptedError);
    expect(stderr.text()).toContain('Ctrl-C again');
    expect(exits).toEqual([]);
    emitter.emit('SIGINT');
    expect(exits).toEqual([130]);
  });

  it('treats SIGTERM alike, with its own exit code', () => {
    const { emitter, exits, source } = fakeProcess();
    const { signal } = listenForInterrupt(source, recordedStream().stream);
    emitter.emit('SIGTERM');
    expect(signal.aborted).toBe(true);
    emitter.emit('SIGTERM');
    expect(exits).toEqual([143]);
  });

  it('gives the signals back', () => {
    const { emitter, source } = fakeProcess();
    const interrupt = listenForInterrupt(source, recordedStream().stream);
    interrupt.dispose();
    expect(emitter.listenerCount('SIGINT') + emitter.listenerCount('SIGTERM')).toBe(0);
  });
});
