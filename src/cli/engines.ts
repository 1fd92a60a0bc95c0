// The one place that knows which engines there are.
import type { Engine } from '../engine/engine.ts';
import { createReferenceEngine } from '../engine/reference/reference.ts';
import type { EngineConfig } from '../train/config.ts';
import type { EngineStatus } from './commands/doctor.ts';

const ENGINES: Readonly<Record<EngineConfig['kind'], () => Engine>> = {
  reference: createReferenceEngine,
};

export function createEngine(config: EngineConfig): Engine {
  return ENGINES[config.kind]();
}

/** For `guiderail doctor`: which engines can be used here, and why not. */
export function engineStatuses(): EngineStatus[] {
  return Object.values(ENGINES).map((create) => {
    const { name, description } = create();
    return { name, usable: true, detail: description };
  });
}
