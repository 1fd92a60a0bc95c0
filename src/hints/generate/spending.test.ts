import { describe, expect, it } from 'vitest';
import { estimateRequest, priceOf, Spending } from './spending.ts';

const use = (promptTokens: number, completionTokens: number) => ({ promptTokens, completionTokens });

describe('estimates', () => {
  it('count bytes of prompts and hints of replies', () => {
    // 7 bytes and 4 of the message; 35 bytes (é has two) and 4.
    const messages = [
      { role: 'system' as const, content: 'x'.repeat(7) },
      { role: 'user' as const, content: 'é' + 'x'.repeat(33) },
    ];
    expect(estimateRequest(messages, 3)).toEqual(use(2 + 4 + 10 + 4, 300));
  });

  it('price a million tokens each way', () => {
    expect(priceOf(use(2_000_000, 500_000), { in: 0.15, out: 0.6 })).toBeCloseTo(0.6, 12);
  });
});

describe('Spending', () => {
  it('lets nothing begin that could pass the limit', async () => {
    const spending = new Spending({ tokens: 250 });
    const settle = await spending.reserve(use(100, 100));
    expect(settle).not.toBeNull();
    settle!(use(100, 20));
    expect(spending.spent).toEqual(use(100, 20));
    // 120 + 130 is the limit itself.
    expect(await spending.reserve(use(100, 31))).toBeNull();
    expect(await spending.reserve(use(100, 30))).not.toBeNull();
  });

  it('waits for those under way before it says no, as they may use less', async () => {
    const spending = new Spending({ tokens: 250 });
    const first = await spending.reserve(use(100, 100));
    const order: string[] = [];
    const second = spending.reserve(use(100, 100)).then((settle) => {
      order.push('second may begin');
      return settle;
    });
    await Promise.resolve();
    order.push('first ends');
    first!(use(20, 10));
    expect(await second).not.toBeNull();
    expect(order).toEqual(['first ends', 'second may begin']);
  });

  it('frees what a failed request had reserved', async () => {
    const spending = new Spending({ tokens: 250 });
    (await spending.reserve(use(100, 100)))!(null);
    expect(spending.spent).toEqual(use(0, 0));
    expect(await spending.reserve(use(100, 150))).not.toBeNull();
  });

  it('limits the price, with what was spent before', async () => {
    const prices = { in: 1, out: 10 };
    const spending = new Spending({ price: 3 }, prices, use(1_000_000, 0));
    expect(await spending.reserve(use(0, 200_001))).toBeNull();
    expect(await spending.reserve(use(0, 200_000))).not.toBeNull();
  });
});
