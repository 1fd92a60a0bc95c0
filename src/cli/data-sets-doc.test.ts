import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderDataSetsDoc } from './data-sets-doc.ts';

it('docs/data-sets.md is current (npm run build && node scripts/generate-data-sets-doc.mjs)', () => {
  expect(readFileSync(new URL('../../docs/data-sets.md', import.meta.url), 'utf8')).toBe(renderDataSetsDoc());
});
