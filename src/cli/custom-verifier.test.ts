// The example of a custom verifier runs as its files say: checked, graded and trained with.
import { symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { Scratch } from './scratch.case.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const FOLDER = 'recipes/custom-verifier';
const custom = ['--custom', `same-letters=${FOLDER}/same-letters.mjs`];

it('recipes/custom-verifier works', async () => {
  for (const folder of ['recipes', 'test']) {
    symlinkSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)), scratch.at(folder));
  }
  scratch.writeRows('rows.jsonl', [
    { id: 1, response: '#### b a', gold: 'a b' },
    { id: 2, response: '#### b b', gold: 'a b' },
  ]);
  const { out } = await scratch.run(['grade', '--kind', 'same-letters', ...custom, '--in', 'rows.jsonl']);
  expect(out.match(/"verdict":"\w+"/g)).toEqual(['"verdict":"correct"', '"verdict":"wrong"']);

  const checked = await scratch.run(['data', 'check', `${FOLDER}/problems.jsonl`, ...custom]);
  expect(checked).toMatchObject({ code: 0, err: '' });

  const trained = await scratch.run(['train', `${FOLDER}/train.yaml`, '--out', 'run', '--set', 'steps=1']);
  expect(trained).toMatchObject({ code: 0 });
  const kinds = scratch
    .lines<{ verdict?: string }>('run/rollouts/step-000000.jsonl')
    .map(({ verdict }) => verdict);
  expect(kinds).toContain('correct');
  expect(kinds).not.toContain('graderError');
});
