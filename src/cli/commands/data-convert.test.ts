import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const convert = (...args: string[]) => scratch.run(['data', 'convert', ...args]);

/** Invented rows in the form of GSM8K's socratic file. */
const socratic = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    question: `A shop has ${i} pens and sells none. How many are left?`,
    answer: `How many are left? ** There are <<${i}=${i}>>${i} left.\n#### ${i}`,
  }));

describe('guiderail data convert', () => {
  it('makes hinted problems of GSM8K with sub-questions in one command, and data check accepts them', async () => {
    scratch.writeRows('socratic.jsonl', socratic(20));
    const { code, out } = await convert(
      ...['socratic.jsonl', '--as', 'gsm8k-socratic', '--out', 'train.jsonl'],
      ...['--hold-out', '5', '--hold-out-to', 'held-out.jsonl'],
    );
    expect(code).toBe(0);
    expect(out).toBe(
      'held-out.jsonl: 5 problems held out\ntrain.jsonl: 15 problems, 15 with a hint of level 1\n',
    );
    const rows = [...scratch.lines('train.jsonl'), ...scratch.lines('held-out.jsonl')];
    expect(new Set(rows.map(({ answer }) => answer)).size).toBe(20);
    expect(rows[0]).toMatchObject({ hints: ['1. How many are left?'], verifier: 'exact' });
    expect((await scratch.run(['data', 'check', 'train.jsonl'])).code).toBe(0);
  });

  it('goes to the Guide schema and back', async () => {
    scratch.writeRows('own.jsonl', [
      { prompt: 'Q', answer: 1, hints: ['a', 'b', 'c'], verifier: 'math', solution: 'so', source: 'math/x' },
      {
        messages: [
          { role: 'system', content: 'S' },
          { role: 'user', content: 'R' },
        ],
        answer: '2',
      },
    ]);
    expect(
      (await convert('own.jsonl', '--out', 'own.parquet', '--hint-template', '[{hint}] {content}')).code,
    ).toBe(0);
    const { out } = await convert('own.parquet', '--out', 'again.jsonl');
    expect(out).toBe(
      'again.jsonl: 2 problems, 1 with a hint of level 1, 1 with a hint of level 2, 1 with a hint of level 3\n',
    );
    const [first, second] = scratch.lines('again.jsonl');
    expect(first).toEqual({
      ...{
        prompt: 'Q',
        answer: '1',
        hints: ['a', 'b', 'c'],
        verifier: 'math',
        solution: 'so',
        source: 'math/x',
      },
      hintedPrompts: ['[a] Q', '[b] Q', '[c] Q'].map((content) => [{ role: 'user', content }]),
    });
    expect(second).toMatchObject({ answer: '2', source: 'jsonl/own' });
    expect((await scratch.run(['data', 'check', 'own.parquet'])).code).toBe(0);
  });

  it('takes columns by name', async () => {
    scratch.write('table.csv', 'question,gold,h1,h2\nQ,3,mild,strong\n');
    const columns = ['prompt=question', 'answer=gold', 'hints=h1,h2'].flatMap((pair) => ['--column', pair]);
    expect((await convert('table.csv', '--out', 'table.jsonl', '--verifier', 'math', ...columns)).code).toBe(
      0,
    );
    expect(scratch.lines('table.jsonl')).toEqual([
      { prompt: 'Q', answer: '3', verifier: 'math', hints: ['mild', 'strong'], source: 'csv/table' },
    ]);
  });

  it('refuses rows that are no problems, writes nothing then, and leaves them out when told to', async () => {
    scratch.writeRows('bad.jsonl', [{ prompt: 'Q', answer: 1 }, { prompt: 'R' }]);
    const refused = await convert('bad.jsonl', '--out', 'bad-out.jsonl');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/bad\.jsonl:2 \(answer\).*pass --drop-unusable/s);
    expect(existsSync(scratch.at('bad-out.jsonl'))).toBe(false);
    const dropped = await convert('bad.jsonl', '--out', 'bad-out.jsonl', '--drop-unusable');
    expect(dropped.err).toMatch(/Dropped 1 rows/);
    expect(scratch.lines('bad-out.jsonl')).toHaveLength(1);
  });

  it.each([
    [['own.jsonl', '--out', 'own.csv'], /ending in \.jsonl or \.parquet, got own\.csv/],
    [['own.jsonl', '--out', 'o.jsonl', '--hold-out', '1'], /--hold-out and --hold-out-to together/],
    [
      ['own.jsonl', '--out', 'o.jsonl', '--hold-out', '2', '--hold-out-to', 'h.jsonl'],
      /fewer problems to hold out than the 2/,
    ],
    [['hub:x', '--out', 'o.jsonl'], /hub:owner\/name/],
    [['own.jsonl', '--out', 'o.jsonl', '--as', 'gsm9k'], /"gsm9k"; did you mean "gsm8k/],
    [['dataset:gsm8k-socratic', '--out', 'o.jsonl', '--column', 'prompt=q'], /the registry says/],
    [['own.jsonl', '--out', 'o.jsonl', '--column', 'prompt'], /--column field=column, got "prompt"/],
    [['own.jsonl', '--out', 'o.jsonl', '--column', 'promt=q'], /promt/],
    [['own.jsonl', '--out', 'o.jsonl', '--hint-template', 'none'], /must contain both/],
  ])('says what is wrong with %j', async (args, sentence) => {
    const { code, err } = await convert(...args);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(existsSync(scratch.at('o.jsonl'))).toBe(false);
  });
});
