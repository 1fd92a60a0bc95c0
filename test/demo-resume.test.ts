// The demo on the native engine, killed with SIGKILL at every checkpoint boundary and in between: resumed, it ends with
// the bytes of the run that was not killed (times aside). Shortened in steps and problems, otherwise the demo's recipe.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fingerprint, scratchFolder, withValue, type Tree } from './micro.case.ts';
import { lifeOf } from './process-life.case.ts';

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true }));

const CHANGES: [string, unknown][] = [
  ['steps', 8],
  ['checkpoint.everySteps', 2],
  ['evaluation.everySteps', 4],
  ['problems.heldOut.count', 20],
  ['sampling.surplusMaxAgeSteps', 2],
  ['record.rolloutsEverySteps', 1],
];

// Ten lives of a process, each with its own start; minutes where the cores are busy.
test(
  'the demo, killed at every checkpoint boundary and at moments in between',
  { timeout: 300_000 },
  async () => {
    const demo = parse(
      readFileSync(new URL('../recipes/machines/demo.yaml', import.meta.url), 'utf8'),
    ) as Tree;
    const recipe = CHANGES.reduce((tree, [path, value]) => withValue(tree, path, value), demo);
    const whole = join(root, 'whole');
    expect(await lifeOf('train', recipe, whole)).toBe('ended');
    const dir = join(root, 'killed');
    const moments = [
      'metrics.jsonl',
      'checkpoint of step 2',
      'rollouts/step-000003',
      'checkpoint of step 4',
      'checkpoints/.partial-step-000006',
      'checkpoint of step 6',
      'rollouts/.partial',
      'checkpoint of step 8',
    ];
    let killed = 0;
    for (const [life, killAt] of moments.entries()) {
      if ((await lifeOf('train', recipe, dir, { resume: life > 0, killAt })) === 'killed') killed++;
    }
    // The last kill may come after the end on a machine that is very busy.
    expect(killed).toBeGreaterThanOrEqual(moments.length - 1);
    expect(await lifeOf('train', recipe, dir, { resume: true })).toBe('ended');
    expect(fingerprint(dir)).toEqual(fingerprint(whole));
  },
);
