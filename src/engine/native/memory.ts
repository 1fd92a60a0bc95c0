// What a model takes of memory: counted before it is opened, to refuse one that cannot fit, and planned for given work
// afterwards (the core knows what it will hold). It opens nothing.
import { freemem, totalmem } from 'node:os';
import { EngineError } from '../../errors.ts';
import { adapterTable, type LoraConfig } from '../../model/adapter.ts';
import {
  parameterCount,
  parameterTable,
  sizeOf,
  type ModelShape,
  type Parameter,
} from '../../model/shape.ts';
import { byteSize } from '../../sizes.ts';

/** Of the factors that linear layers multiply; weights, sums and everything else are float32 in both. */
export type Dtype = 'fp32' | 'bf16';

/** What of a model trains: nothing, all of it, or an adapter. */
export interface Trained {
  readonly trainable: boolean;
  readonly adapter: LoraConfig | null;
}

const numbersOf = (table: readonly Parameter[]): number =>
  table.reduce((sum, parameter) => sum + sizeOf(parameter), 0);

/**
 * Bytes of weights and packed copies of what is multiplied with, and of what trains of gradients and two moments. Of
 * bf16 there is one packed copy for forward and, where gradients pass, one for backward, each of half the size.
 */
export function modelBytes(shape: ModelShape, { trainable, adapter }: Trained, dtype: Dtype): number {
  const [embedding, ...others] = parameterTable(shape);
  const base = [...(shape.tiedEmbeddings ? [embedding!] : []), ...others].filter(
    ({ kind }) => kind === 'matrix',
  );
  const own = adapter === null ? [] : adapterTable(shape, adapter);
  const packed = (dtype === 'bf16' && !trainable ? 2 : 4) * numbersOf([...base, ...own]);
  const trained = !trainable ? 0 : adapter === null ? parameterCount(shape) : numbersOf(own);
  return 4 * (parameterCount(shape) + numbersOf(own) + 3 * trained) + packed;
}

/**
 * What this process may still take, in bytes. Linux says how much can be freed for it (files in memory); Windows
 * counts such pages as free. On macOS libuv calls free only untouched pages, a small part of what it would give, so
 * there, and elsewhere, it is all the memory: a tighter bound would refuse models that fit.
 */
export function availableMemory(platform = process.platform, freeBytes = freemem()): number {
  const limit = process.constrainedMemory();
  const all = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  if (platform === 'linux') return Math.min(all, process.availableMemory());
  return platform === 'win32' ? Math.min(all, freeBytes) : all;
}

/** Refuses, before anything is allocated, a model that this process cannot hold. */
export function requireMemory(
  shape: ModelShape,
  trained: Trained,
  dtype: Dtype,
  folder: string,
  availableBytes: number,
): void {
  const needed = modelBytes(shape, trained, dtype);
  if (needed <= availableBytes) return;
  const { trainable, adapter } = trained;
  throw new EngineError(
    `Expected ${folder} to fit into memory, but ${trainable ? 'training' : 'running'} its ` +
      `${(parameterCount(shape) / 1e6).toFixed(0)}M parameters takes ${byteSize(needed)} for weights` +
      `${trainable ? ', gradients and moments' : ''}, and this process can have ${byteSize(availableBytes)} of the machine's ` +
      `${byteSize(totalmem())}; end other programs, use a smaller model` +
      `${trainable && adapter === null ? ', train an adapter (model.adapter),' : ''} or a machine with more memory.`,
  );
}
