// What a person reads of hint generation: the estimate before, progress, and what came of it. It counts, and decides
// nothing but whether the command has done all it was asked.
import { DataError } from '../errors.ts';
import type { GeneratedHints, HintGenerator } from '../hints/generate/generate.ts';
import { HOW_ESTIMATED, priceOf, type Prices, type Spending } from '../hints/generate/spending.ts';
import { subtractUsage, type TokenUsage } from '../hints/generate/teacher.ts';
import { formatFigure, type Progress } from './progress.ts';

/** What the file asks for, before anything is asked. */
export interface Workload {
  readonly rows: number;
  /** Rows for which hints are asked. */
  readonly asked: number;
  readonly withoutSolution: number;
  /** Of the first attempts. */
  readonly estimate: TokenUsage;
}

export interface ReportSettings {
  readonly file: string;
  readonly out: string;
  readonly levels: number;
  readonly prices: Prices | null;
  readonly totalRows: number;
  readonly progress: Progress;
  readonly generator: HintGenerator;
  readonly spending: Spending;
}

/** Rows named one by one where they have no hints. */
const LISTED = 20;

export function estimateSentence(work: Workload, attempts: number, prices: Prices | null): string {
  const { rows, asked, withoutSolution, estimate } = work;
  const kept = rows - asked;
  const cost = prices === null ? '' : `, a price of ${formatFigure(priceOf(estimate, prices))}`;
  return [
    `${count(rows, 'problem')}${kept > 0 ? `, ${kept} of them with hints already (--replace writes them anew)` : ''}.`,
    ...(withoutSolution > 0
      ? [`${withoutSolution} without a solution: the teacher has to find the way itself.`]
      : []),
    `Estimate (${HOW_ESTIMATED}; each problem answered at once, nothing from the cache): ${count(asked, 'request')}, ` +
      `${tokens(estimate)}${cost}; up to ${attempts} times as much where replies cannot be used.`,
  ].join('\n');
}

/** What is counted on the way. */
export class GenerationReport {
  rows = 0;
  readonly #settings: ReportSettings;
  readonly #before: TokenUsage;
  readonly #started = performance.now();
  readonly #statuses = { complete: 0, partial: 0, failed: 0, notAsked: 0, kept: 0 };
  #dropped = 0;
  /** Rows before the first request; they took no time. */
  #free = 0;

  constructor(settings: ReportSettings) {
    this.#settings = settings;
    this.#before = settings.spending.spent;
  }

  add(line: number, result: GeneratedHints | null): void {
    this.rows++;
    this.#statuses[result?.status ?? 'kept']++;
    const { progress, file, totalRows, generator, spending, prices } = this.#settings;
    if (generator.counts.asked === 0) this.#free = this.rows;
    this.#dropped += result?.dropped.length ?? 0;
    const { failed, notAsked } = this.#statuses;
    if (result?.status === 'failed' && failed <= LISTED)
      progress.note(`${file}:${line}: no hints: ${result.reason ?? ''}`);
    if (failed === LISTED + 1) progress.note('Further rows without hints are not listed here.');
    const { spent } = spending;
    progress.update({
      label: 'generating',
      unit: 'problem',
      step: this.rows,
      totalSteps: totalRows,
      startStep: this.#free,
      seconds: (performance.now() - this.#started) / 1000,
      figures: {
        tokens: spent.promptTokens + spent.completionTokens,
        ...(prices && { price: priceOf(spent, prices) }),
        'without hints': failed + notAsked,
        'hints dropped': this.#dropped,
      },
    });
  }

  summary(): string {
    const { complete, partial, failed, notAsked, kept } = this.#statuses;
    const { generator, spending, levels, prices } = this.#settings;
    const { asked, fromCache, useless, refusedHints, unmetered } = generator.counts;
    const { spent } = spending;
    const now = subtractUsage(spent, this.#before);
    const price = (usage: TokenUsage) =>
      prices === null ? '' : `, price ${formatFigure(priceOf(usage, prices))}`;
    return [
      `${count(this.rows, 'problem')}: ${complete} with ${count(levels, 'hint')}, ${partial} with fewer, ` +
        `${failed} without, ${notAsked} not asked, ${kept} with the hints they had.`,
      `Replies: ${asked} asked, ${fromCache} from the cache; ${useless} could not be used; hints refused ${refusedHints}, dropped ${this.#dropped}.`,
      `Used: ${tokens(now)}${price(now)}${unmetered > 0 ? ` (${unmetered} replies did not say; estimated)` : ''}; ` +
        `with what was kept before: ${tokens(spent)}${price(spent)}.`,
    ].join('\n');
  }

  throwIfIncomplete(): void {
    const { failed, notAsked } = this.#statuses;
    const { out } = this.#settings;
    if (notAsked > 0) {
      throw new DataError(
        `The limit of spending was reached: ${count(notAsked, 'problem')} of ${this.rows} not asked; their rows are in ${out} without new hints. ` +
          'The same command with a higher limit goes on from the replies kept.',
      );
    }
    if (failed > 0) {
      throw new DataError(
        `${count(failed, 'problem')} of ${this.rows} without new hints; their rows are in ${out}, with the reason under hintGeneration. ` +
          'The same command asks again where no reply came, and --attempts allows more where replies could not be used.',
      );
    }
  }
}

function tokens({ promptTokens, completionTokens }: TokenUsage): string {
  return `${formatFigure(promptTokens)} tokens in and ${formatFigure(completionTokens)} out`;
}

export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${formatFigure(n)} ${n === 1 ? noun : plural}`;
}
