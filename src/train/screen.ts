// What a run looks for among its problems before it begins: training problems that repeat each other, and those that
// share text with evaluation problems. Each finding is handled as the recipe says and counted in a sentence; nothing is
// left out unsaid. It knows nothing of prompts or models.
import { OverlapIndex, type Overlap } from '../data/audit/overlap.ts';
import { RepetitionFinder } from '../data/audit/repetitions.ts';
import { readProblems } from '../data/problems.ts';
import { DataError } from '../errors.ts';
import type { Problem } from '../types.ts';
import type { ProblemsConfig } from './config.ts';

type Handling = 'report' | 'drop' | 'refuse';

/** How a person finds a problem in a file: by how its last message begins. The id is what the run calls it. */
export function quoteProblem({ id, messages }: Problem): string {
  return `"${shortened(messages.at(-1)!.content)}" (${id})`;
}

function shortened(text: string, length = 60): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** The training problems of each source that are left, in their order. DataError where the recipe refuses. */
export async function screenTraining(
  bySource: readonly (readonly Problem[])[],
  heldOut: readonly Problem[],
  config: ProblemsConfig,
  warnings: string[],
): Promise<Problem[][]> {
  const different = withoutRepetitions(bySource, config, warnings);
  const kept = withoutOverlap(
    different,
    await evaluationIndex(heldOut, config.overlap, warnings),
    config,
    warnings,
  );
  if (kept.flat().length === 0) {
    throw new DataError(
      'Expected training problems to be left after those that repeat or overlap with evaluation problems were ' +
        'dropped, but there is none; set problems.overlap.handling: report to see them.',
    );
  }
  return kept;
}

function withoutRepetitions(
  bySource: readonly (readonly Problem[])[],
  { unusable, nearDuplicates }: ProblemsConfig,
  warnings: string[],
): readonly (readonly Problem[])[] {
  const finder = new RepetitionFinder();
  const seen: Problem[] = [];
  const found = { exact: [] as string[], near: [] as string[] };
  const dropped = { exact: unusable === 'drop', near: nearDuplicates === 'drop' };
  const kept = bySource.map((problems) =>
    problems.filter((problem) => {
      const repetition = finder.add(problem, seen.length);
      seen.push(problem);
      if (repetition === null) return true;
      const { kind, first } = repetition;
      found[kind].push(
        `${quoteProblem(problem)} of ${problem.source} repeats ${quoteProblem(seen[first]!)} of ${seen[first]!.source}`,
      );
      return !dropped[kind];
    }),
  );
  // Within a source the reader has seen to exact repetitions already.
  handle(found.exact, unusable, warnings, {
    what: 'training problems that are in several sources of problems.train',
    remedy: 'set problems.unusable: drop to use the first of each',
  });
  handle(found.near, nearDuplicates, warnings, {
    what: 'training problems that repeat another with the same answer, but for case, spaces and punctuation',
    remedy: 'set problems.nearDuplicates: drop to use the first of each, or report to use all',
  });
  return kept;
}

interface EvaluationIndex {
  readonly index: OverlapIndex;
  /** By number in the index: what a person is told. */
  readonly names: readonly string[];
}

async function evaluationIndex(
  heldOut: readonly Problem[],
  { words, against }: ProblemsConfig['overlap'],
  warnings: string[],
): Promise<EvaluationIndex> {
  const index = new OverlapIndex(words);
  const names: string[] = [];
  const add = (problems: readonly Problem[], from: string) => {
    for (const problem of problems) {
      index.addEvaluation(problem);
      names.push(`${quoteProblem(problem)} of ${from}`);
    }
  };
  add(heldOut, 'problems.heldOut');
  for (const file of against) {
    const { problems, rejected } = await readProblems(file);
    add(problems, file);
    if (rejected.length > 0) {
      warnings.push(
        `${rejected.length} rows of ${file} (problems.overlap.against) cannot be read and are not compared with; ` +
          `line ${rejected[0]!.line}, ${rejected[0]!.field}: ${rejected[0]!.reason}.`,
      );
    }
  }
  return { index, names };
}

function withoutOverlap(
  bySource: readonly (readonly Problem[])[],
  { index, names }: EvaluationIndex,
  { overlap: { handling, words } }: ProblemsConfig,
  warnings: string[],
): Problem[][] {
  const found: string[] = [];
  const kept = bySource.map((problems) =>
    problems.filter((problem) => {
      const overlaps = index.find(problem);
      if (overlaps.length === 0) return true;
      found.push(overlapSentence(problem, overlaps, names));
      return handling !== 'drop';
    }),
  );
  handle(found, handling, warnings, {
    what: `training problems that share ${words} words in a row, or all of a shorter text, with an evaluation problem`,
    remedy: 'set problems.overlap.handling: drop to leave them out of training, or report to use them',
  });
  return kept;
}

function overlapSentence(problem: Problem, overlaps: readonly Overlap[], names: readonly string[]): string {
  const { kind, evaluation, text, words, share } = overlaps[0]!;
  const others = overlaps.length > 1 ? `, and ${overlaps.length - 1} more` : '';
  const shared =
    kind === 'whole'
      ? 'the whole text'
      : `${words} words in a row (${Math.round(share * 100)} % of it): "${shortened(text, 120)}"`;
  return `${quoteProblem(problem)} with ${names[evaluation]!}${others}: ${shared}`;
}

/** One sentence for all findings, the first five listed; thrown where the recipe refuses. */
function handle(
  found: readonly string[],
  handling: Handling,
  warnings: string[],
  { what, remedy }: { readonly what: string; readonly remedy: string },
): void {
  if (found.length === 0) return;
  const more = found.length > 5 ? `\n… and ${found.length - 5} more` : '';
  const list = `${found.slice(0, 5).join('\n')}${more}`;
  if (handling === 'refuse') {
    throw new DataError(
      `Expected no ${what}, but there are ${found.length}:\n${list}\nTake them out, or ${remedy}. ` +
        '`guiderail data inspect` lists them all.',
    );
  }
  const verb = handling === 'drop' ? 'Dropped' : 'Found and kept';
  warnings.push(`${verb} ${found.length} ${what}:\n${list}`);
}
