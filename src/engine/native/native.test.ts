import { describe } from 'vitest';
import { runEngineSuite } from '../conformance.case.ts';
import { TOLERANCES } from '../tolerances.ts';
import { loadAddon } from './addon.ts';
import { createNativeEngine } from './native.ts';

describe.each(loadAddon().instructionSets())('instruction set %s', (instructionSet) => {
  runEngineSuite({
    name: `native (${instructionSet})`,
    newEngine: () => createNativeEngine({ instructionSet, threads: 2 }),
    tolerances: TOLERANCES.float32,
    skip: [],
  });
});
