// docs/metrics.md as text, from the tables in metrics.ts. scripts/generate-metrics-doc.mjs writes it and a test
// holds the file to it.
import { EVALUATION_FIELDS, STEP_METRICS } from './metrics.ts';
import type { MetricSpec } from './metrics.ts';

export function renderMetricsDoc(): string {
  return [
    '# Metrics',
    '',
    '<!-- Generated from src/runs/metrics.ts by `node scripts/generate-metrics-doc.mjs`; edit that table, not this page. -->',
    '',
    'A run writes one line of JSON a step into `metrics.jsonl`, and one line an evaluation and context into `evals.jsonl`. NaN and the infinities are written as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; they mean that a number went wrong, while `null` means that there was nothing to measure. Times stand in `seconds` alone: without it, the lines of a run are the same however often it is repeated or interrupted.',
    '',
    '## metrics.jsonl',
    '',
    ...Object.entries(STEP_METRICS).flatMap(([name, spec]) => renderMetric(name, spec)),
    '## evals.jsonl',
    '',
    ...Object.entries(EVALUATION_FIELDS).map(([name, text]) => `- \`${name}\`: ${text}.`),
    '',
  ].join('\n');
}

function renderMetric(name: string, spec: MetricSpec): string[] {
  const parts = spec.parts === undefined ? '' : ` {${spec.parts.join(', ')}}`;
  const list =
    spec.entries === undefined ? [] : [`- A list; each entry has ${Object.keys(spec.entries).join(', ')} and the parts.`];
  const nullable =
    spec.nullableParts === undefined ? [] : [`- ${spec.nullableParts.join(', ')}: null where there is no evidence.`];
  const absent = spec.nullWhen === undefined ? [] : [`- null when ${spec.nullWhen}.`];
  return [
    `### \`${name}\`${parts}`,
    '',
    `- Unit: ${spec.unit}.`,
    `- ${capitalised(spec.formula)}.`,
    `- Over: ${spec.rows}.`,
    ...list,
    ...nullable,
    ...absent,
    '',
  ];
}

function capitalised(text: string): string {
  // A formula that begins with a symbol keeps it.
  return /^[a-z]{2}/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
}
