import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import { collected } from './collected.case.ts';
import { parseHub, parseSource, problemSourceSchema } from './source-config.ts';
import { collectProblems, problemsOf } from './source.ts';

const folder = mkdtempSync(join(tmpdir(), 'guiderail-source-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const jsonl = (rows: readonly unknown[], name = 'rows.jsonl') =>
  fileOf(name, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
/** As a recipe would say it. */
const read = (source: object) => collected(problemsOf(problemSourceSchema.parse(source)));

describe('problems by named columns', () => {
  const rows = [
    {
      question: 'Q1',
      final: [{ value: 3.5 }],
      steps: ['s1', 's2'],
      extra: { topic: 'math/x' },
      how: 'so',
      grader: 'math',
    },
  ];

  it('take what stands at dotted paths', async () => {
    const columns = {
      ...{ prompt: 'question', answer: 'final.0.value', hints: 'steps', solution: 'how' },
      ...{ source: 'extra.topic', verifier: 'grader' },
    };
    const [row] = await read({ file: jsonl(rows), columns });
    expect(row).toMatchObject({
      line: 1,
      problem: {
        messages: [{ role: 'user', content: 'Q1' }],
        ...{ answer: '3.5', hints: ['s1', 's2'], solution: 'so', source: 'math/x', verifier: 'math' },
      },
    });
  });

  it('take a column whose own name has a dot before a path', async () => {
    const file = jsonl([{ 'a.b': 'own', a: { b: 'nested' }, q: 'Q' }]);
    const [row] = await read({ file, columns: { prompt: 'q', answer: 'a.b' } });
    expect(row).toMatchObject({ problem: { answer: 'own' } });
  });

  it.each([
    ['one column', 'h', { h: 'x' }, ['x']],
    ['one column that is empty', 'h', { h: ' ' }, []],
    ['a list in JSON', 'h', { h: '["x", "y"]' }, ['x', 'y']],
    ['text that begins with a bracket', 'h', { h: '[x] first' }, ['[x] first']],
    ['a column a level', ['h', 'i'], { h: 'x', i: 'y' }, ['x', 'y']],
    ['a last level that is missing', ['h', 'i'], { h: 'x', i: '' }, ['x']],
    ['a first level that is missing', ['h', 'i'], { i: 'y' }, ['', 'y']],
  ])('have hints from %s', async (_, hints, fields, expected) => {
    const file = jsonl([
      { q: 'Q', a: 1, h: 'all', i: 'all' },
      { q: 'Q2', a: 1, ...fields },
    ]);
    const [, row] = await read({ file, columns: { prompt: 'q', answer: 'a', hints } });
    expect(row).toMatchObject({ problem: { hints: expected } });
  });

  it('take a conversation that stands in the prompt', async () => {
    const messages = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Q' },
    ];
    const [row] = await read({ file: jsonl([{ p: messages, a: 1 }]), columns: { prompt: 'p', answer: 'a' } });
    expect(row).toMatchObject({ problem: { messages } });
  });

  it('say of a row which column it lacks', async () => {
    const file = jsonl([{ q: 'Q', a: 1 }, { q: 'Q' }, { a: 2 }]);
    const rows = await read({ file, columns: { prompt: 'q', answer: 'a' } });
    expect(rows.slice(1)).toEqual([
      { line: 2, field: 'a', reason: 'is missing, and columns.answer names it' },
      { line: 3, field: 'q', reason: 'is missing, and columns.prompt names it' },
    ]);
  });

  it('refuse a column that no row has, before and after reading', async () => {
    const columns = { prompt: 'q', answer: 'a', hints: 'hnt' };
    await expect(read({ file: jsonl([{ q: 'Q', a: 1, hint: 'x' }]), columns })).rejects.toThrow(
      /a column "hnt" in .*none of its 1 rows has it/,
    );
    const csv = fileOf('rows.csv', 'q,a,hint\nQ,1,x\n');
    await expect(read({ file: csv, columns })).rejects.toThrow(/a column "hnt" in .*got q, a, hint/);
    await expect(read({ file: fileOf('own.csv', 'q,a\nQ,1\n') })).rejects.toThrow(
      /column prompt or messages in .*got q, a; say which.*columns: \{ prompt: question/,
    );
  });

  it.each(['__proto__', 'constructor', 'constructor.name', 'toString', '__proto__.polluted'])(
    'find nothing of JavaScript at %s',
    async (path) => {
      const file = jsonl([{ q: 'Q', a: 1 }]);
      const generator = problemsOf({ file, columns: { prompt: 'q', answer: path } });
      expect((await generator.next()).value).toMatchObject({ field: path });
    },
  );
});

describe('problems of a table', () => {
  it('are those of its columns, lists in JSON, and the source names the file', async () => {
    const csv = fileOf('sums.csv', 'prompt,answer,hints,verifier\n1+1?,2,"[""a"", ""b""]",\n2+2?,,,math\n');
    const [first, second] = await read({ file: csv, verifier: 'math' });
    expect(first).toMatchObject({
      ...{ line: 2, problem: { hints: ['a', 'b'], verifier: 'math', source: 'csv/sums', answer: '2' } },
    });
    expect(second).toMatchObject({ line: 3, field: 'answer' });
  });
});

describe('problems of parquet', () => {
  const file = join(import.meta.dirname, '../../../oracles/golden/parquet/snappy.parquet');

  it('are those of its columns, nested ones too', async () => {
    const columns = { prompt: 'prompt', answer: 'answer', hints: 'hints', source: 'source' };
    const rows = await read({ file, columns });
    expect(rows).toHaveLength(60);
    expect(rows[3]).toMatchObject({
      line: 4,
      problem: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'How much is 3 + 3? Really? Really? Really?' },
        ],
        ...{ answer: '6', hints: ['double 3', 'double 3'], source: 'math/sums' },
      },
    });
  });

  it('have each row of a wrong type named, and a field within a struct found', async () => {
    const rows = await read({ file, columns: { prompt: 'prompt', answer: 'easy' } });
    const reason = 'must be a string or a number';
    expect(rows[59]).toEqual({ line: 60, field: 'answer', reason });
    const [first] = await read({ file, columns: { prompt: 'extra.split.name', answer: 'extra.index' } });
    expect(first).toMatchObject({ problem: { messages: [{ content: 'train' }], answer: '0' } });
  });
});

describe('a limit', () => {
  it('ends reading when so many problems are there', async () => {
    const file = fileOf(
      'cut.jsonl',
      '{"prompt":"a","answer":1}\n{"prompt":"a","answer":1}\n{"prompt":"b","answer":1}\nnonsense\n',
    );
    const { problems, lines, rejected } = await collectProblems({ file, limit: 2 });
    expect([problems.length, lines]).toEqual([2, [1, 3]]);
    expect(rejected).toEqual([{ line: 2, field: 'row', reason: 'the same messages and answer as line 1' }]);
  });
});

describe('a data set of the registry', () => {
  const row = { question: 'Q?', answer: 'How many? ** 2+1=<<2+1=3>>3\n#### 3' };

  it('may be a local file with its rows', async () => {
    const file = jsonl([row, { question: 'Q?' }], 'socratic.jsonl');
    const [first, second] = await read({ dataset: 'gsm8k-socratic', file });
    expect(first).toMatchObject({ problem: { answer: '3', hints: ['1. How many?'] } });
    expect(second).toMatchObject({ line: 2, field: 'answer' });
  });

  it('is not a table of other columns', async () => {
    const file = fileOf('other.csv', 'prompt,gold\nQ,3\n');
    await expect(read({ dataset: 'gsm8k-socratic', file })).rejects.toThrow(
      /columns of the data set gsm8k-socratic in .*\(question, answer\), got prompt, gold/,
    );
  });

  it('has a name and splits of its own', async () => {
    await expect(read({ dataset: 'gsm8k-socrates' })).rejects.toThrow(ConfigError);
    await expect(read({ dataset: 'gsm8k-socratic', split: 'validation' })).rejects.toThrow(
      /a split of the data set gsm8k-socratic, got "validation"; there are train/,
    );
  });
});

it('problems of the synthetic family come like those of a file', async () => {
  const source = problemSourceSchema.parse({ machines: {}, split: 'train', count: 3 });
  expect((await collectProblems(source)).lines).toEqual([1, 2, 3]);
});

it('a source without a problem is an error that names its first faults', async () => {
  await expect(collectProblems({ file: jsonl([{ prompt: 'x' }]) })).rejects.toThrow(DataError);
});

describe('a source in one word', () => {
  it.each([
    ['a/b.csv', { file: 'a/b.csv' }],
    ['hub:org/name[main]/test@v1', { hub: 'org/name[main]/test@v1' }],
    ['dataset:gsm8k', { dataset: 'gsm8k', split: 'train' }],
    ['dataset:gsm8k/test', { dataset: 'gsm8k', split: 'test' }],
  ])('%s', (text, source) => expect(parseSource(text)).toEqual(source));

  it.each([
    ['org/name', { repo: 'org/name', config: null, split: 'train', revision: 'main' }],
    [
      'hub:o.g/n-1[a.b]/test@refs/convert/parquet',
      { repo: 'o.g/n-1', config: 'a.b', split: 'test', revision: 'refs/convert/parquet' },
    ],
    ['name', null],
    ['org/name/../train', null],
    ['../name', null],
    ['org/name@../../x', null],
    ['org/name[../x]', null],
    ['org/name[..]', null],
  ])('%s of the hub', (text, reference) => expect(parseHub(text)).toEqual(reference));

  it('is refused where it is none', () => {
    expect(() => parseSource('hub:name')).toThrow(
      /hub:owner\/name\[config\]\/split@revision, got "hub:name"/,
    );
  });
});

it.each<object>([
  { file: 'x.csv', columns: { prompt: 'q' } },
  { file: 'x.csv', columns: { answer: 'q' } },
  { file: 'x.csv', columns: { prompt: 'a', messages: 'b', answer: 'q' } },
  { file: 'x.csv', columns: { promt: 'a', answer: 'q' } },
  { hub: 'name' },
  { dataset: 'gsm8k', file: 'x.jsonl', revision: 'main' },
])('a recipe cannot say %j', (source) => {
  expect(problemSourceSchema.safeParse(source).success).toBe(false);
});
