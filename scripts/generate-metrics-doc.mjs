// Writes docs/metrics.md from the metrics table. Run after `npm run build`: node scripts/generate-metrics-doc.mjs
import { writeFileSync } from 'node:fs';
import { renderMetricsDoc } from '../dist/runs/metrics-doc.js';

writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsDoc());
