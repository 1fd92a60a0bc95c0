// The one place that knows which engines there are.
import type { Engine } from '../engine/engine.ts';
import { createNativeEngine, type NativeOptions } from '../engine/native/native.ts';
import { createReferenceEngine } from '../engine/reference/reference.ts';
import { EngineError, messageOf } from '../errors.ts';
import type { EngineConfig } from '../train/model-config.ts';
import type { EngineStatus } from './commands/doctor.ts';

const ENGINES: Readonly<Record<EngineConfig['kind'], (config: NativeOptions) => Engine>> = {
  native: createNativeEngine,
  reference: createReferenceEngine,
};

/** Only the native engine has options; the reference engine takes none. @throws EngineError for bf16 on another. */
export function createEngine({ kind, dtype, threads, activationBudgetMiB }: EngineConfig): Engine {
  if (kind !== 'native' && dtype !== 'fp32') {
    throw new EngineError(
      `The ${kind} engine has no dtype ${dtype}: it computes in float64; leave the dtype out or use the native engine.`,
    );
  }
  return ENGINES[kind]({ dtype, activationBudgetMiB, ...(threads !== undefined && { threads }) });
}

/** For `guiderail doctor`: which engines can be used here, and why not. */
export function engineStatuses(): EngineStatus[] {
  return Object.entries(ENGINES).map(([name, create]) => {
    try {
      return { name, usable: true, detail: create({}).description };
    } catch (error) {
      return { name, usable: false, detail: messageOf(error) };
    }
  });
}
