// The options of a command that opens a model without a recipe: which engine computes, and in which dtype.
import { Option, type Command } from 'commander';
import type { Engine } from '../engine/engine.ts';
import { engineConfigSchema, type EngineConfig } from '../train/model-config.ts';
import { createEngine } from './engines.ts';

export type EngineOptions = { readonly [name in 'engine' | 'dtype']: string };

const { kind, dtype } = engineConfigSchema.shape;
const DEFAULTS: EngineConfig = engineConfigSchema.parse({});

export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--engine <kind>', 'what computes').choices(kind.unwrap().options).default(DEFAULTS.kind),
    )
    .addOption(
      new Option('--dtype <type>', 'what linear layers multiply')
        .choices(dtype.unwrap().options)
        .default(DEFAULTS.dtype),
    );
}

export function engineFrom({ engine, dtype }: EngineOptions): Engine {
  return createEngine(engineConfigSchema.parse({ kind: engine, dtype }));
}
