// The suite that every engine is held to: the promises of engine.ts as tests, against golden numbers of PyTorch
// and against the engine itself. It knows no engine; what an engine cannot keep is a skip with a reason, given
// as data where the suite is run, and a skip that names no test is an error.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Check, GoldenFile } from './conformance/bench.case.ts';
import { capabilityChecks } from './conformance/capabilities.case.ts';
import { goldenChecks } from './conformance/golden.case.ts';
import { loraChecks } from './conformance/lora.case.ts';
import { refusalChecks } from './conformance/refusals.case.ts';
import { samplingChecks } from './conformance/sampling.case.ts';
import { scoringChecks } from './conformance/scoring.case.ts';
import { tokenHookChecks } from './conformance/token-hook.case.ts';
import { topTokenChecks } from './conformance/top-tokens.case.ts';
import { trainingChecks } from './conformance/training.case.ts';
import { truncationChecks } from './conformance/truncation.case.ts';
import type { Engine } from './engine.ts';
import type { EngineTolerances } from './tolerances.ts';

export interface SkippedTest {
  /** The test's name as the suite has it. */
  readonly test: string;
  readonly reason: string;
}

export interface EngineSuite {
  readonly name: string;
  /** Called once a test; the suite closes what it gets. */
  readonly newEngine: () => Engine | Promise<Engine>;
  /** What it is compared with: the golden numbers, and how far from them it may lie. */
  readonly golden?: GoldenFile;
  readonly tolerances: EngineTolerances;
  readonly skip: readonly SkippedTest[];
}

export function runEngineSuite(suite: EngineSuite): void {
  const reasons = new Map(suite.skip.map(({ test, reason }) => [test, reason]));
  const names = new Set<string>();
  const check: Check = (name, body) => {
    names.add(name);
    const reason = reasons.get(name);
    if (reason !== undefined) {
      it.skip(`${name} (skipped: ${reason})`);
      return;
    }
    it(name, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'guiderail-engine-'));
      const engine = await suite.newEngine();
      try {
        await body({ engine, golden: suite.golden ?? 'golden.json', tolerances: suite.tolerances, folder });
      } finally {
        await engine.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
  };
  describe(`engine ${suite.name}`, () => {
    for (const checks of [
      goldenChecks,
      scoringChecks,
      topTokenChecks,
      samplingChecks,
      truncationChecks,
      tokenHookChecks,
      trainingChecks,
      refusalChecks,
      capabilityChecks,
      loraChecks,
    ]) {
      checks(check);
    }
    it('skips name tests of the suite, once each and with a reason', () => {
      expect(suite.skip.filter(({ test }) => !names.has(test))).toEqual([]);
      expect(reasons.size).toBe(suite.skip.length);
      expect(suite.skip.filter(({ reason }) => reason.trim() === '')).toEqual([]);
    });
  });
}
