// How often the policy solved each problem, as far as the run (or a file measured before it) knows: what a
// curriculum orders by. It knows nothing of orders. Its one idea: the policy moves, so what an earlier draw said
// counts half as much with every later draw of the same problem.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DataError, messageOf } from '../../errors.ts';
import { whyUnreadable } from '../problems.ts';

/** What one draw of a problem showed; evidence excludes grader faults. */
export interface DrawCounts {
  readonly plainCorrect: number;
  readonly plainEvidence: number;
  readonly guidedCorrect: number;
}

export interface PassRate {
  /** Share of plain rollouts that were correct, newer draws weighing more. */
  readonly plain: number;
  /** Its last draw failed without a hint and succeeded with one. */
  readonly rescued: boolean;
}

/** [problemId, correct, evidence, rescued]: sums over draws, each halved with every later one. */
export type PassRatesJson = readonly (readonly [string, number, number, boolean])[];

interface Entry {
  readonly correct: number;
  readonly evidence: number;
  readonly rescued: boolean;
}

export class PassRates {
  readonly #entries = new Map<string, Entry>();

  /** Takes note of one draw; one without plain evidence says nothing. */
  observe(problemId: string, { plainCorrect, plainEvidence, guidedCorrect }: DrawCounts): void {
    if (plainEvidence === 0) return;
    const before = this.#entries.get(problemId) ?? { correct: 0, evidence: 0 };
    this.#entries.set(problemId, {
      correct: before.correct / 2 + plainCorrect,
      evidence: before.evidence / 2 + plainEvidence,
      rescued: plainCorrect === 0 && guidedCorrect > 0,
    });
  }

  /** null: never measured. */
  get(problemId: string): PassRate | null {
    const entry = this.#entries.get(problemId);
    return entry === undefined ? null : { plain: entry.correct / entry.evidence, rescued: entry.rescued };
  }

  get size(): number {
    return this.#entries.size;
  }

  /** In the order the problems were first measured. */
  toJSON(): PassRatesJson {
    return [...this.#entries].map(([id, { correct, evidence, rescued }]) => [id, correct, evidence, rescued]);
  }

  static fromJSON(json: PassRatesJson): PassRates {
    const rates = new PassRates();
    for (const [id, correct, evidence, rescued] of json) {
      rates.#entries.set(id, { correct, evidence, rescued });
    }
    return rates;
  }
}

const rowSchema = z
  .object({
    /** Of the problem. */
    id: z.string().min(1),
    context: z.string().default('plain'),
    /** Responses with a verdict about the policy. */
    samples: z.number().min(0),
    correct: z.number().min(0),
  })
  .refine(({ correct, samples }) => correct <= samples, { error: 'correct is more than samples' });

/**
 * Pass rates measured before a run, from JSON Lines {id, samples, correct, context?}; rows of hinted contexts and
 * other fields are ignored, and so is a first line that says what measured them. Rows of one problem are summed. DataError with the line where one is at fault.
 */
export async function readPassRates(file: string): Promise<PassRates> {
  const sums = new Map<string, { correct: number; evidence: number }>();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new DataError(whyUnreadable('pass rates', file, error));
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const row = parseRow(line, index, file);
    if (row === null || row.context !== 'plain' || row.samples === 0) continue;
    const sum = sums.get(row.id) ?? { correct: 0, evidence: 0 };
    sums.set(row.id, { correct: sum.correct + row.correct, evidence: sum.evidence + row.samples });
  }
  if (sums.size === 0) {
    throw new DataError(
      `Expected pass rates in ${file}, but no row has samples in the plain context. A row is ` +
        '{"id": "…", "samples": 8, "correct": 3}; guiderail eval --counts and hints lift --out write them.',
    );
  }
  return PassRates.fromJSON(
    [...sums].map(([id, { correct, evidence }]) => [id, correct, evidence, false] as const),
  );
}

function parseRow(line: string, index: number, file: string): z.output<typeof rowSchema> | null {
  const expected = `Expected a row of pass rates {"id": "…", "samples": 8, "correct": 3} at ${file}:${index + 1}`;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new DataError(`${expected}, but it is not JSON: ${messageOf(error)}`);
  }
  if (index === 0 && typeof json === 'object' && json !== null && 'guiderail' in json) return null;
  const parsed = rowSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new DataError(`${expected}, but ${path.join('.') || 'the row'} is not valid: ${message}.`);
}
