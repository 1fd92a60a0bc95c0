import { afterAll, describe, expect, it } from 'vitest';
import { Scratch } from '../scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

describe('guiderail data check', () => {
  it('finds nothing in good rows, by verifier', async () => {
    scratch.writeRows('good.jsonl', [
      { prompt: 'How fast?', answer: '9.81 m/s^2', verifier: 'science' },
      { prompt: 'Which?', answer: '{"value": "B", "choices": ["x", "y"]}', verifier: 'science' },
      { prompt: 'Which sign?', answer: '{"value": "B", "choices": ["2 m", "-2 m"]}', verifier: 'science' },
      { prompt: 'How many?', answer: 7 },
    ]);
    const { code, out } = await scratch.run(['data', 'check', 'good.jsonl']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'verifier  accepted  refused  ungradable  unchecked',
      'exact     1         0        0           0',
      'science   3         0        0           0',
      'rows that are no problems: 0',
      '',
    ]);
  });

  it('lists with its line every row that cannot be used, and fails', async () => {
    scratch.writeRows('bad.jsonl', [
      { prompt: 'a', answer: '5' },
      { prompt: 'b', answer: '\\boxed{5}' },
      '',
      { prompt: 'c', answer: '{"value": 3, "unit": "m", "tolerence": 1}', verifier: 'science' },
      { prompt: 'a', answer: '5' },
      { prompt: 'a', answer: '6' },
      { prompt: 'd', answer: '  ' },
      { prompt: 'e', answer: '5', verifier: 'exakt' },
      { prompt: ' f\n g ', answer: '0.5 m', verifier: 'science' },
      { prompt: 'f g', answer: '50 cm', verifier: 'science' },
      { prompt: 'h', answer: 'because '.repeat(21), verifier: 'science' },
      { prompt: 'i', answer: '{"value": "A", "choices": ["2 m", "3 m", "2 m"]}', verifier: 'science' },
    ]);
    const { code, out, err } = await scratch.run(['data', 'check', 'bad.jsonl', '--jobs', '2']);
    expect(code).toBe(1);
    expect(err).toContain('9 of 11 rows of bad.jsonl cannot be used.');
    // The counts come first.
    expect(out).toMatch(/^verifier .*\n(?:(?!bad\.jsonl).*\n)+(?:bad\.jsonl:.*\n)+$/);
    const found = out.split('\n').filter((line) => line.startsWith('bad.jsonl:'));
    expect(
      found.map((line) =>
        line
          .slice('bad.jsonl:'.length)
          .replace(/: .*(?=tolerence|exact")/, ' … ')
          .slice(0, 66),
      ),
    ).toEqual([
      '2 (answer, exact): refused: The answer "5" is not the expected "\\b',
      expect.stringMatching(/^4 \(answer, science\) … tolerence/),
      '5 (row): the same messages and answer as line 1',
      '6 (answer): the messages of line 1 with another answer: "6", not "',
      '7 (answer): must not be empty',
      expect.stringMatching(/^8 \(answer, exakt\)/),
      '10 (row): the messages of line 9 with the same answer, written as ',
      '11 (answer, science): ungradable: Expected an answer of at most 20',
      '12 (answer, science): ungradable: Expected the choices to differ, ',
    ]);
  });

  it('takes a verifier of your own', async () => {
    scratch.write(
      'mine.mjs',
      'export default ({ response }) => ({ kind: "wrong", reason: response, extracted: null });',
    );
    scratch.writeRows('mine.jsonl', [{ prompt: 'a', answer: '5', verifier: 'mine' }]);
    const { code, out } = await scratch.run(['data', 'check', 'mine.jsonl', '--custom', 'mine=mine.mjs']);
    expect(code).toBe(1);
    expect(out).toContain('mine.jsonl:1 (answer, mine): refused: #### 5\n\\boxed{5}');
  });
});
