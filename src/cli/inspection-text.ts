// The report of `guiderail data inspect` as a person reads it: findings counted, the first few of them shown.
import type { InspectionReport } from '../data/audit/inspection.ts';
import type { LengthSummary } from '../data/audit/lengths.ts';
import { formatFigure } from './progress.ts';

/** What --json prints, and the text is made from. */
export interface InspectReport extends InspectionReport {
  readonly file: string;
  readonly against: readonly string[];
  readonly seconds: { readonly total: number };
}

/** The report as a person reads it. */
export function formatInspection(report: InspectReport): string {
  return [
    `${formatFigure(report.problems)} problems in ${report.file}`,
    ...rejectedLines(report),
    '',
    ...table([
      ['source', 'problems', 'with hints'],
      ...report.sources.map(({ source, problems, hinted }) => [
        source,
        formatFigure(problems),
        formatFigure(hinted),
      ]),
    ]),
    '',
    ...table([
      ['verifier', 'problems'],
      ...Object.entries(report.verifiers).map(([kind, problems]) => [kind, formatFigure(problems)]),
    ]),
    '',
    ...lengthLines(report),
    '',
    ...repetitionLines(report),
    ...overlapLines(report),
    ...report.examples.flatMap(exampleLines),
  ].join('\n');
}

function rejectedLines({ file, rejected: { rows, byField, first } }: InspectReport): string[] {
  if (rows === 0) return [];
  const fields = Object.entries(byField).map(([field, count]) => `${field} ${formatFigure(count)}`);
  return [
    `${formatFigure(rows)} rows that are no problems (${fields.join(', ')}):`,
    ...someOf(first, rows, ({ line, field, reason }) => `  ${file}:${line} (${field}): ${reason}`),
  ];
}

function lengthLines({ lengths, hints, problems }: InspectReport): string[] {
  const { unit, plain, hinted, tooLong } = lengths;
  const row = (name: string, count: number, of: LengthSummary) => [
    name,
    formatFigure(count),
    ...[of.mean, of.min, of.q50, of.q90, of.q99, of.max].map((value) => formatFigure(Math.round(value))),
  ];
  const rows = [
    ...(plain ? [row('plain', problems, plain)] : []),
    ...hinted.map(({ level, lengths: own }) =>
      row(`hint${level}`, hints.levels.find((each) => each.level === level)!.problems, own),
    ),
  ];
  return [
    ...table([[`prompt (${unit})`, 'problems', 'mean', 'min', '50 %', '90 %', '99 %', 'max'], ...rows]),
    ...(hints.without > 0 ? [`without a hint: ${formatFigure(hints.without)}`] : []),
    ...(tooLong
      ? [
          `longer than ${formatFigure(tooLong.limit)} ${unit}: ${formatFigure(tooLong.problems)}` +
            (tooLong.problems > 0 ? ` (lines ${listed(tooLong.lines, tooLong.problems)})` : ''),
        ]
      : []),
  ];
}

function repetitionLines({ file, repetitions: { exact, near, first } }: InspectReport): string[] {
  const counts = `repetitions: ${formatFigure(exact)} exact, ${formatFigure(near)} but for case, spaces and punctuation`;
  return [
    counts,
    ...someOf(
      first,
      exact + near,
      ({ line, kind, firstLine }) => `  ${file}:${line} repeats line ${firstLine} (${kind})`,
    ),
  ];
}

function overlapLines({ file, overlap }: InspectReport): string[] {
  if (overlap === null) return [];
  const { problems, evaluationProblems, words, first } = overlap;
  return [
    `overlap: ${formatFigure(problems)} problems share ${words} words in a row, or all of a shorter text, with one of ` +
      `${formatFigure(evaluationProblems)} evaluation problems`,
    ...someOf(first, problems, ({ line, evaluation, kind, words: shared, share, text, others }) => {
      const more = others > 0 ? ` and ${others} more` : '';
      const what =
        kind === 'whole' ? 'the whole text' : `${shared} words, ${Math.round(share * 100)} % of it`;
      return `  ${file}:${line} and ${evaluation.file}:${evaluation.line}${more} (${what}): ${oneLine(text, 160)}`;
    }),
  ];
}

function exampleLines({ line, source, answer, plain, hinted }: InspectReport['examples'][number]): string[] {
  return [
    '',
    `--- line ${line}, ${source}, answer ${oneLine(answer, 80)}, plain:`,
    plain,
    ...hinted.flatMap(({ level, prompt }) => [`--- the same with hint ${level}:`, prompt]),
  ];
}

const SHOWN = 5;

function someOf<T>(items: readonly T[], total: number, format: (item: T) => string): string[] {
  const more =
    total > SHOWN ? [`  … and ${formatFigure(total - SHOWN)} more (--json lists up to 1,000)`] : [];
  return [...items.slice(0, SHOWN).map(format), ...more];
}

function listed(lines: readonly number[], total: number): string {
  return lines.slice(0, SHOWN).join(', ') + (total > SHOWN ? ', …' : '');
}

function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** Columns of even width, the first to the left and figures to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
