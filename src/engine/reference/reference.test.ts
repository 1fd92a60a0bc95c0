// The reference engine keeps the contract in full.
import { runEngineSuite } from '../conformance.case.ts';
import { TOLERANCES } from '../tolerances.ts';
import { createReferenceEngine } from './reference.ts';

runEngineSuite({
  name: 'reference',
  newEngine: createReferenceEngine,
  tolerances: TOLERANCES.float64,
  skip: [],
});
