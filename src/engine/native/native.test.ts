import { describe } from 'vitest';
import { runEngineSuite } from '../conformance.case.ts';
import { FAMILIES } from '../conformance/bench.case.ts';
import { TOLERANCES } from '../tolerances.ts';
import { loadAddon } from './addon.ts';
import { createNativeEngine } from './native.ts';

const BF16_SKIPS = [
  "log-probs and entropies with an adapter equal PEFT's",
  "gradients of an adapter equal PEFT's",
  ...FAMILIES.map((family) => `${family}: the likeliest tokens are PyTorch's`),
].map((test) => ({ test, reason: 'these golden numbers are of factors that are not rounded' }));
const DTYPES = [
  { dtype: 'fp32', golden: 'golden.json', tolerances: TOLERANCES.float32, skip: [] },
  { dtype: 'bf16', golden: 'golden-bf16.json', tolerances: TOLERANCES.bf16, skip: BF16_SKIPS },
] as const;

describe.each(loadAddon().instructionSets())('instruction set %s', (instructionSet) => {
  for (const { dtype, golden, tolerances, skip } of DTYPES) {
    runEngineSuite({
      name: `native (${instructionSet}, ${dtype})`,
      newEngine: () => createNativeEngine({ instructionSet, dtype, threads: 2 }),
      golden,
      tolerances,
      skip,
    });
  }
});
