import { describe, expect, it } from 'vitest';
import { filesOfSplit } from './hub-files.ts';
import { parseHub } from './source-config.ts';

const files = (paths: readonly string[], text: string, card: string | null = null) =>
  filesOfSplit(paths, card, parseHub(text)!);
const card = (configs: string) => `---\nlicense: mit\nconfigs:\n${configs}\n---\ntext`;

describe('the files of a split, by name', () => {
  const GSM8K = [
    ...['README.md', 'main/test-00000-of-00001.parquet', 'main/train-00000-of-00001.parquet'],
    ...['socratic/test-00000-of-00001.parquet', 'socratic/train-00000-of-00001.parquet'],
  ];

  it('are those of the config and the split', () => {
    expect(files(GSM8K, 'o/n[main]/train')).toEqual(['main/train-00000-of-00001.parquet']);
    expect(files(GSM8K, 'o/n[socratic]/test')).toEqual(['socratic/test-00000-of-00001.parquet']);
  });

  it('are asked for by config where several have the split', () => {
    expect(() => files(GSM8K, 'o/n/test')).toThrow(
      /lie in main\/, socratic\/; name one as hub:o\/n\[config\]\/test/,
    );
  });

  it.each([
    [
      ['data/train-00001.parquet', 'data/train-00000.parquet', 'data/test-0.parquet'],
      'o/n',
      ['data/train-00000.parquet', 'data/train-00001.parquet'],
    ],
    [
      ['main/train/0000.parquet', 'main/train/0001.parquet', 'main/test/0000.parquet'],
      'o/n[main]/train@refs/convert/parquet',
      ['main/train/0000.parquet', 'main/train/0001.parquet'],
    ],
    [['deepscaler.json', 'README.md'], 'o/n', ['deepscaler.json']],
    [['test.jsonl', 'rows.csv'], 'o/n', ['rows.csv']],
    [['train.csv', 'train.parquet', 'train.jsonl.gz'], 'o/n', ['train.parquet']],
    [['all/strain.csv', 'all/train.csv'], 'o/n', ['all/train.csv']],
  ])('of %j for %s are %j', (paths, text, found) => {
    expect(files(paths, text)).toEqual(found);
  });

  it('are refused with what there is', () => {
    expect(() => files(GSM8K, 'o/n[main]/validation')).toThrow(
      /split "validation" of the config "main" in hub:o\/n, but it has main\/test-0.*refs\/convert\/parquet/,
    );
    expect(() => files(['README.md'], 'o/n')).toThrow(/it has no file of rows/);
  });
});

describe('the files of a split, as the card says', () => {
  const paths = ['a/one.parquet', 'a/two.parquet', 'b/deep/er/x.parquet', 'b/x.csv'];

  it.each([
    [
      '- config_name: x\n  data_files:\n  - split: train\n    path: a/*',
      'o/n',
      ['a/one.parquet', 'a/two.parquet'],
    ],
    [
      '- config_name: x\n  data_files:\n  - split: train\n    path: [a/two.parquet, b/**]',
      'o/n',
      ['a/two.parquet', 'b/deep/er/x.parquet'],
    ],
    ['- config_name: x\n  data_files: b/*.csv', 'o/n[x]', ['b/x.csv']],
    [
      '- config_name: x\n  data_files: b/*.csv\n- config_name: default\n  data_files: ["./a/o?e.parquet"]',
      'o/n',
      ['a/one.parquet'],
    ],
  ])('%s', (configs, text, found) => {
    expect(files(paths, text, card(configs))).toEqual(found);
  });

  it.each([
    [
      '- config_name: x\n  data_files: nothing/*',
      'o/n',
      /Expected nothing\/\* in hub:o\/n, as its card says/,
    ],
    ['- config_name: x\n  data_files:\n  - split: dev\n    path: a/*', 'o/n', /got "train"; there are dev/],
    [
      '- config_name: x\n  data_files: a/*\n- config_name: y\n  data_files: b/*',
      'o/n',
      /hub:o\/n\[x\]\/train; there are x, y/,
    ],
  ])('%s for %s is refused', (configs, text, sentence) => {
    expect(() => files(paths, text, card(configs))).toThrow(sentence);
  });

  it.each(['no front matter', '---\n: : :\n---', card('- 7'), '---\nlicense: mit\n---'])(
    'are found by name where it does not say: %j',
    (text) => {
      expect(files(['train.csv'], 'o/n', text)).toEqual(['train.csv']);
    },
  );
});
