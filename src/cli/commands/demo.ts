// guiderail demo: Guide-GRPO on the machines family, from the base model in the repository to a better hint-free
// policy, in a few minutes. Nothing in it is special: it runs a recipe that anyone can run and change.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { readEvaluations } from '../../runs/run-directory.ts';
import type { EvaluationLine } from '../../runs/metrics.ts';
import { PACKAGE_ROOT } from '../../runs/provenance.ts';
import { trainRecipeSchema } from '../../train/config.ts';
import type { CommandIO } from '../command-io.ts';
import { formatFigure } from '../progress.ts';
import { readRecipe } from '../recipes.ts';
import { collect, runTraining } from './train.ts';

const RECIPE = 'recipes/machines/demo.yaml';

export function demoCommand(io: CommandIO): Command {
  return new Command('demo')
    .description('train the demo model with Guide-GRPO and show what it learned')
    .option('--out <dir>', 'run directory (default: runs/demo, or the next free number)')
    .option('--set <path=value>', 'change an option of the recipe', collect, [])
    .action((options: { out?: string; set: string[] }) => runDemo(io, options));
}

async function runDemo(io: CommandIO, options: { out?: string; set: string[] }): Promise<void> {
  const recipe = await readRecipe(trainRecipeSchema, RECIPE, options.set, PACKAGE_ROOT);
  const { dir, resume } = await placeFor(io, options.out);
  io.stderr.write(introduction(dir, resume));
  await runTraining(io, recipe, { dir, resume });
  const evaluations = await readEvaluations(dir);
  io.stdout.write(`\n${resultTable(evaluations)}\n${whatNext(dir)}`);
}

/** An unfinished demo is gone on with; a finished one is left alone. */
async function placeFor(io: CommandIO, out: string | undefined): Promise<{ dir: string; resume: boolean }> {
  if (out !== undefined) return { dir: resolve(io.cwd, out), resume: false };
  for (let number = 1; ; number++) {
    const dir = resolve(io.cwd, `runs/demo${number === 1 ? '' : `-${number}`}`);
    if (!(await exists(dir))) return { dir, resume: false };
    if (!(await exists(join(dir, 'model', 'config.json')))) return { dir, resume: true };
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function introduction(dir: string, resume: boolean): string {
  const story =
    'The base model follows a procedure it is told, and guesses when it is not. Problems it never solves by itself\n' +
    'are rolled out again with a hint; what works with the hint trains the policy that sees none.\n';
  return `${story}${resume ? 'Going on with' : 'Training in'} ${dir} (Ctrl-C stops at a point from which it can go on).\n\n`;
}

/** Before and after, on held-out words. */
export function resultTable(evaluations: readonly EvaluationLine[]): string {
  const rows = [
    { label: 'hint-free pass@1', hinted: false, k: 1 },
    { label: 'hint-free pass@8', hinted: false, k: 8 },
    { label: 'guided pass@1', hinted: true, k: 1 },
  ].flatMap(({ label, hinted, k }) => {
    const lines = evaluations.filter(({ context }) => (context !== 'plain') === hinted);
    const [first, last] = [lines[0], lines.at(-1)];
    return first && last ? [[label, cell(first, k), cell(last, k)]] : [];
  });
  const table = [['held-out words', 'before', 'after'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join('   ')).join('\n');
}

function cell(line: EvaluationLine, k: number): string {
  const found = line.passAtK.find((entry) => entry.k === k);
  if (!found) return '–';
  return `${formatFigure(found.estimate)} [${formatFigure(found.low)}, ${formatFigure(found.high)}]`;
}

function whatNext(dir: string): string {
  return (
    '(95 % intervals: bootstrap over problems)\n\n' +
    'What next\n' +
    `  every rollout, verdict and ratio:   ${dir}/rollouts/\n` +
    `  the story of each problem:          ${dir}/ledger.jsonl\n` +
    '  the same without guidance:          npx guiderail train recipes/machines/demo.yaml --out runs/grpo \\\n' +
    '                                        --set guidance.strategy=none --set guidance.retention=0\n' +
    '  your own problems:                  README.md, "A first result of your own"\n'
  );
}
