// What is in a file of problems, from one pass over its rows: counts, lengths, repetitions, overlap with evaluation
// problems, and a few examples as a model would see them. Memory grows by at most 100 bytes a row, whatever their text. It
// knows nothing of files or of how a report is shown.
import { seedOf, uniformAt } from '../../random.ts';
import { contextOfLevel, hintOf, type Problem } from '../../types.ts';
import type { ProblemRow, RejectedRow } from '../problems.ts';
import { renderMessages, renderPrompt, type PromptOptions } from '../prompts.ts';
import type { ChatTokenizer } from '../tokenizer.ts';
import { Lengths, type LengthSummary } from './lengths.ts';
import type { Overlap, OverlapIndex } from './overlap.ts';
import { RepetitionFinder } from './repetitions.ts';

/** Findings that are listed one by one; all are counted. */
const LISTED = 1000;
/** Sources, verifiers and levels that are counted by name; the others are summed. */
const NAMED = 200;
const OTHERS = '(others)';

export interface InspectionSettings {
  /** Without one, lengths are in characters. */
  readonly tokenizer: ChatTokenizer | null;
  readonly prompt: PromptOptions;
  /** Longer prompts are counted; null for no limit. In the unit of lengths. */
  readonly maxPromptLength: number | null;
  /** Evaluation problems, and by number where each is from; null for none. */
  readonly against: { readonly index: OverlapIndex; readonly places: readonly EvaluationPlace[] } | null;
  readonly examples: number;
  /** Names the draw of the examples. */
  readonly seed: number;
}

export interface EvaluationPlace {
  readonly file: string;
  readonly line: number;
  readonly id: string;
}

export interface SourceCount {
  readonly source: string;
  readonly problems: number;
  /** With at least one hint. */
  readonly hinted: number;
}

export interface OverlapFinding extends Omit<Overlap, 'evaluation'> {
  readonly line: number;
  readonly id: string;
  readonly evaluation: EvaluationPlace;
  /** Evaluation problems it overlaps with beside that one. */
  readonly others: number;
}

export interface RenderedExample {
  readonly line: number;
  readonly source: string;
  readonly answer: string;
  readonly plain: string;
  readonly hinted: readonly { readonly level: number; readonly prompt: string }[];
}

export interface InspectionReport {
  readonly problems: number;
  /** Rows that are no problems, by the field at fault. */
  readonly rejected: {
    readonly rows: number;
    readonly byField: Readonly<Record<string, number>>;
    readonly first: readonly RejectedRow[];
  };
  readonly sources: readonly SourceCount[];
  readonly verifiers: Readonly<Record<string, number>>;
  readonly hints: {
    readonly without: number;
    readonly levels: readonly { readonly level: number; readonly problems: number }[];
  };
  readonly lengths: {
    readonly unit: 'tokens' | 'characters';
    readonly plain: LengthSummary | null;
    readonly hinted: readonly { readonly level: number; readonly lengths: LengthSummary }[];
    /** Problems with a prompt beyond the limit, in any context. */
    readonly tooLong: {
      readonly limit: number;
      readonly problems: number;
      readonly lines: readonly number[];
    } | null;
  };
  readonly repetitions: {
    readonly exact: number;
    readonly near: number;
    readonly first: readonly {
      readonly line: number;
      readonly kind: 'exact' | 'near';
      readonly firstLine: number;
    }[];
  };
  readonly overlap: {
    readonly words: number;
    readonly evaluationProblems: number;
    readonly problems: number;
    readonly first: readonly OverlapFinding[];
  } | null;
  readonly examples: readonly RenderedExample[];
}

export class Inspection {
  readonly #settings: InspectionSettings;
  #problems = 0;
  #rejected = 0;
  readonly #rejectedByField = new Map<string, number>();
  readonly #firstRejected: RejectedRow[] = [];
  readonly #sources = new Map<string, { problems: number; hinted: number }>();
  readonly #verifiers = new Map<string, number>();
  #withoutHint = 0;
  readonly #levels = new Map<number, { problems: number; lengths: Lengths }>();
  readonly #plain = new Lengths();
  #tooLong = 0;
  readonly #tooLongLines: number[] = [];
  readonly #finder = new RepetitionFinder();
  readonly #repeated = { exact: 0, near: 0 };
  readonly #firstRepetitions: InspectionReport['repetitions']['first'][number][] = [];
  #overlapping = 0;
  readonly #firstOverlaps: OverlapFinding[] = [];
  /** Those with the smallest draws so far, in order. */
  readonly #examples: { readonly draw: number; readonly row: ProblemRow }[] = [];

  constructor(settings: InspectionSettings) {
    this.#settings = settings;
  }

  add(row: ProblemRow | RejectedRow): void {
    if ('field' in row) {
      this.#rejected++;
      count(this.#rejectedByField, row.field);
      if (this.#firstRejected.length < LISTED) this.#firstRejected.push(row);
      return;
    }
    const { problem } = row;
    this.#problems++;
    this.#countNames(problem);
    this.#measure(row);
    this.#findRepetition(row);
    this.#findOverlap(row);
    this.#offerExample(row);
  }

  #countNames({ source, verifier, hints }: Problem): void {
    const name = this.#sources.has(source) || this.#sources.size < NAMED ? source : OTHERS;
    const counts = this.#sources.get(name) ?? { problems: 0, hinted: 0 };
    this.#sources.set(name, counts);
    counts.problems++;
    if (hints.length > 0) counts.hinted++;
    else this.#withoutHint++;
    count(this.#verifiers, verifier);
  }

  #measure({ line, problem }: ProblemRow): void {
    const { tokenizer, prompt, maxPromptLength } = this.#settings;
    const lengthIn = (level: number) => {
      const context = contextOfLevel(level);
      if (tokenizer) return renderPrompt(tokenizer, problem, context, prompt).length;
      return renderMessages(problem, context, prompt).reduce((sum, { content }) => sum + content.length, 0);
    };
    const plain = lengthIn(0);
    this.#plain.add(plain);
    let longest = plain;
    for (let level = 1; level <= problem.hints.length; level++) {
      if (hintOf(problem, contextOfLevel(level)) === null) continue;
      const length = lengthIn(level);
      longest = Math.max(longest, length);
      const known = this.#levels.get(level) ?? { problems: 0, lengths: new Lengths() };
      this.#levels.set(level, known);
      known.problems++;
      known.lengths.add(length);
    }
    if (maxPromptLength === null || longest <= maxPromptLength) return;
    this.#tooLong++;
    if (this.#tooLongLines.length < LISTED) this.#tooLongLines.push(line);
  }

  #findRepetition({ line, problem }: ProblemRow): void {
    const found = this.#finder.add(problem, line);
    if (found === null) return;
    const { kind, first: firstLine } = found;
    this.#repeated[kind]++;
    if (this.#firstRepetitions.length < LISTED) this.#firstRepetitions.push({ line, kind, firstLine });
  }

  #findOverlap({ line, problem }: ProblemRow): void {
    const { against } = this.#settings;
    if (against === null) return;
    const [first, ...others] = against.index.find(problem);
    if (first === undefined) return;
    this.#overlapping++;
    if (this.#firstOverlaps.length === LISTED) return;
    const { evaluation, ...overlap } = first;
    this.#firstOverlaps.push({
      line,
      id: problem.id,
      ...overlap,
      evaluation: against.places[evaluation]!,
      others: others.length,
    });
  }

  /** The draw of a row has a name, so that the same rows are shown however often one looks. */
  #offerExample(row: ProblemRow): void {
    const { seed, examples } = this.#settings;
    const draw = uniformAt(seedOf(seed, 'example', row.problem.id, row.line), 0);
    if (this.#examples.length === examples && draw >= (this.#examples.at(-1)?.draw ?? 0)) return;
    const place = this.#examples.findIndex((other) => other.draw > draw);
    this.#examples.splice(place < 0 ? this.#examples.length : place, 0, { draw, row });
    if (this.#examples.length > examples) this.#examples.pop();
  }

  report(): InspectionReport {
    const { tokenizer, maxPromptLength, against } = this.#settings;
    const levels = [...this.#levels].sort(([a], [b]) => a - b);
    return {
      problems: this.#problems,
      rejected: {
        rows: this.#rejected,
        byField: Object.fromEntries(this.#rejectedByField),
        first: this.#firstRejected,
      },
      sources: [...this.#sources]
        .map(([source, counts]) => ({ source, ...counts }))
        .sort((a, b) => b.problems - a.problems || (a.source < b.source ? -1 : 1)),
      verifiers: Object.fromEntries(this.#verifiers),
      hints: {
        without: this.#withoutHint,
        levels: levels.map(([level, { problems }]) => ({ level, problems })),
      },
      lengths: {
        unit: tokenizer ? 'tokens' : 'characters',
        plain: this.#plain.summary(),
        hinted: levels.map(([level, { lengths }]) => ({ level, lengths: lengths.summary()! })),
        tooLong:
          maxPromptLength === null
            ? null
            : { limit: maxPromptLength, problems: this.#tooLong, lines: this.#tooLongLines },
      },
      repetitions: { ...this.#repeated, first: this.#firstRepetitions },
      overlap: against && {
        words: against.index.words,
        evaluationProblems: against.index.size,
        problems: this.#overlapping,
        first: this.#firstOverlaps,
      },
      examples: this.#examples.map(({ row }) => this.#rendered(row)),
    };
  }

  #rendered({ line, problem }: ProblemRow): RenderedExample {
    const { tokenizer, prompt } = this.#settings;
    const textIn = (level: number) => {
      const context = contextOfLevel(level);
      if (tokenizer) return tokenizer.decode(renderPrompt(tokenizer, problem, context, prompt));
      return renderMessages(problem, context, prompt)
        .map(({ role, content }) => `${role}: ${content}`)
        .join('\n');
    };
    const levels = problem.hints.map((_, index) => index + 1);
    return {
      line,
      source: problem.source,
      answer: problem.answer,
      plain: textIn(0),
      hinted: levels
        .filter((level) => hintOf(problem, contextOfLevel(level)) !== null)
        .map((level) => ({ level, prompt: textIn(level) })),
    };
  }
}

function count(counts: Map<string, number>, name: string): void {
  const known = counts.has(name) || counts.size < NAMED ? name : OTHERS;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
