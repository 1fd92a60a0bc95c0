// Scripted situations for the tests of this folder: rollouts of which only context, verdict and index matter,
// and a sampler that hands them to a strategy until it is satisfied.
import type { Context, GradedGroup, Problem, Rollout, VerdictKind } from '../types.ts';
import type { GuidanceDecision, GuidanceStrategy } from './strategy.ts';

/** One letter a rollout: c correct, w wrong, m malformed, t truncated, e grader error, o grader timeout. */
const VERDICTS: Record<string, VerdictKind> = {
  c: 'correct',
  w: 'wrong',
  m: 'malformed',
  t: 'truncated',
  e: 'graderError',
  o: 'graderTimeout',
};

export function rollouts(context: Context, letters: string): Rollout[] {
  return [...letters].map((letter, sampleIndex) => ({
    problemId: 'p',
    context,
    promptTokens: Int32Array.of(1),
    responseTokens: Int32Array.of(2),
    behaviourLogprobs: Float64Array.of(-1),
    finish: 'stop',
    text: letter,
    verdict: { kind: VERDICTS[letter], reason: `scripted ${letter}`, extracted: null },
    reward: letter === 'c' ? 1 : 0,
    policyVersion: 0,
    seed: '0000000000000000',
    sampleIndex,
  }));
}

export interface Script {
  plain: string;
  /** What is sampled at hint level 1, 2, …; a level without an entry is never expected to be sampled. */
  hinted?: readonly string[];
  hints?: readonly string[];
}

export interface Played {
  decision: Exclude<GuidanceDecision, { kind: 'sample' }>;
  /** The contexts sampled, in order. */
  contexts: Context[];
}

/** Carries out a strategy's decisions; throws if it has not ended after five. */
export function play(strategy: GuidanceStrategy, script: Script): Played {
  const problem: Problem = {
    id: 'p',
    messages: [{ role: 'user', content: 'ZORB is fed "abc".' }],
    answer: 'cba',
    verifier: 'exact',
    hints: script.hints ?? ['reverse', 'reverse the whole word'],
    source: 'synthetic/machines/zorb',
  };
  const attempts: GradedGroup[] = [];
  for (let decisions = 0; decisions < 5; decisions++) {
    const decision = strategy.decide({ problem, k: script.plain.length, step: 0, attempts });
    if (decision.kind !== 'sample') return { decision, contexts: attempts.map(({ context }) => context) };
    const { context, count } = decision;
    const letters = context === 'plain' ? script.plain : script.hinted?.[Number(context.slice(4)) - 1];
    if (letters?.length !== count) throw new Error(`The script has no ${count} rollouts for ${context}.`);
    attempts.push({ context, rollouts: rollouts(context, letters) });
  }
  throw new Error('The strategy did not end within five decisions.');
}

/** A plan as text: rows and retention rows, each as verdict letter, sampled context → train context. */
export function planText({ decision }: Played): { rows: string[]; retention: string[] } {
  if (decision.kind !== 'accept')
    throw new Error(`Expected an accepted plan, got a drop: ${decision.reason}.`);
  const text = ({ rollout, trainContext }: (typeof decision.plan.rows)[number]) =>
    `${rollout.text} ${rollout.context}→${trainContext}`;
  return { rows: decision.plan.rows.map(text), retention: decision.plan.retention.map(text) };
}

export function dropReason({ decision }: Played): string {
  return decision.kind === 'drop' ? decision.reason : 'accepted';
}
