import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { SandboxChild } from './child.ts';
import { SandboxPool } from './pool.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'guiderail-pool-')));
const script = join(folder, 'child.mjs');
writeFileSync(
  script,
  'import * as fs from "node:fs";\nfs.writeSync(3, \'{"token":"","type":"began"}\\n\');\nfs.readSync(3, Buffer.alloc(1));\n',
);
afterAll(() => rmSync(folder, { recursive: true }));

let pool: SandboxPool;
afterEach(() => pool.close());
let orders = 0;
const idleChildren = async () => {
  orders++;
  return { script, args: [], readable: [], layers: new Set<never>() };
};

/** Lends and says which child it was. */
const use = (memoryBytes = 0, work: (child: SandboxChild) => void = () => {}) =>
  pool.lend(memoryBytes, async (child) => {
    work(child);
    return child.pid;
  });

describe('SandboxPool', () => {
  it('lends no more children at once than its size, and uses them again', async () => {
    pool = new SandboxPool(idleChildren, 2);
    orders = 0;
    const pids = await Promise.all(Array.from({ length: 6 }, () => use()));
    expect(new Set(pids).size).toBe(2);
    expect(orders).toBe(2);
  });

  it('replaces a child that is worn, that failed, or that had more memory than allowed now', async () => {
    pool = new SandboxPool(idleChildren, 1);
    const first = await use();
    const second = await use(0, (child) => (child.worn = true));
    expect(second).toBe(first);
    const third = await use(0, (child) => (child.grantedBytes = 100));
    expect(third).not.toBe(second);
    expect(await use(100)).toBe(third);
    const fourth = await use(99);
    expect(fourth).not.toBe(third);
    await expect(pool.lend(0, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect(await use()).not.toBe(fourth);
  });

  it('leaves nobody waiting where no child starts', async () => {
    pool = new SandboxPool(() => Promise.reject(new Error('no such interpreter')), 1);
    const all = await Promise.allSettled([use(), use(), use()]);
    expect(all.map((one) => (one.status === 'rejected' ? String(one.reason) : 'lent'))).toEqual(
      Array.from({ length: 3 }, () => 'Error: no such interpreter'),
    );
  });

  it('refuses when it is closed', async () => {
    pool = new SandboxPool(idleChildren, 1);
    pool.close();
    await expect(use()).rejects.toThrow(/closed/);
  });
});
