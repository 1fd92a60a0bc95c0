// What a ModelSpec asks to be opened: a base and, beside it, an adapter that is new or comes from a folder of PEFT's. The
// same for every engine; nothing is computed here.
import { EngineError } from '../errors.ts';
import {
  initializeAdapter,
  isAdapterFolder,
  readAdapterFolder,
  readAdapterTensors,
  type LoraConfig,
} from '../model/adapter.ts';
import type { ModelSource } from '../model/model-source.ts';
import { openModel } from '../model/open.ts';
import type { ModelSpec } from './engine.ts';

export interface BaseWithAdapter {
  readonly base: ModelSource;
  readonly adapter: LoraConfig | null;
  /** The adapter's tensors as they start. */
  readonly readAdapter: (adapter: LoraConfig) => Promise<ReadonlyMap<string, Float32Array | Float64Array>>;
}

/** @throws ModelError for what cannot be read, EngineError for an adapter on an adapter. */
export async function openWithAdapter({ folder, adapter }: ModelSpec): Promise<BaseWithAdapter> {
  if (await isAdapterFolder(folder)) {
    if (adapter.kind !== 'none') {
      throw new EngineError(
        `${folder} is an adapter itself; name its base to give that a new one, or leave the adapter out.`,
      );
    }
    const { base, config } = await readAdapterFolder(folder);
    const source = await openModel(base);
    return {
      base: source,
      adapter: config,
      readAdapter: (own) => readAdapterTensors(folder, source.shape, own),
    };
  }
  const base = await openModel(folder);
  if (adapter.kind === 'none') return { base, adapter: null, readAdapter: async () => new Map() };
  const { rank, alpha, targets, seed } = adapter;
  return {
    base,
    adapter: { rank, alpha, targets },
    readAdapter: async (own) => initializeAdapter(base.shape, own, seed),
  };
}

/** @throws EngineError when a model is to share the weights of another base. */
export function requireSameBase(base: ModelSource, shared: ModelSource | undefined): void {
  if (shared === undefined || shared.path === base.path) return;
  throw new EngineError(
    `Expected to share the base weights of ${base.path}, but the other model is of ${shared.path}; leave sharesBaseWith out.`,
  );
}
