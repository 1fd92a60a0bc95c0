// Writes docs/recipes.md from the schemas of the recipes. Run after `npm run build`: node scripts/generate-recipe-doc.mjs
import { writeFileSync } from 'node:fs';
import { renderRecipeDoc } from '../dist/cli/recipe-doc.js';

writeFileSync(new URL('../docs/recipes.md', import.meta.url), renderRecipeDoc());
