import { describe } from 'vitest';
import { runEngineSuite } from '../conformance.case.ts';
import { TOLERANCES } from '../tolerances.ts';
import { loadAddon } from './addon.ts';
import { createNativeEngine } from './native.ts';

const DTYPES = [
  { dtype: 'fp32', golden: 'golden.json', tolerances: TOLERANCES.float32 },
  { dtype: 'bf16', golden: 'golden-bf16.json', tolerances: TOLERANCES.bf16 },
] as const;

describe.each(loadAddon().instructionSets())('instruction set %s', (instructionSet) => {
  for (const { dtype, golden, tolerances } of DTYPES) {
    runEngineSuite({
      name: `native (${instructionSet}, ${dtype})`,
      newEngine: () => createNativeEngine({ instructionSet, dtype, threads: 2 }),
      golden,
      tolerances,
      skip: [],
    });
  }
});
