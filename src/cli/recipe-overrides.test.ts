import { describe, expect, it } from 'vitest';
import { applyOverrides } from './recipe-overrides.ts';

const recipe = { optimizer: { learningRate: 1e-4 }, sources: [{ path: 'a' }, { path: 'b' }], seed: 1 };

describe('applyOverrides', () => {
  it('sets YAML values into a copy, later ones last', () => {
    const changed = applyOverrides(recipe, [
      'optimizer.learningRate=3e-5',
      'sources.1.path=c=d',
      'adapter={kind: lora, rank: 8}',
      'guidance.levels=[1, 2]',
      'seed=2',
      'seed=3',
      'note=',
    ]);
    expect(changed).toEqual({
      optimizer: { learningRate: 3e-5 },
      sources: [{ path: 'a' }, { path: 'c=d' }],
      adapter: { kind: 'lora', rank: 8 },
      guidance: { levels: [1, 2] },
      seed: 3,
      note: null,
    });
    expect(recipe.optimizer.learningRate).toBe(1e-4);
    expect(applyOverrides(null, ['seed=1'])).toEqual({ seed: 1 });
  });

  it.each([
    ['seed', 'Expected --set to be path=value, such as --set optimizer.learningRate=1e-4, got "seed".'],
    ['=1', 'got "=1"'],
    ['optimizer..betas=1', 'got "optimizer..betas=1"'],
    ['__proto__.polluted=1', 'Expected --set to be path=value'],
    ['seed.deep=1', '--set "seed.deep=1": expected seed to be a map or a list, but it is 1.'],
    ['sources.2.path=c', 'expected an index from 0 to 1 into the list sources, got "2"'],
    ['sources.first=c', 'got "first"'],
    ['seed=[1', 'to be YAML'],
  ])('refuses %s in a sentence', (override, message) => {
    expect(() => applyOverrides(recipe, [override])).toThrow(message);
    expect({}).not.toHaveProperty('polluted');
  });
});
