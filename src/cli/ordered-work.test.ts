import { describe, expect, it } from 'vitest';
import { inOrder } from './ordered-work.ts';

/** Work that ends when the test says so. */
class Jobs {
  readonly begun: number[] = [];
  readonly #ends = new Map<number, () => void>();
  readonly work = (item: number): Promise<string> => {
    this.begun.push(item);
    return new Promise((resolve) => this.#ends.set(item, () => resolve(`r${item}`)));
  };
  end(...items: number[]): void {
    for (const item of items) this.#ends.get(item)!();
  }
}

async function* numbers(count: number, error?: Error): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield item;
  if (error) throw error;
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('inOrder', () => {
  it('has so many under way, gives results in order, and goes on past a slow one', async () => {
    const jobs = new Jobs();
    const given: string[] = [];
    const all = (async () => {
      for await (const result of inOrder(numbers(5), 2, jobs.work)) given.push(result);
    })();
    await turns();
    expect(jobs.begun).toEqual([0, 1]);
    jobs.end(1);
    await turns();
    expect([jobs.begun, given]).toEqual([[0, 1, 2], []]);
    jobs.end(2, 0);
    await turns();
    expect(given).toEqual(['r0', 'r1', 'r2']);
    jobs.end(4, 3);
    await all;
    expect(given).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });

  it('holds a bounded number of results behind a slow one', async () => {
    const jobs = new Jobs();
    const results = inOrder(numbers(1000), 2, jobs.work);
    const first = results.next();
    for (let item = 1; item < 32; item++) {
      await turns();
      jobs.end(item);
    }
    await turns();
    expect(jobs.begun).toHaveLength(32);
    jobs.end(0);
    expect((await first).value).toBe('r0');
    await results.return(undefined);
  });

  it('gives a result while the next item is still to come', async () => {
    let more: (item: number) => void = () => {};
    async function* slowly() {
      yield 0;
      yield await new Promise<number>((resolve) => (more = resolve));
    }
    const results = inOrder(slowly(), 4, async (item) => item);
    expect((await results.next()).value).toBe(0);
    const second = results.next();
    await turns();
    more(1);
    expect((await second).value).toBe(1);
    expect((await results.next()).done).toBe(true);
  });

  it('throws what its items throw, after the results before', async () => {
    const given: number[] = [];
    const all = async () => {
      for await (const result of inOrder(numbers(3, new Error('torn')), 8, async (item) => item))
        given.push(result);
    };
    await expect(all()).rejects.toThrow('torn');
    expect(given).toEqual([0, 1, 2]);
  });
});
