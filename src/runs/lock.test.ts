import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockRunDirectory, systemProcessTable } from './lock.ts';
import type { ProcessTable } from './lock.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'guiderail-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function table(pid: number, alive: Record<number, string>, changes: Partial<ProcessTable> = {}): ProcessTable {
  return { host: 'here', pid, bootId: 'boot', startOf: (other) => alive[other] ?? null, ...changes };
}

describe('lockRunDirectory', () => {
  it('refuses a second trainer while the first lives, and admits it after release', () => {
    const alive = { 1: 'morning', 2: 'noon' };
    const first = lockRunDirectory(dir, table(1, alive));
    expect(() => lockRunDirectory(dir, table(2, alive))).toThrow(
      `Expected ${dir} to have no other trainer, but process 1 is writing to it. Wait for it or stop it first.`,
    );
    first.release();
    lockRunDirectory(dir, table(2, alive)).release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    ['the holder is dead', table(2, { 2: 'noon' })],
    ['its process id belongs to a later process', table(2, { 1: 'evening', 2: 'noon' })],
    ['the machine has been booted since', table(2, { 1: 'morning', 2: 'noon' }, { bootId: 'next boot' })],
  ])('takes a lock over when %s', (_, rival) => {
    const first = lockRunDirectory(dir, table(1, { 1: 'morning' }));
    const second = lockRunDirectory(dir, rival);
    first.release(); // must not remove what is no longer its own
    expect(JSON.parse(readFileSync(join(dir, 'lock'), 'utf8'))).toMatchObject({ pid: 2 });
    second.release();
  });

  it('takes over the lock of its own process id from an earlier life', () => {
    lockRunDirectory(dir, table(1, { 1: 'morning' }));
    lockRunDirectory(dir, table(1, { 1: 'noon' })).release();
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });

  it('believes a holder on another host, and names the file to delete', () => {
    lockRunDirectory(dir, table(1, { 1: 'morning' }, { host: 'there' }));
    expect(() => lockRunDirectory(dir, table(2, { 2: 'noon' }))).toThrow(
      `process 1 on host there holds ${join(dir, 'lock')}. If it is no longer running there, delete that file.`,
    );
  });

  it('believes a living process of the same id when the system does not tell when it started', () => {
    lockRunDirectory(dir, table(1, { 1: 'unknown' }));
    expect(() => lockRunDirectory(dir, table(2, { 1: 'unknown', 2: 'unknown' }))).toThrow(/process 1/);
  });

  it('takes over a torn lock file', () => {
    writeFileSync(join(dir, 'lock'), '{"pid":');
    lockRunDirectory(dir, table(2, { 2: 'noon' })).release();
  });

  it('knows this process in the real process table', () => {
    const real = systemProcessTable();
    expect(real.startOf(process.pid)).not.toBeNull();
    const lock = lockRunDirectory(dir);
    expect(() => lockRunDirectory(dir)).toThrow(`process ${process.pid} is writing to it`);
    lock.release();
  });
});
