// Writes docs/data-sets.md from the registry of data sets. Run after `npm run build`: node scripts/generate-data-sets-doc.mjs
import { writeFileSync } from 'node:fs';
import { renderDataSetsDoc } from '../dist/cli/data-sets-doc.js';

writeFileSync(new URL('../docs/data-sets.md', import.meta.url), renderDataSetsDoc());
