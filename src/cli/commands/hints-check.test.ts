import { afterAll, describe, expect, it } from 'vitest';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const EGGS = 'A hen lays 60 eggs. We eat 18. How many are left?';
const check = (...more: string[]) => scratch.run(['hints', 'check', ...more]);

describe('guiderail hints check', () => {
  it('finds nothing in good hints', async () => {
    scratch.writeRows('good.jsonl', [
      { prompt: EGGS, answer: '42', hints: ['What is eaten is gone.', 'Subtract what is eaten.'] },
      { prompt: 'No hint?', answer: '7' },
    ]);
    const { code, out } = await check('good.jsonl');
    expect(code).toBe(0);
    expect(out).toBe('hints: 2 (ok 2)\nrows that are no problems: 0\n');
  });

  const rows = [
    {
      prompt: EGGS,
      answer: '42',
      mine: { kept: true },
      hints: ['What is eaten is gone.', 'So 42 are left, of course.', 'Subtract 18 from 60.'],
    },
    { prompt: 'Which is it?', answer: 'blue', hint: 'Well, it is blue.' },
    { prompt: 'broken', answer: '' },
    { prompt: 'Double 4.', answer: '8', hints: ['Add the number to itself.', 'The answer is eight.'] },
    { prompt: EGGS, answer: '42', hints: ['Think.', ''] },
    '{',
  ];

  it('lists hints that leak and rows that are none, with their places, and fails', async () => {
    scratch.writeRows('bad.jsonl', rows);
    const { code, out, err } = await check('bad.jsonl', '--out', 'verdicts.jsonl', '--jobs', '1');
    expect(code).toBe(1);
    expect(err).toContain('3 of 6 hints are not in order, 3 of them leak');
    expect(err).toContain('3 rows are no problems');
    expect(out.split('\n').map((line) => line.replace(/: .*/, ''))).toEqual([
      'bad.jsonl:1 (hint 2 at 3)',
      'bad.jsonl:2 (hint 1 at 12)',
      'bad.jsonl:3 (answer)',
      expect.stringMatching(/^bad\.jsonl:4 \(hint 2 at \d+\)$/),
      'bad.jsonl:5 (hints.1)',
      'bad.jsonl:6 (row)',
      'hints',
      'rows that are no problems',
      '',
    ]);
    const verdicts = scratch.lines<{ line: number; level?: number; verdict?: string }>('verdicts.jsonl');
    expect(verdicts.map(({ line, level, verdict }) => [line, level, verdict])).toEqual([
      [1, 1, 'ok'],
      [1, 2, 'answerLeak'],
      [1, 3, 'ok'],
      [2, 1, 'answerLeak'],
      [3, undefined, undefined],
      [4, 1, 'ok'],
      [4, 2, 'answerLeak'],
      [5, undefined, undefined],
      [6, undefined, undefined],
    ]);
    expect(verdicts[1]).toMatchObject({ action: 'regenerate', evidence: { start: 3, end: 5, text: '42' } });
  });

  it('drops them and leaves every other hint at its level', async () => {
    scratch.writeRows('rows.jsonl', rows.slice(0, 2).concat(rows.slice(3, 4)));
    const { code, out } = await check('rows.jsonl', '--drop');
    expect(code).toBe(0);
    expect(out).toContain('3 hints left out of rows.checked.jsonl');
    expect(scratch.lines('rows.checked.jsonl')).toEqual([
      {
        prompt: EGGS,
        answer: '42',
        mine: { kept: true },
        hints: ['What is eaten is gone.', null, 'Subtract 18 from 60.'],
      },
      { prompt: 'Which is it?', answer: 'blue', hints: [] },
      { prompt: 'Double 4.', answer: '8', hints: ['Add the number to itself.'] },
    ]);
    const again = await check('rows.checked.jsonl', '--drop', 'again.jsonl');
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain('hints: 3 (ok 3)');
    expect(scratch.read('again.jsonl')).toBe(scratch.read('rows.checked.jsonl'));
  });

  it('takes bounds, a language and the verifier of rows that name none', async () => {
    const half = { prompt: 'What is the chance of heads with this one coin?', answer: '\\frac{1}{2}' };
    scratch.writeRows('half.jsonl', [
      { ...half, hint: 'The chance is 0.5 for each of both sides, so think about what that means here.' },
    ]);
    expect((await check('half.jsonl', '--verifier', 'math')).out).toContain('answerLeak 1');
    scratch.writeRows('plain.jsonl', [
      {
        ...half,
        hint: 'Both sides of the coin are alike, so think about what that means for the two of them together, whatever the coin has shown before.',
      },
    ]);
    expect((await check('plain.jsonl')).code).toBe(0);
    expect((await check('plain.jsonl', '--max-words', '5')).out).toContain('tooLong 1');
    expect((await check('plain.jsonl', '--min-words', '30')).out).toContain('tooShort 1');
    expect((await check('plain.jsonl', '--language', 'deu')).out).toContain('language 1');
    const solution =
      'Both sides of the coin are alike, so each has the same chance, and the chances add up to one.';
    scratch.writeRows('solved.jsonl', [
      { ...half, solution, hint: 'Both sides of the coin are alike, so look at them.' },
    ]);
    expect((await check('solved.jsonl')).code).toBe(0);
    expect((await check('solved.jsonl', '--max-overlap-words', '6')).out).toContain('solutionOverlap 1');
    expect((await check('solved.jsonl', '--max-overlap-share', '0.3')).out).toContain('solutionOverlap 1');
  });

  it('takes a verifier of your own', async () => {
    scratch.write(
      'mine.mjs',
      'export default ({ problem, response }) => ({ kind: response.includes([...problem.answer].reverse().join("")) ? "correct" : "wrong", reason: "r", extracted: null });',
    );
    scratch.writeRows('mine.jsonl', [
      { prompt: 'Which word?', answer: 'abc', verifier: 'mine', hint: 'Perhaps it is cba then.' },
    ]);
    expect((await check('mine.jsonl', '--custom', 'mine=mine.mjs')).out).toContain('answerLeak 1');
  });

  it.each([
    [['missing.jsonl'], /Cannot read missing\.jsonl/],
    [['empty.jsonl'], /Expected problems in empty\.jsonl, but it is empty/],
    [['good.jsonl', '--max-overlap-share', '2'], /from 0 to 1/],
    [['good.jsonl', '--language', 'English'], /three letters/],
    [['good.jsonl', '--min-words', '0'], /whole number from 1/],
  ])('answers %j with a sentence', async (argv, sentence) => {
    scratch.write('empty.jsonl', '\n');
    const { code, err } = await check(...argv);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('stops at Ctrl-C and writes nothing', async () => {
    scratch.writeRows(
      'good2.jsonl',
      Array.from({ length: 50 }, (_, index) => ({ ...(rows[1] as object), prompt: `Q ${index}?` })),
    );
    const interrupts = new FakeInterrupts();
    const run = scratch.run(['hints', 'check', 'good2.jsonl', '--out', 'stopped.jsonl'], { interrupts });
    while (interrupts.listeners() === 0) await new Promise((settle) => setImmediate(settle));
    interrupts.press();
    expect((await run).code).toBe(130);
    expect(() => scratch.read('stopped.jsonl')).toThrow('ENOENT');
    expect(interrupts.listeners()).toBe(0);
  });
});
