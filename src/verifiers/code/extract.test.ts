import { describe, expect, it } from 'vitest';
import { extractProgram } from './extract.ts';

const program = (response: string, extract: 'fenced' | 'fenced-or-whole' = 'fenced-or-whole') =>
  extractProgram(response, 'python', extract)?.code ?? null;

describe('extractProgram', () => {
  it.each([
    ['the last block of the language', '```python\na\n```\nbetter:\n```python\nb\n```\n', 'b\n'],
    ['not a later block of another language', '```py\na\n```\n```bash\nrun\n```', 'a\n'],
    ['not a later block without a language', '```python\na\n```\nprints\n```\n3\n```', 'a\n'],
    ['a block without a language where there is no other', 'so\n```\na\n```', 'a\n'],
    ['names in any case and with attributes', '```Python title="x"\na\n```', 'a\n'],
    ['a longer fence around a shorter one', '````python\ns = """\n```\n"""\n````', 's = """\n```\n"""\n'],
    ['tildes', '~~~python\na\n~~~', 'a\n'],
    [
      'a block inside a list item, without its indentation',
      '1. so\n   ```python\n   if a:\n     b\n   ```',
      'if a:\n  b\n',
    ],
    ['the indentation of a function body', '```python\n    return x\n```', '    return x\n'],
    ['a block that is cut off, where there is no complete one', '```python\na', 'a\n'],
    ['a complete block before one that is cut off', '```python\na\n```\n```python\nb', 'a\n'],
    ['lines that end as on Windows', '```python\r\na\r\nb\r\n```\r\n', 'a\nb\n'],
  ])('takes %s', (_, response, code) => {
    expect(program(response)).toBe(code);
  });

  it('takes the whole response only where the task allows it and there is no block at all', () => {
    expect(extractProgram('    return x\n', 'python', 'fenced-or-whole')).toEqual({
      code: '    return x\n',
      whole: true,
    });
    expect(program('return x', 'fenced')).toBeNull();
    expect(program('```bash\nls\n```')).toBeNull();
    expect(program(' \n')).toBeNull();
    expect(program('```python\n\n```')).toBeNull();
  });

  it('takes time in proportion to the response', () => {
    const blank = ' '.repeat(1e6);
    expect(extractProgram('```' + blank + '`\n```python\nx\n```', 'python', 'fenced')?.code).toBe('x\n');
    expect(extractProgram('`'.repeat(1e6) + blank + 'a`', 'python', 'fenced')).toBeNull();
  });
});
