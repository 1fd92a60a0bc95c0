// What a training session does around the loop: everything that can be wrong is said before anything is written, what
// is left out is said, and the directory tells how the run began and ended.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { machinesConfigSchema, machinesProblems } from '../src/data/synthetic/machines.ts';
import { DataError, ModelError, RunError } from '../src/errors.ts';
import type { RunEvent } from '../src/runs/run-directory.ts';
import type { SessionOptions } from '../src/train/session.ts';
import {
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

const ROWS = machinesProblems(machinesConfigSchema.parse(MACHINES), 'train', 6).map(
  ({ messages, answer, hints }): Tree => ({ messages, answer, hints }),
);
const BASE: Tree = { ...TRAIN_RECIPE, steps: 1, evaluation: { everySteps: 1, samples: 1, passAt: [1] } };

let counter = 0;
const unused = () => join(root, `run-${counter++}`);
function file(rows: readonly Tree[]): string {
  const path = join(root, `rows-${counter++}.jsonl`);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
const trainedOn = (rows: readonly Tree[], unusable = 'refuse') =>
  withValue(withValue(BASE, 'problems.train', { file: file(rows) }), 'problems.unusable', unusable);

const LONG = { prompt: 'What comes out ? '.repeat(12), answer: 'a' };
const LONG_HINT = { prompt: 'What comes out ?', answer: 'a', hint: 'then reverse '.repeat(30) };
const NO_ANSWER = { prompt: 'What comes out ?' };
const MISSPELT = { prompt: 'What comes out ?', answer: 'a', verifier: 'exakt' };

describe('nothing is written', () => {
  const refusal = async (recipe: Tree): Promise<Error> => {
    const dir = unused();
    const error = await runTraining(recipe, dir).catch((thrown: unknown) => thrown as Error);
    expect(existsSync(dir)).toBe(false);
    return error as Error;
  };

  test.each([
    ['a row without an answer', NO_ANSWER, /rows.*:7 \(answer\)/s],
    ['a prompt too long', LONG, /in the plain context/],
    ['a prompt too long with its hint', LONG_HINT, /in the hint1 context/],
    [
      'a verifier there is not',
      MISSPELT,
      /problem "What comes out \?" \([0-9a-f]{16}\): .*"exakt"; did you mean "exact"/,
    ],
  ])('when there is %s', async (_, row, message) => {
    const error = await refusal(trainedOn([...ROWS, row]));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  test('when the held-out problems cannot be used', async () => {
    const recipe = withValue(BASE, 'problems.heldOut', { file: file([NO_ANSWER, ...ROWS]) });
    expect(await refusal(recipe)).toBeInstanceOf(DataError);
  });

  test('when there are no problems, or none that fit', async () => {
    expect(await refusal(trainedOn([]))).toBeInstanceOf(DataError);
    expect(await refusal(trainedOn([LONG], 'drop'))).toBeInstanceOf(DataError);
    expect(await refusal(withValue(BASE, 'problems.train', { file: join(root, 'none') }))).toBeInstanceOf(
      DataError,
    );
  });

  test('when there is no model', async () => {
    const error = await refusal(withValue(BASE, 'model.folder', join(root, 'no-model')));
    expect([ModelError, DataError].some((kind) => error instanceof kind)).toBe(true);
  });
});

async function session(recipe: Tree, options: Partial<SessionOptions> = {}) {
  const dir = unused();
  const said: string[] = [];
  const onWarning = (sentence: string) => said.push(sentence);
  const outcome = await runTraining(recipe, dir, { onWarning, ...options });
  const events = linesOf<RunEvent>(join(dir, 'events.jsonl'));
  return { outcome, events, said, dir };
}

describe('what is left out is said, and written to events.jsonl', () => {
  test('rows and prompts that cannot be used', async () => {
    const { said, events } = await session(trainedOn([...ROWS, NO_ANSWER, LONG], 'drop'));
    expect(said.map((sentence) => sentence.split('\n')[0])).toEqual([
      'Dropped 1 rows that cannot be used:',
      'Dropped 1 problems whose prompt is too long (the model takes 64 tokens and sampling.maxNewTokens is 16):',
    ]);
    const warnings = events.filter(({ kind }) => kind === 'warning').map(({ message }) => message);
    expect(warnings.slice(0, 2)).toEqual(said);
  });

  test('a long hint is no matter without guidance', async () => {
    const recipe = withValue(trainedOn([...ROWS, LONG_HINT]), 'guidance', { strategy: 'none' });
    expect((await session(recipe)).said).toEqual([]);
  });

  test('held-out problems without a hint, when evaluation shows hints', async () => {
    const unhinted = { messages: ROWS[0]['messages'], answer: ROWS[0]['answer'] };
    const heldOut = { file: file([...ROWS.slice(1), unhinted]) };
    const { said, dir } = await session(withValue(BASE, 'problems.heldOut', heldOut));
    // They are those that are trained on.
    const overlap = expect.stringMatching(/^Found and kept 6 training problems that share/) as string;
    expect(said).toEqual([overlap, expect.stringMatching(/leaves out 1 of 6 held-out problems/)]);
    expect(linesOf(join(dir, 'evals.jsonl')).map(({ problems }) => problems)).toEqual([5, 5, 5, 5]);
    const unguided = withValue(withValue(BASE, 'problems.heldOut', heldOut), 'evaluation.guided', false);
    expect((await session(unguided)).said).toEqual([overlap]);
  });

  test('no held-out problem with a hint leaves the plain evaluation of all', async () => {
    const heldOut = { file: file(ROWS.map(({ messages, answer }) => ({ messages, answer }))) };
    const { dir } = await session(withValue(BASE, 'problems.heldOut', heldOut));
    const lines = linesOf<{ context: string; problems: number }>(join(dir, 'evals.jsonl'));
    expect(lines.map(({ context, problems }) => `${context} ${problems}`)).toEqual(['plain 6', 'plain 6']);
  });
});

describe('the directory', () => {
  test('tells how the run ended, with the model beside it', async () => {
    const { outcome, events, dir } = await session(BASE);
    expect(outcome).toEqual({ completedSteps: 1, interrupted: false, modelFolder: join(dir, 'model') });
    expect(events.at(-1)).toMatchObject({ kind: 'end' });
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) {
      expect(existsSync(join(dir, 'model', name)), name).toBe(true);
    }
  });

  test('tells of an interrupt, without a model', async () => {
    const { outcome, events, dir } = await session(BASE, { signal: AbortSignal.abort() });
    expect(outcome).toEqual({ completedSteps: 0, interrupted: true, modelFolder: null });
    expect(events.at(-1)).toMatchObject({ kind: 'interrupt' });
    expect(existsSync(join(dir, 'model'))).toBe(false);
  });

  test('of a run is not begun again, and resumed only with the problems it began with', async () => {
    const { dir } = await session(BASE);
    await expect(runTraining(BASE, dir)).rejects.toThrow(RunError);
    const others = withValue(BASE, 'problems.train.count', 23);
    await expect(runTraining(others, dir, { resume: true })).rejects.toThrow(/problems and hints/);
    expect(linesOf<RunEvent>(join(dir, 'events.jsonl')).at(-1)).toMatchObject({ kind: 'error' });
  });

  test('of a finished run can be resumed for more steps, and says what changed', async () => {
    const { dir } = await session(BASE);
    const said: string[] = [];
    const onWarning = (sentence: string) => said.push(sentence);
    const outcome = await runTraining({ ...BASE, steps: 2 }, dir, { resume: true, onWarning });
    expect(outcome).toMatchObject({ completedSteps: 2 });
    expect(said).toEqual(['Not as when the run began: config.steps: 1 → 2.']);
    expect(linesOf(join(dir, 'metrics.jsonl')).map(({ step }) => step)).toEqual([0, 1]);
  });
});
