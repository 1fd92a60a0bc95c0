import { afterAll, describe, expect, it } from 'vitest';
import { FakeInterrupts, Scratch } from '../scratch.case.ts';
import type { InspectReport } from '../inspection-text.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const json = async (...argv: string[]) => {
  const { code, out, err } = await scratch.run(['data', 'inspect', ...argv, '--json']);
  expect(code, err).toBe(0);
  return JSON.parse(out) as InspectReport;
};

describe('guiderail data inspect', () => {
  it('counts rows by source and verifier, and lengths in tokens of the model with its chat template', async () => {
    const { problems, sources, verifiers, lengths, examples } = await json(
      'problems.jsonl',
      '--model',
      'model',
      '--examples',
      '1',
    );
    expect(problems).toBe(4);
    expect(sources.map(({ source, hinted }) => [source, hinted])).toEqual(
      ['a', 'b', 'c', 'd'].map((s) => [s, 1]),
    );
    expect(verifiers).toEqual({ exact: 4 });
    expect(lengths.unit).toBe('tokens');
    // 'ZORB is fed a d c . What comes out ? Show each step .' has 15 words, ' Hint: ZORB does swap-first .' 5 and more.
    expect(lengths.plain!.min).toBeGreaterThanOrEqual(15);
    expect(lengths.hinted).toMatchObject([{ level: 1 }]);
    expect(lengths.hinted[0].lengths.max).toBeGreaterThan(lengths.plain!.max);
    expect(examples[0].hinted[0].prompt).toContain('Hint: ');
  });

  it('says what a person should know of a bad file, with lines, and what it shares with evaluation problems', async () => {
    const asked = 'A farmer has twelve cows and buys seven more from his neighbour ; how many cows';
    scratch.writeRows('train.jsonl', [
      { prompt: `${asked} are there ?`, answer: 19 },
      { prompt: `${asked.toUpperCase()} ARE THERE`, answer: 19 },
      { prompt: 'Find x.', answer: '' },
      { prompt: 'Find x.', answer: '2', hint: 'It is even.' },
      'nonsense',
      { prompt: 'Find x.', answer: '2' },
    ]);
    scratch.writeRows('held.jsonl', [
      { prompt: 'Else', answer: '1' },
      'nonsense',
      { prompt: `Yesterday : ${asked} are on the farm ?`, answer: '19' },
    ]);
    const argv = [
      'data',
      'inspect',
      'train.jsonl',
      '--against',
      'held.jsonl',
      '--examples',
      '0',
      '--max-prompt',
      '40',
    ];
    const { code, out, err } = await scratch.run(argv);
    expect(code, err).toBe(0);
    expect(err).toContain('1 rows of held.jsonl are no problems and are not compared with.');
    expect(out.split('\n')).toEqual([
      '4 problems in train.jsonl',
      '2 rows that are no problems (answer 1, row 1):',
      '  train.jsonl:3 (answer): must not be empty',
      expect.stringMatching(/^ {2}train\.jsonl:5 \(row\): not JSON/),
      '',
      'source       problems  with hints',
      'jsonl/train         4           1',
      '',
      'verifier  problems',
      'exact            4',
      '',
      'prompt (characters)  problems  mean  min  50 %  90 %  99 %  max',
      'plain                       4    49    7     7    91    91   91', // 7, 7, 89 and 91
      'hint1                       1    26   26    26    26    26   26',
      'without a hint: 3',
      'longer than 40 characters: 2 (lines 1, 2)',
      '',
      'repetitions: 1 exact, 1 but for case, spaces and punctuation',
      '  train.jsonl:2 repeats line 1 (near)',
      '  train.jsonl:6 repeats line 4 (exact)',
      'overlap: 2 problems share 13 words in a row, or all of a shorter text, with one of 2 evaluation problems',
      expect.stringMatching(
        /^ {2}train\.jsonl:1 and held\.jsonl:3 \(16 words, 80 % of it\): A farmer .* cows are$/,
      ),
      expect.stringMatching(/^ {2}train\.jsonl:2 and held\.jsonl:3 /),
      '',
    ]);
    const fewer = await json('train.jsonl', '--against', 'held.jsonl', '--words', '18');
    expect(fewer.overlap).toMatchObject({ words: 18, problems: 0 });
  });

  it('renders as the recipe would', async () => {
    const { examples } = await json(
      ...[
        'problems.jsonl',
        '--examples',
        '1',
        '--hint-template',
        '({hint}) {content}',
        '--system-prompt',
        'Be brief.',
      ],
    );
    expect(examples[0].plain).toMatch(/^system: Be brief\.\nuser: /);
    expect(examples[0].hinted[0].prompt).toMatch(/\nuser: \(\w+ does [^)]*\) \w+ is fed/);
  });

  it('refuses in a sentence', async () => {
    const refused = async (...argv: string[]) => {
      const { code, err } = await scratch.run(['data', 'inspect', ...argv]);
      expect(code).toBe(1);
      return err;
    };
    expect(await refused('none.jsonl')).toMatch(
      /Expected problems at .*none\.jsonl, but there is no such file/,
    );
    expect(await refused('problems.jsonl', '--against', 'none.jsonl')).toContain('no such file');
    expect(await refused('problems.jsonl', '--model', 'model', '--tokenizer', 'model')).toContain('got both');
    expect(await refused('problems.jsonl', '--words', '2')).toContain('a whole number from 5 up');
    expect(await refused('problems.jsonl', '--hint-template', 'x')).toContain('must contain both');
  });

  it('stops at Ctrl-C', async () => {
    scratch.writeRows(
      'many.jsonl',
      Array.from({ length: 3000 }, (_, n) => ({ prompt: `q ${n}`, answer: n })),
    );
    const interrupts = new FakeInterrupts();
    const { code, out } = await scratch.run(['data', 'inspect', 'many.jsonl'], {
      interrupts,
      onStderr: (text) => {
        if (text.includes('inspecting') && !text.includes('Stopping')) interrupts.press();
      },
    });
    expect([code, out]).toEqual([130, '']);
    expect(interrupts.listeners()).toBe(0);
  });
});
