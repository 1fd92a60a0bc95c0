import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { explainZodError, nearestName, parseConfig } from './config-errors.ts';
import { ConfigError } from './errors.ts';

const schema = z.strictObject({
  optimizer: z.strictObject({ learningRate: z.number().positive(), betas: z.array(z.number()).length(2) }),
  shaping: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('percentile'), quantile: z.number() }),
    ])
    .default({ kind: 'none' }),
  sources: z.array(z.strictObject({ path: z.string(), weight: z.number().default(1) })).default([]),
  clip: z.union([z.number(), z.strictObject({ low: z.number(), high: z.number() })]).default(0.2),
  loss: z.enum(['grpo', 'ppo']).default('grpo'),
  steps: z.number().int().max(9).optional(),
});
const good = { optimizer: { learningRate: 1e-4, betas: [0.9, 0.95] } };

function explain(value: unknown): string {
  const result = schema.safeParse(value);
  return result.success ? 'fine' : explainZodError(result.error, { file: 'my.yaml', schema, value });
}

describe('explainZodError', () => {
  it('suggests the name that was meant, where it was meant', () => {
    expect(explain({ ...good, shapping: { kind: 'none' } })).toBe(
      'my.yaml: unknown key "shapping" at the top level; did you mean "shaping"?',
    );
    expect(explain({ ...good, sources: [{ path: 'a', wieght: 2 }] })).toBe(
      'my.yaml: unknown key "wieght" in sources[0]; did you mean "weight"?',
    );
    expect(explain({ ...good, shaping: { kind: 'percentile', quantile: 0.9, 'Quan-tile': 1 } })).toBe(
      'my.yaml: unknown key "Quan-tile" in shaping; did you mean "quantile"?',
    );
  });

  it('says where a key belongs that exists elsewhere', () => {
    expect(explain({ ...good, quantile: 0.9 })).toBe(
      'my.yaml: unknown key "quantile" at the top level; it belongs at shaping.quantile.',
    );
  });

  it('lists the known keys when nothing is near', () => {
    expect(explain({ ...good, sources: [{ path: 'a', zzz: 2 }] })).toBe(
      'my.yaml: unknown key "zzz" in sources[0]; known keys there: path, weight.',
    );
  });

  it('names path, expectation and what came, one line a problem', () => {
    expect(explain({ optimizer: { learningRate: 'fast', betas: [0.9] }, loss: 'gpro' })).toBe(
      [
        'my.yaml: optimizer.learningRate: expected a number, got "fast".',
        'my.yaml: optimizer.betas: too small: expected array to have exactly 2 items.',
        'my.yaml: loss: expected one of "grpo", "ppo", got "gpro"; did you mean "grpo"?',
      ].join('\n'),
    );
    expect(explain({})).toBe('my.yaml: optimizer: expected a map, but it is missing.');
    expect(explain(3)).toBe('my.yaml: the whole of it: expected a map, got 3.');
    expect(explain([])).toBe('my.yaml: the whole of it: expected a map, got a list.');
    expect(explain({ ...good, shaping: { kind: 'percent' } })).toBe(
      'my.yaml: shaping.kind: expected one of "none", "percentile", got "percent"; did you mean "percentile"?',
    );
    expect(explain({ ...good, shaping: {} })).toBe(
      'my.yaml: shaping.kind: expected one of "none", "percentile", but it is missing.',
    );
    expect(explain({ optimizer: { ...good.optimizer, learningRate: 0 } })).toBe(
      'my.yaml: optimizer.learningRate: expected more than 0, got 0.',
    );
    expect(explain({ ...good, steps: 1.5 })).toBe('my.yaml: steps: expected a whole number, got 1.5.');
    expect(explain({ ...good, steps: 10 })).toBe('my.yaml: steps: expected at most 9, got 10.');
  });

  it('explains a union by the alternative that got furthest', () => {
    expect(explain({ ...good, clip: { low: 0.2, hihg: 0.3 } })).toBe(
      [
        'my.yaml: clip.high: expected a number, but it is missing.',
        'my.yaml: unknown key "hihg" in clip; did you mean "high"?',
      ].join('\n'),
    );
  });
});

describe('parseConfig', () => {
  it('fills defaults in or throws a ConfigError', () => {
    expect(parseConfig(schema, good, 'my.yaml').loss).toBe('grpo');
    expect(() => parseConfig(schema, {}, 'my.yaml')).toThrow(ConfigError);
  });
});

describe('nearestName', () => {
  it('forgives case and separators but not another word', () => {
    const known = ['learningRate', 'clip', 'k'];
    expect(nearestName('learning_rate', known)).toBe('learningRate');
    expect(nearestName('lerningrate', known)).toBe('learningRate');
    expect(nearestName('budget', known)).toBeNull();
    expect(nearestName('anything', [])).toBeNull();
  });
});
