// The problems of a command that samples responses to them, with what its options say of rows that cannot be used.
import { handleRejected, loadProblems } from '../train/prepare.ts';
import type { Problem } from '../types.ts';
import type { VerifierPool } from '../verifiers/pool.ts';
import type { CommandIO } from './command-io.ts';
import { hubFor, sourceOf } from './problem-source.ts';
import type { Progress } from './progress.ts';

export interface LoadOptions {
  readonly limit?: number;
  readonly dropUnusable: boolean;
}

/** What was left out is noted. DataError where rows cannot be used and are not to be dropped. */
export async function problemsOf(
  io: CommandIO,
  named: string,
  { limit, dropUnusable }: LoadOptions,
  verifiers: VerifierPool,
  progress: Progress,
): Promise<Problem[]> {
  const hub = hubFor(io, progress);
  const { problems, rejected } = await loadProblems(sourceOf(io, named, limit), verifiers.verifierFor, {
    hub,
  });
  const warnings: string[] = [];
  handleRejected(rejected, named, dropUnusable ? 'drop' : 'refuse', warnings, 'pass --drop-unusable');
  for (const sentence of warnings) progress.note(sentence);
  return problems;
}
