import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli } from '../program.ts';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';
import { recordedIO, recordedStream } from '../test-io.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const graded = z.strictObject({
  id: z.union([z.string(), z.number()]),
  verdict: z.string(),
  extracted: z.string().nullable(),
  reason: z.string(),
  ms: z.number().nonnegative(),
});
const linesIn = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe('guiderail grade', () => {
  it('writes a verdict for each row, in the order of the rows', async () => {
    scratch.writeRows('rows.jsonl', [
      { id: 'a', response: '\\boxed{0.3 km}', gold: '300 m' },
      { id: 2, response: '\\boxed{B}', gold: { value: 'A', choices: ['x', 'y'] }, note: 'kept out' },
      '',
      { id: 'c', response: 'Let us', gold: 5, finish: 'length' },
      { id: 'd', response: '\\boxed{1}', gold: { value: 1, tolerence: 2 } },
    ]);
    const { code, out, err } = await scratch.run([
      'grade',
      '--kind',
      'science',
      '--in',
      'rows.jsonl',
      '--jobs',
      '2',
    ]);
    expect([code, err]).toEqual([
      0,
      '1 of 4 verdicts are graderError or graderTimeout, which say nothing of the response.\n',
    ]);
    const rows = linesIn(out).map((row) => graded.parse(row));
    expect(rows.map(({ id, verdict, extracted }) => [id, verdict, extracted])).toEqual([
      ['a', 'correct', '0.3 km'],
      [2, 'wrong', 'B'],
      ['c', 'truncated', null],
      ['d', 'graderError', null],
    ]);
    expect(rows[3].reason).toContain('tolerence');
  });

  it('reports a bad row with its line where it stands, goes on, and fails at the end', async () => {
    scratch.writeRows('bad.jsonl', [
      { id: 1, response: '#### 5', gold: 5 },
      '{"id": 2,',
      { id: 3, gold: 5 },
      { id: 4, response: '#### 6', gold: 5 },
      { id: 4, response: '#### 5', gold: ['5'] },
      { response: '#### 5', gold: 5 },
      [],
    ]);
    const { code, err } = await scratch.run([
      'grade',
      '--kind',
      'exact',
      '--in',
      'bad.jsonl',
      '--out',
      'out.jsonl',
    ]);
    expect(code).toBe(1);
    expect(err).toContain('5 of 7 rows could not be graded');
    expect(scratch.lines('out.jsonl')).toEqual([
      expect.objectContaining({ id: 1, verdict: 'correct' }),
      { id: null, line: 2, error: expect.stringMatching(/^Expected JSON/) as string },
      { id: 3, line: 3, error: expect.stringContaining('"response"') as string },
      expect.objectContaining({ id: 4, verdict: 'wrong' }),
      { id: 4, line: 5, error: expect.stringMatching(/"gold".*expected a text .* object/) as string },
      { id: null, line: 6, error: expect.stringMatching(/"id".*expected a text or a number/) as string },
      { id: null, line: 7, error: expect.stringContaining('the row') as string },
    ]);
  });

  it('reads standard input as it comes, without waiting for its end', async () => {
    const out = recordedStream();
    let written = 0;
    // Each row is given only once the verdict on the one four before it is out.
    async function* rows() {
      for (let id = 0; id < 12; id++) {
        if (id >= 4) expect(out.text().split('\n').length - 1).toBeGreaterThanOrEqual(id - 4);
        written++;
        yield `${JSON.stringify({ id, response: `#### a\u2028b ${id}`, gold: `a\u2028b ${id}` })}\n`;
      }
    }
    const io = {
      ...recordedIO(scratch.dir),
      stdout: out.stream,
      stdin: Readable.from(rows(), { highWaterMark: 1 }),
    };
    expect(await runCli(['grade', '--kind', 'exact', '--jobs', '1'], io)).toBe(0);
    expect(written).toBe(12);
    const verdicts = linesIn(out.text()).map((row) => graded.parse(row));
    expect(verdicts.map(({ id, verdict }) => [id, verdict])).toEqual(
      Array.from({ length: 12 }, (_, id) => [id, 'correct']),
    );
  });

  it('ends at Ctrl-C while rows are awaited, and while one is graded', async () => {
    scratch.write('hang.mjs', 'export default () => { for (;;); };');
    const row = '{"id":1,"response":"x","gold":"y"}\n';
    for (const given of [[], [row]]) {
      const interrupts = new FakeInterrupts();
      // Asked for more rows than there are, which takes a verifier that has the first.
      const stdin = new Readable({
        read: () => (given.length > 0 ? stdin.push(given.pop()) : interrupts.press()),
      });
      const argv = [
        'grade',
        '--kind',
        'hang',
        '--custom',
        'hang=hang.mjs',
        '--timeout',
        '3600',
        '--jobs',
        '2',
      ];
      expect(await runCli(argv, { ...recordedIO(scratch.dir), stdin, interrupts })).toBe(130);
      expect(interrupts.listeners()).toBe(0);
    }
  });

  it('reads no further once nobody reads what it writes', async () => {
    let given = 0;
    async function* rows() {
      for (let id = 0; id < 1000; id++) {
        given++;
        yield `{"id":${id},"response":"#### 1","gold":1}\n`;
      }
    }
    const stdout = { writable: true, write: () => (stdout.writable = false) };
    const io = { ...recordedIO(scratch.dir), stdout, stdin: Readable.from(rows(), { highWaterMark: 1 }) };
    expect(await runCli(['grade', '--kind', 'exact', '--jobs', '1'], io)).toBe(0);
    expect(given).toBeLessThan(10);
  });

  it('says nothing of no rows, and reads a row of ten million characters', async () => {
    scratch.write('empty.jsonl', '');
    const argv = ['grade', '--kind', 'exact', '--in'];
    expect(await scratch.run([...argv, 'empty.jsonl'])).toEqual({ code: 0, out: '', err: '' });
    scratch.writeRows('long.jsonl', [{ id: 1, response: `${'x'.repeat(1e7)}#### 5`, gold: 5 }]);
    expect((await scratch.run([...argv, 'long.jsonl'])).out).toContain('"verdict":"correct"');
    scratch.writeRows('longer.jsonl', [
      { id: 1, response: 'x'.repeat(17 * 2 ** 20), gold: 5 },
      { id: 2, response: '#### 5', gold: 5 },
    ]);
    const { code, out } = await scratch.run([...argv, 'longer.jsonl']);
    expect(code).toBe(1);
    expect(linesIn(out)).toMatchObject([{ line: 1, error: 'The line is too long to be a row.' }, { id: 2 }]);
  });

  it('takes a verifier of your own, whose fault is the verdict on one row', async () => {
    scratch.write(
      'mine.mjs',
      'export default async ({ response }) => { if (response === "x") process.exit(1);' +
        ' return { kind: "correct", reason: "r", extracted: response }; };',
    );
    scratch.writeRows(
      'mine.jsonl',
      [1, 2, 3].map((id) => ({ id, response: id === 2 ? 'x' : 'y', gold: 'g' })),
    );
    const { code, out } = await scratch.run([
      'grade',
      '--kind',
      'mine',
      '--custom',
      'mine=mine.mjs',
      '--in',
      'mine.jsonl',
    ]);
    expect(code).toBe(0);
    expect(linesIn(out).map((row) => graded.parse(row).verdict)).toEqual([
      'correct',
      'graderError',
      'correct',
    ]);
  });

  it.each([
    [['--kind', 'sience'], /mean "science"/],
    [['--kind', 'mine', '--custom', 'mine=none.mjs'], /Cannot load the verifier of kind "mine"/],
    [['--kind', 'exact', '--custom', 'mine'], /the kind and the path of a module/],
    [['--kind', 'exact', '--in', 'none.jsonl'], /Cannot read none\.jsonl/],
    [['--kind', 'exact', '--jobs', '0'], /whole number from 1/],
    [['--kind', 'exact', '--jobs', '257'], /whole number from 1 to 256/],
    // In milliseconds it would be more than a timer holds, and every verdict graderTimeout.
    [['--kind', 'exact', '--timeout', '2147484'], /whole number from 1 to 3600/],
    [['--kind', 'exact', '--out', 'none/out.jsonl'], /Expected the folder .*none to exist/],
  ])('refuses %j', async (options, message) => {
    const { code, err } = await scratch.run(['grade', ...options]);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});
