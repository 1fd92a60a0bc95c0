import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sftRecipeSchema, trainRecipeSchema } from '../train/config.ts';
import { optionsOf, renderRecipeDoc } from './recipe-doc.ts';

describe('docs/recipes.md', () => {
  it('is current (npm run build && node scripts/generate-recipe-doc.mjs)', () => {
    expect(readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8')).toBe(renderRecipeDoc());
  });

  it.each([
    ['train', trainRecipeSchema],
    ['sft', sftRecipeSchema],
  ])('says what every option of %s means', (_, schema) => {
    const silent = optionsOf(schema).filter(({ meaning }) => meaning === undefined);
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

describe('optionsOf', () => {
  it('lists groups, alternatives and lists with values, defaults and meanings', () => {
    const point = z.strictObject({ x: z.number().gt(0).lt(1).describe('Across.') });
    const schema = z.strictObject({
      count: z.int().min(2).default(8).describe('How many.'),
      plain: z.strictObject({ on: z.boolean().default(true).describe('Whether.') }).prefault({}),
      shape: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('none').describe('Nothing.') }),
          z.strictObject({ kind: z.literal('power'), gamma: z.number().describe('Exponent.').optional() }),
        ])
        .default({ kind: 'power', gamma: 2 })
        .describe('Which.'),
      names: z.array(z.enum(['a', 'b'])).describe('Some.'),
      from: point.describe('Begin.'),
      to: point.optional().describe('End.'),
    });
    expect(optionsOf(schema)).toEqual([
      { path: 'count', values: 'whole number ≥ 2', default: '`8`', meaning: 'How many.' },
      { path: 'plain.on', values: '`true`, `false`', default: '`true`', meaning: 'Whether.' },
      {
        path: 'shape',
        values: '`{ kind }` or `{ kind, gamma }`',
        default: '`{"kind":"power","gamma":2}`',
        meaning: 'Which.',
      },
      { path: 'shape.kind', values: '`none` or `power`', default: 'required', meaning: 'Nothing.' },
      { path: 'shape.gamma', values: 'number', default: 'none', meaning: 'Exponent.' },
      { path: 'names', values: 'list of `a`, `b`', default: 'required', meaning: 'Some.' },
      { path: 'from', values: 'a group', default: 'required', meaning: 'Begin.' },
      { path: 'from.x', values: 'number > 0, < 1', default: 'required', meaning: 'Across.' },
      { path: 'to', values: 'as `from`', default: 'none', meaning: 'End.' },
    ]);
  });
});
