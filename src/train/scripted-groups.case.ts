// Training groups written by hand for the tests of this folder: letters say how the rollouts ended, plain and
// after the slash with the hint of level 1; each response is its letter, a padding and the stop token.
import { encode } from '../rollout/scripted-engine.case.ts';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import type { Context, PlannedRow, Rollout, TrainingGroup, VerdictKind } from '../types.ts';

const VERDICTS: Readonly<Record<string, VerdictKind>> = {
  c: 'correct',
  w: 'wrong',
  m: 'malformed',
  t: 'truncated',
  e: 'graderError',
};

export function rolloutOf(name: string, context: Context, text: string, sampleIndex = 0): Rollout {
  const responseTokens = encode(`${text}.`);
  return {
    problemId: name,
    context,
    promptTokens: encode(context === 'plain' ? name : `${name}+${context}`),
    responseTokens,
    behaviourLogprobs: new Float64Array(responseTokens.length).fill(-0.5),
    finish: 'stop',
    text,
    verdict: { kind: VERDICTS[text[0]], reason: `begins with ${text[0]}`, extracted: text },
    reward: text.startsWith('c') ? 1 : 0,
    policyVersion: 0,
    seed: '0000000000000000',
    sampleIndex,
  };
}

export interface GroupFields {
  drawOrdinal?: number;
  sampledAtStep?: number;
  /** Correct guided rows are retained. */
  retention?: boolean;
  /** Put after the letter of every response, which makes it longer. */
  padding?: string;
}

export function groupOf(name: string, letters: string, fields: GroupFields = {}): TrainingGroup {
  const [plain, guided = ''] = letters.split('/');
  const rolloutsIn = (context: Context, of: string) =>
    [...of].map((letter, index) => rolloutOf(name, context, letter + (fields.padding ?? ''), index));
  const rollouts = [...rolloutsIn('plain', plain), ...rolloutsIn('hint1', guided)];
  const retained = rollouts.filter(({ context, reward }) => context === 'hint1' && reward === 1);
  return {
    problem: problemNamed(name),
    drawOrdinal: fields.drawOrdinal ?? 0,
    sampledAtStep: fields.sampledAtStep ?? 0,
    plan: {
      rows: rollouts.map((rollout): PlannedRow => ({ rollout, trainContext: 'plain' })),
      retention: fields.retention
        ? retained.map((rollout): PlannedRow => ({ rollout, trainContext: 'hint1' }))
        : [],
    },
  };
}
