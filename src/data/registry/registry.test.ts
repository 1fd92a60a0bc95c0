import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { DATASETS, findDataset } from './registry.ts';

describe('DATASETS', () => {
  it('have names of their own, in the form of a recipe’s words', () => {
    const names = DATASETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it.each(DATASETS)(
    '$name says where it is and where its columns were seen',
    ({ hub, schema, source, task }) => {
      expect(hub.repo).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(Object.keys(hub.splits).length).toBeGreaterThan(0);
      expect(source.startsWith(`${task}/`)).toBe(true);
      if ('seen' in schema) expect(schema.seen).toMatch(/^https:\/\//);
      else expect(schema.unverified).not.toBe('');
    },
  );
});

describe('findDataset', () => {
  it('finds by name', () => {
    expect(findDataset('gsm8k').hub).toMatchObject({ repo: 'openai/gsm8k', config: 'main' });
  });

  it('refuses another name with the nearest', () => {
    expect(() => findDataset('gsm8k-socratik')).toThrow(ConfigError);
    expect(() => findDataset('gsm8k-socratik')).toThrow(
      'Expected the name of a data set, got "gsm8k-socratik"; did you mean "gsm8k-socratic"?',
    );
  });
});
