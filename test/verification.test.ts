// Verifiers that hang, crash and grow within a whole training run: the run goes on, the rollouts they had are left out,
// counted and shown, and guidance never takes them for failures. The format gate and composite rewards beside them.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { ConfigError } from '../src/errors.ts';
import {
  fingerprint,
  linesOf,
  MACHINES,
  runTraining,
  scratchFolder,
  TRAIN_RECIPE,
  withValue,
  type Tree,
} from './micro.case.ts';

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

const problems = join(root, 'problems.jsonl');
writeFileSync(
  problems,
  machinesProblems(machinesConfigSchema.parse(MACHINES), 'train', 12)
    .map(({ messages, answer, hints }) => JSON.stringify({ messages, answer, hints, verifier: 'own' }))
    .join('\n'),
);

/** Responses that end in a hang, in b crash, in c throw; the others are wrong. */
const verifier = join(root, 'verifier.mjs');
writeFileSync(
  verifier,
  `export default ({ response }) => {
    const last = response.trim().at(-1);
    if (last === 'a') for (;;);
    if (last === 'b') process.exit(1);
    if (last === 'c') throw new Error('no c');
    return { kind: 'wrong', reason: 'it ends in ' + last, extracted: last };
  };`,
);

const recipe: Tree = [
  ['steps', 1],
  ['problems', { train: { file: problems } }],
  ['sampling.maxRounds', 2],
  ['sampling.k', 2],
  ['maxBadSteps', 5],
  ['verification', { custom: { own: verifier }, timeoutSeconds: 0.2 }],
].reduce<Tree>((tree, [path, value]) => withValue(tree, path as string, value), TRAIN_RECIPE);

interface RolloutLine {
  readonly kind: string;
  readonly drawOrdinal: number;
  readonly context: string;
  readonly verdict: string;
  readonly outcome: string;
  readonly text: string;
  readonly reward: number;
  readonly rewardParts?: { readonly correctness: number; readonly format: number };
}
const rolloutsOf = (dir: string) =>
  readdirSync(join(dir, 'rollouts'))
    .sort()
    .flatMap((name) => linesOf<RolloutLine>(join(dir, 'rollouts', name)))
    .filter(({ kind }) => kind === 'rollout');

const FAULTS: Readonly<Record<string, string>> = { a: 'graderTimeout', b: 'graderError', c: 'graderError' };

describe('a verifier that hangs, crashes and throws', () => {
  const dir = join(root, 'faults');

  test('leaves its rollouts out, counts them, and triggers no guidance', async () => {
    await runTraining(recipe, dir);
    const rollouts = rolloutsOf(dir);
    for (const { text, verdict } of rollouts) expect(verdict).toBe(FAULTS[text.trim().at(-1)!] ?? 'wrong');
    const faulty = rollouts.filter(({ verdict }) => verdict.startsWith('grader'));
    expect(new Set(faulty.map(({ verdict }) => verdict))).toEqual(new Set(['graderTimeout', 'graderError']));

    const plain = rollouts.filter(({ context }) => context === 'plain');
    const withFault = new Set(
      plain.filter((one) => faulty.includes(one)).map(({ drawOrdinal }) => drawOrdinal),
    );
    const guided = new Set(
      rollouts.filter((one) => one.context !== 'plain').map(({ drawOrdinal }) => drawOrdinal),
    );
    const allWrong = plain.filter(({ drawOrdinal }) => !withFault.has(drawOrdinal));
    expect(withFault.size).toBeGreaterThan(0);
    expect(new Set(allWrong.map(({ drawOrdinal }) => drawOrdinal))).toEqual(guided);
    for (const { drawOrdinal, outcome } of plain) {
      expect(outcome === 'tooLittleEvidence').toBe(withFault.has(drawOrdinal));
    }
    const [metrics] = linesOf(join(dir, 'metrics.jsonl'));
    expect(metrics['graderFaults']).toBe(faulty.length);
  });

  test('changes nothing else: the run again, with one process, is the same bytes', async () => {
    const again = join(root, 'again');
    await runTraining(withValue(recipe, 'verification.processes', 1), again);
    expect(fingerprint(again)).toEqual(fingerprint(dir));
  });

  test('that cannot be loaded is refused before anything is written', async () => {
    const missing = withValue(recipe, 'verification.custom', { own: join(root, 'none.mjs') });
    await expect(runTraining(missing, join(root, 'missing'))).rejects.toThrow(ConfigError);
    expect(readdirSync(root)).not.toContain('missing');
  });
});

describe('the format gate and a reward of parts', () => {
  test('malformed by the gate is seen by no verifier; each part is in rollouts and metrics', async () => {
    const dir = join(root, 'parts');
    const gated = withValue(recipe, 'verification', {
      custom: { own: verifier },
      format: { pattern: '[d]\\s*$' },
      parts: { correctness: 1, format: 0.25 },
    });
    await runTraining(gated, dir);
    const rollouts = rolloutsOf(dir);
    const kinds = new Set(rollouts.map(({ verdict }) => verdict));
    // Of those that reach the verifier none hangs, crashes or throws.
    expect([...kinds].every((kind) => ['wrong', 'malformed', 'truncated'].includes(kind))).toBe(true);
    for (const { text, verdict, reward, rewardParts } of rollouts) {
      const passes = text.trim().endsWith('d');
      expect(verdict === 'wrong').toBe(passes);
      expect(rewardParts).toEqual({ correctness: 0, format: passes ? 0.25 : 0 });
      expect(reward).toBe(passes ? 0.25 : 0);
    }
    const share = rollouts.filter(({ verdict }) => verdict === 'wrong').length / rollouts.length;
    const [{ rewardParts }] = linesOf<{ rewardParts: unknown }>(join(dir, 'metrics.jsonl'));
    expect(rewardParts).toEqual({ correctness: 0, format: expect.closeTo(0.25 * share, 12) as number });
    // Rewarded for their form, all of them are failures still.
    const guided = new Set(
      rollouts.filter(({ context }) => context !== 'plain').map((one) => one.drawOrdinal),
    );
    const failed = rollouts.filter(({ context, verdict }) => context === 'plain' && verdict === 'wrong');
    expect(new Set(failed.map(({ drawOrdinal }) => drawOrdinal))).toEqual(guided);
  });
});
