import { describe, expect, it } from 'vitest';
import { engineConfigSchema } from '../train/model-config.ts';
import { createEngine, engineStatuses } from './engines.ts';

const engineOf = (config: object) => createEngine(engineConfigSchema.parse(config));

describe('createEngine', () => {
  it('makes the native engine by default, and the one that is named', () => {
    expect(engineOf({}).name).toBe('native');
    expect(engineOf({ kind: 'reference' }).name).toBe('reference');
  });

  it('hands the dtype to the native engine, and refuses bf16 of one that has none', () => {
    expect(engineOf({}).description).toContain('float32');
    expect(engineOf({ dtype: 'bf16' }).description).toContain('bf16 products');
    expect(() => engineOf({ kind: 'reference', dtype: 'bf16' })).toThrow(
      /reference engine has no dtype bf16.*native/,
    );
  });

  it('hands threads and the activation budget to the native engine', () => {
    const { description } = engineOf({ threads: 3, activationBudgetMiB: 77 });
    expect(description).toContain('3 threads');
    expect(description).toContain('77 MiB of activations');
  });
});

describe('engineStatuses', () => {
  it('lists every engine with what it is', () => {
    expect(engineStatuses().map(({ name, usable }) => [name, usable])).toEqual([
      ['native', true],
      ['reference', true],
    ]);
  });
});
