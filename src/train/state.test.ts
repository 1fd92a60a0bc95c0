import { expect, test } from 'vitest';
import { PassRates } from '../data/order/pass-rates.ts';
import { RunError } from '../errors.ts';
import { problemNamed } from '../rollout/scripted-engine.case.ts';
import { Ledger } from '../runs/ledger.ts';
import { decodeState, encodeState } from '../runs/state-codec.ts';
import type { TrainingGroup } from '../types.ts';
import { groupOf } from './scripted-groups.case.ts';
import { INITIAL_STATE, problemsFingerprint, restoreState, storeState, type TrainState } from './state.ts';

const problems = [problemNamed('A'), problemNamed('B', { hints: ['one', 'two'] })];
const group: TrainingGroup = groupOf('B', 'ww/cc', { drawOrdinal: 5, sampledAtStep: 2, retention: true });
const state: TrainState = {
  completedSteps: 3,
  nextDrawOrdinal: 12,
  orderCursors: [31, 4],
  policyVersion: 6,
  tokensSampled: 345,
  surplus: [group],
  evaluatedAt: 2,
  refusedInARow: 1,
  emptyInARow: 0,
};

function ledger(): Ledger {
  const made = new Ledger();
  made.observe('A', 's', 1, { plainCorrect: 0, plainEvidence: 4, guidedCorrect: 1, guidedEvidence: 4 });
  return made;
}

test('a state comes back from the bytes of a checkpoint as it was, log-probs to the bit', () => {
  const passRates = PassRates.fromJSON([['A', 1.5, 6.25, true]]);
  const memory = { state, ledger: ledger(), passRates };
  const restored = restoreState(decodeState(encodeState(storeState(memory, problems))), problems);
  expect(restored.state).toEqual(state);
  expect(restored.state.surplus[0].plan.rows[0].rollout.behaviourLogprobs).toBeInstanceOf(Float64Array);
  expect(restored.ledger.toJSON()).toEqual([['A', 'rescued', 1, 's']]);
  expect(restored.passRates?.toJSON()).toEqual([['A', 1.5, 6.25, true]]);
});

test('a state from before there were orders goes on with the shuffle', () => {
  const stored = storeState({ state, ledger: ledger(), passRates: null }, problems);
  const train = { ...stored.train, orderCursors: undefined };
  const restored = restoreState({ ...stored, train }, problems);
  expect(restored.state.orderCursors).toEqual([]);
  expect(restored.passRates).toBeNull();
});

test('is refused for other problems, another order of them or other hints', () => {
  const stored = storeState({ state: INITIAL_STATE, ledger: new Ledger(), passRates: null }, problems);
  const [a, b] = problems;
  for (const changed of [[a], [b, a], [a, problemNamed('C')], [a, { ...b, hints: ['one', 'three'] }]]) {
    expect(() => restoreState(stored, changed)).toThrow(RunError);
  }
  expect(() => restoreState(stored, [a, { ...b, source: 'elsewhere' }])).not.toThrow();
});

test('hints of two problems cannot be told apart by where they are cut', () => {
  const of = (...hints: string[][]) =>
    problemsFingerprint(hints.map((each, index) => problemNamed('AB'[index], { hints: each })));
  expect(of(['x', 'y'], [])).not.toBe(of(['x'], ['y']));
});
