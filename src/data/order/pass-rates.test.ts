import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import { PassRates, readPassRates } from './pass-rates.ts';

const draw = (plainCorrect: number, plainEvidence: number, guidedCorrect = 0) => ({
  plainCorrect,
  plainEvidence,
  guidedCorrect,
});

describe('pass rates of a run', () => {
  it('count an older draw half as much with every newer one', () => {
    const rates = new PassRates();
    rates.observe('a', draw(0, 8));
    expect(rates.get('a')).toEqual({ plain: 0, rescued: false });
    rates.observe('a', draw(8, 8));
    expect(rates.get('a')!.plain).toBe(8 / 12);
    rates.observe('a', draw(8, 8));
    expect(rates.get('a')!.plain).toBe(12 / 14);
  });

  it('know nothing of a draw that only has grader faults', () => {
    const rates = new PassRates();
    rates.observe('a', draw(0, 0));
    expect(rates.get('a')).toBeNull();
    rates.observe('a', draw(3, 4));
    rates.observe('a', draw(0, 0));
    expect(rates.get('a')!.plain).toBe(3 / 4);
  });

  it('remember a rescue until the next draw without one', () => {
    const rates = new PassRates();
    rates.observe('a', draw(0, 4, 2));
    expect(rates.get('a')!.rescued).toBe(true);
    rates.observe('a', draw(1, 4));
    expect(rates.get('a')!.rescued).toBe(false);
    rates.observe('a', draw(0, 4, 0));
    expect(rates.get('a')!.rescued).toBe(false);
  });

  it('come back from JSON as they were', () => {
    const rates = new PassRates();
    for (let n = 0; n < 60; n++) rates.observe('a', draw(n % 3, 7, n % 2));
    const again = PassRates.fromJSON(JSON.parse(JSON.stringify(rates)) as ReturnType<PassRates['toJSON']>);
    expect(again.toJSON()).toEqual(rates.toJSON());
  });
});

describe('readPassRates', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pass-rates-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'rates.jsonl');
  const reading = (...rows: unknown[]) => {
    writeFileSync(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
    return readPassRates(file);
  };

  it('sums the rows of a problem, and leaves hinted ones and the head of a measurement out', async () => {
    const rates = await reading(
      { guiderail: 'hint-lift', settings: {} },
      { id: 'a', correct: 1, samples: 4, source: 'ignored' },
      '',
      { id: 'a', correct: 3, samples: 4, context: 'plain' },
      { id: 'a', correct: 4, samples: 4, context: 'hint1' },
      { id: 'b', correct: 0, samples: 0 },
    );
    expect(rates.toJSON()).toEqual([['a', 4, 8, false]]);
  });

  it.each([
    ['{"id": "a"', /rates\.jsonl:2, but it is not JSON/],
    [{ id: 'a', correct: 5, samples: 4 }, /rates\.jsonl:2, but the row is not valid: correct is more/],
    [{ id: 'a', correct: '5', samples: 4 }, /rates\.jsonl:2, but correct is not valid/],
  ])('refuses %j with its line', async (row, sentence) => {
    const failed = reading({ id: 'b', correct: 1, samples: 1 }, row);
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(sentence);
  });

  it('refuses a file without plain rows, and one that is not there', async () => {
    await expect(reading({ id: 'a', correct: 1, samples: 2, context: 'hint1' })).rejects.toThrow(
      /no row has samples in the plain context/,
    );
    await expect(readPassRates(join(dir, 'none'))).rejects.toThrow(/no such file/);
  });
});
