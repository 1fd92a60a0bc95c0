import { describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import { parseCodeTask } from './task.ts';

const parse = (task: unknown) => parseCodeTask(JSON.stringify(task));

describe('parseCodeTask', () => {
  it('fills in how each style compares', () => {
    expect(parse({ language: 'python', style: 'stdio', tests: [{ stdin: '1', stdout: '1' }] })).toMatchObject(
      {
        comparison: 'tokens',
        prelude: '',
      },
    );
    expect(
      parse({ language: 'python', style: 'function', entryPoint: 'f', tests: [{ args: [1], returns: 1 }] }),
    ).toMatchObject({ comparison: 'value', tolerance: { relative: 0, absolute: 0 } });
  });

  it.each([
    ['1 + 1', /JSON text .*got "1 \+ 1"/],
    ['{"language": "rust", "style": "stdio", "tests": []}', /"language"/],
    ['{"language": "python", "style": "stdio", "tests": []}', /"tests"/],
    ['{"language": "python", "style": "stdio", "tests": [{"stdin": "", "stdout": ""}], "tset": 1}', /"tset"/],
    [
      '{"language": "python", "style": "function", "entryPoint": "a b", "tests": [{"args": [], "returns": 1}]}',
      /name/,
    ],
    ['{"language": "javascript", "style": "asserts", "tests": ["assert(true)"]}', /JavaScript asserts/],
  ])('refuses %s and says where', (answer, sentence) => {
    expect(() => parseCodeTask(answer)).toThrow(DataError);
    expect(() => parseCodeTask(answer)).toThrow(sentence);
  });
});
